// The looks of a page, and pictures of it as WebP.
import { writeFile } from "node:fs/promises";

export const LOOKS = {
  light: {},
  dark: { colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1, hasTouch: true, isMobile: true },
};
LOOKS["phone dark"] = { ...LOOKS.phone, colorScheme: "dark" };

/** What is in the window. Chromium itself makes a WebP of it, which is a tenth of the size of a PNG. */
export async function taken(page, out) {
  await page.waitForTimeout(1_200);
  const png = (await page.screenshot()).toString("base64");
  const blank = await page.context().newPage();
  const webp = await blank.evaluate(async (text) => {
    const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${text}`)).blob());
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext("2d").drawImage(picture, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/webp", quality: 0.82 })).arrayBuffer());
    return btoa(bytes.reduce((all, byte) => all + String.fromCharCode(byte), ""));
  }, png);
  await writeFile(out, Buffer.from(webp, "base64"));
}
