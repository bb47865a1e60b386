// What is known of one thing: text, properties, links both ways.
import { icon, make, plural } from "./dom.js";

const SOME = 40;

export class Panel {
  constructor(element, data, map, { onSelect, onClose }) {
    Object.assign(this, { element, data, map, onSelect });
    this.title = element.querySelector("#panel-title");
    this.body = element.querySelector("#panel-body");
    element.querySelector("#panel-close").addEventListener("click", onClose);
    this.shown = -1;
  }

  hide() {
    this.element.hidden = true;
    this.shown = -1;
  }

  icon(number) {
    const { data } = this;
    return icon(data.shape(number), this.map.colour(number));
  }

  async show(number) {
    const { data } = this;
    this.shown = number;
    this.element.hidden = false;
    this.title.replaceChildren(data.labels[number]);
    const facts = [data.types[data.type[number]]];
    const community = data.communities[data.community[number]];
    if (community.size > 1) facts.push(community.name === data.labels[number] ? "centre of its community" : `community around ${community.name}`);
    const about = make("p", { class: "facts" }, this.icon(number), ` ${facts.join(" · ")}`);
    if (data.isMissing[number]) about.append(make("span", { class: "hint" }, " No note has been written yet."));
    const waiting = make("div", { class: "detail" });
    this.body.replaceChildren(about, waiting, this.links("Links to", number, true), this.links("Linked from", number, false));
    this.element.scrollTop = 0;
    const detail = await data.detail(number);
    if (this.shown === number) waiting.replaceChildren(...this.detail(number, detail));
  }

  *detail(number, { text, iri, properties }) {
    const actions = [...this.actions(number, iri)];
    if (actions.length) yield make("p", { class: "actions" }, ...actions);
    if (text) yield make("div", { class: "text" }, text);
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

  links(title, number, isOut) {
    const { data } = this;
    const groups = new Map();
    for (const link of isOut ? data.outOf(number) : data.into(number)) {
      const kind = data.kind[link];
      if (!groups.has(kind)) groups.set(kind, new Set());
      groups.get(kind).add(isOut ? data.targets[link] : data.sources[link]);
    }
    const count = [...groups.values()].reduce((sum, group) => sum + group.size, 0);
    const section = make("section", {}, make("h3", {}, `${title} `, make("span", { class: "count" }, plural(count, "link"))));
    for (const [kind, others] of [...groups].sort(([a], [b]) => a - b)) {
      section.append(make("h4", {}, data.kinds[kind]), this.list(others));
    }
    return section;
  }

  list(others) {
    const sorted = [...others].sort((a, b) => this.data.weights[b] - this.data.weights[a] || a - b);
    const items = (some) => some.map((other) => make("li", {}, this.button(other)));
    const list = make("ul", { class: "links" }, ...items(sorted.slice(0, SOME)));
    if (sorted.length > SOME) {
      const more = make("button", { type: "button", class: "more", onclick: () => more.parentElement.replaceWith(...items(sorted.slice(SOME))) });
      more.append(`Show ${sorted.length - SOME} more`);
      list.append(make("li", {}, more));
    }
    return list;
  }

  button(other) {
    return make("button", { type: "button", onclick: () => this.onSelect(other) }, this.icon(other), make("span", {}, this.data.labels[other]));
  }
}
