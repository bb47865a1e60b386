// The map: things and links by WebGL, with their names above (names.js).
import { MultiDirectedGraph } from "graphology";
import Sigma from "sigma";
import { EdgeArrowProgram, EdgeDoubleArrowProgram, EdgeRectangleProgram } from "sigma/rendering";
import { background, ShapeProgram } from "./shapes.js";
import { colour, ink, line, LIMIT, mixed, paper, rgb } from "./colours.js";
import { Names } from "./names.js";

const MANY_LINKS = 20_000;
const NEAR = 1_500;
/** Of up to so many links, each has an arrow where colours tell their kinds. */
const ARROWS = 3_000;
const LINKS_AT_ONCE = 6_000;
const ALWAYS_NAMED = 14;
/** A pointer that moves less, in pixels, has not moved. */
const SLIP = 4;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const lasting = (time) => ({ duration: calm.matches ? 0 : time });

export class GraphMap {
  constructor(container, data, shown, state, { onSelect }) {
    Object.assign(this, { container, data, shown, state });
    this.hovered = -1;
    this.lit = null;
    this.all = data.sources.length <= MANY_LINKS;
    this.arrows = data.sources.length <= ARROWS;
    this.drawn = new Set();
    this.thin = Math.min(1, 18 / Math.sqrt(Math.max(data.things, 1)));
    this.central = data.order.filter((number) => data.isThing(number)).slice(0, ALWAYS_NAMED);
    this.graph = this.built();
    this.theme();
    this.sigma = new Sigma(this.graph, container, {
      renderLabels: false,
      defaultDrawNodeHover: () => {},
      defaultNodeType: "shape",
      nodeProgramClasses: { shape: ShapeProgram },
      edgeProgramClasses: { line: EdgeRectangleProgram, arrow: EdgeArrowProgram, arrows: EdgeDoubleArrowProgram },
      defaultEdgeType: "line",
      minEdgeThickness: 1.5,
      zIndex: true,
      // On paper the map has no room of its own.
      allowInvalidContainer: true,
      hideEdgesOnMove: data.sources.length > 8_000,
      stagePadding: 46,
      minCameraRatio: 0.005,
      maxCameraRatio: 2,
      nodeReducer: (name, node) => this.node(node),
      edgeReducer: (name, edge) => this.edge(edge),
    });
    // A thing that is dragged changes no other's place.
    this.sigma.setCustomBBox(this.sigma.getBBox());
    this.names = new Names(this, container);
    this.listen(onSelect);
    this.names.draw();
  }

  built() {
    const { data } = this;
    const graph = new MultiDirectedGraph();
    const most = Math.max(data.weights[data.order[0]] ?? 1, 1);
    const area = 1.3 * Math.min(this.container.clientWidth, this.container.clientHeight) ** 2;
    const base = Math.min(6.5, Math.max(1.6, Math.sqrt(area / Math.max(data.things, 1)) * 0.09));
    for (let number = 0; number < data.size; number++) {
      const size = base * (0.62 + 1.7 * Math.sqrt(data.weights[number] / most));
      graph.addNode(number, { number, x: data.x[number], y: -data.y[number], size, kind: data.shape(number) });
    }
    if (this.all) for (const link of data.sources.keys()) this.add(graph, link);
    return graph;
  }

  add(graph, link) {
    const { data } = this;
    if (this.drawn.has(link)) return;
    this.drawn.add(link);
    graph.addEdgeWithKey(link, data.sources[link], data.targets[link], { link, size: (0.8 + 0.35 * Math.log2(data.weight[link])) * this.thin });
  }

  listen(onSelect) {
    const { sigma } = this;
    sigma.on("clickNode", ({ node }) => this.dragged || onSelect(Number(node)));
    sigma.on("clickStage", () => this.dragged || onSelect(-1));
    sigma.on("enterNode", ({ node }) => this.hover(Number(node)));
    sigma.on("leaveNode", () => this.hover(-1));
    sigma.on("afterRender", () => this.names.draw());
    this.drag();
    new ResizeObserver(() => this.resized()).observe(this.container);
    if (!this.all) {
      let waiting = 0;
      sigma.getCamera().on("updated", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => this.fetchLinks(), 180);
      });
    }
  }

  /** A thing follows the pointer that holds it. A click is no drag, and a drag no click. */
  drag() {
    const { sigma, graph, data } = this;
    let held = -1;
    let from = { x: 0, y: 0 };
    sigma.on("downStage", () => (this.dragged = false));
    sigma.on("downNode", ({ node, event }) => {
      [held, from, this.dragged] = [Number(node), { x: event.x, y: event.y }, false];
      event.preventSigmaDefault();
    });
    const move = (event) => {
      if (held < 0) return;
      this.dragged ||= Math.hypot(event.x - from.x, event.y - from.y) > SLIP;
      if (!this.dragged) return;
      const { x, y } = sigma.viewportToGraph(event);
      data.x[held] = x;
      data.y[held] = -y;
      graph.mergeNodeAttributes(held, { x, y });
      event.preventSigmaDefault();
      event.original.preventDefault();
    };
    const release = () => (held = -1);
    sigma.on("moveBody", ({ event }) => move(event));
    sigma.on("upNode", release);
    sigma.on("upStage", release);
    addEventListener("mouseup", release);
  }

  /** The room has changed: a panel came or went. */
  resized() {
    const { width, height } = this.sigma.getDimensions();
    if (!this.container.clientWidth || !this.container.clientHeight || (width === this.container.clientWidth && height === this.container.clientHeight)) return;
    this.sigma.resize();
    this.sigma.refresh({ skipIndexation: true });
  }

  hover(number) {
    this.container.style.cursor = number < 0 ? "" : "pointer";
    if (number === this.hovered) return;
    this.hovered = number;
    clearTimeout(this.lighting);
    // To pass over a thing is no question about it.
    this.lighting = setTimeout(() => this.refresh(), this.data.size > 3_000 ? 90 : 30);
    this.names.draw();
  }

  // ---- colours ---------------------------------------------------------------------------------------------------

  theme() {
    background.rgb = rgb(paper()).map((one) => one / 255);
  }

  colour(number) {
    return colour(this.shown.groupOf(number));
  }

  /** What stands out: what the pointer is at with its neighbours, else what is chosen with its surroundings. */
  light() {
    const { hovered, data, shown, state } = this;
    if (hovered >= 0) this.lit = new Set([hovered, ...data.around(hovered, shown).keys()]);
    else if (state.selected >= 0) this.lit = new Set(data.within(state.selected, state.depth, shown).keys());
    else this.lit = null;
  }

  litThings() {
    return this.lit;
  }

  isLit(number) {
    return this.lit === null || this.lit.has(number) || number === this.state.selected;
  }

  node(node) {
    const { number } = node;
    const own = this.colour(number);
    const found = { ...node, color: own, zIndex: 1, hidden: !this.shown.visible(number) };
    if (this.lit === null) return found;
    if (number === this.hovered || number === this.state.selected) found.zIndex = 3;
    else if (this.lit.has(number)) found.zIndex = 2;
    else {
      found.color = mixed(own, paper(), 0.82);
      found.zIndex = 0;
    }
    return found;
  }

  edge(edge) {
    const { data, shown, state } = this;
    const { link } = edge;
    const [source, target] = [data.sources[link], data.targets[link]];
    const found = { ...edge, hidden: !shown.link(link) || !shown.visible(source) || !shown.visible(target), zIndex: 0 };
    const mates = data.mates.get(link)?.filter((mate) => shown.link(mate)) ?? [link];
    // Links of the same two things would lie over each other: the first stands for all.
    if (mates[0] !== link) return { ...found, hidden: true };
    const kind = shown.typed ? colour(data.kind[link]) : "";
    if (kind && this.arrows) found.type = "arrow";
    const centre = this.hovered >= 0 ? this.hovered : state.selected;
    if (this.lit === null) {
      const group = shown.groupOf(source);
      const same = group >= 0 && group === shown.groupOf(target) && group < LIMIT && shown.grouping.id !== "type";
      if (kind) found.color = mixed(kind, paper(), 0.15);
      else found.color = same ? mixed(this.colour(source), paper(), 0.4) : mixed(line(), paper(), 0.3 + Math.min(0.35, data.sources.length / 35_000));
    } else if (source === centre || target === centre) {
      found.color = kind || mixed(this.colour(source === centre ? target : source), ink(), 0.12);
      found.size = edge.size + 1.5 * this.thin;
      found.type = mates.some((mate) => data.sources[mate] !== source) ? "arrows" : "arrow";
      found.zIndex = 2;
    } else if (this.hovered < 0 && this.lit.has(source) && this.lit.has(target)) {
      found.color = kind ? mixed(kind, paper(), 0.3) : mixed(line(), paper(), 0.2);
      found.zIndex = 1;
    } else found.color = mixed(line(), paper(), 0.8);
    return found;
  }

  // ---- what is shown ---------------------------------------------------------------------------------------------

  /** Draw anew: after another choice, theme, or filter. */
  refresh({ filters = false } = {}) {
    this.light();
    if (!this.all) this.fetchLinks(true);
    this.sigma.refresh({ skipIndexation: !filters && this.all });
  }

  /** The links of what is chosen or pointed at and, where little is in sight, those of what is in sight. */
  fetchLinks(quiet = false) {
    const { data, graph, state } = this;
    const wanted = new Set();
    for (const number of [state.selected, this.hovered]) {
      if (number >= 0) for (const link of [...data.outOf(number), ...data.into(number)]) wanted.add(link);
    }
    for (const number of this.inSight(NEAR) ?? []) {
      for (const link of data.outOf(number)) if (wanted.size < LINKS_AT_ONCE) wanted.add(link);
      for (const link of data.into(number)) if (wanted.size < LINKS_AT_ONCE) wanted.add(link);
    }
    const gone = [...this.drawn].filter((link) => !wanted.has(link));
    const come = [...wanted].filter((link) => !this.drawn.has(link));
    if (!gone.length && !come.length) return;
    for (const link of gone) {
      graph.dropEdge(link);
      this.drawn.delete(link);
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
      if (x < 0 || y < 0 || x > width || y > height || !this.shown.visible(number)) continue;
      found.push(number);
      if (found.length > most) return null;
    }
    return found;
  }

  /** What of the map lies under its buttons. */
  covered() {
    const own = this.container.getBoundingClientRect();
    const tools = document.getElementById("tools").getBoundingClientRect();
    return tools.width ? [[tools.left - own.left - 6, tools.top - own.top - 6, tools.right - own.left + 6, tools.bottom - own.top + 6]] : [];
  }

  radius(number) {
    return this.sigma.scaleSize(this.graph.getNodeAttribute(number, "size"));
  }

  // ---- the camera ------------------------------------------------------------------------------------------------

  /** Come near to a thing, but not so near that its neighbours are out of sight, unless these are far away. */
  go(number) {
    const { x, y } = this.sigma.getNodeDisplayData(number);
    const camera = this.sigma.getCamera();
    const { width, height } = this.sigma.getDimensions();
    const nearest = Math.max(0.02, Math.min(0.6, 9 / Math.sqrt(this.data.things)));
    const place = this.projection;
    const [atX, atY] = place(number);
    let share = 0;
    for (const other of this.lit ?? []) {
      if (!this.shown.visible(other)) continue;
      const [otherX, otherY] = place(other);
      share = Math.max(share, (2 * Math.abs(otherX - atX)) / Math.max(width - 160, 100), (2 * Math.abs(otherY - atY)) / Math.max(height - 90, 100));
    }
    const needed = Math.min(camera.ratio * share, 3 * nearest);
    camera.animate({ x, y, ratio: Math.min(camera.ratio, Math.max(nearest, needed)) }, lasting(420));
  }

  zoom(factor) {
    const camera = this.sigma.getCamera();
    camera.animate({ ratio: camera.ratio * factor }, lasting(160));
  }

  pan(dx, dy) {
    const camera = this.sigma.getCamera();
    camera.animate({ x: camera.x + dx * camera.ratio, y: camera.y + dy * camera.ratio }, lasting(120));
  }

  /** All that is shown, as near as it fits. */
  whole() {
    const camera = this.sigma.getCamera();
    if (!this.shown.isFiltered()) return camera.animate({ x: 0.5, y: 0.5, ratio: 1, angle: 0 }, lasting(300));
    const { width, height } = this.sigma.getDimensions();
    const place = this.projection;
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let number = 0; number < this.data.size; number++) {
      if (!this.shown.visible(number)) continue;
      const [x, y] = place(number);
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
    if (left === Infinity) return undefined;
    const middle = this.sigma.viewportToFramedGraph({ x: (left + right) / 2, y: (top + bottom) / 2 });
    const share = Math.max((right - left) / Math.max(width - 200, 100), (bottom - top) / Math.max(height - 110, 100));
    const ratio = Math.min(1, Math.max(camera.ratio * share, Math.min(0.5, 3 / Math.sqrt(this.data.things))));
    return camera.animate({ ...middle, ratio, angle: 0 }, lasting(300));
  }
}
