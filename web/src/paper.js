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
  container.append(cropped(copy, pen));
}

/** The part of a canvas on which there is anything. */
function cropped(canvas, pen) {
  const { width, height } = canvas;
  const pixels = new Uint32Array(pen.getImageData(0, 0, width, height).data.buffer);
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let at = 0; at < pixels.length; at++) {
    if (!pixels[at]) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  }
  if (right < 0) return canvas;
  const part = document.createElement("canvas");
  part.className = canvas.className;
  [part.width, part.height] = [right - left + 1, bottom - top + 1];
  part.getContext("2d").drawImage(canvas, -left, -top);
  return part;
}
