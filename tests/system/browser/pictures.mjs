// Pictures of pages of `kg export -f html`, as WebP:
//     node pictures.mjs JOBS.json
// A job has a `page`, an `out`, a `look` (light, dark, phone, phone dark), and may name a `thing`, or a `question` of a page that
// answers some, with the `value` of its first parameter.
import { readFile } from "node:fs/promises";
import { LOOKS, taken } from "./looks.mjs";
import { opened } from "./opened.mjs";

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
