// The worker of a page that answers questions: the dataset in Oxigraph, apart from the page, which so never stands still.
import { initSync, literal, namedNode, Store } from "oxigraph";
import { leftToRight } from "./associativity.js";
import { fromBase64 } from "./base64.js";
import { explained, tooDeep } from "./errors.js";
import { Folding } from "./folding.js";
import { FullText } from "./fulltext.js";
import { withScores } from "./functions.js";
import { Names } from "./names.js";
import { term, triples } from "./terms.js";
import { form, inTextOrder, namesGraphs } from "./tokens.js";

const AT_ONCE = 1_000_000; // characters

/** The bytes of a block of the page. */
async function unpacked(block) {
  return new Response(new Blob([fromBase64(block)]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
}

/** The dataset: the default graph is loaded at once, the named graphs when a query first may look into them. */
class Dataset {
  constructor(text, columns) {
    this.terms = text ? text.split("\n") : [];
    this.columns = columns;
    this.store = new Store();
    this.start = 1 + 2 * columns[0];
    this.size = (columns.length - this.start) / 3;
    this.store.load(this.pieces(false), { format: "text/turtle", lenient: true, no_transaction: true });
    this.hasGraphs = columns[0] === 1 && columns[1] === 0;
  }

  /** Some triples in Turtle: what the triple before had is not written again, which is what Oxigraph reads fastest. */
  turtle(from, to) {
    const { terms, columns, start, size } = this;
    let text = "";
    let [subject, property] = [-1, -1];
    for (let row = start + from; row < start + to; row++) {
      const [s, p] = [columns[row], columns[row + size]];
      if (s !== subject) text += `${text && " .\n"}${terms[s]} ${terms[p]} `;
      else text += p === property ? "," : `;${terms[p]} `;
      text += terms[columns[row + 2 * size]];
      [subject, property] = [s, p];
    }
    return text && `${text} .\n`;
  }

  /** The triples of all graphs in pieces: in Turtle or, with the names of the graphs, in TriG. */
  *pieces(named) {
    let [text, at] = ["", 0];
    for (let graph = 1; graph <= 2 * this.columns[0]; graph += 2) {
      const [name, count] = [this.columns[graph], this.columns[graph + 1]];
      const triples = this.turtle(at, at + count);
      text += named ? `GRAPH ${this.terms[name - 1]} {\n${triples}}\n` : triples;
      at += count;
      if (text.length > AT_ONCE) {
        yield text;
        text = "";
      }
    }
    yield text;
  }

  loadGraphs() {
    if (this.hasGraphs) return;
    this.store.load(this.pieces(true), { format: "application/trig", lenient: true, no_transaction: true });
    this.hasGraphs = true;
  }

  // ---- what the look-up of names asks of the default graph

  has(iri) {
    return this.store.query(`ASK { { <${iri}> ?p ?o } UNION { ?s ?p <${iri}> } UNION { ?s <${iri}> ?o } }`);
  }

  uses(property) {
    return this.store.query(`ASK { ?s <${property}> ?o }`);
  }

  subjects(property, object) {
    return this.iris(`SELECT DISTINCT ?x { ?x <${property}> <${object}> }`);
  }

  objects(subject, property) {
    return this.iris(`SELECT DISTINCT ?x { <${subject}> <${property}> ?x }`);
  }

  iris(query) {
    return this.store.query(query).map((row) => row.get("x")).filter((one) => one.termType === "NamedNode").map((one) => one.value);
  }

  labelled(property, text, language) {
    const wanted = language ? literal(text, language) : literal(text);
    return this.store.match(null, namedNode(property), wanted, null).map((quad) => quad.subject).filter((one) => one.termType === "NamedNode").map((one) => one.value);
  }

  texts(subject, property) {
    return this.store.query(`SELECT ?x { <${subject}> <${property}> ?x }`).map((row) => row.get("x").value);
  }

  pairs(property) {
    const rows = this.store.query(`SELECT ?s ?o { ?s <${property}> ?o FILTER(isIRI(?s) && isLiteral(?o)) }`);
    return rows.map((row) => [row.get("s").value, row.get("o").value]);
  }
}

/** A mistake of whoever asks, with its place in the query. */
class Mistake extends Error {
  constructor(mistake) {
    super(mistake.message);
    this.mistake = mistake;
  }
}

/** Whether an error leaves Oxigraph unusable: its memory or its stack has ended. */
const isBroken = (error) => error instanceof WebAssembly.RuntimeError || error instanceof RangeError;

class Answers {
  constructor(dataset, settings) {
    Object.assign(this, { dataset, settings });
    const { ontology } = settings;
    const known = { ...ontology, prefixes: settings.namePrefixes, base: settings.base };
    for (const name of ["declared", "classIris", "propertyIris"]) known[name] = new Set(ontology[name]);
    this.names = new Names(dataset, known);
    this.prologue = Object.entries(settings.prefixes).map(([name, space]) => `PREFIX ${name}: <${space}>`).join(" ");
  }

  /** What is asked: a text in SPARQL, or a question of the library with values for its parameters. */
  async ask({ text, question, values }) {
    const bound = question === undefined ? text : this.bound(this.settings.questions[question], values);
    const deep = tooDeep(bound);
    if (deep) throw new Mistake(deep);
    const kind = form(bound);
    if (!kind) throw new Mistake({ message: "the query is empty: it begins with SELECT, ASK, CONSTRUCT or DESCRIBE" });
    const scored = await withScores(bound, this.settings, () => this.search());
    if (namesGraphs(scored)) this.dataset.loadGraphs();
    const isGraph = kind === "CONSTRUCT" || kind === "DESCRIBE";
    const started = performance.now();
    const found = this.evaluated(scored, bound, isGraph ? "application/n-triples" : "json");
    const took = performance.now() - started;
    if (isGraph) return { kind: "graph", triples: triples(found), took, bound };
    const { head, results, boolean } = JSON.parse(found);
    if (boolean !== undefined) return { kind: "ask", boolean, took, bound };
    const variables = inTextOrder(bound, head.vars);
    return { kind: "select", variables, rows: results.bindings.map((row) => variables.map((name) => row[name] ?? null)), took, bound };
  }

  evaluated(text, written, format) {
    try {
      return this.dataset.store.query(`${this.prologue}\n${leftToRight(text)}`, { results_format: format });
    } catch (error) {
      if (isBroken(error)) throw error;
      throw new Mistake(explained(error.message, written, this.settings.prefixes));
    }
  }

  /** The text of a question with its values, as kg's own binder writes it: kg has put marks where the terms go. */
  bound({ parameters, texts }, values) {
    const terms = {};
    for (const parameter of parameters) {
      const value = values[parameter.name] ?? parameter.default;
      if (value !== null && value !== undefined) terms[parameter.name] = term(parameter, value, this.names);
      else if (!parameter.optional) throw new Error(`${parameter.name} is needed: ${parameter.means}`);
    }
    const text = texts[parameters.map((one) => one.name).filter((name) => name in terms).join(" ")];
    return text.replace(/<urn:kg:parameter:(\w+)>/gu, (_, name) => terms[name]);
  }

  bind({ question, values }) {
    return this.bound(this.settings.questions[question], values).replace(/^(?:\s*#[^\n]*\n)+/, "");
  }

  /** The things whose names contain a text, for the completion of values; the names that begin with it come first. */
  complete({ names, text }) {
    this.completions ??= {};
    const all = (this.completions[names] ??= this.named(names));
    const wanted = text.toLowerCase();
    const begin = [];
    const contain = [];
    for (const name of all) {
      const at = name.toLowerCase().indexOf(wanted);
      if (at === 0) begin.push(name);
      else if (at > 0) contain.push(name);
      if (begin.length >= 30) break;
    }
    return [...begin, ...contain].slice(0, 30);
  }

  named(kind) {
    const { ontology, base } = this.settings;
    if (kind === "class") return [...new Set(Object.values(ontology.classNames))].sort();
    if (kind === "property") return [...new Set(Object.values(ontology.propertyNames))].sort();
    const found = new Set();
    for (const label of ["prefLabel", "altLabel"]) {
      for (const [node, text] of this.dataset.pairs(`http://www.w3.org/2004/02/skos/core#${label}`)) {
        if (node.startsWith(`${base}#tag/`)) found.add(`#${text}`);
        else if (!this.names.isPart(node)) found.add(text);
      }
    }
    return [...found].sort((one, other) => one.length - other.length || (one < other ? -1 : 1));
  }

  async search() {
    if (!this.fulltext) {
      const { notes, folds } = JSON.parse(new TextDecoder().decode(await unpacked(this.settings.search)));
      this.fulltext = new FullText(notes, new Folding(folds));
    }
    return this.fulltext;
  }

  /** The notes that match, best first: each with a few lines. */
  async find({ text, limit, each }) {
    const started = performance.now();
    const fulltext = await this.search();
    const result = fulltext.search(text);
    if (!result) return { notes: null };
    const notes = result.found.slice(0, limit).map(({ note, score, rows }) => {
      const { iri, title, path } = fulltext.notes[note];
      const hits = rows.slice(0, each).map(({ row, score: own }) => {
        const line = fulltext.line(row, result.wanted);
        return { ...fulltext.excerpt(line, 240), heading: fulltext.rows[row].parts, score: own, iri: fulltext.rows[row].iri ?? iri, line: line.line };
      });
      return { iri, title, path, score, hits };
    });
    return { notes, count: result.found.length, took: performance.now() - started };
  }

  /** The terms that values of parameters mean. */
  term({ parameter, value }) {
    return term(parameter, value, this.names);
  }
}

let answers = null;

/** Read the blocks of the page; the compiled engine goes back to the page, for the next worker. */
async function start({ engine, module, terms, columns, settings, search }) {
  const compiled = module ?? unpacked(engine).then((bytes) => WebAssembly.compile(bytes));
  const [text, numbers, made] = await Promise.all([unpacked(terms), unpacked(columns), compiled]);
  initSync({ module: made });
  const known = JSON.parse(new TextDecoder().decode(await unpacked(settings)));
  const dataset = new Dataset(new TextDecoder().decode(text), new Uint32Array(numbers));
  answers = new Answers(dataset, { ...known, search });
  return { size: dataset.store.size, module: made };
}

const work = { start };
for (const kind of ["ask", "bind", "complete", "find", "term"]) work[kind] = (what) => answers[kind](what);

self.onmessage = async ({ data: { id, kind, ...what } }) => {
  try {
    self.postMessage({ id, answer: await work[kind](what) });
  } catch (error) {
    const broken = isBroken(error);
    const mistake = error.mistake ?? (broken ? explained(String(error.message), "", {}) : { message: error.message ?? String(error) });
    self.postMessage({ id, mistake, broken });
  }
};
