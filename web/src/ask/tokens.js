// The tokens of a SPARQL text, as kg reads them: enough to tell words from strings, names and comments.
const LETTER = "[\\p{L}\\p{N}\\p{M}_]";
const TOKEN = new RegExp(
  [
    "(?<comment>#[^\\n\\r]*)",
    '(?<iri><[^<>"{}|^`\\\\\\s]*>)',
    "(?<string>\"\"\"(?:[^\"\\\\]|\\\\.|\"(?!\"\"))*(?:\"\"\"|$)|'''(?:[^'\\\\]|\\\\.|'(?!''))*(?:'''|$)" +
      '|"(?:[^"\\\\\\n\\r]|\\\\.)*"?|\'(?:[^\'\\\\\\n\\r]|\\\\.)*\'?)',
    `(?<variable>[?$]${LETTER}+)`,
    `(?<name>(?:${LETTER}(?:${LETTER}|[.-])*)?:(?:${LETTER}|[.%:-]|\\\\.)*)`,
    "(?<number>\\d+(?:\\.\\d*)?(?:[eE][+-]?\\d+)?|\\.\\d+(?:[eE][+-]?\\d+)?)",
    `(?<word>${LETTER}+)`,
    "(?<open>[{(\\[])|(?<close>[})\\]])",
    "(?<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)",
    "(?<operator>&&|\\|\\||[!<>]=|[=<>!+*/^|,;-])",
  ].join("|"),
  "gsu",
);

export function tokens(text) {
  const found = [];
  for (const match of text.matchAll(TOKEN)) {
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    if (kind !== "comment") found.push({ kind, text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return found;
}

const FORMS = new Set(["SELECT", "ASK", "CONSTRUCT", "DESCRIBE"]);
const CHANGES = new Set(["INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "COPY", "MOVE", "ADD", "WITH"]);

/** The form of a query in capitals; empty for a text without one. Throws for an update. */
export function form(text) {
  for (const token of tokens(text)) {
    if (token.kind !== "word") continue;
    const word = token.text.toUpperCase();
    if (CHANGES.has(word)) throw new Error(`${word} would change the graph, and this page only reads it`);
    if (FORMS.has(word)) return word;
  }
  return "";
}

/** Whether a query may look into named graphs, so that they must be there. */
export const namesGraphs = (text) => tokens(text).some((token) => token.kind === "word" && /^(graph|from)$/i.test(token.text));

/** A query whose outermost `SELECT *` lists its variables in the order of the text; SPARQL itself defines no order. */
export function inTextOrder(text, variables) {
  const all = tokens(text);
  const select = all.find((token) => token.kind === "word" && token.text.toUpperCase() === "SELECT");
  const opening = all.find((token) => token.kind === "open");
  const star = select && select.start < (opening?.start ?? -1) ? /^\s*(?:DISTINCT|REDUCED)?\s*\*/i.exec(text.slice(select.end)) : null;
  if (!star) return variables;
  const there = new Set(variables);
  const named = all.filter((token) => token.kind === "variable").map((token) => token.text.slice(1));
  return [...new Set([...named.filter((name) => there.has(name)), ...variables])];
}
