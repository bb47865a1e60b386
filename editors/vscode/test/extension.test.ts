/** The extension as it is built, in an editor that records what it does, with servers of a few lines. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { Editor } from "./editor";

const context = () => ({ subscriptions: [] });

/** A server in JavaScript; what it gets is written to a file, a message a line. */
function server(answers: string): { command: string[]; got: () => string[] } {
  const folder = mkdtempSync(join(tmpdir(), "kg-server-"));
  const [script, log] = [join(folder, "server.js"), join(folder, "log")];
  writeFileSync(log, "");
  writeFileSync(
    script,
    `const rpc = require(${JSON.stringify(resolve("node_modules/vscode-jsonrpc/lib/node/main.js"))});
     const { appendFileSync } = require("node:fs");
     const note = (...words) => appendFileSync(${JSON.stringify(log)}, JSON.stringify(words) + "\\n");
     if (process.argv.includes("--help")) process.exit(0);
     const connection = rpc.createMessageConnection(
       new rpc.StreamMessageReader(process.stdin), new rpc.StreamMessageWriter(process.stdout));
     ${answers}
     connection.onRequest("shutdown", () => { note("shutdown"); return null; });
     connection.onNotification("exit", () => { note("exit"); process.exit(0); });
     connection.listen();`,
  );
  return {
    command: [process.execPath, script],
    got: () => readFileSync(log, "utf8").trim().split("\n").filter(Boolean),
  };
}

const WORKING = `
  connection.onRequest("initialize", (params) => {
    note("initialize", params.initializationOptions, process.argv.slice(2));
    return { capabilities: {} };
  });
  connection.onNotification("initialized", async () => {
    const items = [{ section: "kg" }, { section: "editor" }];
    note("settings", await connection.sendRequest("workspace/configuration", { items }));
  });`;

test("a program that is missing is named, with what to do", async () => {
  const editor = new Editor();
  editor.settings = { "kg.command": ["kg-that-is-not-there"] };
  editor.choice = "Copy the command";
  const extension = editor.load(resolve("out/extension.js"));
  await extension.activate(context());
  assert.match(editor.errors[0]?.message ?? "", /no program “kg-that-is-not-there”.*pip install/);
  assert.deepEqual(editor.errors[0]?.choices, ["Copy the command", "Settings", "Output"]);
  await new Promise(setImmediate);
  assert.equal(editor.clipboard, "pip install 'kg-notes[lsp]'");
  assert.deepEqual([...editor.commands.keys()].sort(), ["kg.restart", "kg.showReferences"]);
  await extension.deactivate();
});

test("a program that ends at once is asked why", { timeout: 60_000 }, async () => {
  const editor = new Editor();
  const why = `console.error("Error: needs pip install 'kg-notes[lsp]'"); process.exit(2)`;
  editor.settings = { "kg.command": [process.execPath, "-e", why, "--"] };
  const extension = editor.load(resolve("out/extension.js"));
  await extension.activate(context());
  assert.deepEqual(editor.errors.map(({ message }) => message), [
    "kg: the language server needs two more packages. Install them: pip install 'kg-notes[lsp]'",
  ]);
  await extension.deactivate();
});

test("the server gets the settings, is restarted, and is told to end", { timeout: 60_000 }, async () => {
  const editor = new Editor();
  const { command, got } = server(WORKING);
  editor.settings = { "kg.command": command, "kg.store": "", "kg.severity": "warning", "kg.codeLens": false };
  const extension = editor.load(resolve("out/extension.js"));
  await extension.activate(context());
  assert.deepEqual(editor.errors, []);
  await until(() => got().some((line) => line.includes("settings")));
  const settings = { severity: "warning", codeLens: false };
  assert.equal(got()[0], JSON.stringify(["initialize", settings, ["lsp"]]));
  assert.deepEqual(JSON.parse(got()[1] ?? "null")[1][0], settings);

  const place = { line: 0, character: 0 };
  await editor.commands.get("kg.showReferences")?.("file:///a.md", place, []);
  assert.equal(editor.executed.at(-1)?.[0], "editor.action.showReferences");
  await editor.commands.get("kg.showReferences")?.("nothing");
  assert.equal(editor.executed.length, 1);

  await editor.commands.get("kg.restart")?.();
  assert.equal(got().filter((line) => line.startsWith('["initialize"')).length, 2);
  editor.trusted.fire(undefined);
  await extension.deactivate();
  const round = ["initialize", "shutdown", "exit"];
  const words = () => got().map((line) => JSON.parse(line)[0]).filter((word) => word !== "settings");
  await until(() => words().length === 9);
  assert.deepEqual(words(), [...round, ...round, ...round]);
});

async function until(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500 && !done(); turn++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(done());
}
