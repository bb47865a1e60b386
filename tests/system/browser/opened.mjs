// A page of `kg export -f html` in a browser with the network off, and what went wrong there. CHROMIUM names the browser.
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
export const flags = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Call `act` with the page of a file and what is said of it: `{ errors, requests, dialogs, axe }`. */
export async function opened(file, act, { hash = "", ...options } = {}) {
  const profile = await mkdtemp(path.join(tmpdir(), "kg-browser-"));
  const said = { errors: [], requests: [], dialogs: 0, axe: [] };
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true, args: flags, viewport: { width: 1400, height: 880 }, offline: true, colorScheme: "light", ...options,
  });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const url = pathToFileURL(path.resolve(file)).href;
    page.setDefaultTimeout(120_000);
    page.on("console", (one) => one.type() === "error" && said.errors.push(one.text()));
    page.on("pageerror", (one) => said.errors.push(String(one)));
    page.on("dialog", (one) => (said.dialogs++, one.dismiss()));
    // A worker of the page comes as a blob, which never leaves it.
    page.on("request", (one) => one.url().split("#")[0] !== url && !one.url().startsWith("blob:null/") && said.requests.push(one.url()));
    const started = Date.now();
    await page.goto(url + hash);
    await page.waitForFunction(() => document.documentElement.dataset.ready);
    said.ready = Date.now() - started;
    await act(page, said);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
  return said;
}

/** What axe finds. */
export async function audit(page, said, when) {
  // The policy of the page lets no other script in, so this one comes by the debugger.
  await page.evaluate(readFileSync(axe, "utf8"));
  const found = await page.evaluate(() => window.axe.run());
  for (const one of found.violations) {
    said.axe.push({ when, id: one.id, impact: one.impact, nodes: one.nodes.slice(0, 5).map((node) => `${node.html} — ${node.failureSummary}`) });
  }
}

/** Where a thing stands on the screen. */
export const placeOf = (page, label) => page.evaluate((wanted) => {
  const { data, map } = window.kgPage;
  const [x, y] = map.projection(data.labels.indexOf(wanted));
  const box = document.getElementById("map").getBoundingClientRect();
  return { x: x + box.x, y: y + box.y };
}, label);
