// The search with its list, which says all that the map shows; and the filters, which are the legend too.
import { icon, make, number as written, plural } from "./dom.js";
import { HOLLOW } from "./shapes.js";
import { colour, LIMIT } from "./colours.js";

const SOME = 100;

export class Search {
  constructor(data, onSelect) {
    Object.assign(this, { data, onSelect });
    this.input = document.getElementById("search");
    this.list = document.getElementById("results");
    this.status = document.getElementById("status");
    this.active = -1;
    this.found = [];
    this.input.addEventListener("input", () => this.update());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", (event) => {
      const item = event.target.closest("[role=option]");
      if (item) this.choose(Number(item.dataset.at));
    });
  }

  update() {
    const { data } = this;
    this.found = data.search(this.input.value);
    this.active = -1;
    this.input.removeAttribute("aria-activedescendant");
    const items = this.found.slice(0, SOME).map((number, at) => {
      const mark = icon(data.shape(number), this.colourOf(number));
      const type = make("span", { class: "kind" }, data.types[data.type[number]]);
      return make("li", { role: "option", id: `result-${at}`, "data-at": at, "aria-selected": "false" }, mark, make("span", { class: "label", title: data.labels[number] }, data.labels[number]), type);
    });
    this.list.replaceChildren(...items);
    const more = this.found.length > SOME ? `, the first ${SOME} listed` : "";
    this.status.textContent = this.found.length ? plural(this.found.length, "thing") + more : "nothing is called so";
  }

  key(event) {
    const last = this.list.children.length - 1;
    const moves = { ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + 8, PageUp: this.active - 8 };
    if (event.key in moves && last >= 0) {
      this.mark(Math.max(0, Math.min(last, moves[event.key])));
      event.preventDefault();
    } else if (event.key === "Enter" && last >= 0) {
      this.choose(Math.max(0, this.active), true);
      event.preventDefault();
    } else if (event.key === "Escape" && this.input.value) {
      this.input.value = "";
      this.update();
      event.stopPropagation();
    }
  }

  mark(at) {
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = at;
    const item = this.list.children[at];
    item.setAttribute("aria-selected", "true");
    item.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", item.id);
  }

  /** Choose from the list; whoever does it by a key is led to what is known of the thing. */
  choose(at, byKey = false) {
    this.mark(at);
    this.onSelect(this.found[at], byKey);
  }
}

export class Filters {
  constructor(data, state, onChange) {
    Object.assign(this, { data, state, onChange });
    this.draw();
  }

  draw() {
    const { data, state } = this;
    const counts = (values, size) => values.reduce((found, value) => (found[value]++, found), new Array(size).fill(0));
    const byType = state.colourBy === "type";
    this.rows("types", data.types, counts(data.type, data.types.length), data.typeHidden, (at) => {
      const hollow = data.missing.length > 0 && data.type[data.missing[0]] === at;
      return icon(data.shapeOfType[at] + (hollow ? HOLLOW : 0), byType ? colour(at) : "currentColor");
    });
    this.rows("kinds", data.kinds, counts(data.kind, data.kinds.length), data.kindHidden, () => null);
    this.communities();
  }

  rows(id, names, counts, hidden, mark) {
    const rows = names.map((name, at) => {
      const box = make("input", { type: "checkbox", checked: !hidden[at], onchange: () => this.turn(hidden, at, !box.checked) });
      return make("li", {}, make("label", {}, box, mark(at), make("span", { class: "label" }, name), make("span", { class: "count" }, written(counts[at]))));
    });
    document.getElementById(id).replaceChildren(...rows);
  }

  turn(hidden, at, value) {
    hidden[at] = value;
    this.onChange();
  }

  communities() {
    const { data, state } = this;
    const rows = data.communities.filter((one) => one.size > 1).slice(0, 40).map((one, at) => {
      const pressed = data.communityShown === at;
      const button = make("button", { type: "button", "aria-pressed": String(pressed), onclick: () => this.only(pressed ? -1 : at) });
      button.append(icon(0, state.colourBy === "type" ? "currentColor" : colour(at)), make("span", { class: "label", title: one.name }, `around ${one.name}`), make("span", { class: "count" }, written(one.size)));
      return make("li", {}, button);
    });
    document.getElementById("communities").replaceChildren(...rows);
    document.getElementById("communities-hint").textContent =
      data.communities.filter((one) => one.size > 1).length > LIMIT ? `The ${LIMIT} largest have a colour of their own.` : "";
  }

  only(at) {
    this.data.communityShown = at;
    this.communities();
    this.onChange();
    document.querySelectorAll("#communities button")[Math.max(at, 0)]?.focus();
  }
}
