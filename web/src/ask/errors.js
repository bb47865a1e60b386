// What is wrong with a query, in plain words, with its line and column.
import { tokens } from "./tokens.js";

const PLACE = /^error at (\d+):(\d+): (.*)/s;
const CLOSING = { "{": "}", "(": ")", "[": "]" };
const STRAY = [[/==/, "compare with “=”"], [/<>/, "write “!=”"], [/[“”]/, 'write " for quotes'], [/\bAND\b/, "write “&&”"], [/\bOR\b/, "write “||”"]];
const DEEPEST = 200;

function place(text, index) {
  const before = text.slice(0, index);
  return { line: before.split("\n").length, column: Array.from(before.slice(before.lastIndexOf("\n") + 1)).length + 1, index };
}

/** A mistake in brackets: one that is never closed, one that closes nothing, or too many inside each other. */
function brackets(text) {
  const open = [];
  for (const token of tokens(text)) {
    if (token.kind === "open") {
      open.push(token);
      if (open.length > DEEPEST) return { message: `more than ${DEEPEST} nested brackets`, ...place(text, token.start) };
    } else if (token.kind === "close") {
      const last = open.pop();
      if (!last) return { message: `this “${token.text}” closes nothing`, ...place(text, token.start) };
      if (CLOSING[last.text] !== token.text) return { message: `“${last.text}” is closed by “${token.text}”`, ...place(text, token.start) };
    }
  }
  return open.length ? { message: `this “${open.at(-1).text}” is never closed`, ...place(text, open.at(-1).start) } : null;
}

function unclosed(text) {
  const token = tokens(text).find((one) => one.kind === "string" && !/^("""|'''|"|')[^]*\1$/.test(one.text.length > 1 ? one.text : `${one.text}x`));
  return token ? { message: "this text in quotes is never closed", ...place(text, token.start) } : null;
}

function unknownPrefix(text, known) {
  const all = tokens(text);
  const declared = new Set(all.filter((token, at) => token.kind === "name" && all[at - 1]?.text.toUpperCase() === "PREFIX").map((token) => token.text));
  for (const token of all) {
    const prefix = token.text.slice(0, token.text.indexOf(":"));
    if (token.kind === "name" && !declared.has(`${prefix}:`) && prefix !== "_" && !Object.hasOwn(known, prefix)) {
      return { message: `the prefix “${prefix}:” is not known; declare it with PREFIX`, ...place(text, token.start) };
    }
  }
  return null;
}

/** A mistake that no query may have, found before it is run: Oxigraph would end with the page's memory. */
export const tooDeep = (text) => {
  const found = brackets(text);
  return found?.message.startsWith("more than") ? found : null;
};

/** The reason and the place of an error of Oxigraph in a text that stands below one line of prefixes. */
export function explained(error, text, prefixes) {
  const match = PLACE.exec(error);
  if (!match) return { message: sentence(error) };
  const mistake = unclosed(text) ?? brackets(text) ?? unknownPrefix(text, prefixes);
  if (mistake) return mistake;
  const line = Number(match[1]) - 1;
  const column = Number(match[2]);
  const lines = text.split("\n");
  const rest = (lines[line - 1] ?? "").slice(column - 1).trim();
  const index = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0) + column - 1;
  const reason = /\bThe [A-Za-z ]{10,}/.exec(match[3]);
  if (reason) return { message: reason[0], line, column, index };
  const hint = STRAY.find(([stray]) => stray.test(lines[line - 1] ?? ""))?.[1];
  const message = rest ? `not valid SPARQL from here on: ${rest.slice(0, 60)}` : "not valid SPARQL: something is missing here";
  return { message: hint ? `${message} (${hint})` : message, line, column, index };
}

function sentence(error) {
  if (/^The service/.test(error)) return "SERVICE asks another server, and this page has no network";
  if (/out of memory|unreachable|out of bounds|call stack/i.test(error)) return "the query needs more memory than this page has; it has been ended";
  return error;
}
