// What an editor offers as someone types a query: the vault's prefixes, classes, properties and names. Only this server is asked.
import { classesOf, placeAt, variablesOf } from "./place.js";

const OUTSIDE = ["SELECT", "SELECT DISTINCT", "ASK", "CONSTRUCT", "DESCRIBE", "WHERE", "GROUP BY", "HAVING", "ORDER BY", "ASC", "DESC", "LIMIT", "OFFSET", "VALUES", "PREFIX", "COUNT", "SUM", "AVG", "MIN", "MAX", "SAMPLE", "GROUP_CONCAT", "AS"];
const INSIDE = ["OPTIONAL", "FILTER", "FILTER NOT EXISTS", "FILTER EXISTS", "BIND", "UNION", "MINUS", "VALUES", "GRAPH", "SELECT"];
const FUNCTIONS = ["STR", "LANG", "DATATYPE", "BOUND", "IRI", "ABS", "CEIL", "FLOOR", "ROUND", "CONCAT", "STRLEN", "UCASE", "LCASE", "CONTAINS", "STRSTARTS", "STRENDS", "STRBEFORE", "STRAFTER", "YEAR", "MONTH", "DAY", "NOW", "COALESCE", "IF", "REGEX", "REPLACE", "SUBSTR", "isIRI", "isLiteral", "COUNT", "SUM", "AVG", "MIN", "MAX", "IN", "NOT IN", "EXISTS", "NOT EXISTS"];
const NAMES = new Set(["subject", "value", "expression", "text"]);

let asked = null;

/** The words of the vault; asked for once. */
export function vocabulary() {
  asked ??= fetch("/api/vocabulary", { headers: { Accept: "application/json" } }).then((answer) => {
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.json();
  });
  asked.catch(() => { asked = null; });
  return asked;
}

const boost = (uses, most) => (uses ? Math.round((40 * Math.log(uses + 1)) / Math.log(most + 2)) : -20);

function words(rows, type, fits = () => true) {
  const most = Math.max(1, ...rows.map((row) => row.uses));
  return rows.map((row) => ({
    label: `${row.written} ${row.label}`,
    displayLabel: row.written,
    apply: row.written,
    detail: row.label,
    info: row.comment || undefined,
    type,
    boost: boost(row.uses, most) + (fits(row) ? 0 : -40),
  }));
}

const plain = (list, type, by = 0) => list.map((label) => ({ label, type, boost: by }));

/** The properties; first those that things of the subject's classes have. */
function properties(found, text, place) {
  const classes = classesOf(text, place.subject);
  const fits = (row) => classes.length === 0 || classes.some((name) => name in row.of);
  const type = { label: "a", detail: "is a", type: "keyword", boost: 60 };
  return [...(place.typed ? [] : [type]), ...words(found.properties, "property", fits)];
}

function options(found, text, place) {
  const variables = plain(variablesOf(text, place.from), "variable", 30);
  const prefixes = Object.keys(found.prefixes).map((name) => ({ label: `${name}:`, detail: found.prefixes[name], type: "namespace", boost: -30 }));
  switch (place.kind) {
    case "prefix": return Object.entries(found.prefixes).map(([name, space]) => ({ label: `${name}:`, apply: `${name}: <${space}>`, detail: space, type: "namespace" }));
    case "class": return [...words(found.classes, "class"), ...variables];
    case "property": return [...properties(found, text, place), ...variables, ...prefixes];
    case "value": return [...variables, ...words(found.classes, "class").map((one) => ({ ...one, boost: -60 })), ...prefixes];
    case "subject": return [...variables, ...plain(INSIDE, "keyword"), ...prefixes];
    case "expression": return [...variables, ...plain(FUNCTIONS, "function"), ...prefixes];
    case "keyword": return [...variables, ...plain([...OUTSIDE, ...INSIDE], "keyword")];
    default: return [];
  }
}

/** The words of SPARQL and of the vault that fit. */
export async function wordSource(context) {
  const text = context.state.doc.toString();
  const place = placeAt(text, context.pos);
  const isClass = place.kind === "class" && /\s$/.test(text.slice(0, context.pos));
  if (!context.explicit && !place.typed && !isClass) return null;
  const found = await vocabulary().catch(() => null);
  const list = found ? options(found, text, place) : [];
  if (context.aborted || !list.length) return null;
  return { from: place.from, options: list, validFor: /^[?$]?[\p{L}\p{N}_:.-]*$/u };
}

/** The things whose names fit what is typed: as IRIs, or as texts within quotes. */
export async function nameSource(context) {
  const place = placeAt(context.state.doc.toString(), context.pos);
  const typed = place.typed.startsWith("n:") ? decoded(place.typed.slice(2)) : place.typed;
  const isForeign = place.kind !== "text" && (/^[?$]/.test(typed) || typed.includes(":"));
  if (!NAMES.has(place.kind) || isForeign || typed.trim().length < (context.explicit || place.typed.startsWith("n:") ? 1 : 2)) return null;
  await new Promise((resolve) => setTimeout(resolve, 60));
  if (context.aborted) return null;
  const answer = await fetch(`/api/names?q=${encodeURIComponent(typed)}`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || context.aborted) return null;
  const { names } = await answer.json();
  const list = names.map((row) => ({ label: place.kind === "text" ? row.also : row.name, detail: row.kind || (row.missing ? "no note" : ""), type: "constant", apply: place.kind === "text" ? quoted(row.also, place.quote) : row.written, boost: -10 }));
  return list.length ? { from: place.from, options: list, filter: false } : null;
}

function decoded(text) {
  try {
    return decodeURIComponent(text.replace(/\\(.)/g, "$1"));
  } catch {
    return text;
  }
}

/** Insert a text within quotes, and close them. */
const quoted = (text, quote) => (view, completion, from, to) => {
  const escaped = text.replace(/[\\"']/g, (sign) => (sign === "\\" || sign === quote ? `\\${sign}` : sign));
  const isClosed = view.state.sliceDoc(to, to + 1) === quote;
  view.dispatch({ changes: { from, to, insert: escaped + (isClosed ? "" : quote) }, selection: { anchor: from + escaped.length + 1 }, userEvent: "input.complete" });
};
