// The library of questions: find one by its words, and choose names in its form. Each works without a script, too.
const filter = document.getElementById("filter");

if (filter) {
  filter.hidden = false;
  const groups = [...document.querySelectorAll(".group > details")].map((details) => ({ details, isOpen: details.open, rows: [...details.querySelectorAll("li")] }));
  filter.addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { details, isOpen, rows } of groups) {
      for (const row of rows) {
        const text = `${row.textContent} ${row.firstElementChild.title}`.toLowerCase();
        row.hidden = !wanted.every((word) => text.includes(word));
      }
      const some = rows.some((row) => !row.hidden);
      details.parentElement.hidden = !some;
      details.open = wanted.length ? some : isOpen;
    }
  });
}

for (const input of document.querySelectorAll("input[data-names]")) {
  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => suggest(input), 80);
  });
}

/** Offer the names that fit what is typed. */
async function suggest(input) {
  const text = input.value.trim();
  if (!text) return;
  const reply = await fetch(`/api/names?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
  if (!reply.ok || input.value.trim() !== text) return;
  const { names } = await reply.json();
  input.list.replaceChildren(...names.map((row) => Object.assign(document.createElement("option"), { value: row.name })));
}
