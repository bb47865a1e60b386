// Elements made by calls, never from text: what notes say stays text.
import { HOLLOW, SHAPES } from "./shapes.js";

export function make(tag, attributes = {}, ...children) {
  const found = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) found.addEventListener(name.slice(2), value);
    else if (value === true) found.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) found.setAttribute(name, value);
  }
  found.append(...children.filter((child) => child !== null));
  return found;
}

const SPACE = "http://www.w3.org/2000/svg";
const POINTS = {
  square: "2.4,2.4 13.6,2.4 13.6,13.6 2.4,13.6",
  diamond: "8,0.6 15.4,8 8,15.4 0.6,8",
  triangle: "8,1.4 14.8,13.2 1.2,13.2",
  hexagon: "4.2,1.4 11.8,1.4 15.6,8 11.8,14.6 4.2,14.6 0.4,8",
  "point-down": "8,14.6 14.8,2.8 1.2,2.8",
  bar: "0.6,4 15.4,4 15.4,12 0.6,12",
  pentagon: "8,1 15,6.1 12.3,14.3 3.7,14.3 1,6.1",
  star: "8,-0.4 10.2,5 16,5.4 11.5,9.1 12.9,14.8 8,11.7 3.1,14.8 4.5,9.1 0,5.4 5.8,5",
  cross: "5.7,1.2 10.3,1.2 10.3,5.7 14.8,5.7 14.8,10.3 10.3,10.3 10.3,14.8 5.7,14.8 5.7,10.3 1.2,10.3 1.2,5.7 5.7,5.7",
  saltire: "11.2,1.6 14.4,4.8 11.2,8 14.4,11.2 11.2,14.4 8,11.2 4.8,14.4 1.6,11.2 4.8,8 1.6,4.8 4.8,1.6 8,4.8",
  parallelogram: "4.8,3.4 15.7,3.4 11.2,12.6 0.3,12.6",
  trapezium: "4.8,2.9 11.2,2.9 15.7,13.1 0.3,13.1",
};

/** A type's shape in a colour, as the map has it. */
export function icon(kind, colour) {
  const hollow = kind >= HOLLOW;
  const shape = SHAPES[hollow ? kind - HOLLOW : kind];
  const svg = document.createElementNS(SPACE, "svg");
  for (const [name, value] of [["viewBox", "-1 -1 18 18"], ["aria-hidden", "true"], ["class", "icon"]]) svg.setAttribute(name, value);
  const form = document.createElementNS(SPACE, shape === "circle" ? "circle" : "polygon");
  if (shape === "circle") for (const [name, value] of [["cx", 8], ["cy", 8], ["r", 6.4]]) form.setAttribute(name, value);
  else form.setAttribute("points", POINTS[shape]);
  form.setAttribute("fill", hollow ? "none" : colour);
  form.setAttribute("stroke", colour);
  form.setAttribute("stroke-width", hollow ? "2.4" : "1");
  svg.append(form);
  return svg;
}

/** A line in a colour, as links of a kind have it on the map. */
export function dash(colour) {
  const svg = document.createElementNS(SPACE, "svg");
  for (const [name, value] of [["viewBox", "0 0 18 18"], ["aria-hidden", "true"], ["class", "icon"]]) svg.setAttribute(name, value);
  const form = document.createElementNS(SPACE, "path");
  for (const [name, value] of [["d", "M0 9H18"], ["stroke", colour], ["stroke-width", "4"]]) form.setAttribute(name, value);
  svg.append(form);
  return svg;
}

export const number = (value) => value.toLocaleString("en");
export const plural = (count, word, words = `${word}s`) => `${number(count)} ${count === 1 ? word : words}`;
