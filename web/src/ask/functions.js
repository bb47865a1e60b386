// kg:textScore and kg:textContext, which Oxigraph for browsers does not know: each call becomes a look-up in a table in the text.
import { text as quoted } from "./terms.js";
import { tokens } from "./tokens.js";

const KG = "https://w3id.org/concept-notes#";
const DOUBLE = "http://www.w3.org/2001/XMLSchema#double";
const NOTHING = "(1/0)";

/** A query with the results of its searches in place of the calls. Throws an Error if the words are not given in quotes. */
export async function withScores(text, { prefixes }, search) {
  if (!/textScore|textContext/.test(text)) return text;
  const names = new Map();
  for (const name of ["textScore", "textContext"]) {
    names.set(`<${KG}${name}>`, name);
    for (const [prefix, space] of Object.entries(prefixes)) if (space === KG) names.set(`${prefix}:${name}`, name);
  }
  const all = tokens(text);
  const calls = all.flatMap((token, at) => (names.has(token.text) && all[at + 1]?.text === "(" ? [call(text, all, at, names.get(token.text))] : []));
  if (!calls.length) return text;
  const fulltext = await search();
  let found = "";
  let copied = 0;
  for (const one of calls) {
    found += text.slice(copied, one.start) + lookedUp(one, fulltext);
    copied = one.end;
  }
  return found + text.slice(copied);
}

/** A call: its bounds, the thing that it asks about, and the words. */
function call(text, all, at, name) {
  let depth = 0;
  let comma = -1;
  let end = at + 1;
  for (; end < all.length; end++) {
    if (depth === 1 && comma < 0 && all[end].text === ",") comma = all[end].start;
    if (all[end].kind === "open") depth++;
    else if (all[end].kind === "close" && --depth === 0) break;
  }
  const words = all[end - 1];
  if (comma < 0 || words?.kind !== "string" || words.start < comma) throw new Error(`in this page, kg:${name} needs its words in quotes: kg:${name}(?thing, "words")`);
  const thing = text.slice(all[at + 1].end, comma).trim();
  return { start: all[at].start, end: all[end].end, name, thing, words: unquoted(words.text) };
}

function unquoted(text) {
  const marks = /^("""|'''|"|')/.exec(text)[0];
  return text.slice(marks.length, -marks.length).replace(/\\([tbnrf"'\\])/g, (_, one) => ({ t: "\t", b: "\b", n: "\n", r: "\r", f: "\f" })[one] ?? one);
}

/** An expression for the value of a call: of a table of lines, the part after the thing. */
function lookedUp({ name, thing, words }, fulltext) {
  const found = fulltext.things(words);
  const { wanted = [] } = found.size ? fulltext.search(words) : {};
  const value = ({ row, score }) => (name === "textScore" ? String(Math.round(score * 1e6) / 1e6) : fulltext.excerpt(fulltext.line(row, wanted)).text);
  const table = quoted(["", ...Array.from(found, ([iri, one]) => `<${iri}> ${value(one)}`), ""].join("\n"));
  const key = `CONCAT("\\n<", STR(${thing}), "> ")`;
  const part = `STRBEFORE(STRAFTER(${table}, ${key}), "\\n")`;
  return ` IF(isIRI(${thing}) && CONTAINS(${table}, ${key}), ${name === "textScore" ? `<${DOUBLE}>(${part})` : part}, ${NOTHING}) `;
}
