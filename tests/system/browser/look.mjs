// Opens a page of `kg export -f html` as people do, with the network off, and says what happened as JSON:
//     node look.mjs PAGE.html NAME [FOLDER]
// searches NAME, looks at its panel, clicks it on the map; with FOLDER takes pictures. CHROMIUM names the browser.
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [file, name, folder] = process.argv.slice(2);
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const profile = await mkdtemp(path.join(tmpdir(), "kg-browser-"));
const flags = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const said = { errors: [], requests: [], dialogs: 0, axe: [] };
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true, args: flags, viewport: { width: 1400, height: 880 }, offline: true, colorScheme: "light",
});
try {
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(120_000);
  page.on("console", (one) => one.type() === "error" && said.errors.push(one.text()));
  page.on("pageerror", (one) => said.errors.push(String(one)));
  page.on("dialog", (one) => (said.dialogs++, one.dismiss()));
  page.on("request", (one) => one.url() !== url && said.requests.push(one.url()));
  const url = pathToFileURL(path.resolve(file)).href;
  await look(page, url);
} finally {
  await context.close();
  await rm(profile, { recursive: true, force: true });
}
console.log(JSON.stringify(said));

async function look(page, url) {
  const started = Date.now();
  await page.goto(url);
  await page.waitForFunction(() => document.documentElement.dataset.ready);
  said.ready = Date.now() - started;
  said.notice = await page.textContent("#notice");
  said.things = await page.evaluate(() => window.kgPage.data.size);
  said.drawn = await page.evaluate(drawn);
  await picture(page, "light");
  await audit(page, "light");
  await searched(page);
  await clicked(page);
  await page.click("#theme");
  await audit(page, "dark");
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

async function searched(page) {
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
  await audit(page, "light with a panel");
  await page.keyboard.press("Escape");
}

/** Click the thing where it stands on the map. */
async function clicked(page) {
  const place = await page.evaluate((wanted) => {
    const { data, map } = window.kgPage;
    const [x, y] = map.projection(data.labels.indexOf(wanted));
    const box = document.getElementById("map").getBoundingClientRect();
    return { x: x + box.x, y: y + box.y };
  }, said.found);
  await page.mouse.move(place.x, place.y);
  await page.waitForTimeout(400);
  await page.mouse.click(place.x, place.y);
  await page.waitForSelector("#panel:not([hidden])", { timeout: 20_000 }).catch(() => {});
  said.clicked = (await page.isVisible("#panel")) ? await page.textContent("#panel-title") : "";
}

async function audit(page, when) {
  // The policy of the page lets no other script in, so this one comes by the debugger.
  await page.evaluate((await import("node:fs")).readFileSync(axe, "utf8"));
  const found = await page.evaluate(() => window.axe.run());
  for (const one of found.violations) {
    said.axe.push({ when, id: one.id, impact: one.impact, nodes: one.nodes.slice(0, 5).map((node) => `${node.html} — ${node.failureSummary}`) });
  }
}

async function picture(page, called) {
  if (folder) await page.screenshot({ path: path.join(folder, `${called}.png`) });
}
