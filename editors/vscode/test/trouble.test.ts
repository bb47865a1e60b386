import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import type { Program } from "../src/settings";
import { diagnose, found, missing, refused } from "../src/trouble";

const posix = { skip: process.platform === "win32" && "the programs of this test are scripts of sh" };

function folder(): string {
  return mkdtempSync(join(tmpdir(), "kg-"));
}

function script(place: string, text: string): string {
  const path = join(place, "kg");
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

const named = (command: string, cwd = "/"): Program => ({ command, args: ["lsp"], options: { cwd } });

test("a program is found on PATH, and in absolute folders of it only", posix, () => {
  const place = folder();
  const path = script(place, "exit 0");
  assert.equal(found(named("kg"), { PATH: ["relative", "/nowhere", place].join(delimiter) }), path);
  assert.equal(found(named("kg"), { PATH: "." }), undefined);
  assert.equal(found(named("kg"), {}), undefined);
});

test("a path is taken from the home folder, never from the folder that is open", posix, () => {
  const home = folder();
  mkdirSync(join(home, "bin"));
  const path = script(join(home, "bin"), "exit 0");
  assert.equal(found(named("bin/kg", home)), path);
  assert.equal(found(named(path)), path);
  assert.equal(found(named("bin/other", home)), undefined);
});

test("a folder or a file that does not run is no program", posix, () => {
  const place = folder();
  mkdirSync(join(place, "kg"));
  writeFileSync(join(place, "text"), "");
  assert.equal(found(named("kg"), { PATH: place }), undefined);
  assert.equal(found(named("text"), { PATH: place }), undefined);
});

test("on Windows the usual endings are tried", () => {
  const place = folder();
  writeFileSync(join(place, "kg.exe"), "");
  chmodSync(join(place, "kg.exe"), 0o755);
  assert.equal(found(named("kg"), { Path: place }, "win32"), join(place, "kg.exe"));
});

test("each message says what to do", () => {
  assert.match(missing(named("kg")).message, /pip install 'kg-notes\[lsp\]'.*kg\.command/);
  const lean = refused(named("kg"), 2, "Error: kg lsp needs pygls: pip install 'kg-notes[lsp]'\n");
  assert.equal(lean.remedy, "pip install 'kg-notes[lsp]'");
  const old = refused(named("kg"), 2, "Usage: kg …\n\nError: No such command 'lsp'.\n");
  assert.match(old.message, /too old/);
  assert.match(old.remedy ?? "", /--upgrade/);
  assert.match(refused(named("kg"), 3, "first\nkg: the store is damaged\n\n").message, /kg: the store is damaged$/);
  assert.match(refused(named("kg"), 0, "Usage: kg lsp").message, /its output says why/i);
});

test("the program is asked why it did not start", posix, async () => {
  const place = folder();
  const lean = script(place, "echo \"needs pip install 'kg-notes[lsp]'\" >&2; exit 2");
  assert.match((await diagnose(named(lean, place))).message, /two more packages/);
  assert.match((await diagnose(named(join(place, "none"), place))).message, /there is no program/);
  const slow = script(place, "exec sleep 60");
  assert.match((await diagnose(named(slow, place), 200)).message, /failed/);
});
