// Asking the page: the library's questions, SPARQL and full-text search, answered by the page itself.
import { make, number, plural } from "../dom.js";
import { Engine, json } from "./engine.js";
import { Form } from "./form.js";
import { mapButton, Results } from "./results.js";
import { Things } from "./things.js";

const LIMITS = [[10, "10 seconds"], [30, "30 seconds"], [120, "2 minutes"], [0, "no limit"]];
const EXAMPLE = "SELECT ?thing ?label\nWHERE {\n  ?thing a kg:Concept ; skos:prefLabel ?label .\n}\nORDER BY ?label\nLIMIT 20";
const narrow = matchMedia("(max-width: 700px)");
const TABS = [["questions", "Questions"], ["sparql", "SPARQL"], ["text", "Text"]];

class Ask {
  constructor(page, settings, engine) {
    Object.assign(this, { page, settings, engine });
    this.things = new Things(page, settings.things);
    this.things.onShow = () => narrow.matches && this.show(false); // where the drawer covers the map
    this.place = make("section", { id: "ask", "aria-label": "Ask", hidden: true });
    this.build();
    engine.onRestart = () => this.begun();
    this.begun();
  }

  // ---- the parts of the drawer

  build() {
    this.state = make("p", { class: "ask-state", role: "status" });
    this.tabs = TABS.map(([id, name]) => make("button", { type: "button", role: "tab", id: `ask-tab-${id}`, "aria-controls": `ask-${id}`, onclick: () => this.turn(id) }, name));
    this.limit = make("select", { id: "ask-limit" }, ...LIMITS.map(([seconds, name]) => make("option", { value: seconds, selected: seconds === 30 }, name)));
    this.halt = make("button", { type: "button", class: "ask-plain", hidden: true, onclick: () => this.engine.stop() }, "Stop");
    const size = make("button", { type: "button", class: "ask-plain", "aria-pressed": "false", onclick: () => this.resize(size) }, "Larger");
    const close = make("button", { type: "button", class: "ask-close", "aria-label": "Close the questions", onclick: () => this.show(false) }, "×");
    const list = make("div", { role: "tablist", "aria-label": "Ways to ask", class: "ask-tabs", onkeydown: (event) => this.tabKey(event) }, ...this.tabs);
    const limit = make("label", { class: "ask-limit", for: "ask-limit" }, "Stop after ", this.limit);
    const head = make("div", { class: "ask-head" }, list, this.state, this.halt, limit, size, close);
    this.panes = { questions: this.questions(), sparql: this.sparql(), text: this.text() };
    this.place.append(head, ...Object.values(this.panes));
    this.open = make("button", { type: "button", id: "ask-open", "aria-expanded": "false", "aria-controls": "ask", onclick: () => this.show(this.place.hidden) }, "Ask");
    document.getElementById("tools").prepend(this.open);
    document.querySelector("main").append(this.place);
    this.place.addEventListener("keydown", (event) => this.key(event));
    this.turn("questions");
  }

  pane(id, ...children) {
    return make("div", { id: `ask-${id}`, class: "ask-pane", role: "tabpanel", "aria-labelledby": `ask-tab-${id}`, hidden: true }, ...children);
  }

  questions() {
    this.filter = make("input", { type: "text", placeholder: "Find a question", "aria-label": "Find a question", spellcheck: false, oninput: () => this.list() });
    this.found = make("div", { class: "ask-questions" });
    this.main = make("div", { class: "ask-answer" }, make("p", { class: "hint" }, "Choose a question. The page answers it by itself: nothing leaves it."));
    this.list();
    return this.pane("questions", make("nav", { class: "ask-library", "aria-label": "Questions of the library" }, this.filter, this.found), this.main);
  }

  list() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const groups = new Map();
    this.settings.questions.forEach((question, at) => {
      const text = `${question.name} ${question.title} ${question.group} ${question.description}`.toLowerCase();
      if (words.every((word) => text.includes(word))) groups.set(question.group, [...(groups.get(question.group) ?? []), at]);
    });
    const parts = Array.from(groups, ([group, members]) => {
      const rows = members.map((at) => make("li", {}, make("button", { type: "button", "aria-pressed": String(at === this.chosen), "data-question": at, onclick: () => this.choose(at) }, this.settings.questions[at].title)));
      return [make("h3", {}, group), make("ul", {}, ...rows)];
    });
    this.found.replaceChildren(...(parts.length ? parts.flat() : [make("p", { class: "hint" }, "No question has these words.")]));
  }

  /** Show a question with its form; one that needs nothing is asked at once. */
  choose(at) {
    const question = this.settings.questions[at];
    this.chosen = at;
    for (const button of this.found.querySelectorAll("button")) button.setAttribute("aria-pressed", String(Number(button.dataset.question) === at));
    const results = new Results(make("div", { class: "ask-results" }), this.things, this.settings.prefixes);
    const run = () => this.run({ question: at, values: form.values() }, results, question.name);
    const form = new Form(question, (names, text) => this.engine.ask("complete", { names, text }), run);
    const edit = make("button", { type: "button", class: "ask-plain", onclick: () => this.edit(at, form) }, "Edit as SPARQL");
    form.place.append(edit);
    this.main.replaceChildren(make("h2", {}, question.title), make("p", { class: "hint" }, question.description), form.place, results.place);
    this.main.scrollTop = 0;
    if (form.isComplete()) run();
    else form.focus();
  }

  async edit(at, form) {
    try {
      this.area.value = await this.engine.ask("bind", { question: at, values: form.values() });
    } catch {
      this.area.value = EXAMPLE;
    }
    this.turn("sparql");
    this.area.focus();
  }

  sparql() {
    this.area = make("textarea", { id: "ask-query", spellcheck: false, rows: 8, "aria-label": "SPARQL query", "aria-describedby": "ask-query-hint" });
    this.area.value = EXAMPLE;
    this.area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.query();
    });
    this.answered = new Results(make("div", { class: "ask-results" }), this.things, this.settings.prefixes);
    const run = make("button", { type: "button", class: "ask-run", onclick: () => this.query() }, "Run");
    const known = Object.keys(this.settings.prefixes).map((name) => `${name}:`).join(" ");
    const hint = make("p", { id: "ask-query-hint", class: "hint" }, `Ctrl+Enter (on a Mac ⌘+Enter) runs it. These prefixes need no declaration: ${known}`);
    return this.pane("sparql", make("div", { class: "ask-answer" }, this.area, make("div", { class: "ask-bar" }, run, hint), this.answered.place));
  }

  query() {
    return this.run({ text: this.area.value }, this.answered, "answer", this.area);
  }

  text() {
    this.words = make("input", { type: "search", placeholder: 'Words, "a phrase", begin*, -without, tag:#name', "aria-label": "Search the texts", spellcheck: false });
    this.hits = make("div", { class: "ask-results" });
    const form = make("form", { class: "ask-bar", onsubmit: (event) => (event.preventDefault(), this.search()) }, this.words, make("button", { class: "ask-run" }, "Search"));
    return this.pane("text", make("div", { class: "ask-answer" }, form, this.hits));
  }

  async search() {
    const text = this.words.value;
    await this.during(this.hits, async () => {
      const { notes, count, took } = await this.engine.ask("find", { text, limit: 50, each: 3 }, this.seconds);
      if (notes === null) return this.hits.replaceChildren(make("p", { class: "hint" }, "Give a word with letters or digits."));
      const says = `${plural(count, "note")} in ${Math.max(1, Math.round(took))} ms${count > notes.length ? `, the best ${notes.length} listed` : ""}`;
      const numbers = new Set(notes.map((note) => this.things.of({ type: "uri", value: note.iri })).filter((thing) => thing >= 0));
      const map = numbers.size ? mapButton(this.things, numbers) : null;
      this.say(says);
      this.hits.replaceChildren(make("div", { class: "ask-bar" }, make("span", { class: "ask-says" }, says), map), make("ol", { class: "ask-hits" }, ...notes.map((note) => this.hit(note))));
    });
  }

  hit(note) {
    const thing = this.things.of({ type: "uri", value: note.iri });
    const name = thing >= 0 ? make("button", { type: "button", class: "ask-name", onclick: () => this.things.select(thing) }, note.title) : make("b", {}, note.title);
    const lines = note.hits.map(({ text, marks, heading }) => {
      const pieces = [];
      let at = 0;
      for (const [from, to] of marks) {
        pieces.push(text.slice(at, from), make("mark", {}, text.slice(from, to)));
        at = to;
      }
      const place = heading.length ? make("span", { class: "kind" }, `${heading.join(" › ")}: `) : null;
      return make("p", {}, place, ...pieces, text.slice(at));
    });
    return make("li", {}, name, ...lines);
  }

  // ---- asking

  get seconds() {
    return Number(this.limit.value);
  }

  async run(what, results, name, area = null) {
    area?.removeAttribute("aria-invalid");
    await this.during(results.place, async () => this.say(results.show(await this.engine.ask("ask", what, this.seconds), name)), area);
  }

  /** Work whose answer comes later: it can be stopped, and what goes wrong with it is told in its place. */
  async during(place, work, area = null) {
    const mine = (this.asked = (this.asked ?? 0) + 1);
    const wait = setTimeout(() => (place.replaceChildren(make("p", { class: "hint" }, "Working …")), (this.halt.hidden = false)), 150);
    try {
      await work();
    } catch (error) {
      place.replaceChildren(this.refused(error, area));
    } finally {
      clearTimeout(wait);
      if (mine === this.asked) this.halt.hidden = true;
    }
  }

  refused(error, area) {
    const where = error.line ? `Line ${error.line}, column ${error.column}: ` : "";
    if (area && error.index !== undefined) {
      area.setAttribute("aria-invalid", "true");
      area.focus();
      area.setSelectionRange(error.index, Math.min(error.index + 1, area.value.length));
    }
    return make("p", { class: "ask-refused", role: "alert" }, where + error.message);
  }

  say(text) {
    this.state.textContent = text;
  }

  // ---- the drawer itself

  async begun() {
    this.place.dataset.ready = "";
    this.say("Getting ready …");
    const { ready } = this.engine;
    try {
      const { size, at } = await ready;
      if (ready !== this.engine.ready) return;
      this.place.dataset.ready = String(Math.round(at)); // in milliseconds since the page was opened
      this.say(`Ready: ${number(size)} triples`);
    } catch (error) {
      this.say(`This browser cannot answer questions here: ${error.message}`);
    }
  }

  show(open) {
    this.place.hidden = !open;
    this.open.setAttribute("aria-expanded", String(open));
    document.querySelector("main").classList.toggle("asking", open);
    dispatchEvent(new Event("resize"));
    (open ? this.tabs.find((tab) => tab.tabIndex === 0) : this.open).focus();
  }

  resize(button) {
    const large = document.querySelector("main").classList.toggle("asking-more");
    button.setAttribute("aria-pressed", String(large));
    button.textContent = large ? "Smaller" : "Larger";
    dispatchEvent(new Event("resize"));
  }

  turn(id) {
    TABS.forEach(([name], at) => {
      this.panes[name].hidden = name !== id;
      this.tabs[at].setAttribute("aria-selected", String(name === id));
      this.tabs[at].tabIndex = name === id ? 0 : -1;
    });
  }

  tabKey(event) {
    const at = this.tabs.indexOf(document.activeElement);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: this.tabs.length - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    const to = (next + this.tabs.length) % this.tabs.length;
    this.turn(TABS[to][0]);
    this.tabs[to].focus();
    event.preventDefault();
  }

  /** Escape closes the drawer; the map's keys do not reach from it to the map. */
  key(event) {
    event.stopPropagation();
    if (event.key === "Escape" && !event.defaultPrevented) this.show(false);
  }
}

async function start() {
  const engine = new Engine();
  const [page, settings] = await Promise.all([shown, json("kg-questions")]);
  window.kgAsk = new Ask(page, settings, engine);
}

const shown = new Promise((resolve) => document.addEventListener("kg-page", (event) => resolve(event.detail), { once: true }));
start();
