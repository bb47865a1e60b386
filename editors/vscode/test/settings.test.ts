import assert from "node:assert/strict";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { program, serverSettings } from "../src/settings";

const reading = (values: Record<string, unknown>) => (name: string) => values[name];

test("the server gets what is set", () => {
  const set = { store: " /graphs/notes ", severity: "warning", inlayHints: false, codeLens: true };
  assert.deepEqual(serverSettings(reading(set)), { ...set, store: "/graphs/notes" });
  assert.deepEqual(serverSettings(reading({ store: "~/graph" })), { store: join(homedir(), "graph") });
});

test("the server gets nothing that is empty, unknown or of another type", () => {
  assert.deepEqual(serverSettings(reading({ store: "", severity: "loud", inlayHints: "yes", codeLens: null })), {});
  assert.deepEqual(serverSettings(reading({})), {});
});

test("the program runs `lsp`, in the home folder", () => {
  const started = program(reading({ command: ["kg"] }), "/home/ada");
  assert.deepEqual(started, { command: "kg", args: ["lsp"], options: { cwd: "/home/ada" } });
  const module = program(reading({ command: ["~/venv/bin/python", "-m", "kg"] }), "/home/ada");
  assert.deepEqual(module?.args, ["-m", "kg", "lsp"]);
  assert.equal(module?.command, join("/home/ada", "venv/bin/python"));
});

test("a command that is no list of words starts nothing", () => {
  for (const command of [undefined, null, [], "kg", [""], ["kg", 1], {}]) {
    assert.equal(program(reading({ command })), undefined, JSON.stringify(command));
  }
});
