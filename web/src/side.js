// The search with its list, which says all that the map shows; and the filters, which are the legend too.
import { dash, icon, make, number as written, plural } from "./dom.js";
import { HOLLOW } from "./shapes.js";
import { colour, LIMIT } from "./colours.js";

const SOME = 100;
const SOME_GROUPS = 40;

export class Search {
  constructor(data, shown, onSelect) {
    Object.assign(this, { data, shown, onSelect });
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
    this.found = data.search(this.input.value, this.shown);
    this.active = -1;
    this.input.removeAttribute("aria-activedescendant");
    const items = this.found.slice(0, SOME).map((number, at) => {
      const mark = icon(data.shape(number), this.colourOf(number));
      const type = make("span", { class: "kind" }, data.types[data.type[number]]);
      return make("li", { role: "option", id: `result-${at}`, "data-at": at, "aria-selected": "false" }, mark, make("span", { class: "label", title: data.labels[number] }, data.labels[number]), type);
    });
    this.list.replaceChildren(...items);
    const more = this.found.length > SOME ? `, the first ${SOME} listed` : "";
    const words = this.shown.layerShown.includes(true) ? ["entry", "entries"] : ["thing"];
    this.status.textContent = this.found.length ? plural(this.found.length, ...words) + more : this.shown.isFiltered() ? "nothing that is shown is called so" : "nothing is called so";
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
    // On a narrow screen the list lies over the map as long as the keyboard is in it.
    if (matchMedia("(max-width: 700px)").matches) document.activeElement?.blur?.();
    this.onSelect(this.found[at], byKey);
  }
}

export class Filters {
  constructor(data, shown, onChange) {
    Object.assign(this, { data, shown, onChange });
    this.parts = Object.fromEntries(["types", "kinds", "layers", "groups"].map((id) => [id, document.getElementById(id)]));
    const choice = document.getElementById("colour-by");
    choice.replaceChildren(...data.groupings.map((one, at) => make("option", { value: at }, one.name)));
    choice.addEventListener("change", () => this.regroup(Number(choice.value)));
    document.getElementById("unfilter").addEventListener("click", () => this.clear());
    document.getElementById("layers-part").hidden = !data.layers.length;
    this.wholes();
    this.draw();
  }

  /** The choice of a tag and of a folder, and the colours of links. */
  wholes() {
    const { data, shown } = this;
    const tags = data.allTags();
    const folders = data.allFolders();
    this.within = { tag: this.choice("tag", "any tag", tags), folder: this.choice("folder", "any folder", folders) };
    document.getElementById("within-part").hidden = !tags.length && !folders.length;
    this.typed = document.getElementById("typed");
    this.typed.addEventListener("change", () => {
      shown.typed = this.typed.checked;
      this.onChange({ fit: false });
    });
  }

  choice(name, any, numbers) {
    const { data, shown } = this;
    const choice = document.getElementById(`within-${name}`);
    choice.replaceChildren(make("option", { value: -1 }, any), ...numbers.map((number) => make("option", { value: number }, data.labels[number])));
    choice.addEventListener("change", () => this.change(() => (shown[name] = Number(choice.value))));
    document.getElementById(`${name}-row`).hidden = !numbers.length;
    return choice;
  }

  draw() {
    const { data, shown } = this;
    for (const name of ["tag", "folder"]) this.within[name].value = String(shown[name]);
    this.typed.checked = shown.typed;
    document.getElementById("colour-by").value = String(data.groupings.indexOf(shown.grouping));
    const counts = shown.counts();
    const byType = shown.grouping.id === "type";
    const hollow = data.missing.length > 0 ? data.type[data.missing[0]] : -1;
    const things = [...data.types.keys()].slice(0, data.thingTypes);
    this.rows("types", things.map((at) => ({
      name: data.types[at],
      count: counts.types[at],
      checked: !shown.typeHidden[at],
      mark: icon(data.shapeOfType[at] + (hollow === at ? HOLLOW : 0), byType ? colour(at) : "currentColor"),
      turn: (on) => (shown.typeHidden[at] = !on),
    })));
    this.rows("layers", data.layers.map(({ name, first, end }, at) => ({
      name,
      count: end - first,
      checked: shown.layerShown[at],
      mark: icon(data.shape(first), "currentColor"),
      turn: (on) => (shown.layerShown[at] = on),
    })));
    this.rows("kinds", data.kinds.map((name, at) => ({
      name,
      count: counts.kinds[at],
      checked: !shown.kindHidden[at],
      mark: shown.typed ? dash(colour(at)) : null,
      turn: (on) => (shown.kindHidden[at] = !on),
    })));
    this.groups(counts);
    this.said(counts);
  }

  rows(id, entries) {
    const part = this.parts[id];
    const at = [...part.querySelectorAll("input")].indexOf(document.activeElement);
    const items = entries.map(({ name, count, checked, mark, turn }) => {
      const box = make("input", { type: "checkbox", checked, onchange: () => this.change(() => turn(box.checked)) });
      return make("li", {}, make("label", {}, box, mark, make("span", { class: "label", title: name }, name), make("span", { class: "count" }, written(count))));
    });
    part.replaceChildren(...items);
    // The keyboard stays where it was.
    if (at >= 0) part.querySelectorAll("input")[at]?.focus();
  }

  groups(counts) {
    const { shown } = this;
    const { groups, id, name } = shown.grouping;
    const part = this.parts.groups;
    const at = [...part.querySelectorAll("button")].indexOf(document.activeElement);
    const rows = [...groups.keys()].slice(0, SOME_GROUPS).map((group) => {
      const pressed = shown.group === group;
      const button = make("button", { type: "button", "aria-pressed": String(pressed), onclick: () => this.change(() => (shown.group = pressed ? -1 : group)) });
      button.append(icon(0, colour(group)), make("span", { class: "label", title: groups[group] }, groups[group]), make("span", { class: "count" }, written(counts.groups[group])));
      return make("li", {}, button);
    });
    part.replaceChildren(...rows);
    if (at >= 0) part.querySelectorAll("button")[at]?.focus();
    document.getElementById("groups-title").textContent = name[0].toUpperCase() + name.slice(1);
    document.getElementById("groups-part").hidden = id === "type" || !groups.length;
    const unlisted = groups.length > SOME_GROUPS ? `${written(groups.length - SOME_GROUPS)} smaller groups are not listed. ` : "";
    document.getElementById("groups-hint").textContent = unlisted + (groups.length > LIMIT ? `The ${LIMIT} largest have a colour of their own.` : "");
  }

  /** How much is shown of how much. */
  said({ things, links }) {
    const { data, shown } = this;
    const of = (part, all) => (part === all ? written(all) : `${written(part)} of ${written(all)}`);
    document.getElementById("counts").textContent = `${of(things, data.things)} thing${data.things === 1 ? "" : "s"}, ${of(links, data.thingLinks)} link${data.thingLinks === 1 ? "" : "s"}`;
    document.getElementById("unfilter").hidden = !shown.isFiltered();
  }

  change(act) {
    act();
    this.shown.reckon();
    this.onChange({ fit: true });
  }

  regroup(at) {
    this.shown.grouping = this.data.groupings[at];
    this.shown.group = -1;
    this.shown.reckon();
    this.onChange({ fit: false });
  }

  clear() {
    this.shown.clear();
    this.onChange({ fit: true });
    this.parts.types.querySelector("input")?.focus();
  }
}
