// A page that needs nothing but itself: style inside, no script, no address to fetch from.
//
// Place: the frame of the pages of explain/ and report/. Invariant: every text that comes from outside goes through
// `escapeText`, and the content security policy of the page forbids any request.

/** Text as HTML shows it, also within attributes. */
export function escapeText(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "amp",
    "<": "lt",
    ">": "gt",
    '"': "quot",
    "'": "#39",
  };
  return text.replace(/[&<>"']/g, (char) => `&${names[char]};`);
}

// Colours have a contrast of at least 4.5 to 1 as text, in both schemes; blue and orange are told apart by everyone.
const STYLE = `
:root{color-scheme:light dark;--page:#fbfbfa;--text:#1d232a;--soft:#5b6570;--line:#d8dce1;--card:#fff;--plus:#1a5fb4;
--minus:#b3470b;--good:#1b6e3c;--bad:#b3261e;--warm:#fff4e5}
@media(prefers-color-scheme:dark){:root{--page:#14181d;--text:#e7eaee;--soft:#a3adb8;--line:#333b45;--card:#1b2128;
--plus:#7db3ff;--minus:#ffa45c;--good:#6fd39a;--bad:#ff8a80;--warm:#2c2418}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:62rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.7rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.2rem;margin:2.2rem 0 .6rem;padding-top:.8rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1.1rem 0 .35rem}
p{margin:.4rem 0;max-width:46rem}
.soft{color:var(--soft)}.good{color:var(--good)}.bad{color:var(--bad)}
.wide{overflow-x:auto;-webkit-overflow-scrolling:touch}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.3rem .7rem .3rem 0;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left}
th{font-weight:600;color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.7rem .95rem;margin:.6rem 0}
.card h3{margin-top:0}
.steps{font:.86rem/1.75 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere;margin:.2rem 0}
.steps div{padding-left:1.2rem;text-indent:-1.2rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.6rem;margin:1rem 0}
.fact{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.55rem .8rem}
.fact b{display:block;font-size:1.25rem;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.fact span{color:var(--soft);font-size:.85rem}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1rem;align-items:start}
figure{margin:.6rem 0}figcaption{color:var(--soft);font-size:.88rem}
svg{display:block;max-width:100%;height:auto}svg.network{min-width:27rem}
svg text{fill:var(--text);font:13.5px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
svg .soft{fill:var(--soft)}svg .grid-line{stroke:var(--line)}
svg .halo{paint-order:stroke;stroke:var(--page);stroke-width:5px;stroke-linejoin:round}
.key{display:inline-flex;gap:1rem;flex-wrap:wrap}.key i{display:inline-block;width:1.4rem;height:.25rem;vertical-align:middle;margin-right:.35rem}
@media print{body{background:#fff}.card,.fact{break-inside:avoid}}`;

/** A whole document around the body. */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeText(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body><main>
${body}
</main></body>
</html>
`;
}

/** A table that scrolls sideways where it does not fit; the cells are HTML. */
export function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: "td" | "th") =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table><thead>${line(head, "th")}</thead><tbody>${rows.map((row) => line(row, "td")).join("")}</tbody></table></div>`;
}

/** Figures that stand out: [value, name]. */
export const htmlFacts = (facts: readonly (readonly [string, string])[]): string =>
  `<div class="facts">${facts
    .map(
      ([value, name]) =>
        `<div class="fact"><b>${escapeText(value)}</b><span>${escapeText(name)}</span></div>`,
    )
    .join("")}</div>`;
