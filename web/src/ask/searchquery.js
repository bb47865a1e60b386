// The query language of `kg search`: words, "phrases", prefixes*, -without, OR, brackets, tag:, path: and file:.
import { ALONE } from "./folding.js";

const TOKEN = /(?<without>-)?(?:(?<open>\()|(?:(?<key>tag|path|file):)?(?:"(?<phrase>[^"]*)"?|(?<word>[^\s()"]+)))|(?<close>\))/gi;
const SIGN = new RegExp(`[${ALONE}]`, "u");
const LONG = 4;
const DEEPEST = 50;
const MOST_WORDS = 100;

/** The condition that a text says; null if it has no part to search for. */
export function parse(text, folding) {
  const parser = new Parser(text, folding);
  const condition = parser.anyOf(0);
  return condition.parts.length ? condition : null;
}

/** The phrases of a condition, each once, without those that it excludes. */
export function phrases(condition, found = new Map()) {
  if (condition.kind === "phrase") found.set(`${condition.exact} ${condition.text}`, condition);
  else if (condition.kind === "group") condition.parts.forEach((part) => phrases(part, found));
  return [...found.values()];
}

/** Whether a text has a character that is indexed: a letter, a digit, an emoji. */
const hasWords = (text) => /[\p{L}\p{N}]/u.test(text) || SIGN.test(text);

class Parser {
  constructor(text, folding) {
    this.tokens = [...text.replace(/[“”„«»]/g, '"').matchAll(TOKEN)].slice(0, MOST_WORDS);
    this.at = 0;
    this.folding = folding;
  }

  anyOf(depth) {
    const groups = [];
    let parts = [];
    while (this.at < this.tokens.length) {
      const { groups: token } = this.tokens[this.at++];
      if (token.close) {
        if (depth) break;
      } else if (token.word === "OR" && !token.key) {
        groups.push({ kind: "group", every: true, parts });
        parts = [];
      } else {
        const condition = this.condition(token, depth);
        if (condition) parts.push(token.without ? { kind: "not", part: condition } : condition);
      }
    }
    groups.push({ kind: "group", every: true, parts });
    return { kind: "group", every: false, parts: groups.filter((group) => group.parts.length) };
  }

  condition(token, depth) {
    if (token.open) {
      const group = depth < DEEPEST ? this.anyOf(depth + 1) : null;
      return group?.parts.length ? group : null;
    }
    const text = token.phrase ?? token.word;
    if (token.key) return text ? { kind: "filter", key: token.key.toLowerCase(), text } : null;
    if (token.word === "AND" || !hasWords(this.folding.fold(text))) return null;
    const begins = token.phrase === undefined && (text.endsWith("*") || Array.from(this.folding.fold(text)).length >= LONG);
    return { kind: "phrase", text: text.replace(/\*+$/, ""), exact: !begins };
  }
}
