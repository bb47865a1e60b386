import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { program, serverSettings } from "../src/settings";

const text = (path: string) => readFileSync(path, "utf8");
const manifest = JSON.parse(text("package.json"));
const properties: Record<string, { default: unknown; scope: string; enum?: string[] }> =
  manifest.contributes.configuration.properties;
const sources = ["extension", "settings", "trouble", "references"].map((name) => text(`src/${name}.ts`)).join("\n");

test("each setting is read, and each that is read is declared", () => {
  const read = [...sources.matchAll(/\bread\("(\w+)"\)/g)].map((match) => `kg.${match[1]}`);
  // Read in a loop, and by the client's library.
  assert.deepEqual(
    [...read, "kg.inlayHints", "kg.codeLens", "kg.trace.server"].sort(),
    Object.keys(properties).sort(),
  );
});

test("the defaults are values that the code takes", () => {
  const defaults = (name: string) => properties[`kg.${name}`]?.default;
  assert.deepEqual(program(defaults, "/home/ada")?.command, "kg");
  assert.deepEqual(serverSettings(defaults), { severity: "warning", inlayHints: true, codeLens: true });
  for (const severity of properties["kg.severity"]?.enum ?? []) {
    assert.deepEqual(serverSettings((name) => (name === "severity" ? severity : undefined)), { severity });
  }
});

test("a folder can set neither the program nor, untrusted, the place of the graph", () => {
  assert.equal(properties["kg.command"]?.scope, "machine");
  const { supported, restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
  assert.equal(supported, "limited");
  assert.deepEqual(restrictedConfigurations, ["kg.store"]);
});

test("each command that is declared exists", () => {
  for (const { command } of manifest.contributes.commands) assert.ok(sources.includes(`registerCommand("${command}"`));
});

test("the README names each setting, and the entry point is what is built", () => {
  const readme = text("README.md");
  for (const name of Object.keys(properties)) assert.ok(readme.includes(`\`${name}\``), name);
  assert.ok(existsSync(manifest.main), manifest.main);
  assert.ok(statSync(manifest.main).size > 100_000);
  assert.match(text("out/LICENSES.txt"), /vscode-languageclient 11/);
});

test("the lock file names no registry", () => {
  assert.ok(!text("package-lock.json").includes('"resolved"'));
});
