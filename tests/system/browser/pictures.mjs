// Pictures of pages of `kg export -f html`, as WebP:
//     node pictures.mjs JOBS.json
// A job has a `page`, an `out`, a `look` (light, dark, phone, phone dark), and may name a `thing`, or a `question` of a page that
// answers some, with the `value` of its first parameter.
import { readFile, writeFile } from "node:fs/promises";
import { opened } from "./opened.mjs";

const LOOKS = {
  light: {},
  dark: { colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1, hasTouch: true, isMobile: true },
};
LOOKS["phone dark"] = { ...LOOKS.phone, colorScheme: "dark" };

for (const { page: file, out, look, thing, question, value } of JSON.parse(await readFile(process.argv[2], "utf8"))) {
  const hash = thing ? `#/${encodeURIComponent(thing)}` : "";
  const said = await opened(file, (page) => asked(page, question, value).then(() => taken(page, out)), { hash, ...LOOKS[look] });
  if (said.errors.length) throw new Error(`${file}: ${said.errors}`);
  console.log(`${out}: ready after ${said.ready} ms`);
}

async function asked(page, question, value) {
  if (!question) return;
  await page.click("#ask-open");
  await page.getByRole("button", { name: question }).click();
  await page.locator("#ask form input").first().fill(value);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#ask tbody tr");
}

/** What is in the window. Chromium itself makes a WebP of it, which is a tenth of the size of a PNG. */
async function taken(page, out) {
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
