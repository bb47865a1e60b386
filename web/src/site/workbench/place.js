// Where the cursor is in a query, and so what may stand there: a subject, a property, a value, a class, an expression.
import { tokens } from "../../ask/tokens.js";

const GROUPS = new Set(["OPTIONAL", "UNION", "MINUS", "WHERE", "EXISTS", "NOT", "GRAPH", "SERVICE", "SILENT"]);
const EXPRESSIONS = new Set(["FILTER", "BIND", "HAVING", "VALUES", "IN"]);
const TERMS = new Set(["variable", "name", "iri", "string", "number"]);
const TYPES = new Set(["a", "rdf:type", "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"]);

/** What the brackets around a place are, and how far the triple there is. */
class Frame {
  constructor(kind, wants, subject = null) {
    Object.assign(this, { kind, wants, subject, predicate: null });
  }

  /** A term stands here: the triple goes on, and is returned when it is complete. */
  take(token) {
    if (this.kind === "graph" || this.kind === "expression") return null;
    if (this.wants === "subject") Object.assign(this, { subject: token.text, wants: "property" });
    else if (this.wants === "property") Object.assign(this, { predicate: token.text, wants: "value" });
    else if (this.wants === "value") {
      this.wants = "end";
      return { subject: this.subject, predicate: this.predicate, object: token.text };
    }
    return null;
  }
}

/** The frames that are open after some tokens of a text, and the triples in them. */
function read(text, all) {
  const frames = [new Frame("outside", "keyword")];
  const triples = [];
  let end = 0;
  let expression = false;
  for (const token of all) {
    const frame = frames.at(-1);
    if (frame.kind === "group" && text.slice(end, token.start).includes(".")) frame.wants = "subject";
    end = token.end;
    const word = token.kind === "word" ? token.text.toUpperCase() : "";
    if (token.kind === "open") {
      if (token.text === "{") frames.push(new Frame("group", "subject"));
      else if (token.text === "[") frames.push(new Frame("group", "property", "[]"));
      else frames.push(new Frame(frame.kind === "group" && frame.wants === "property" && !expression ? "path" : "expression", "property"));
      expression = false;
    } else if (token.kind === "close") {
      if (frames.length > 1) frames.pop();
      const around = frames.at(-1);
      if (around.kind !== "group") continue;
      if (token.text === "}") around.wants = "subject";
      else if (token.text === "]" || frame.kind === "path") around.take({ text: token.text === "]" ? "[]" : "(path)" });
    } else if (frame.kind === "group" || frame.kind === "path") {
      if (token.text === ";") frame.wants = "property";
      else if (token.text === ",") frame.wants = "value";
      else if (/^[/|^]$/.test(token.text) && frame.wants === "value") frame.wants = "property";
      else if (EXPRESSIONS.has(word)) [expression, frame.wants] = [true, "subject"];
      else if (GROUPS.has(word)) frame.wants = "subject";
      else if (TERMS.has(token.kind) || token.text === "a" || word === "TRUE" || word === "FALSE") {
        if (expression) continue;
        const triple = frame.take(token);
        if (triple) triples.push(triple);
      }
    } else if (EXPRESSIONS.has(word)) expression = true;
  }
  if (frames.at(-1).kind === "group" && text.slice(end).includes(".")) frames.at(-1).wants = "subject";
  return { frames, triples, end, expression };
}

const isOpen = (text) => text.length === 1 || text.at(-1) !== text[0] || /\\$/.test(text.slice(0, -1));

/** Where an index of a text is: `kind`, where what is typed there begins, and what is known of the triple. */
export function placeAt(text, index) {
  const head = text.slice(0, index);
  const all = tokens(head);
  const last = all.at(-1);
  if (/#[^\n]*$/.test(head.slice(last?.end ?? 0))) return { kind: "comment", from: index, typed: "" };
  if (last?.kind === "string" && last.end === index && isOpen(last.text)) {
    return { kind: "text", from: last.start + 1, typed: last.text.slice(1), quote: last.text[0] };
  }
  const isTyping = last !== undefined && last.end === index && ["name", "word", "variable"].includes(last.kind);
  const before = isTyping ? all.slice(0, -1) : all;
  const from = isTyping ? last.start : index;
  const { frames, expression } = read(head.slice(0, from), before);
  const frame = frames.at(-1);
  const typed = head.slice(from);
  const previous = before.at(-1)?.text.toUpperCase();
  const found = { from, typed, subject: frame.subject, predicate: frame.predicate };
  if (previous === "PREFIX") return { ...found, kind: "prefix" };
  if (frame.kind === "path") return { ...found, kind: "property" };
  if (frame.kind === "expression" || expression) return { ...found, kind: "expression" };
  if (frame.kind === "outside") return { ...found, kind: "keyword" };
  if (frame.wants === "value" && TYPES.has(frame.predicate)) return { ...found, kind: "class" };
  return { ...found, kind: frame.wants === "end" ? "keyword" : frame.wants };
}

/** The classes that a query gives a subject. */
export function classesOf(text, subject) {
  const { triples } = read(text, tokens(text));
  return triples.filter((row) => row.subject === subject && TYPES.has(row.predicate)).map((row) => row.object);
}

/** The variables of a query, without the one that is being typed. */
export function variablesOf(text, from) {
  return [...new Set(tokens(text).filter((token) => token.kind === "variable" && token.start !== from).map((token) => `?${token.text.slice(1)}`))];
}
