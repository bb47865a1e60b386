// Answers on the page: a table that can be sorted, a yes or no, and files to keep.
import { make, number, plural } from "../dom.js";
import { shortened } from "./names.js";
import { written } from "./terms.js";

const AT_ONCE = 200;
const NUMBERS = /^http:\/\/www\.w3\.org\/2001\/XMLSchema#(integer|decimal|double|float|int|long|short|byte|nonNegativeInteger|positiveInteger)$/;
const TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";

const isNumber = (term) => term?.type === "literal" && NUMBERS.test(term.datatype ?? "");
const inSeconds = (took) => (took < 1000 ? `${Math.max(1, Math.round(took))} ms` : `${(took / 1000).toFixed(1)} s`);

/** Terms in an order for people: nothing first, then numbers by value, then texts by the reader's alphabet. */
function compared(one, other, text) {
  if (!one || !other) return Number(Boolean(one)) - Number(Boolean(other));
  if (isNumber(one) && isNumber(other)) return Number(one.value) - Number(other.value);
  return text(one).localeCompare(text(other), undefined, { numeric: true });
}

/** A button that shows only some things on the map and, pressed again, all. */
export function mapButton(things, numbers) {
  const button = make("button", { type: "button", class: "ask-plain", "aria-pressed": "false" }, `Show ${plural(numbers.size, "thing")} on the map`);
  button.addEventListener("click", () => {
    things.pick(things.isPicked(numbers) ? null : numbers);
    button.setAttribute("aria-pressed", String(things.isPicked(numbers)));
  });
  return button;
}

export class Results {
  /** `place` is the element for the answer; `things` says which thing of the map a term is, and shows things. */
  constructor(place, things, prefixes) {
    Object.assign(this, { place, things, prefixes });
  }

  clear(...children) {
    this.place.replaceChildren(...children);
  }

  show(answer, name) {
    this.name = name || "answer";
    if (answer.kind === "ask") {
      this.clear(this.bar(answer, answer.boolean ? "Yes" : "No"), make("p", { class: "ask-verdict" }, answer.boolean ? "Yes" : "No"));
      return answer.boolean ? "yes" : "no";
    }
    const isGraph = answer.kind === "graph";
    this.variables = isGraph ? ["subject", "predicate", "object"] : answer.variables;
    this.rows = isGraph ? answer.triples : answer.rows;
    this.order = [...this.rows.keys()];
    this.sorted = { column: -1, down: false };
    const says = `${plural(this.rows.length, isGraph ? "triple" : "row")} in ${inSeconds(answer.took)}`;
    this.body = make("tbody");
    this.heads = this.variables.map((variable, at) => this.head(variable, at));
    this.more = make("button", { type: "button", class: "ask-plain", onclick: () => this.draw(this.shown + AT_ONCE * 5) });
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...this.heads)), this.body);
    const empty = this.rows.length ? null : make("p", { class: "hint" }, "Nothing answers this.");
    this.clear(...[this.bar(answer, says), this.rows.length ? make("div", { class: "ask-table", tabindex: "0", role: "region", "aria-label": "Answer" }, table, this.more) : empty].filter(Boolean));
    this.draw(AT_ONCE);
    return says;
  }

  bar(answer, says) {
    const isGraph = answer.kind === "graph";
    const files = {
      ask: [["JSON", "json", () => JSON.stringify({ head: {}, boolean: answer.boolean })]],
      select: [["CSV", "csv", () => this.csv()], ["JSON", "json", () => this.json()]],
      graph: [["Turtle", "ttl", () => this.turtle()], ["CSV", "csv", () => this.csv()]],
    }[answer.kind];
    const numbers = answer.kind === "ask" ? new Set() : this.thingsIn(isGraph ? answer.triples : answer.rows);
    const map = numbers.size ? mapButton(this.things, numbers) : null;
    const buttons = files.map(([label, suffix, text]) => make("button", { type: "button", class: "ask-plain", onclick: () => this.keep(text(), suffix) }, `Save ${label}`));
    return make("div", { class: "ask-bar" }, make("span", { class: "ask-says" }, says), map, ...buttons);
  }

  thingsIn(rows) {
    const found = new Set();
    for (const row of rows) for (const term of row) {
      const thing = this.things.of(term);
      if (thing >= 0) found.add(thing);
    }
    return found;
  }

  head(variable, at) {
    return make("th", { scope: "col", "aria-sort": "none" }, make("button", { type: "button", title: "Sort", onclick: () => this.sort(at) }, variable.replaceAll("_", " ")));
  }

  sort(column) {
    const down = this.sorted.column === column && !this.sorted.down;
    this.sorted = { column, down };
    const text = (term) => this.text(term);
    this.order.sort((one, other) => {
      const way = compared(this.rows[one][column], this.rows[other][column], text);
      return (down ? -way : way) || one - other;
    });
    this.heads.forEach((head, at) => head.setAttribute("aria-sort", at === column ? (down ? "descending" : "ascending") : "none"));
    this.draw(this.shown);
  }

  draw(count) {
    this.shown = Math.min(count, this.rows.length);
    const rows = this.order.slice(0, this.shown).map((at) => make("tr", {}, ...this.rows[at].map((term) => this.cell(term))));
    this.body.replaceChildren(...rows);
    const left = this.rows.length - this.shown;
    this.more.hidden = !left;
    this.more.textContent = `Show more (${number(left)} rows are left)`;
  }

  cell(term) {
    if (!term) return make("td");
    const thing = this.things.of(term);
    const text = this.text(term);
    if (thing >= 0) {
      const title = term.type === "uri" ? term.value : null;
      return make("td", {}, make("button", { type: "button", class: "ask-name", title, onclick: () => this.things.select(thing) }, term.type === "uri" ? this.things.label(thing) : text));
    }
    if (term.type === "uri") return make("td", { class: "ask-iri", title: term.value }, text);
    return make("td", isNumber(term) ? { class: "ask-number" } : {}, text);
  }

  text(term) {
    if (term.type === "uri") return term.value === TYPE ? "a" : shortened(term.value, this.prefixes);
    return term.type === "bnode" ? `_:${term.value}` : term.value;
  }

  // ---- files

  csv() {
    const field = (term) => {
      const value = !term ? "" : term.type === "bnode" ? `_:${term.value}` : term.value;
      return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
    };
    return [this.variables.join(","), ...this.order.map((at) => this.rows[at].map(field).join(","))].join("\r\n") + "\r\n";
  }

  json() {
    const bindings = this.order.map((at) => Object.fromEntries(this.variables.flatMap((name, column) => (this.rows[at][column] ? [[name, this.rows[at][column]]] : []))));
    return JSON.stringify({ head: { vars: this.variables }, results: { bindings } }, null, 1);
  }

  turtle() {
    const used = new Set();
    const name = (term) => {
      const found = term.type === "uri" ? shortened(term.value, this.prefixes) : "";
      const [, prefix, local] = /^([\w-]*):([A-Za-z_][\w-]*)$/.exec(found) ?? [];
      if (local === undefined || found === term.value) return written(term);
      used.add(prefix);
      return found;
    };
    const subjects = new Map();
    for (const [subject, property, object] of this.rows) {
      const key = name(subject);
      const type = property.value === TYPE ? "a" : name(property);
      subjects.set(key, [...(subjects.get(key) ?? []), `${type} ${name(object)}`]);
    }
    const body = [...subjects].map(([subject, rows]) => `${subject} ${rows.join(" ;\n  ")} .\n`);
    const prefixes = [...used].sort().map((prefix) => `PREFIX ${prefix}: <${this.prefixes[prefix]}>\n`);
    return `${prefixes.join("")}\n${body.join("\n")}`;
  }

  keep(text, suffix) {
    const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" })), download: `${this.name}.${suffix}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}
