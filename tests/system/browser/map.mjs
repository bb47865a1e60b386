// Looks around in the map of `kg serve`, by clicks and keys, and says what happened as JSON:
//     node map.mjs ADDRESS NAME FOLDER
import { audit } from "./opened.mjs";
import { served } from "./served.mjs";

const [address, name, folder] = process.argv.slice(2);
const scheme = process.env.KG_SCHEME ?? "light";
const phone = process.env.KG_PHONE ? { viewport: { width: 390, height: 800 } } : {};
const ready = (page) => page.waitForFunction(() => document.documentElement.dataset.ready);
const counts = async (page) => Number((await page.textContent("#counts")).replace(/\D.*$/, ""));
const shown = (page) => page.evaluate(() => {
  const { shown: filters, state, data } = window.kgPage;
  return { tag: filters.tag, folder: filters.folder, typed: filters.typed, only: state.only, depth: state.depth, selected: data.labels[state.selected] ?? "" };
});

console.log(JSON.stringify(await served(`${address}map`, act, { colorScheme: scheme, ...phone })));

async function act(page, said) {
  await ready(page);
  said.all = await counts(page);
  await audit(page, said, "map");
  if (phone.viewport) await page.click("#open-filters");
  await page.selectOption("#within-folder", { label: folder });
  said.inFolder = await counts(page);
  await page.check("#typed");
  said.legend = await page.locator("#kinds .icon path").count();
  await audit(page, said, "map with filters");
  said.filtered = page.url();
  await page.reload();
  await ready(page);
  said.afterReload = await counts(page);
  said.restored = await shown(page);
  if (phone.viewport) return;
  await page.click("#unfilter");
  await page.keyboard.press("/");
  await page.keyboard.type(name);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#panel .text"));
  said.panel = await page.innerText("#panel");
  await audit(page, said, "map with a panel");
  await page.click("#panel .actions a");
  await page.waitForURL("**/thing/**");
  said.title = await page.textContent("h1");
  await page.goto(`${address}map?around=${encodeURIComponent(name)}&depth=2`);
  await ready(page);
  said.around = { ...(await shown(page)), things: await counts(page) };
}
