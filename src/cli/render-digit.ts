// Pictures of digits as text, for the terminal.
// Place: command line, pure functions from pixels to strings.
// Invariant: the output is `size / 2` lines of `size` characters, whatever the pixels are.

/** Terminal with half blocks: two pixels to a character, so that pixels come out square. */
const UPPER_HALF = "\u2580";
const LOWER_HALF = "\u2584";
const FULL = "\u2588";
/** Plain ASCII: a character per two pixels, by their mean darkness. */
const SHADES = " .:-=+*#%@";
/** Below this a half block stays paper: about a third of full ink keeps thin strokes and drops grain. */
const INKED = 80;

/** How to draw. */
export interface RenderOptions {
  /** Width and height in pixels; default 28. */
  readonly size?: number;
  /** Use ASCII shades rather than half blocks. */
  readonly ascii?: boolean;
}

/** An image of `size`×`size` bytes (0 paper, 255 ink) as lines of text. */
export function renderDigit(pixels: ArrayLike<number>, options: RenderOptions = {}): string[] {
  const { size = 28, ascii = false } = options;
  const lines: string[] = [];
  for (let row = 0; row < size; row += 2) {
    let line = "";
    for (let column = 0; column < size; column++) {
      const upper = pixels[row * size + column] ?? 0;
      const lower = row + 1 < size ? (pixels[(row + 1) * size + column] ?? 0) : 0;
      line += ascii ? shade((upper + lower) / 2) : halfBlock(upper > INKED, lower > INKED);
    }
    lines.push(line);
  }
  return lines;
}

function shade(value: number): string {
  return SHADES[Math.min(SHADES.length - 1, Math.floor((value * SHADES.length) / 256))]!;
}

function halfBlock(upper: boolean, lower: boolean): string {
  if (upper) return lower ? FULL : UPPER_HALF;
  return lower ? LOWER_HALF : " ";
}

/** A picture with its caption. */
export interface CaptionedDigit {
  readonly pixels: ArrayLike<number>;
  readonly caption: string;
}

/** Digits side by side, captions below, as many to a row as fit `columns` characters. */
export function renderDigitRow(
  digits: readonly CaptionedDigit[],
  options: RenderOptions & { readonly columns?: number } = {},
): string {
  const { size = 28, columns = 80 } = options;
  const perRow = Math.max(1, Math.floor((columns + 2) / (size + 2)));
  const rows: string[] = [];
  for (let first = 0; first < digits.length; first += perRow) {
    const row = digits.slice(first, first + perRow);
    const pictures = row.map(({ pixels }) => renderDigit(pixels, options));
    const isInked = (line: number) => pictures.some((picture) => picture[line]!.trim() !== "");
    const lines = Array.from(pictures[0]!.keys());
    // Paper above and below all pictures of a row would only spread the page.
    for (let line = lines.find(isInked) ?? 0; line <= (lines.findLast(isInked) ?? -1); line++) {
      rows.push(
        pictures
          .map((picture) => picture[line])
          .join("  ")
          .trimEnd(),
      );
    }
    rows.push(
      row
        .map(({ caption }) => caption.slice(0, size).padEnd(size))
        .join("  ")
        .trimEnd(),
    );
  }
  return rows.join("\n");
}
