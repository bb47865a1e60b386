// Sums and products from left to right, as SPARQL 1.1 (section 17.3) has them, with brackets that say so: Oxigraph for browsers
// reads 1 - 0 - 1 as 1 - (0 - 1) (its versions to 0.5.11).
import { tokens } from "./tokens.js";

const ADDS = new Set(["+", "-"]);
const MULTIPLIES = new Set(["*", "/"]);
const WEAKER = new Set(["&&", "||", "=", "!=", "<", ">", "<=", ">=", ",", ";"]);
const WORDS = new Set(["AS", "IN", "NOT", "DISTINCT", "SEPARATOR"]);

/** A query with brackets around the left part of each chain of sums or products. */
export function leftToRight(text) {
  const places = [];
  for (const expression of expressions(tokens(text))) chains(expression, places);
  if (!places.length) return text;
  let found = "";
  let copied = 0;
  for (const [at, mark] of places.sort((one, other) => one[0] - other[0] || (one[1] === ")" ? -1 : 1))) {
    found += text.slice(copied, at) + mark;
    copied = at;
  }
  return found + text.slice(copied);
}

/** The parts between brackets that are expressions; brackets inside are one token of them. */
function expressions(all) {
  const found = [];
  const stack = [{ kind: "query", parts: [] }];
  all.forEach((token, at) => {
    const scope = stack.at(-1);
    if (token.kind === "open") {
      stack.push({ kind: kind(all, at, scope), parts: [], start: token.start });
    } else if (token.kind === "close" && stack.length > 1) {
      stack.pop();
      if (scope.kind === "expression") found.push(scope.parts);
      stack.at(-1).parts.push({ kind: "brackets", text: "", start: scope.start, end: token.end });
    } else {
      if (token.text.toUpperCase() === "SELECT" && all[at - 1]?.text === "{") scope.kind = "query";
      scope.parts.push(token);
    }
  });
  return found;
}

function kind(all, at, scope) {
  if (all[at].text === "{") return "group";
  const [before, beforeThat] = [all[at - 1], all[at - 2]].map((token) => (token?.kind === "word" ? token.text.toUpperCase() : ""));
  if (all[at].text !== "(") return scope.kind === "expression" ? "expression" : "list";
  const isCondition = before === "FILTER" || before === "BIND" || beforeThat === "FILTER";
  return isCondition || scope.kind === "expression" || (scope.kind === "query" && before !== "VALUES") ? "expression" : "list";
}

/** Add the places of the brackets of an expression's chains. */
function chains(parts, places) {
  for (const sum of split(parts, (token) => WEAKER.has(token.text) || (token.kind === "word" && WORDS.has(token.text.toUpperCase())))) {
    const terms = split(sum, (token, before) => ADDS.has(token.text) && isOperand(before));
    mark(terms, places);
    for (const term of terms) mark(split(term, (token, before) => MULTIPLIES.has(token.text) && isOperand(before)), places);
  }
}

const isOperand = (token) => token !== undefined && token.kind !== "operator";

function split(parts, isBetween) {
  const found = [[]];
  parts.forEach((token, at) => (isBetween(token, parts[at - 1]) ? found.push([]) : found.at(-1).push(token)));
  return found.filter((one) => one.length);
}

function mark(operands, places) {
  for (let at = 1; at < operands.length - 1; at++) places.push([operands[0][0].start, "("], [operands[at].at(-1).end, ")"]);
}
