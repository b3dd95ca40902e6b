// asciichart ships no types; this is what the command line uses of it.
declare module "asciichart" {
  export function plot(
    series: readonly (readonly number[])[],
    options: { height?: number; format?: (value: number) => string; min?: number; max?: number },
  ): string;
}
