// RDF terms as N-Triples writes them: made from values that people type, and read again for tables.
const XSD = "http://www.w3.org/2001/XMLSchema#";
const LONG = 2n ** 63n;
const NUMBER = /^[-+]?(?:(\d+)|\d*\.\d+|\d+\.\d*)([eE][-+]?\d+)?$/;
const TRUTH = { true: "true", yes: "true", 1: "true", false: "false", no: "false", 0: "false" };
const ESCAPES = { "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\" };

export const iri = (text) => `<${text}>`;
export const text = (value) => `"${value.replace(/[\n\r\t"\\]/g, (one) => ESCAPES[one])}"`;
const typed = (value, kind) => `${text(value)}^^<${XSD}${kind}>`;

function integer(value) {
  const trimmed = value.trim();
  if (!/^[-+]?\d{1,19}$/.test(trimmed)) return null;
  const number = BigInt(trimmed.replace(/^\+/, ""));
  return number < -LONG || number >= LONG ? null : typed(trimmed, "integer");
}

function number(value) {
  const trimmed = value.trim();
  const match = NUMBER.exec(trimmed);
  if (!match) return null;
  if (match[2]) return typed(trimmed, "double");
  return match[1] === undefined ? typed(trimmed, "decimal") : integer(trimmed);
}

function boolean(value) {
  const truth = TRUTH[value.trim().toLowerCase()];
  return truth ? typed(truth, "boolean") : null;
}

const two = (value) => String(value).padStart(2, "0");

/** Whether a day is in the calendar. JavaScript itself counts the 30th of February as a day of March. */
function isDay(year, month, day) {
  const date = new Date(Date.UTC(2000, 0, 1));
  date.setUTCFullYear(year, month - 1, day);
  return year > 0 && date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function date(value) {
  const now = new Date();
  const trimmed = value.trim() === "today" ? `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}` : value.trim();
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(trimmed);
  return match && isDay(+match[1], +match[2], +match[3]) ? typed(trimmed, "date") : null;
}

function time(value) {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(:(\d\d)(?:\.\d{1,9})?)?(Z|[-+](\d\d):(\d\d))?$/.exec(value.trim());
  if (!match || !isDay(+match[1], +match[2], +match[3]) || match[4] > 23 || match[5] > 59 || (match[7] ?? 0) > 59) return null;
  if ((match[9] ?? 0) > 23 || (match[10] ?? 0) > 59) return null;
  return typed(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}${match[6] ?? ":00"}${match[8] ?? ""}`, "dateTime");
}

const VALUES = { text, integer, number, decimal: number, boolean, date, dateTime: time };

/** The term for the value of a parameter; names are looked up by `names`. Throws an Error that says what is wrong. */
export function term(parameter, value, names) {
  const found = parameter.type in VALUES ? VALUES[parameter.type](value) : named(parameter, value, names);
  if (found === null) throw new Error(`${parameter.name} must be ${parameter.means}, not “${value}”`);
  return found;
}

function named(parameter, value, names) {
  try {
    const found = names[{ note: "thing", iri: "written", class: "classOf", property: "property" }[parameter.type]](value);
    return found === null ? null : iri(found);
  } catch (error) {
    throw new Error(`${parameter.name}: ${error.message}`);
  }
}

/** A term of SPARQL's results in JSON as N-Triples writes it. */
export function written(binding) {
  if (binding.type === "uri") return iri(binding.value);
  if (binding.type === "bnode") return `_:${binding.value}`;
  if (binding.type === "triple") return `<< ${written(binding.value.subject)} ${written(binding.value.predicate)} ${written(binding.value.object)} >>`;
  if (binding["xml:lang"]) return `${text(binding.value)}@${binding["xml:lang"]}`;
  return binding.datatype && binding.datatype !== `${XSD}string` ? `${text(binding.value)}^^<${binding.datatype}>` : text(binding.value);
}

const TRIPLE = /^(<[^>]*>|_:\S+) (<[^>]*>) (.*) \.$/;
const LITERAL = /^"((?:[^"\\]|\\.)*)"(?:@([A-Za-z0-9-]+)|\^\^<([^>]*)>)?$/s;
const CODES = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", '"': '"', "'": "'", "\\": "\\" };
const unescaped = (value) =>
  value.replace(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/gs, (_, four, eight, one) => (one ? CODES[one] : String.fromCodePoint(parseInt(four ?? eight, 16))));

/** The triples of a text in N-Triples, each with terms as SPARQL's results in JSON have them. */
export function triples(lines) {
  return lines.split("\n").filter(Boolean).map((line) => TRIPLE.exec(line).slice(1).map(read));
}

function read(written) {
  if (written.startsWith("<<")) return { type: "literal", value: written };
  if (written.startsWith("<")) return { type: "uri", value: unescaped(written.slice(1, -1)) };
  if (written.startsWith("_:")) return { type: "bnode", value: written.slice(2) };
  const [, value, language, datatype] = LITERAL.exec(written);
  return { type: "literal", value: unescaped(value), ...(language && { "xml:lang": language }), ...(datatype && { datatype }) };
}
