// Opens the workbench of a running `kg serve`, does a newcomer's tasks by clicks and keys, and says what happened as JSON:
//     node workbench.mjs ADDRESS
import { audit } from "./opened.mjs";
import { served } from "./served.mjs";

const said = await served(process.argv[2], async (page, found) => {
  for (const task of [outcomes, asked, wrong, library]) await task(page, found);
});
console.log(JSON.stringify(said));

/** List all outcomes with their outputs, and sort them by a property. */
async function outcomes(page, said) {
  await page.click("nav >> text=Table");
  await page.selectOption("#of", { label: "Outcome (3)" });
  await page.click("text=Show >> nth=0");
  await page.click("summary:has-text('Columns')");
  for (const name of ["achieved through", "effort"]) await page.getByLabel(name, { exact: true }).check();
  await page.click("text=Show these columns");
  said.listed = await table(page);
  await page.click("thead a:has-text('effort')");
  await page.waitForURL(/sort=effort/);
  said.sorted = await table(page);
  said.order = await page.getAttribute("th[aria-sort]", "aria-sort");
  await audited(page, said, "table");
}

function table(page) {
  return page.$$eval("tbody tr", (rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent.trim())));
}

/** Ask a question in SPARQL, with completion. */
async function asked(page, said) {
  await page.click("nav >> text=Questions");
  await page.click(".cm-content");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("SELECT ?x ?y {\n?x a ");
  await complete(page, said, "Outc", "kg:Outcome");
  await page.keyboard.type(" ; ");
  await complete(page, said, "achieved", "kg:achievedThrough");
  await page.keyboard.type(" ");
  await complete(page, said, "Guid", "Guided setup");
  await page.keyboard.type(" ; skos:prefLabel ?y . /");
  await page.keyboard.press("Backspace");
  said.written = await page.inputValue("#query");
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector("#answer .summary");
  said.answer = await table(page);
  said.link = new URL(page.url()).searchParams.get("query");
  await audited(page, said, "answer");
}

async function complete(page, said, typed, expected) {
  await page.keyboard.type(typed);
  await page.waitForSelector(`.cm-tooltip-autocomplete li:has-text("${expected}")`);
  said.offered = [...(said.offered ?? []), await page.locator(".cm-tooltip-autocomplete li").first().innerText()];
  await page.waitForTimeout(150); // a choice at once would be no choice
  await page.keyboard.press("Enter");
}

/** A wrong query says where. */
async function wrong(page, said) {
  await page.click(".cm-content");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("SELECT * {\n?x nope:y ?z");
  await page.click("text=Run");
  await page.waitForSelector("#answer .problem");
  said.problem = await page.innerText("#answer .problem");
  said.marked = await page.innerText(".cm-lintRange-error");
  await audited(page, said, "problem");
}

/** A question of the library, found by its words, with a name that the page offers. */
async function library(page, said) {
  await page.fill("#filter-text", "outline");
  await page.click(".group li:visible a");
  const field = page.locator("form.question input[data-names]").first();
  await field.pressSequentially("Plan");
  await page.waitForFunction(() => document.querySelector("form.question datalist").options.length > 0);
  said.names = await page.$$eval("form.question datalist option", (options) => options.map((one) => one.value));
  await field.fill(said.names[0]);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#answer .summary");
  said.outline = await table(page);
  await audited(page, said, "library");
}

async function audited(page, said, what) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await audit(page, said, `${what}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}
