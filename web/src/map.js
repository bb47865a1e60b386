// The map: things and links by WebGL, names on a canvas above it, so placed that none lies over another.
import { MultiDirectedGraph } from "graphology";
import Sigma from "sigma";
import { EdgeArrowProgram, EdgeRectangleProgram } from "sigma/rendering";
import { background, ShapeProgram } from "./shapes.js";
import { colour, ink, line, LIMIT, mixed, paper, rgb } from "./colours.js";

const MANY_LINKS = 20_000;
const NEAR = 1_500;
const LINKS_AT_ONCE = 6_000;
const ALWAYS_NAMED = 14;
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class GraphMap {
  constructor(container, data, state, { onSelect }) {
    this.data = data;
    this.state = state;
    this.container = container;
    this.hovered = -1;
    this.near = new Map();
    this.all = data.sources.length <= MANY_LINKS;
    this.shown = new Set();
    this.widths = new Map();
    this.thin = Math.min(1, 18 / Math.sqrt(Math.max(data.size, 1)));
    this.isCentral = new Uint8Array(data.size);
    for (const number of data.order.subarray(0, ALWAYS_NAMED)) this.isCentral[number] = 1;
    this.graph = this.built();
    this.theme();
    this.sigma = new Sigma(this.graph, container, {
      renderLabels: false,
      defaultDrawNodeHover: () => {},
      defaultNodeType: "shape",
      nodeProgramClasses: { shape: ShapeProgram },
      edgeProgramClasses: { line: EdgeRectangleProgram, arrow: EdgeArrowProgram },
      defaultEdgeType: "line",
      minEdgeThickness: 1.5,
      zIndex: true,
      hideEdgesOnMove: data.sources.length > 8_000,
      stagePadding: 46,
      minCameraRatio: 0.005,
      maxCameraRatio: 2,
      nodeReducer: (name, node) => this.node(node),
      edgeReducer: (name, edge) => this.edge(edge),
    });
    this.overlay = container.appendChild(document.createElement("canvas"));
    this.overlay.className = "names";
    this.overlay.setAttribute("aria-hidden", "true");
    this.listen(onSelect);
    this.names();
  }

  built() {
    const { data } = this;
    const graph = new MultiDirectedGraph();
    const most = Math.max(data.weights[data.order[0]] ?? 1, 1);
    const area = Math.max(this.container.clientWidth * this.container.clientHeight, 200_000);
    const base = Math.min(6.5, Math.max(1.6, Math.sqrt(area / Math.max(data.size, 1)) * 0.09));
    for (let number = 0; number < data.size; number++) {
      graph.addNode(number, {
        number,
        x: data.x[number],
        y: -data.y[number],
        size: base * (0.62 + 1.7 * Math.sqrt(data.weights[number] / most)),
        kind: data.shape(number),
      });
    }
    if (this.all) for (const link of data.sources.keys()) this.add(graph, link);
    return graph;
  }

  add(graph, link) {
    const { data } = this;
    if (this.shown.has(link)) return;
    this.shown.add(link);
    graph.addEdgeWithKey(link, data.sources[link], data.targets[link], { link, size: (0.8 + 0.35 * Math.log2(data.weight[link])) * this.thin });
  }

  listen(onSelect) {
    const { sigma } = this;
    sigma.on("clickNode", ({ node }) => onSelect(Number(node)));
    sigma.on("clickStage", () => onSelect(-1));
    sigma.on("enterNode", ({ node }) => this.hover(Number(node)));
    sigma.on("leaveNode", () => this.hover(-1));
    sigma.on("afterRender", () => this.names());
    new ResizeObserver(() => this.fit()).observe(this.container);
    if (!this.all) {
      let waiting = 0;
      sigma.getCamera().on("updated", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => this.fetchLinks(), 180);
      });
    }
  }

  /** The room has changed: a panel came or went. */
  fit() {
    const { width, height } = this.sigma.getDimensions();
    if (!this.container.clientWidth || (width === this.container.clientWidth && height === this.container.clientHeight)) return;
    this.sigma.resize();
    this.sigma.refresh({ skipIndexation: true });
  }

  hover(number) {
    this.hovered = number;
    this.container.style.cursor = number < 0 ? "" : "pointer";
    this.names();
  }

  // ---- colours ---------------------------------------------------------------------------------------------------

  theme() {
    background.rgb = rgb(paper()).map((one) => one / 255);
  }

  colour(number) {
    const { data, state } = this;
    return colour(state.colourBy === "type" ? data.type[number] : data.community[number]);
  }

  node(node) {
    const { number } = node;
    const { selected } = this.state;
    const own = this.colour(number);
    const found = { ...node, color: own, zIndex: 1, hidden: !this.data.visible(number) };
    if (selected >= 0 && number !== selected) {
      if (this.near.has(number)) found.zIndex = 2;
      else {
        found.color = mixed(own, paper(), 0.82);
        found.zIndex = 0;
      }
    } else if (number === selected) found.zIndex = 3;
    return found;
  }

  edge(edge) {
    const { data, state } = this;
    const { link } = edge;
    const [source, target] = [data.sources[link], data.targets[link]];
    const found = { ...edge, hidden: !data.linkVisible(link), zIndex: 0 };
    const same = data.community[source] === data.community[target] && data.community[source] < LIMIT;
    if (state.selected < 0) {
      found.color = same && state.colourBy !== "type" ? mixed(this.colour(source), paper(), 0.4) : mixed(line(), paper(), 0.3 + Math.min(0.35, data.sources.length / 35_000));
    } else if (source === state.selected || target === state.selected) {
      found.color = mixed(this.colour(source === state.selected ? target : source), ink(), 0.12);
      found.size = edge.size + 1.5 * this.thin;
      found.type = "arrow";
      found.zIndex = 1;
    } else found.color = mixed(line(), paper(), 0.8);
    return found;
  }

  // ---- what is shown ---------------------------------------------------------------------------------------------

  /** Draw anew: after another selection, theme, or filter. */
  refresh({ filters = false } = {}) {
    this.near = this.state.selected < 0 ? new Map() : this.data.around(this.state.selected);
    if (!this.all) this.fetchLinks(true);
    this.sigma.refresh({ skipIndexation: !filters && this.all });
  }

  /** The links of what is selected and, where little is in sight, those of what is in sight. */
  fetchLinks(quiet = false) {
    const { data, graph, state } = this;
    const wanted = new Set();
    if (state.selected >= 0) for (const link of [...data.outOf(state.selected), ...data.into(state.selected)]) wanted.add(link);
    const inSight = this.inSight(NEAR);
    for (const number of inSight ?? []) {
      for (const link of data.outOf(number)) if (wanted.size < LINKS_AT_ONCE) wanted.add(link);
      for (const link of data.into(number)) if (wanted.size < LINKS_AT_ONCE) wanted.add(link);
    }
    const gone = [...this.shown].filter((link) => !wanted.has(link));
    const come = [...wanted].filter((link) => !this.shown.has(link));
    if (!gone.length && !come.length) return;
    for (const link of gone) {
      graph.dropEdge(link);
      this.shown.delete(link);
    }
    for (const link of come) this.add(graph, link);
    if (!quiet) this.sigma.refresh();
  }

  /** How a place of the layout becomes one of the screen. */
  get projection() {
    const zero = this.sigma.graphToViewport({ x: 0, y: 0 });
    const across = this.sigma.graphToViewport({ x: 1, y: 0 });
    const up = this.sigma.graphToViewport({ x: 0, y: 1 });
    const [a, b, c, d] = [across.x - zero.x, across.y - zero.y, up.x - zero.x, up.y - zero.y];
    const { x, y } = this.data;
    return (number) => [zero.x + a * x[number] - c * y[number], zero.y + b * x[number] - d * y[number]];
  }

  /** The things in sight; null where there are more than so many. */
  inSight(most) {
    const { width, height } = this.sigma.getDimensions();
    const place = this.projection;
    const found = [];
    for (let number = 0; number < this.data.size; number++) {
      const [x, y] = place(number);
      if (x < 0 || y < 0 || x > width || y > height || !this.data.visible(number)) continue;
      found.push(number);
      if (found.length > most) return null;
    }
    return found;
  }

  // ---- names -----------------------------------------------------------------------------------------------------

  radius(number) {
    return this.sigma.scaleSize(this.graph.getNodeAttribute(number, "size"));
  }

  width(context, font, text) {
    const key = font + text;
    let found = this.widths.get(key);
    if (found === undefined) this.widths.set(key, (found = context.measureText(text).width));
    return found;
  }

  names() {
    const { width, height } = this.sigma.getDimensions();
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const canvas = this.overlay;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.lineJoin = "round";
    context.textBaseline = "middle";
    new Names(this, context, width, height).draw();
  }

  // ---- the camera ------------------------------------------------------------------------------------------------

  go(number) {
    const { x, y } = this.sigma.getNodeDisplayData(number);
    const camera = this.sigma.getCamera();
    const fitting = Math.min(camera.ratio, Math.max(0.02, Math.min(0.6, 9 / Math.sqrt(this.data.size))));
    camera.animate({ x, y, ratio: fitting }, { duration: calm.matches ? 0 : 420 });
  }

  zoom(factor) {
    const camera = this.sigma.getCamera();
    camera.animate({ ratio: camera.ratio * factor }, { duration: calm.matches ? 0 : 160 });
  }

  pan(dx, dy) {
    const camera = this.sigma.getCamera();
    camera.animate({ x: camera.x + dx * camera.ratio, y: camera.y + dy * camera.ratio }, { duration: calm.matches ? 0 : 120 });
  }

  whole() {
    this.sigma.getCamera().animate({ x: 0.5, y: 0.5, ratio: 1, angle: 0 }, { duration: calm.matches ? 0 : 300 });
  }
}

/** One drawing of names: the most important first, each where it covers no other, or not at all. */
class Names {
  constructor(map, context, width, height) {
    Object.assign(this, { map, context, width, height });
    this.place = map.projection;
    this.cells = new Map();
    this.count = 0;
    this.things();
  }

  /** Names keep off the things in sight, where these are so few that names of them can be read. */
  things() {
    const inSight = this.map.inSight(NEAR);
    this.most = Math.ceil((this.width * this.height) / (inSight && inSight.length < 400 ? 4_500 : 13_000));
    const { near, state } = this.map;
    for (const number of inSight ?? []) {
      if (state.selected >= 0 && number !== state.selected && !near.has(number)) continue;
      const [x, y] = this.place(number);
      const radius = this.map.radius(number);
      this.take([x - radius, y - radius, x + radius, y + radius, number]);
    }
  }

  draw() {
    const { map } = this;
    const { data, state } = map;
    const first = [map.hovered, state.selected].filter((number) => number >= 0);
    for (const number of new Set(first)) this.ring(number);
    for (const number of new Set(first)) this.name(number, true);
    const near = state.selected >= 0;
    for (const number of near ? map.near.keys() : data.order) {
      if (this.count > this.most) break;
      if (!first.includes(number) && data.visible(number)) this.name(number, false);
    }
  }

  ring(number) {
    const { context } = this;
    const [x, y] = this.place(number);
    context.beginPath();
    context.arc(x, y, this.map.radius(number) * 1.25 + 3, 0, 2 * Math.PI);
    context.lineWidth = 2;
    context.strokeStyle = ink();
    context.stroke();
  }

  name(number, always) {
    const { map, context } = this;
    const [x, y] = this.place(number);
    if (x < -40 || y < -20 || x > this.width + 40 || y > this.height + 20) return;
    const radius = map.radius(number);
    const size = Math.round(Math.min(14, Math.max(11, 7.5 + radius * 0.6)));
    const font = `${always || size > 13 ? 600 : 400} ${size}px ${FONT}`;
    context.font = font;
    const label = map.data.labels[number];
    const text = label.length > 44 && !always ? `${label.slice(0, 42)}…` : label;
    const wide = map.width(context, font, text);
    const gap = radius * 1.15 + (always ? 9 : 3);
    const tries = [
      [x + gap, y],
      [x - gap - wide, y],
      [x - wide / 2, y - gap - size * 0.5],
      [x - wide / 2, y + gap + size * 0.5],
    ];
    const places = always ? [tries[x + gap + wide > this.width ? 1 : 0]] : tries;
    const boxed = places.map(([left, middle]) => [left - 3, middle - size * 0.62, left + wide + 3, middle + size * 0.62]);
    const free = (box, over) => box[0] >= 0 && box[2] <= this.width && !this.taken(box, number, over);
    let at = always ? 0 : boxed.findIndex((box) => free(box, false));
    if (at < 0 && map.isCentral[number]) at = boxed.findIndex((box) => free(box, true));
    if (at < 0) return;
    this.take(boxed[at]);
    this.write(text, ...places[at], always);
    this.count++;
  }

  write(text, x, y, always) {
    const { context } = this;
    context.lineWidth = always ? 6 : 4;
    context.strokeStyle = paper();
    context.globalAlpha = always ? 1 : 0.85;
    context.strokeText(text, x, y);
    context.globalAlpha = 1;
    context.fillStyle = ink();
    context.fillText(text, x, y);
  }

  *cellsOf([left, top, right, bottom]) {
    for (let x = Math.floor(left / 80); x <= Math.floor(right / 80); x++) {
      for (let y = Math.floor(top / 30); y <= Math.floor(bottom / 30); y++) yield x * 10_000 + y;
    }
  }

  /** Whether something is in the way: a name, or a thing that is another, unless `over` things it may go. */
  taken(box, number, over) {
    for (const cell of this.cellsOf(box)) {
      for (const [left, top, right, bottom, thing] of this.cells.get(cell) ?? []) {
        if (thing !== undefined && (over || thing === number)) continue;
        if (box[0] < right && left < box[2] && box[1] < bottom && top < box[3]) return true;
      }
    }
    return false;
  }

  take(box) {
    for (const cell of this.cellsOf(box)) {
      if (!this.cells.has(cell)) this.cells.set(cell, []);
      this.cells.get(cell).push(box);
    }
  }
}
