// decodeImage where the platform decodes pictures (Chromium), and its error where it does not (Node, workerd).

import { expect, test } from "vitest";
import { decodeImage } from "../../src/data/decode-image.ts";

/** 2×1 pixels: red 255 0 0, and 10 20 30. */
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4AWP4z8DAJSIHAAZlATzAF1Y+AAAAAElFTkSuQmCC";
const bytes = Uint8Array.from(atob(PNG), (character) => character.charCodeAt(0));
const decodes = typeof createImageBitmap === "function" && typeof OffscreenCanvas === "function";

test.runIf(decodes)("decodes to bytes, in colour and grey, at its size and another", async () => {
  expect(await decodeImage(bytes)).toEqual({
    ...{ height: 1, width: 2, channels: 3 },
    data: Uint8Array.of(255, 0, 0, 10, 20, 30),
  });
  const grey = await decodeImage(new Blob([bytes]), { channels: 1 });
  expect(grey.data).toEqual(Uint8Array.of(77, 18));
  const large = await decodeImage(bytes, { size: [4, 8] });
  expect([large.height, large.width, large.data.length]).toEqual([4, 8, 96]);
  await expect(decodeImage(bytes.subarray(0, 40), { name: "cut.png" })).rejects.toMatchObject({
    code: "picture/damaged",
    message: expect.stringMatching(/^cut\.png: /),
  });
});

test.runIf(!decodes)("says that the runtime decodes no pictures", async () => {
  await expect(decodeImage(bytes)).rejects.toMatchObject({ code: "picture/no-decoder" });
});

test("refuses options that make no sense", async () => {
  await expect(decodeImage(bytes, { channels: 2 as never })).rejects.toMatchObject({
    code: "config/channels",
  });
  await expect(decodeImage(bytes, { size: [0, 3] })).rejects.toMatchObject({ code: "config/size" });
});
