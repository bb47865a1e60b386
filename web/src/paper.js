// The page on paper: the map as a picture, which printing needs since it shows no WebGL, and what is known of the thing.

export function print(container, page) {
  let before = null;
  addEventListener("beforeprint", () => {
    before = document.documentElement.dataset.theme;
    if (before !== "light") page.theme("light");
    picture(container, page.map);
  });
  addEventListener("afterprint", () => {
    container.querySelector(".printed")?.remove();
    if (before && before !== "light") page.theme(before);
  });
}

/** A canvas with all that the map shows, in the order in which it lies there. */
function picture(container, map) {
  container.querySelector(".printed")?.remove();
  if (!map.sigma) return;
  const copy = document.createElement("canvas");
  copy.className = "printed";
  const layers = [...container.querySelectorAll("canvas")];
  [copy.width, copy.height] = [layers[0].width, layers[0].height];
  const pen = copy.getContext("2d");
  map.light();
  map.sigma.refresh({ schedule: false });
  map.names.draw();
  // WebGL forgets its picture after this turn of the program, so it is copied at once.
  for (const layer of layers) pen.drawImage(layer, 0, 0, copy.width, copy.height);
  container.append(copy);
}
