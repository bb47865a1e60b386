// The filters of the page as part of its address, so that a link leads to the same view.

/** What differs from the page as it opens: `tag=#lean&without=author&links=broader…`. */
export function written({ data, shown, state }) {
  const found = new URLSearchParams();
  if (state.selected >= 0 && state.depth !== 1) found.set("depth", state.depth);
  if (state.only) found.set("only", "");
  if (shown.grouping !== data.groupings[0]) found.set("colours", shown.grouping.id);
  if (shown.group >= 0) found.set("group", shown.grouping.groups[shown.group]);
  if (shown.tag >= 0) found.set("tag", data.labels[shown.tag]);
  if (shown.folder >= 0) found.set("folder", data.labels[shown.folder]);
  if (shown.typed) found.set("typed", "");
  shown.typeHidden.forEach((hidden, at) => hidden && found.append("without", data.types[at]));
  shown.kindHidden.forEach((hidden, at) => hidden && found.append("unlinked", data.kinds[at]));
  shown.layerShown.forEach((on, at) => on && found.append("also", data.layers[at].name));
  return found.toString().replace(/=(?=&|$)/g, "");
}

/** Take over what an address says; what it does not know counts as not said. */
export function read({ data, shown, state }, text) {
  const said = new URLSearchParams(text);
  const named = (numbers, name) => numbers.find((number) => data.labels[number] === name) ?? -1;
  state.depth = Math.min(3, Math.max(1, Number(said.get("depth")) || 1));
  state.only = said.has("only");
  shown.grouping = data.groupings.find((one) => one.id === said.get("colours")) ?? data.groupings[0];
  shown.group = said.has("group") ? shown.grouping.groups.indexOf(said.get("group")) : -1;
  shown.tag = said.has("tag") ? named(data.allTags(), said.get("tag")) : -1;
  shown.folder = said.has("folder") ? named(data.allFolders(), said.get("folder")) : -1;
  shown.typed = said.has("typed");
  const among = (key, names) => names.map((name) => said.getAll(key).includes(name));
  shown.typeHidden = among("without", data.types);
  shown.kindHidden = among("unlinked", data.kinds);
  shown.layerShown = among("also", data.layers.map((one) => one.name));
}
