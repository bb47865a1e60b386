// Asks a page of `kg export -f html --queryable` with the network off, and says what it answered as JSON:
//     node ask.mjs PAGE.html CASES.json [FOLDER]
// CASES has `questions` of the library with values, `texts` in SPARQL, `terms` and `searches`; with `ui` it is used by keys
// and clicks, too; with FOLDER it takes pictures. CHROMIUM names the browser.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [file, cases, folder] = process.argv.slice(2);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const asked = JSON.parse(await readFile(cases, "utf8"));
const profile = await mkdtemp(path.join(tmpdir(), "kg-browser-"));
const flags = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const said = { errors: [], requests: [], axe: [], ready: [] };
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true, args: flags, viewport: { width: 1400, height: 880 }, offline: true, colorScheme: "light", acceptDownloads: true,
});
try {
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(120_000);
  const url = pathToFileURL(path.resolve(file)).href;
  page.on("console", (one) => one.type() === "error" && said.errors.push(one.text()));
  page.on("pageerror", (one) => said.errors.push(String(one)));
  page.on("request", (one) => one.url() !== url && one.url() !== "about:blank" && !one.url().startsWith("blob:null/") && said.requests.push(one.url()));
  for (let opening = 0; opening < (asked.openings ?? 1); opening++) {
    await page.goto(opening ? "about:blank" : url);
    if (opening) await page.goto(url);
    await page.waitForFunction(() => document.getElementById("ask")?.dataset.ready);
    said.ready.push(await page.evaluate(() => Number(document.getElementById("ask").dataset.ready)));
  }
  await page.waitForFunction(() => document.documentElement.dataset.ready);
  said.things = await page.evaluate(() => window.kgPage.data.size);
  for (const [kind, rows] of [["ask", asked.questions], ["ask", asked.texts], ["term", asked.terms], ["find", asked.searches]]) {
    said[{ ask: rows === asked.texts ? "texts" : "questions", term: "terms", find: "searches" }[kind]] = await answers(page, kind, rows ?? []);
  }
  if (asked.ui) await used(page);
} finally {
  await context.close();
  await rm(profile, { recursive: true, force: true });
}
console.log(JSON.stringify(said));

/** What the worker answers to each; of an error its words and place. */
function answers(page, kind, rows) {
  return page.evaluate(async ([what, all]) => {
    const { engine, settings } = window.kgAsk;
    const found = [];
    for (const row of all) {
      if (row.name) row.question = settings.questions.findIndex((one) => one.name === row.name);
      const seconds = row.seconds ?? 60;
      found.push(await engine.ask(what, row, seconds).then((answer) => ({ answer }), (error) => ({ error: error.message, line: error.line, column: error.column })));
    }
    return found;
  }, [kind, rows]);
}

async function used(page) {
  await page.click("#ask-open");
  await page.keyboard.press("Tab");
  await picture(page, "questions");
  await page.getByRole("button", { name: "What the notes link to most" }).click();
  await page.waitForSelector("#ask tbody tr");
  said.said = await page.textContent("#ask .ask-state");
  said.rows = await page.locator("#ask-questions tbody tr").count();
  await audit(page, "an answer");
  await picture(page, "answer");
  await sorted(page);
  await linked(page);
  await asked_of_a_thing(page);
  await sparql(page);
  await text(page);
  await page.click("#theme");
  await audit(page, "dark");
  await picture(page, "text-dark");
  await page.setViewportSize({ width: 390, height: 780 });
  await page.click("#ask-tab-questions");
  await picture(page, "phone");
  await audit(page, "a phone");
  await page.keyboard.press("Escape");
  said.closed = !(await page.isVisible("#ask"));
}

async function sorted(page) {
  const head = page.locator("#ask-questions th button").first();
  await head.click();
  said.ascending = await page.locator("#ask-questions tbody tr td:first-child").first().innerText();
  await head.click();
  said.descending = await page.locator("#ask-questions tbody tr td:first-child").first().innerText();
}

async function linked(page) {
  await page.locator("#ask-questions td .ask-name").first().click();
  said.selected = await page.textContent("#panel-title");
  await page.click("#panel-close");
  const map = page.getByRole("button", { name: /^Show \d+ things? on the map/ });
  await map.click();
  said.picked = await page.evaluate(() => window.kgPage.shown.local.size);
  await picture(page, "picked");
  await map.click();
  said.unpicked = await page.evaluate(() => window.kgPage.shown.local === null);
}

async function asked_of_a_thing(page) {
  await page.getByRole("button", { name: "The outline of a note" }).click();
  said.focused = await page.evaluate(() => document.activeElement.id);
  await page.keyboard.type(asked.ui.slice(0, 4));
  await page.waitForFunction(() => document.querySelectorAll("#ask datalist option").length);
  said.completed = await page.locator("#ask datalist option").evaluateAll((all) => all.map((one) => one.value));
  await page.keyboard.press("Control+A");
  await page.keyboard.type(asked.ui);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#ask-questions tbody tr");
  said.outline = await page.locator("#ask-questions tbody tr").count();
  await picture(page, "form");
  await page.locator("#ask-field-note").fill("no such thing");
  await page.keyboard.press("Enter");
  said.unknown = await page.textContent("#ask-questions .ask-refused");
}

async function sparql(page) {
  await page.click("#ask-tab-sparql");
  await page.locator("#ask-query").fill("SELECT ?x\nWHERE { ?x foo:bar ?y }");
  await page.keyboard.press("Control+Enter");
  said.refused = await page.textContent("#ask-sparql .ask-refused");
  await picture(page, "mistake");
  await page.locator("#ask-query").fill("CONSTRUCT { ?s kg:linksTo ?o } WHERE { ?s kg:linksTo ?o } LIMIT 30");
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector("#ask-sparql tbody tr");
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save Turtle" }).click();
  said.turtle = await readFile(await (await waiting).path(), "utf8");
  await picture(page, "sparql");
  await page.locator("#ask-query").fill("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("button", { name: "Stop" }).click();
  said.stopped = await page.textContent("#ask-sparql .ask-refused");
  await page.waitForFunction(() => document.getElementById("ask").dataset.ready);
  await page.locator("#ask-query").fill("ASK { ?s ?p ?o }");
  await page.keyboard.press("Control+Enter");
  said.verdict = await page.textContent("#ask-sparql .ask-verdict");
}

async function text(page) {
  await page.click("#ask-tab-text");
  await page.locator("#ask-text input").fill("customer");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#ask .ask-hits li");
  said.hits = await page.locator("#ask .ask-hits li").count();
  await picture(page, "text");
}

async function audit(page, when) {
  await page.evaluate(axe); // the page's policy lets no other script in, so this one comes by the debugger
  const found = await page.evaluate(() => window.axe.run());
  for (const one of found.violations) {
    said.axe.push({ when, id: one.id, impact: one.impact, nodes: one.nodes.slice(0, 5).map((node) => `${node.html} — ${node.failureSummary}`) });
  }
}

async function picture(page, called) {
  await page.waitForTimeout(folder ? 400 : 0);
  if (folder) await page.screenshot({ path: path.join(folder, `${called}.png`) });
}
