import { load } from "./data.js";
import { theme } from "./colours.js";
import { plural } from "./dom.js";
import { Filters, Search } from "./side.js";
import { Panel } from "./panel.js";

const $ = (id) => document.getElementById(id);
const dark = matchMedia("(prefers-color-scheme: dark)");

class Page {
  constructor(data) {
    this.data = data;
    this.state = { selected: -1, colourBy: "community" };
    this.theme(dark.matches ? "dark" : "light");
    this.map = { colour: () => "#888888" };
    this.search = new Search(data, (number, reading) => this.select(number, { moving: true, reading }));
    this.panel = new Panel($("panel"), data, this.map, {
      onSelect: (number) => this.select(number, { moving: true, reading: true }),
      onClose: () => this.select(-1, {}),
    });
    this.search.colourOf = (number) => this.map.colour(number);
    this.filters = new Filters(data, this.state, () => this.filtered());
    $("counts").textContent = `${plural(data.size, "thing")}, ${plural(data.sources.length, "link")}`;
    this.listen();
  }

  /** The map, where the browser can draw it: the list and what is known of each thing work without. */
  async draw() {
    const { GraphMap } = await import("./map.js");
    this.map = new GraphMap($("map"), this.data, this.state, { onSelect: (number) => this.select(number, { reading: false }) });
    this.panel.map = this.map;
    if (this.map.all) return;
    $("notice").textContent = "Links are shown of what is selected, and of all that is in sight once you come near.";
  }

  listen() {
    $("theme").addEventListener("click", () => this.theme(theme.name === "dark" ? "light" : "dark"));
    dark.addEventListener("change", () => this.theme(dark.matches ? "dark" : "light"));
    $("colour-by").addEventListener("change", (event) => this.recolour(event.target.value));
    $("nearer").addEventListener("click", () => this.map.zoom?.(0.6));
    $("farther").addEventListener("click", () => this.map.zoom?.(1 / 0.6));
    $("whole").addEventListener("click", () => this.map.whole?.());
    document.addEventListener("keydown", (event) => this.key(event));
    $("map").addEventListener("keydown", (event) => this.mapKey(event));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const writing = event.target.matches("input:not([type=checkbox]), select, textarea");
    if (event.key === "/" && !writing) {
      $("search").focus();
      $("search").select();
      event.preventDefault();
    } else if (event.key === "Escape") {
      this.select(-1, {});
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
    this.map?.theme?.();
    if (this.map) this.repaint();
  }

  recolour(by) {
    this.state.colourBy = by;
    this.repaint();
  }

  /** All that has colours, anew. */
  repaint() {
    this.map.refresh?.();
    this.filters.draw();
    this.search.update();
    if (this.state.selected >= 0) this.panel.show(this.state.selected);
  }

  filtered() {
    this.map.refresh?.({ filters: true });
    this.search.update();
  }

  /** Show one thing; -1 is none. With `reading` the keyboard goes to its panel. */
  select(number, { moving = false, reading = false }) {
    const had = this.state.selected;
    if (number === had && number < 0) return;
    this.state.selected = number;
    this.map.refresh?.();
    if (number < 0) {
      const inside = $("panel").contains(document.activeElement);
      this.panel.hide();
      if (inside) $("search").focus();
      return;
    }
    this.panel.show(number);
    $("said").textContent = this.said(number);
    if (moving) this.map.go?.(number);
    if (reading) $("panel-title").focus();
  }

  /** What a screen reader says of a thing that was chosen. */
  said(number) {
    const { data } = this;
    const [out, into] = [data.outOf(number).length, data.into(number).length];
    return `${data.labels[number]}, ${data.types[data.type[number]]}, ${plural(out, "link")} out and ${into} in`;
  }
}

async function start() {
  const root = document.documentElement;
  try {
    const page = new Page(await load());
    page.search.update();
    try {
      await page.draw();
    } catch (error) {
      $("notice").textContent = "This browser cannot draw the map (WebGL is off); the list and the search work.";
      console.warn(error);
    }
    page.search.update();
    page.filters.draw();
    window.kgPage = page;
    document.dispatchEvent(new CustomEvent("kg-page", { detail: page })); // ask/ listens, where the page answers questions
    requestAnimationFrame(() => requestAnimationFrame(() => (root.dataset.ready = String(Math.round(performance.now())))));
  } catch (error) {
    $("notice").textContent = "This page needs a browser of 2023 or newer.";
    throw error;
  }
}

start();
