// The workbench of kg serve works without a script. With one, it has an editor, and shows answers without leaving the page.
import { editorFor } from "./editor.js";

const LONGEST = 8000;
const form = document.querySelector("form.editor");
const answer = document.getElementById("answer");

if (form && answer) {
  const area = document.getElementById("query");
  const stop = document.getElementById("stop");
  const state = Object.assign(document.createElement("p"), { className: "hidden" });
  state.setAttribute("role", "status");
  answer.before(state);
  const run = () => form.requestSubmit(form.querySelector(".run"));
  const editor = editorFor(area, run);
  document.getElementById("keys").hidden = false;
  mark(area.dataset);
  let running = null;
  stop.addEventListener("click", () => running?.abort());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(event.submitter?.name === "_explain");
  });
  addEventListener("popstate", () => location.reload());

  function mark({ line, column, problem }) {
    editor.mark(Number(line ?? 0), Number(column ?? 0), problem ?? "");
  }

  /** Ask, and show the answer in its place; the address of the page is then that of the answer. */
  async function ask(explain) {
    running?.abort();
    const mine = (running = new AbortController());
    const sent = new URLSearchParams({ query: editor.text().trim(), ...(explain ? { _explain: "1" } : {}) });
    const isLong = String(sent).length > LONGEST;
    const wait = setTimeout(() => { stop.hidden = false; state.textContent = "Working …"; answer.classList.add("waiting"); }, 200);
    try {
      const reply = await fetch(isLong ? "/query" : `/query?${sent}`, { method: isLong ? "POST" : "GET", body: isLong ? sent : undefined, headers: { Accept: "text/html" }, signal: mine.signal });
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      const fresh = page.getElementById("answer");
      if (!fresh) throw new Error(page.body.textContent.trim());
      const open = [...answer.querySelectorAll("details[open]")].map((details) => details.className);
      answer.replaceChildren(...fresh.childNodes);
      for (const details of answer.querySelectorAll("details")) if (open.includes(details.className)) details.open = true;
      mark(page.getElementById("query").dataset);
      if (!isLong) history.pushState(null, "", `/query?${sent}`);
      state.textContent = answer.querySelector(".summary, .problem")?.textContent ?? "";
    } catch (error) {
      const text = error.name === "AbortError" ? "Stopped." : `The server does not answer: ${error.message}`;
      if (mine === running) answer.replaceChildren(Object.assign(document.createElement("p"), { className: "problem", textContent: text }));
      state.textContent = text;
    } finally {
      clearTimeout(wait);
      if (mine === running) {
        stop.hidden = true;
        answer.classList.remove("waiting");
      }
    }
  }
}
