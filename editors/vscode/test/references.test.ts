import assert from "node:assert/strict";
import { test } from "node:test";
import { referenceArguments } from "../src/references";

const converter = {
  asUri: (uri: string) => `uri ${uri}`,
  asPosition: (place: { line: number; character: number }) => `${place.line}:${place.character}`,
  asLocation: (location: { uri: string; range: { start: { line: number } } }) => `${location.uri}:${location.range.start.line}`,
};
const start = { line: 1, character: 2 };
const location = { uri: "file:///b.md", range: { start, end: start } };

test("the arguments become those of the editor", () => {
  const shown = referenceArguments(converter, "file:///a.md", start, [location, location]);
  assert.deepEqual(shown, ["uri file:///a.md", "1:2", ["file:///b.md:1", "file:///b.md:1"]]);
});

test("anything else is refused, and what is no location is left out", () => {
  assert.equal(referenceArguments(converter, undefined, start, []), undefined);
  assert.equal(referenceArguments(converter, "file:///a.md", {}, []), undefined);
  assert.equal(referenceArguments(converter, "file:///a.md", start, null), undefined);
  const mixed = [null, 1, {}, { uri: "u" }, { uri: "u", range: {} }, location];
  assert.deepEqual(referenceArguments(converter, "file:///a.md", start, mixed)?.[2], ["file:///b.md:1"]);
});
