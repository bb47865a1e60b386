import { read, written } from "./address.js";
import { load, server } from "./data.js";
import { theme } from "./colours.js";
import { make, plural } from "./dom.js";
import { Filters, Search } from "./side.js";
import { Panel } from "./panel.js";
import { print } from "./paper.js";
import { Shown } from "./shown.js";

const $ = (id) => document.getElementById(id);
const dark = matchMedia("(prefers-color-scheme: dark)");

class Page {
  constructor(data) {
    this.data = data;
    this.shown = new Shown(data);
    this.state = { selected: -1, depth: 1, only: false };
    this.map = { colour: () => "#888888" };
    this.theme(dark.matches ? "dark" : "light");
    this.search = new Search(data, this.shown, (number, reading) => this.select(number, { moving: true, reading }));
    this.panel = new Panel($("panel"), data, this.shown, this.map, {
      onSelect: (number) => this.select(number, { moving: true, reading: true }),
      onClose: () => this.select(-1, {}),
    });
    this.search.colourOf = (number) => this.map.colour(number);
    this.filters = new Filters(data, this.shown, (change) => this.filtered(change));
    this.listen();
  }

  /** The map, where the browser can draw it: the list and what is known of each thing work without. */
  async draw() {
    const { GraphMap } = await import("./map.js");
    this.map = new GraphMap($("map"), this.data, this.shown, this.state, { onSelect: (number) => this.select(number, { reading: false }) });
    this.panel.map = this.map;
    if (this.map.all) return;
    $("notice").textContent = "Links are shown of what you point at or choose, and of all that is in sight once you come near.";
  }

  listen() {
    $("theme").addEventListener("click", () => this.theme(theme.name === "dark" ? "light" : "dark"));
    dark.addEventListener("change", () => this.theme(dark.matches ? "dark" : "light"));
    $("nearer").addEventListener("click", () => this.map.zoom?.(0.6));
    $("farther").addEventListener("click", () => this.map.zoom?.(1 / 0.6));
    $("whole").addEventListener("click", () => this.map.whole?.());
    $("depth").addEventListener("input", () => this.localise());
    $("only-local").addEventListener("change", () => this.localise());
    $("open-filters").addEventListener("click", () => this.openFilters(!document.body.classList.contains("filtering")));
    document.addEventListener("keydown", (event) => this.key(event));
    $("map").addEventListener("keydown", (event) => this.mapKey(event));
    addEventListener("hashchange", () => this.follow());
    print($("map"), this);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const writing = event.target.matches("input:not([type=checkbox], [type=range]), select, textarea");
    if (event.key === "/" && !writing) {
      $("search").focus();
      $("search").select();
      event.preventDefault();
    } else if (event.key === "Escape") {
      if (document.body.classList.contains("filtering")) this.openFilters(false);
      else this.select(-1, {});
      if (writing) event.target.blur();
    }
  }

  mapKey(event) {
    const step = 0.1;
    const acts = {
      ArrowLeft: () => this.map.pan?.(-step, 0),
      ArrowRight: () => this.map.pan?.(step, 0),
      ArrowUp: () => this.map.pan?.(0, step),
      ArrowDown: () => this.map.pan?.(0, -step),
      "+": () => this.map.zoom?.(0.6),
      "=": () => this.map.zoom?.(0.6),
      "-": () => this.map.zoom?.(1 / 0.6),
      0: () => this.map.whole?.(),
    };
    if (!(event.key in acts) || event.ctrlKey || event.metaKey) return;
    acts[event.key]();
    event.preventDefault();
  }

  theme(name) {
    theme.name = name;
    document.documentElement.dataset.theme = name;
    $("theme").textContent = name === "dark" ? "Light" : "Dark";
    $("theme").setAttribute("aria-label", name === "dark" ? "Light colours" : "Dark colours");
    this.map.theme?.();
    if (this.filters) this.repaint();
  }

  /** On a narrow screen, the filters come and go. */
  openFilters(open) {
    document.body.classList.toggle("filtering", open);
    $("open-filters").setAttribute("aria-expanded", String(open));
    if (open) $("colour-by").focus();
  }

  /** All that has colours, anew. */
  repaint({ filters = false } = {}) {
    this.map.refresh?.({ filters });
    this.filters.draw();
    this.search.update();
    if (this.state.selected >= 0) this.panel.show(this.state.selected);
  }

  /** The filters have changed: the list, the counts and the view follow. */
  filtered({ fit = false } = {}) {
    const { shown, state } = this;
    if (shown.local === null && state.only) [state.only, $("only-local").checked] = [false, false];
    if (state.only) shown.local = this.data.within(state.selected, state.depth, shown);
    this.repaint({ filters: true });
    if (fit) this.map.whole?.();
    this.remember(state.selected, { again: true });
  }

  // ---- one thing ------------------------------------------------------------------------------------------------

  /** Show one thing; -1 is none. With `reading` the keyboard goes to its panel. */
  select(number, { moving = false, reading = false, address = true }) {
    const { state, shown } = this;
    if (number === state.selected && number < 0) return;
    state.selected = number;
    const wasLocal = shown.local !== null;
    const changed = number < 0 ? wasLocal : shown.reveal(number);
    if (number < 0) [shown.local, state.only] = [null, false];
    if (address) this.remember(number);
    document.title = number < 0 ? this.data.title : `${this.data.labels[number]} – ${this.data.title}`;
    if (number < 0) return this.leave(changed);
    if (state.only) shown.local = this.data.within(number, state.depth, shown);
    this.map.refresh?.({ filters: changed || state.only });
    if (changed || state.only) {
      this.filters.draw();
      this.search.update();
    }
    this.panel.show(number);
    $("said").textContent = this.said(number);
    if (state.only) this.map.whole?.();
    else if (moving) this.map.go?.(number);
    if (reading) $("panel-title").focus();
    return undefined;
  }

  leave(changed) {
    const inside = $("panel").contains(document.activeElement);
    [this.state.only, $("only-local").checked] = [false, false];
    this.panel.hide();
    this.map.refresh?.({ filters: changed });
    if (changed) {
      this.filters.draw();
      this.search.update();
      this.map.whole?.();
    }
    if (inside) $("search").focus();
  }

  /** How far around the chosen thing the map lights things, and whether it shows any others. */
  localise() {
    const { state, shown } = this;
    state.depth = Number($("depth").value);
    state.only = $("only-local").checked && state.selected >= 0;
    shown.local = state.only ? this.data.within(state.selected, state.depth, shown) : null;
    this.depthSaid();
    this.repaint({ filters: true });
    this.map.whole?.();
    this.remember(state.selected, { again: true });
  }

  depthSaid() {
    const { state } = this;
    $("depth").value = String(state.depth);
    $("only-local").checked = state.only;
    $("depth-said").textContent = plural(state.depth, "link");
    $("depth").setAttribute("aria-valuetext", plural(state.depth, "link"));
  }

  /** What a screen reader says of a thing that was chosen. */
  said(number) {
    const { data } = this;
    const [out, into] = [data.outOf(number).length, data.into(number).length];
    return `${data.labels[number]}, ${data.types[data.type[number]]}, ${plural(out, "link")} out and ${into} in`;
  }

  // ---- addresses ------------------------------------------------------------------------------------------------

  /** The address of the page names the thing and the filters, so that it can be shared, and the browser leads back. */
  remember(number, { again = false } = {}) {
    const filters = written(this);
    const hash = number >= 0 || filters ? `${number >= 0 ? this.data.address(number) : "#/"}${filters && `?${filters}`}` : "";
    if (location.hash === hash) return;
    if (again || !hash) history[again ? "replaceState" : "pushState"](null, "", hash || `${location.pathname}${location.search}`);
    else location.hash = hash;
  }

  /** Show the thing that the address names, with the filters that it names. */
  follow() {
    if (location.hash && !location.hash.startsWith("#/")) return;
    const [name, filters] = location.hash.split("?", 2);
    const isOther = (filters ?? "") !== written(this);
    if (isOther) read(this, filters ?? "");
    const number = name.length > 2 ? this.data.addressed(name) : -1;
    if (name.length > 2 && number < 0) $("notice").textContent = "This page has no thing of the name in its address.";
    if (number !== this.state.selected) this.select(number, { moving: true, address: false });
    if (isOther) this.restored();
  }

  /** The filters are those of an address now. */
  restored() {
    const { state, shown } = this;
    state.only &&= state.selected >= 0;
    shown.reckon();
    shown.local = state.only ? this.data.within(state.selected, state.depth, shown) : null;
    this.depthSaid();
    this.repaint({ filters: true });
    this.map.whole?.();
  }

  /** `/map?around=NAME&depth=2` of a server shows only what is around a thing. */
  begin() {
    const asked = new URLSearchParams(location.search);
    const around = server && !location.hash ? asked.get("around") : null;
    if (!around) return this.follow();
    const number = this.data.addressed(`#/${encodeURIComponent(around)}`);
    if (number < 0) {
      $("notice").textContent = `Nothing is called “${around}”.`;
      return undefined;
    }
    this.state.depth = Math.min(3, Math.max(1, Number(asked.get("depth")) || 1));
    this.select(number, { address: false });
    this.state.only = true;
    return this.restored();
  }
}

/** A server tells when the notes have changed; the map stays until someone wants another. */
function listen() {
  let first = null;
  const events = new EventSource("/events");
  events.addEventListener("generation", ({ data }) => {
    const { etag } = JSON.parse(data);
    first ??= etag;
    if (first !== etag) $("notice").replaceChildren("The notes have changed. ", make("a", { href: "" }, "Show them as they are now"));
  });
  addEventListener("pagehide", () => events.close());
}

async function start() {
  const root = document.documentElement;
  if (server) $("notice").textContent = "Drawing up the map …";
  try {
    const data = await load();
    if (server) $("notice").textContent = "";
    const page = new Page(data);
    page.search.update();
    try {
      await page.draw();
    } catch (error) {
      $("notice").textContent = "This browser cannot draw the map (WebGL is off); the list and the search work.";
      console.warn(error);
    }
    page.search.update();
    page.filters.draw();
    page.begin();
    if (server) listen();
    window.kgPage = page;
    document.dispatchEvent(new CustomEvent("kg-page", { detail: page })); // ask/ listens, where the page answers questions
    requestAnimationFrame(() => requestAnimationFrame(() => (root.dataset.ready = String(Math.round(performance.now())))));
  } catch (error) {
    $("notice").textContent = server ? `The map cannot be shown: ${error.message}` : "This page needs a browser of 2023 or newer.";
    throw error;
  }
}

start();
