// The pages of `kg serve` in a browser, and what went wrong there. CHROMIUM names the browser.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";
import { flags } from "./opened.mjs";

/** Call `act` with a page that has opened an address of a server, and what is said of it: `{ errors, requests, dialogs, axe }`. */
export async function served(address, act, options = {}) {
  const profile = await mkdtemp(path.join(tmpdir(), "kg-browser-"));
  const said = { errors: [], requests: [], dialogs: 0, axe: [] };
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true, args: flags, viewport: { width: 1280, height: 900 }, colorScheme: "light", ...options,
  });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const { origin } = new URL(address);
    page.setDefaultTimeout(60_000);
    page.on("console", (one) => one.type() === "error" && said.errors.push(one.text()));
    page.on("pageerror", (one) => said.errors.push(String(one)));
    page.on("dialog", (one) => (said.dialogs++, one.dismiss()));
    page.on("request", (one) => !one.url().startsWith(`${origin}/`) && !one.url().startsWith("data:") && said.requests.push(one.url()));
    await page.goto(address);
    await act(page, said);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
  return said;
}
