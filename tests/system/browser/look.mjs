// Opens a page of `kg export -f html` as people do, with the network off, and says what happened as JSON:
//     node look.mjs PAGE.html NAME [FOLDER]
// searches NAME, looks at its panel, clicks it on the map; with FOLDER takes pictures. CHROMIUM names the browser.
import path from "node:path";
import { audit, opened, placeOf } from "./opened.mjs";

const [file, name, folder] = process.argv.slice(2);
console.log(JSON.stringify(await opened(file, look)));

async function look(page, said) {
  said.notice = await page.textContent("#notice");
  said.things = await page.evaluate(() => window.kgPage.data.size);
  said.drawn = await page.evaluate(drawn);
  await picture(page, "light");
  await audit(page, said, "light");
  await searched(page, said);
  await clicked(page, said);
  await page.click("#theme");
  await audit(page, said, "dark");
  await picture(page, "dark-panel");
  await page.keyboard.press("Escape");
  await page.click("#whole");
  await page.waitForTimeout(600);
  await page.mouse.move(700, 20);
  await picture(page, "dark");
  said.closed = !(await page.isVisible("#panel"));
}

/** Whether the map's canvases have anything on them: the share of places whose colour is not the commonest. */
function drawn() {
  const { map } = window.kgPage;
  map.sigma?.render?.();
  const source = document.querySelector("#map canvas.sigma-nodes");
  if (!source) return 0;
  const copy = Object.assign(document.createElement("canvas"), { width: source.width, height: source.height });
  const pen = copy.getContext("2d");
  map.sigma.refresh({ schedule: false });
  pen.drawImage(source, 0, 0);
  const data = pen.getImageData(0, 0, copy.width, copy.height).data;
  let found = 0;
  for (let at = 3; at < data.length; at += 4) found += data[at] > 0;
  return found / (data.length / 4);
}

async function searched(page, said) {
  await page.keyboard.press("/");
  await page.keyboard.type(name);
  said.found = await page.locator("#results li .label").first().textContent();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => !document.getElementById("panel").hidden && !document.querySelector(".detail:empty"));
  await page.waitForTimeout(900);
  said.panel = await page.innerText("#panel");
  said.open = await page.locator("#panel a").evaluateAll((links) => links.map((one) => one.getAttribute("href")));
  await picture(page, "light-panel");
  await audit(page, said, "light with a panel");
  await page.keyboard.press("Escape");
}

/** Click the thing where it stands on the map. */
async function clicked(page, said) {
  const place = await placeOf(page, said.found);
  await page.mouse.move(place.x, place.y);
  await page.waitForTimeout(400);
  await page.mouse.click(place.x, place.y);
  await page.waitForSelector("#panel:not([hidden])", { timeout: 20_000 }).catch(() => {});
  said.clicked = (await page.isVisible("#panel")) ? await page.textContent("#panel-title") : "";
}

async function picture(page, called) {
  if (folder) await page.screenshot({ path: path.join(folder, `${called}.png`) });
}
