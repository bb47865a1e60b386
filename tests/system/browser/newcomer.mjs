// Does in the pages of `kg serve` what a newcomer does, by clicks and keys, and says what happened as JSON:
//     node newcomer.mjs ADDRESS TASK [ARGUMENT…]
import { audit } from "./opened.mjs";
import { served } from "./served.mjs";

const [address, task, ...words] = process.argv.slice(2);
const title = (page) => page.textContent("h1");

const TASKS = {
  /** Find a note by the keyboard alone. */
  async find(page, said, text) {
    await page.keyboard.press("/");
    await page.keyboard.type(text, { delay: 30 });
    await page.waitForSelector("#suggestions li");
    said.suggested = await page.locator("#suggestions a").allTextContents();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/thing/**");
    said.title = await title(page);
    await audit(page, said, "thing");
  },

  /** See why something is inferred. */
  async why(page, said, name) {
    await page.fill("#find", name);
    await page.keyboard.press("Enter");
    await page.click("main .entries a");
    await page.waitForURL("**/thing/**");
    said.title = await title(page);
    const inferred = page.locator("details.inferred").first();
    await inferred.locator("summary").click();
    said.why = (await inferred.locator(".why").first().innerText()).split("\n").map((line) => line.trim()).filter(Boolean);
    await audit(page, said, "why");
  },

  /** See what is broken, and open it. */
  async broken(page, said) {
    await page.click("nav a:text-is('Findings')");
    await page.waitForSelector(".severities a", { timeout: 30_000 });
    await page.click(".severities a.error");
    await page.waitForSelector(".chosen .chip");
    said.messages = await page.locator(".findings .message").allTextContents();
    said.severities = [...new Set(await page.locator(".findings .severity").allTextContents())];
    await audit(page, said, "findings");
    await page.locator(".of-file h2 a").first().click();
    await page.waitForURL("**/thing/**");
    said.title = await title(page);
    said.here = await page.locator("#findings .message").allTextContents();
  },

  /** Narrow a list down by its facets, and take the condition away again. */
  async narrow(page, said, of) {
    await page.click(`main a:text-is("${of}")`);
    await page.waitForURL("**/list**");
    said.all = await page.locator(".entries li").count();
    await page.locator("aside .facet details a").first().click();
    await page.waitForSelector(".chosen .chip");
    said.some = await page.locator(".entries li").count();
    said.condition = await page.innerText(".chosen .chip");
    await audit(page, said, "list");
    await page.click(".chosen .chip");
    await page.waitForSelector(".chosen", { state: "detached" });
    said.again = await page.locator(".entries li").count();
  },

  /** Read a page on which the notes change. */
  async follow(page, said) {
    said.before = await page.innerText("main");
    process.stderr.write("ready\n");
    await page.waitForSelector("#news:not([hidden])", { timeout: 60_000 });
    said.after = await page.innerText("main");
  },

  /** Look at pages: what axe finds there. */
  async look(page, said, ...paths) {
    for (const path of paths) {
      await page.goto(new URL(path, address).href);
      await audit(page, said, path);
    }
  },
};

const options = process.env.KG_SCHEME ? { colorScheme: process.env.KG_SCHEME } : {};
console.log(JSON.stringify(await served(address, (page, said) => TASKS[task](page, said, ...words), options)));
