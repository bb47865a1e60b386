// What is known of one thing: text, properties, links both ways.
import { icon, make, plural } from "./dom.js";
import { TextView } from "./text.js";

const SOME = 40;

export class Panel {
  constructor(element, data, shown, map, { onSelect, onClose }) {
    Object.assign(this, { element, data, shown, map, onSelect });
    const part = (id) => element.querySelector(`#${id}`);
    [this.title, this.about, this.body, this.size] = ["panel-title", "panel-about", "panel-body", "panel-size"].map(part);
    part("panel-close").addEventListener("click", onClose);
    this.size.addEventListener("click", () => this.resize(!element.classList.contains("tall")));
    this.text = new TextView({ lead: (...parts) => this.lead(...parts), tagged: (name) => data.tag(name) });
    this.number = -1;
  }

  hide() {
    this.element.hidden = true;
    this.number = -1;
    this.resize(false);
  }

  /** On a narrow screen the panel is a sheet, of half the height or nearly all. */
  resize(tall) {
    this.element.classList.toggle("tall", tall);
    this.size.setAttribute("aria-expanded", String(tall));
    this.size.textContent = tall ? "Less" : "More";
  }

  icon(number) {
    return icon(this.data.shape(number), this.map.colour(number));
  }

  /** Show a thing; the same thing keeps its place and its focus, with other colours. */
  async show(number) {
    const { data, shown } = this;
    const same = this.number === number;
    this.number = number;
    this.element.hidden = false;
    this.title.replaceChildren(data.labels[number]);
    const facts = [data.types[data.type[number]]];
    const group = shown.groupOf(number);
    if (group >= 0 && shown.grouping.id !== "type") facts.push(shown.grouping.groups[group]);
    const about = make("p", { class: "facts" }, this.icon(number), ` ${facts.join(" · ")}`);
    if (data.isMissing[number]) about.append(make("span", { class: "hint" }, " No note has been written yet."));
    this.about.replaceChildren(about);
    if (same) {
      for (const list of this.body.querySelectorAll("section")) list.replaceWith(this.links(list.dataset.out === "true"));
      return;
    }
    const waiting = make("div", { class: "detail" });
    this.body.replaceChildren(waiting, this.links(true), this.links(false));
    this.element.scrollTop = 0;
    const detail = await data.detail(number);
    if (this.number === number) waiting.replaceChildren(...this.detail(number, detail));
  }

  *detail(number, { text, iri, properties, page }) {
    const actions = [...(page ? [make("a", { href: page, class: "button" }, "Open its page")] : []), ...this.actions(number, iri)];
    if (actions.length) yield make("p", { class: "actions" }, ...actions);
    const written = this.text.elements(text);
    if (written.length) yield make("div", { class: "text" }, ...written);
    if (properties.length) {
      const rows = properties.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
      yield make("h3", {}, "Properties");
      yield make("dl", {}, ...rows);
    }
  }

  /** Links that leave the page; of schemes that run nothing. */
  *actions(number, iri) {
    const { vault, paths } = this.data;
    if (vault && paths[number]) {
      const path = encodeURIComponent(`${vault}/${paths[number]}`);
      yield make("a", { href: `obsidian://open?path=${path}`, class: "button" }, "Open in Obsidian");
    }
    if (/^https?:\/\//i.test(iri) && !iri.startsWith(this.data.base)) {
      yield make("a", { href: iri, class: "button", target: "_blank", rel: "noopener noreferrer" }, "Open web page");
    }
  }

  links(isOut) {
    const { data, number } = this;
    const groups = new Map();
    for (const link of isOut ? data.outOf(number) : data.into(number)) {
      const other = isOut ? data.targets[link] : data.sources[link];
      if (!data.isThing(other) && !this.shown.visible(other)) continue;
      const kind = data.kind[link];
      if (!groups.has(kind)) groups.set(kind, new Set());
      groups.get(kind).add(other);
    }
    const count = [...groups.values()].reduce((sum, group) => sum + group.size, 0);
    const title = isOut ? "Links to" : "Linked from";
    const section = make("section", { "data-out": String(isOut) }, make("h3", {}, `${title} `, make("span", { class: "count" }, plural(count, "link"))));
    for (const [kind, others] of [...groups].sort(([a], [b]) => a - b)) {
      section.append(make("h4", {}, data.kinds[kind]), this.list(others));
    }
    return section;
  }

  list(others) {
    const sorted = [...others].sort((a, b) => this.data.weights[b] - this.data.weights[a] || a - b);
    const items = (some) => some.map((other) => make("li", {}, this.item(other)));
    const list = make("ul", { class: "links" }, ...items(sorted.slice(0, SOME)));
    if (sorted.length > SOME) {
      const more = make("button", { type: "button", class: "more", onclick: () => more.parentElement.replaceWith(...items(sorted.slice(SOME))) });
      more.append(`Show ${sorted.length - SOME} more`);
      list.append(make("li", {}, more));
    }
    return list;
  }

  item(other) {
    return this.lead(other, { class: "to" }, this.icon(other), make("span", {}, this.data.labels[other]));
  }

  /** A link to a thing of the page: its address, which a plain click follows at once. */
  lead(number, attributes, ...children) {
    const { data } = this;
    if (!(number >= 0 && number < data.size)) return make("span", {}, ...children);
    const follow = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      this.onSelect(number);
    };
    const missing = data.isMissing[number] ? " missing" : "";
    return make("a", { ...attributes, class: `${attributes.class ?? ""}${missing}`, href: data.address(number), title: missing ? "No note has been written yet" : null, onclick: follow }, ...children);
  }
}
