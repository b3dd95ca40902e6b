// Pictures of digits: pixels land in the right half of the right character, and rows wrap at the terminal's width.
import { expect, test } from "vitest";
import { renderDigit, renderDigitRow } from "../../src/cli/render-digit.ts";

// A 4×4 image: full left column, lower half of the second, one pixel at the top right.
const image = [255, 0, 0, 255, 255, 0, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0];

test("two pixels to a half block", () => {
  expect(renderDigit(image, { size: 4 })).toEqual(["█  ▀", "██  "]);
});

test("ASCII shades by the mean of two pixels", () => {
  expect(renderDigit(image, { size: 4, ascii: true })).toEqual(["@  =", "@@  "]);
  expect(renderDigit([0, 60, 128, 255, 0, 60, 128, 255], { size: 4, ascii: true })[0]).toBe(" :+@");
});

test("an odd size and a short array still give full lines", () => {
  expect(renderDigit([255, 255, 255], { size: 3 })).toEqual(["▀▀▀", "   "]);
});

test("lines that are paper in all pictures of a row are left out at both ends", () => {
  const pixels = [...Array(12).fill(0), 255, 0, 0, 0, ...Array(20).fill(0)];
  const tall = { pixels, caption: "a" };
  expect(renderDigitRow([tall], { size: 6 })).toBe("▀\na");
  expect(renderDigitRow([{ ...tall, pixels: [] }], { size: 6 })).toBe("a");
});

test("captions stand below; what does not fit the width starts a new row", () => {
  const digit = (caption: string) => ({ pixels: image, caption });
  expect(renderDigitRow([digit("a"), digit("toolong"), digit("c")], { size: 4, columns: 10 })).toBe(
    ["█  ▀  █  ▀", "██    ██", "a     tool", "█  ▀", "██", "c"].join("\n"),
  );
  expect(renderDigitRow([digit("a")], { size: 4, columns: 1 })).toContain("a");
});
