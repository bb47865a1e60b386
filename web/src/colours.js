// Colours that can be told apart, by most who see colours differently too, on light and on dark paper.

const LIGHT = ["#3f6fb5", "#dd7a24", "#3f9155", "#9c5fb5", "#c94f5a", "#1f97a3", "#a87c1c", "#d0679d", "#6b7f2a", "#7d5f4f"];
const DARK = ["#7fa9ea", "#f2a25c", "#74c58c", "#c796dd", "#f0828b", "#56c5cf", "#d9b350", "#ee9cc4", "#a9be62", "#c19d8a"];
const REST = { light: "#8a929e", dark: "#8d97a6" };
const PAPER = { light: "#ffffff", dark: "#15181e" };
const INK = { light: "#1c222b", dark: "#e8ecf2" };
const LINE = { light: "#a3abb8", dark: "#606a7b" };

const TINTS = 3;
export const LIMIT = TINTS * LIGHT.length;

export const theme = { name: "light" };
export const paper = () => PAPER[theme.name];
export const ink = () => INK[theme.name];
export const line = () => LINE[theme.name];

/** The colour of a group by its place; those beyond the limit have one colour. */
export function colour(at) {
  if (at < 0 || at >= LIMIT) return REST[theme.name];
  const own = (theme.name === "dark" ? DARK : LIGHT)[at % LIGHT.length];
  const tint = Math.floor(at / LIGHT.length);
  return tint === 0 ? own : mixed(own, tint === 1 ? paper() : ink(), 0.38);
}

export function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/** One colour with a share of another. */
export function mixed(one, other, share) {
  const [a, b] = [rgb(one), rgb(other)];
  return `#${a.map((value, at) => Math.round(value + (b[at] - value) * share).toString(16).padStart(2, "0")).join("")}`;
}
