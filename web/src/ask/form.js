// The form of a question: a field for each of its parameters, with its default and with names to choose from.
import { make } from "../dom.js";

const NAMED = { note: "thing", class: "class", property: "property" };
const SHOWN = { note: "a name", class: "a class", property: "a property", date: "2026-01-31, or today", dateTime: "2026-01-31T09:30", integer: "a whole number" };

export class Form {
  constructor(question, complete, run) {
    Object.assign(this, { question, complete });
    this.fields = question.parameters.map((parameter) => this.field(parameter));
    const button = make("button", { class: "ask-run" }, "Ask");
    this.place = make("form", { class: "ask-form", onsubmit: (event) => (event.preventDefault(), run()) }, ...this.fields.map((field) => field.row), button);
  }

  field(parameter) {
    const id = `ask-field-${parameter.name}`;
    const says = parameter.says || parameter.means;
    const attributes = { id, type: "text", autocomplete: "off", spellcheck: false, value: parameter.default, "aria-describedby": `${id}-says` };
    const required = !parameter.optional && parameter.default === null;
    const input = make("input", { ...attributes, required, placeholder: SHOWN[parameter.type] ?? null });
    const choices = make("datalist", { id: `${id}-names` });
    if (NAMED[parameter.type]) {
      input.setAttribute("list", choices.id);
      input.addEventListener("input", () => this.fill(parameter, input, choices));
      input.addEventListener("focus", () => this.fill(parameter, input, choices));
    }
    const name = parameter.name.replaceAll("_", " ");
    const label = make("label", { for: id }, parameter.optional ? `${name} (optional)` : name);
    return { parameter, input, row: make("div", { class: "ask-field" }, label, input, choices, make("span", { id: `${id}-says`, class: "hint" }, says)) };
  }

  async fill(parameter, input, choices) {
    const text = input.value;
    const names = await this.complete(NAMED[parameter.type], text).catch(() => []);
    if (input.value === text) choices.replaceChildren(...names.map((name) => make("option", { value: name })));
  }

  values() {
    const given = this.fields.filter(({ input }) => input.value.trim()).map(({ parameter, input }) => [parameter.name, input.value]);
    return Object.fromEntries(given);
  }

  /** Whether the question can be asked as the form stands. */
  isComplete() {
    return this.fields.every(({ input }) => !input.required || input.value.trim());
  }

  focus() {
    this.fields.find(({ input }) => input.required && !input.value.trim())?.input.focus();
  }
}
