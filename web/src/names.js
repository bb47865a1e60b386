// The names on the map: the most important first, each where it covers no other, inside the map, and on the side of its
// thing where it was before, as long as it fits there. So names stay where they are while the map moves.
import { ink, paper } from "./colours.js";

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
const NEAR = 1_500;
const RIM = 4;
const [RIGHT, LEFT, ABOVE, BELOW] = [0, 1, 2, 3];
const SIDES = [RIGHT, LEFT, ABOVE, BELOW];

export class Names {
  constructor(map, container) {
    this.map = map;
    this.widths = new Map();
    this.sides = new Int8Array(map.data.size).fill(-1);
    this.before = [];
    this.boxes = [];
    this.canvas = container.appendChild(document.createElement("canvas"));
    this.canvas.className = "names";
    this.canvas.setAttribute("aria-hidden", "true");
  }

  draw() {
    const { width, height } = this.map.sigma.getDimensions();
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const { canvas } = this;
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
    new Drawing(this, context, width, height).draw();
  }

  width(context, font, text) {
    const key = font + text;
    let found = this.widths.get(key);
    if (found === undefined) this.widths.set(key, (found = context.measureText(text).width));
    return found;
  }
}

/** One drawing of the names. */
class Drawing {
  constructor(names, context, width, height) {
    Object.assign(this, { names, map: names.map, context, width, height });
    this.place = this.map.projection;
    this.cells = new Map();
    this.placed = [];
    this.tried = new Set();
    for (const box of this.map.covered()) this.take(box);
    const inSight = this.map.inSight(NEAR);
    this.most = Math.ceil((width * height) / (inSight && inSight.length < 400 ? 4_500 : 13_000));
    this.things(inSight ?? []);
  }

  /** Names keep off the things in sight, where these are so few that names of them can be read. */
  things(inSight) {
    const { map } = this;
    for (const number of inSight) {
      if (map.state.selected >= 0 && !map.isLit(number)) continue;
      const [x, y] = this.place(number);
      const radius = map.radius(number);
      this.take([x - radius, y - radius, x + radius, y + radius, number]);
    }
  }

  draw() {
    const { map, names } = this;
    const { state } = map;
    const first = [...new Set([map.hovered, state.selected])].filter((number) => number >= 0 && map.shown.visible(number));
    for (const number of first) this.ring(number);
    for (const number of first) this.name(number, true);
    for (const number of this.inOrder()) {
      if (this.placed.length > this.most) break;
      if (state.selected >= 0 && !map.isLit(number)) continue;
      if (map.shown.visible(number)) this.name(number, false);
    }
    names.before = this.placed.map((one) => one.number);
    names.boxes = this.placed.map((one) => one.box);
    // The first are written last, above all others.
    for (const one of this.placed.reverse()) this.write(one);
  }

  /** Those that the pointer or the choice lights, the most important things, those with a name before, and the others. */
  *inOrder() {
    const { map, names } = this;
    const lit = map.litThings();
    if (lit) yield* [...lit].sort((a, b) => map.data.weights[b] - map.data.weights[a] || a - b);
    yield* map.central;
    yield* names.before;
    yield* map.data.order;
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

  /** Find a place for the name of a thing: on its old side, else on another; for the first things anywhere. */
  name(number, always) {
    if (this.tried.has(number)) return;
    this.tried.add(number);
    const { map, context, names } = this;
    const [x, y] = this.place(number);
    if (x < 0 || y < 0 || x > this.width || y > this.height) return;
    const radius = map.radius(number);
    const size = Math.round(Math.min(14, Math.max(11, 7.5 + radius * 0.6)));
    const font = `${always || size > 13 ? 600 : 400} ${size}px ${FONT}`;
    context.font = font;
    const label = map.data.labels[number];
    const text = label.length > 44 && !always ? `${label.slice(0, 42)}…` : label;
    const form = { x, y, gap: radius * 1.15 + (always ? 9 : 3), wide: names.width(context, font, text), high: size * 1.24 };
    const old = names.sides[number];
    const sides = old >= 0 ? [old, ...SIDES.filter((side) => side !== old)] : SIDES;
    const boxes = sides.map((side) => [side, this.box(form, side)]).filter(([, box]) => box !== null);
    let found = boxes.find(([, box]) => !this.taken(box, number, false));
    if (!found && (always || this.isCentral(number))) found = boxes.find(([, box]) => !this.taken(box, number, true));
    if (!found && always) found = boxes[0] ?? [old, this.inside([x - form.wide / 2, y + form.gap, x + form.wide / 2, y + form.gap + form.high])];
    if (!found) return;
    const [side, box] = found;
    names.sides[number] = side;
    this.take(box);
    this.placed.push({ number, text, font, box, x: box[0] + 3, y: (box[1] + box[3]) / 2, always });
  }

  isCentral(number) {
    return this.map.central.includes(number);
  }

  /** The box of a name on one side of its thing, moved inside the map along that side; null where it is cut there. */
  box({ x, y, gap, wide, high }, side) {
    const left = side === RIGHT ? x + gap : side === LEFT ? x - gap - wide : x - wide / 2;
    const middle = side === ABOVE ? y - gap - high * 0.4 : side === BELOW ? y + gap + high * 0.4 : y;
    const box = [left - 3, middle - high / 2, left + wide + 3, middle + high / 2];
    const moved = this.inside(box);
    const beside = side === RIGHT || side === LEFT;
    return (beside ? moved[0] !== box[0] : moved[1] !== box[1]) ? null : moved;
  }

  inside([left, top, right, bottom]) {
    const dx = left < RIM ? RIM - left : right > this.width - RIM ? this.width - RIM - right : 0;
    const dy = top < RIM ? RIM - top : bottom > this.height - RIM ? this.height - RIM - bottom : 0;
    return [left + dx, top + dy, right + dx, bottom + dy];
  }

  write({ number, text, font, x, y, always }) {
    const { context } = this;
    context.font = font;
    const clear = always || this.map.isLit(number);
    context.lineWidth = always ? 6 : 4;
    context.strokeStyle = paper();
    context.globalAlpha = always ? 1 : clear ? 0.85 : 0.2;
    context.strokeText(text, x, y);
    context.globalAlpha = clear ? 1 : 0.3;
    context.fillStyle = ink();
    context.fillText(text, x, y);
    context.globalAlpha = 1;
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
