// The pages of kg serve work without a script. This makes them quicker: names as someone types, keys, and news.
const find = document.getElementById("find");
const list = document.getElementById("suggestions");
const news = document.getElementById("news");
let asked = 0;
let chosen = -1;

/** Show the names that fit what is typed. */
async function suggest() {
  const text = find.value.trim();
  const turn = ++asked;
  if (text.length < 2) return show([]);
  const answer = await fetch(`/api/names?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
  if (turn !== asked || !answer.ok) return;
  show((await answer.json()).names);
}

function show(rows) {
  chosen = -1;
  list.replaceChildren(...rows.map((row, at) => {
    const item = document.createElement("li");
    item.id = `suggestion-${at}`;
    item.setAttribute("role", "option");
    const link = document.createElement("a");
    link.href = row.page;
    link.tabIndex = -1;
    link.textContent = row.name;
    const kind = document.createElement("span");
    kind.className = "kind";
    kind.textContent = row.kind || (row.missing ? "no note" : "");
    item.append(link, " ", kind);
    return item;
  }));
  list.hidden = rows.length === 0;
  find.setAttribute("aria-expanded", String(rows.length > 0));
}

function choose(step) {
  const items = [...list.children];
  if (!items.length) return;
  chosen = (chosen + step + items.length + 1) % (items.length + 1);
  items.forEach((item, at) => item.setAttribute("aria-selected", String(at === chosen)));
  if (chosen < items.length) find.setAttribute("aria-activedescendant", items[chosen].id);
  else { find.removeAttribute("aria-activedescendant"); chosen = -1; }
}

if (find && list) {
  find.setAttribute("role", "combobox");
  find.setAttribute("aria-controls", "suggestions");
  find.setAttribute("aria-expanded", "false");
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Names");
  let timer = 0;
  find.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(suggest, 60); });
  find.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") show([]);
    else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      location.href = list.children[chosen].querySelector("a").href;
    }
  });
  document.addEventListener("click", (event) => { if (!event.target.closest(".find")) show([]); });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && !event.target.isContentEditable) {
    event.preventDefault();
    find?.focus();
    find?.select();
  }
});

/** Fetch the page again when the notes have changed, and replace what it shows. */
async function renew() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = document.getElementById("main");
  const then = fresh.getElementById("main");
  if (!now || !then || now.innerHTML === then.innerHTML) return;
  const open = new Set([...now.querySelectorAll("details[open] > summary")].map((summary) => summary.textContent));
  now.replaceChildren(...then.childNodes);
  for (const summary of now.querySelectorAll("details > summary")) if (open.has(summary.textContent)) summary.parentElement.open = true;
  document.title = fresh.title;
  news.textContent = "The notes have changed; this page shows them as they are now.";
  news.hidden = false;
  setTimeout(() => { news.hidden = true; }, 4000);
}

if (window.EventSource && !document.querySelector("[data-lasting]")) {
  let first = null;
  const events = new EventSource("/events");
  events.addEventListener("generation", (event) => {
    const { etag } = JSON.parse(event.data);
    if (first !== null && first !== etag) renew();
    first = etag;
  });
  events.addEventListener("findings", renew);
  addEventListener("pagehide", () => events.close());
}
