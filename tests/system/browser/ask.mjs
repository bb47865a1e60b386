// Asks a page of `kg export -f html --queryable` with the network off, and says what it answered as JSON:
//     node ask.mjs PAGE.html CASES.json [FOLDER]
// CASES has `questions` of the library with values, `texts` in SPARQL, `terms` and `searches`; with `ui` it is used by keys
// and clicks, too; with FOLDER it takes pictures. CHROMIUM names the browser.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { audit, opened } from "./opened.mjs";

const [file, cases, folder] = process.argv.slice(2);
const asked = JSON.parse(await readFile(cases, "utf8"));
console.log(JSON.stringify(await opened(file, ask)));

async function ask(page, said) {
  said.answering = [];
  for (let opening = 0; opening < (asked.openings ?? 1); opening++) {
    if (opening) await page.reload();
    await page.waitForFunction(() => document.getElementById("ask")?.dataset.ready);
    said.answering.push(await page.evaluate(() => Number(document.getElementById("ask").dataset.ready)));
  }
  said.things = await page.evaluate(() => window.kgPage.data.size);
  said.questions = await answers(page, "ask", asked.questions ?? []);
  said.texts = await answers(page, "ask", asked.texts ?? []);
  said.terms = await answers(page, "term", asked.terms ?? []);
  said.searches = await answers(page, "find", asked.searches ?? []);
  if (asked.ui) await used(page, said);
}

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

async function used(page, said) {
  await page.click("#ask-open");
  await page.keyboard.press("Tab");
  await picture(page, "questions");
  await page.getByRole("button", { name: "What the notes link to most" }).click();
  await page.waitForSelector("#ask tbody tr");
  said.said = await page.textContent("#ask .ask-state");
  said.rows = await page.locator("#ask-questions tbody tr").count();
  await audit(page, said, "an answer");
  await picture(page, "answer");
  await sorted(page, said);
  await linked(page, said);
  await about(page, said);
  await sparql(page, said);
  await text(page, said);
  await page.click("#theme");
  await audit(page, said, "dark");
  await picture(page, "text-dark");
  await page.setViewportSize({ width: 390, height: 780 });
  await page.click("#ask-tab-questions");
  await picture(page, "phone");
  await audit(page, said, "a phone");
  await page.keyboard.press("Escape");
  said.closed = !(await page.isVisible("#ask"));
}

async function sorted(page, said) {
  const head = page.locator("#ask-questions th button").first();
  await head.click();
  said.ascending = await page.locator("#ask-questions tbody tr td:first-child").first().innerText();
  await head.click();
  said.descending = await page.locator("#ask-questions tbody tr td:first-child").first().innerText();
}

async function linked(page, said) {
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

async function about(page, said) {
  await page.getByRole("button", { name: "Notes by length" }).click();
  await page.waitForSelector("#ask-questions tbody tr");
  said.files = await page.locator("#ask-questions td .ask-name").count();
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

async function sparql(page, said) {
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

async function text(page, said) {
  await page.click("#ask-tab-text");
  await page.locator("#ask-text input").fill("customer");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#ask .ask-hits li");
  said.hits = await page.locator("#ask .ask-hits li").count();
  await picture(page, "text");
}

async function picture(page, called) {
  await page.waitForTimeout(folder ? 400 : 0);
  if (folder) await page.screenshot({ path: path.join(folder, `${called}.png`) });
}
