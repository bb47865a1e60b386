// The text of a note as it is written: nodes of data become elements by the list here, and nothing else does.
import { make } from "./dom.js";

const PLAIN = { p: "p", em: "em", strong: "strong", del: "del", mark: "mark", code: "code", quote: "blockquote", ul: "ul", ref: "sup" };
const HARMLESS = /^(?:https?:|mailto:)/i;
const ALIGNED = new Set(["left", "center", "right"]);
const DONE = { " ": "to do", x: "done", X: "done", "-": "cancelled", "/": "begun", ">": "moved" };

export class TextView {
  /** `lead(number, attributes)` makes the link to a thing of the page; `tagged(name)` its number, where it is a thing here. */
  constructor({ lead, tagged }) {
    Object.assign(this, { lead, tagged });
  }

  /** The elements of a text; a text without nodes keeps its lines. */
  elements(text) {
    if (typeof text === "string") return text ? [make("div", { class: "plain" }, text)] : [];
    return text.map((node) => this.element(node));
  }

  element(node) {
    if (typeof node === "string") return document.createTextNode(node);
    const [name, attributes, ...children] = node;
    const inner = () => children.map((child) => this.element(child));
    if (Object.hasOwn(PLAIN, name)) return make(PLAIN[name], {}, ...inner());
    const special = Object.hasOwn(SPECIAL, name) ? SPECIAL[name] : null;
    return special ? special.call(this, attributes || {}, inner, children) : make("span", {}, ...inner());
  }

  /** A link to a thing of the page, to a harmless address outside of it, or no link at all. */
  link(attributes, classes, children) {
    const { to, href } = attributes;
    if (Number.isInteger(to)) return this.lead(to, { class: `to ${classes}` }, ...children);
    if (typeof href === "string" && HARMLESS.test(href)) {
      return make("a", { href, class: `out ${classes}`, target: "_blank", rel: "noopener noreferrer" }, ...children);
    }
    return make("span", { class: `nowhere ${classes}` }, ...children);
  }

  rows(children, align) {
    return children.filter(Array.isArray).map(([, attributes, ...cells]) => {
      const isHead = Boolean(attributes && attributes.head);
      const made = cells.filter(Array.isArray).map(([, , ...inner], at) => {
        const side = ALIGNED.has(align[at]) ? align[at] : null;
        return make(isHead ? "th" : "td", { class: side && `to-${side}` }, ...inner.map((child) => this.element(child)));
      });
      return make("tr", {}, ...made);
    });
  }
}

const SPECIAL = {
  h({ level }, inner) {
    // The panel's own title is above those of the text.
    const found = make(`h${Math.min(6, Math.max(1, Number(level) || 1) + 2)}`, { class: "heading" }, ...inner());
    found.dataset.level = String(level);
    return found;
  },
  hr: () => make("hr"),
  ol({ start }, inner) {
    return make("ol", { start: Number.isInteger(start) && start !== 1 ? start : null }, ...inner());
  },
  li({ task }, inner) {
    if (typeof task !== "string") return make("li", {}, ...inner());
    const box = make("span", { class: "box", role: "img", "aria-label": DONE[task] ?? `status ${task}` }, task === " " ? "☐" : /^x$/i.test(task) ? "☑" : `[${task}]`);
    return make("li", { class: "task" }, box, " ", ...inner());
  },
  pre({ lang }, inner) {
    const code = make("code", {}, ...inner());
    return make("pre", { tabindex: 0, role: "region", "aria-label": lang ? `Code in ${lang}` : "Code" }, code);
  },
  table({ align }, _, children) {
    return make("div", { class: "table", tabindex: 0, role: "region", "aria-label": "Table" }, make("table", {}, ...this.rows(children, Array.isArray(align) ? align : [])));
  },
  callout({ kind, title, fold }, inner) {
    const words = (Array.isArray(title) && title.length ? title : [String(kind)[0].toUpperCase() + String(kind).slice(1)]).map((node) => this.element(node));
    const found = fold ? make("details", { class: "callout", open: fold === "+" }, make("summary", {}, ...words)) : make("div", { class: "callout" }, make("p", { class: "title" }, ...words));
    found.dataset.kind = String(kind);
    found.append(make("div", {}, ...inner()));
    return found;
  },
  a(attributes, inner) {
    return this.link(attributes, "", inner());
  },
  image(attributes, inner) {
    return this.link(attributes, "image", [make("span", { class: "word" }, "Image: "), ...inner()]);
  },
  embed(attributes, inner) {
    return this.link(attributes, "embed", inner());
  },
  tag({ name }) {
    const to = this.tagged(String(name));
    return this.link({ to }, "tag", [`#${name}`]);
  },
  footnote({ name }, inner) {
    return make("div", { class: "footnote" }, make("sup", {}, String(name)), " ", ...inner());
  },
  math({ display }, inner) {
    return make("code", { class: display ? "math display" : "math" }, ...inner());
  },
  html(_, inner) {
    return make("code", { class: "html" }, ...inner());
  },
};
