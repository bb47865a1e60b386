// Does with a page of `kg export -f html` what people do, and says what happened as JSON:
//     node behave.mjs PAGE.html BEHAVIOUR [ARGUMENT…]
import { audit, opened, placeOf } from "./opened.mjs";

const [file, behaviour, ...words] = process.argv.slice(2);
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const label = (page) => page.textContent("#panel-title");
const still = (page) => page.waitForTimeout(700);
const shown = (page) => page.evaluate(() => {
  const { data, shown } = window.kgPage;
  return data.labels.filter((_, number) => shown.visible(number)).sort();
});
/** What of the names and things is not inside the map, in pixels. */
const outside = (page) => page.evaluate(() => {
  const { data, map, shown } = window.kgPage;
  const { width, height } = map.sigma.getDimensions();
  const isOut = ([left, top, right, bottom]) => left < 0 || top < 0 || right > width || bottom > height;
  const things = [...data.labels.keys()].filter((number) => shown.visible(number)).map((number) => {
    const [x, y] = map.projection(number);
    const radius = map.radius(number);
    return [x - radius, y - radius, x + radius, y + radius];
  });
  return { names: map.names.boxes.filter(isOut).length, named: map.names.boxes.length, things: things.filter(isOut).length };
});

const BEHAVIOURS = {
  /** The text of a thing: its elements and attributes, and where its links lead. */
  async text(page, said) {
    said.elements = await page.locator(".text *").evaluateAll((all) => [...new Set(all.map((one) => one.localName))].sort());
    said.attributes = await page.locator(".text *").evaluateAll((all) => [...new Set(all.flatMap((one) => one.getAttributeNames()))].sort());
    said.links = await page.locator(".text a").evaluateAll((all) => all.map((one) => [one.textContent, one.getAttribute("href"), one.rel]));
    said.text = await page.innerText(".text");
    await audit(page, said, "text");
    const own = page.locator(".text a[href^='#/']");
    if (await own.count()) {
      await own.first().click();
      await still(page);
      said.followed = [await label(page), await page.evaluate(() => location.hash)];
    }
  },

  async hover(page, said, name) {
    const lit = () => page.evaluate(() => {
      const { data, map } = window.kgPage;
      const bright = map.graph.edges().map((edge) => map.sigma.getEdgeDisplayData(edge)).filter((edge) => !edge.hidden && edge.type !== "line");
      return { things: map.lit && [...map.lit].map((number) => data.labels[number]).sort(), links: bright.length };
    });
    const place = await placeOf(page, name);
    await page.mouse.move(place.x, place.y);
    await still(page);
    said.during = await lit();
    await page.mouse.move(320, 870);
    await still(page);
    said.after = await lit();
  },

  /** Of the names that stay while the map is zoomed and moved: how many there are, and how many change their side. */
  async names(page, said) {
    const sides = () => page.evaluate(() => {
      const { map } = window.kgPage;
      const { width, height } = map.sigma.getDimensions();
      const inner = map.names.before.filter((number) => {
        const [x, y] = map.projection(number);
        return x > 320 && y > 60 && x < width - 320 && y < height - 60;
      });
      return inner.map((number) => [number, map.names.sides[number]]);
    });
    let before = new Map(await sides());
    Object.assign(said, { stayed: 0, moved: 0, ...(await outside(page)) });
    const cut = [];
    for (let step = 0; step < 12; step++) {
      await page.evaluate((step) => {
        const camera = window.kgPage.map.sigma.getCamera();
        const { x, y, ratio } = camera.getState();
        camera.setState({ ratio: ratio * (step < 8 ? 0.94 : 1), x: x + 0.006, y: y - 0.004 });
      }, step);
      await page.waitForTimeout(120);
      const now = new Map(await sides());
      for (const [number, side] of now) {
        if (!before.has(number)) continue;
        said.stayed++;
        said.moved += Number(before.get(number) !== side);
      }
      before = now;
      cut.push((await outside(page)).names);
    }
    said.cut = Math.max(...cut);
  },

  async addresses(page, said) {
    const where = async () => [await page.isVisible("#panel") ? await label(page) : "", decodeURIComponent(await page.evaluate(() => location.hash)), await page.title()];
    said.shared = await where();
    await page.locator("#panel .links a").first().click();
    await still(page);
    said.next = await where();
    await page.goBack();
    await still(page);
    said.back = await where();
    await page.goForward();
    await still(page);
    said.forward = await where();
    await page.keyboard.press("Escape");
    await still(page);
    said.closed = await where();
    await page.evaluate(() => (location.hash = "#/there is no such thing"));
    await still(page);
    said.unknown = await page.textContent("#notice");
  },

  async filters(page, said) {
    const state = async () => ({ counts: await page.textContent("#counts"), listed: await page.textContent("#status"), shown: (await shown(page)).length, ...(await outside(page)) });
    const ratio = () => page.evaluate(() => window.kgPage.map.sigma.getCamera().ratio);
    said.all = await state();
    await page.locator("#groups button").nth(1).click();
    await still(page);
    said.group = { ...(await state()), name: await page.locator("#groups button").nth(1).locator(".label").textContent(), ratio: await ratio() };
    said.types = await page.locator("#types .count").allTextContents();
    said.focus = await page.evaluate(() => document.activeElement.closest("#groups") !== null);
    await audit(page, said, "filtered");
    await page.locator("#types input").first().click();
    await still(page);
    said.fewer = await state();
    await page.click("#unfilter");
    await still(page);
    said.again = { ...(await state()), ratio: await ratio() };
    await page.selectOption("#colour-by", { label: "folders" });
    said.folders = await page.locator("#groups .label").allTextContents();
    said.coloured = await page.evaluate(() => new Set(window.kgPage.map.graph.nodes().map((node) => window.kgPage.map.sigma.getNodeDisplayData(node).color)).size);
  },

  async layers(page, said) {
    said.before = (await shown(page)).length;
    for (const box of await page.locator("#layers input").all()) await box.click();
    await still(page);
    said.after = await shown(page);
    said.links = await page.evaluate(() => {
      const { data, map } = window.kgPage;
      const drawn = map.graph.edges().filter((edge) => !map.sigma.getEdgeDisplayData(edge).hidden);
      return drawn.map((edge) => [data.labels[data.sources[edge]], data.labels[data.targets[edge]]].join(" → ")).sort();
    });
    for (const box of await page.locator("#layers input").all()) await box.click();
    await still(page);
    said.off = (await shown(page)).length;
    await page.evaluate(() => window.kgPage.select(0, {}));
    await page.locator(".text a.tag").first().click();
    await still(page);
    said.tag = await label(page);
  },

  async local(page, said) {
    said.depths = [];
    await page.check("#only-local");
    for (const depth of [1, 2, 3]) {
      await page.focus("#depth");
      if (depth > 1) await page.keyboard.press("ArrowRight");
      await still(page);
      said.depths.push({ shown: await shown(page), said: await page.textContent("#depth-said"), ...(await outside(page)) });
    }
    await page.uncheck("#only-local");
    await still(page);
    said.lit = await page.evaluate(() => [...window.kgPage.map.lit].map((number) => window.kgPage.data.labels[number]).sort());
    said.all = (await shown(page)).length;
  },

  async drag(page, said, name, other) {
    const before = [await placeOf(page, name), await placeOf(page, other)];
    await page.mouse.move(before[0].x, before[0].y);
    await page.waitForTimeout(200);
    await page.mouse.down();
    await page.mouse.move(before[0].x + 70, before[0].y - 50, { steps: 8 });
    await page.mouse.up();
    await still(page);
    const after = [await placeOf(page, name), await placeOf(page, other)];
    said.moved = after.map(({ x, y }, at) => [Math.round(x - before[at].x), Math.round(y - before[at].y)]);
    said.opened = await page.isVisible("#panel");
  },

  async print(page, said) {
    await page.evaluate(() => {
      const look = () => {
        const [canvas] = document.querySelectorAll(".printed");
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        let drawn = 0;
        for (let at = 3; at < data.length; at += 4) drawn += data[at] > 0;
        window.paper = { theme: document.documentElement.dataset.theme, drawn: drawn / (data.length / 4) };
      };
      addEventListener("beforeprint", look);
    });
    said.bytes = (await page.pdf({ preferCSSPageSize: true })).length;
    Object.assign(said, await page.evaluate(() => ({ ...window.paper, left: document.querySelectorAll(".printed").length, after: document.documentElement.dataset.theme })));
    await page.emulateMedia({ media: "print" });
    said.titled = await page.isVisible("h1");
    said.hidden = !(await page.isVisible("search")) && !(await page.isVisible("#filters")) && !(await page.isVisible("#tools")) && !(await page.isVisible("#local"));
    said.text = await page.isVisible(".text");
  },

  async phone(page, said, name) {
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
    const box = async (part) => (await page.isVisible(part)) && (await page.locator(part).boundingBox());
    said.widths = [await wide()];
    said.map = await box("#map");
    said.list = await page.isVisible("#results");
    const place = await placeOf(page, name);
    await page.touchscreen.tap(place.x, place.y);
    await still(page);
    said.tapped = await label(page);
    said.sheet = await box("#panel");
    said.above = await box("#map");
    await audit(page, said, "phone");
    await page.tap("#panel-size");
    said.tall = await box("#panel");
    said.widths.push(await wide());
    await page.tap("#panel-close");
    await page.tap("#open-filters");
    said.filters = await box("#filters");
    said.widths.push(await wide());
    await audit(page, said, "phone with filters");
    await page.tap("#open-filters");
    await page.tap("#search");
    await page.keyboard.type(name.slice(0, 4));
    await page.locator("#results li").first().tap();
    await still(page);
    said.chosen = await label(page);
    said.list = said.list || (await page.isVisible("#results"));
  },
};

const options = behaviour === "phone" ? phone : behaviour === "print" ? { colorScheme: "dark" } : {};
const hash = ["text", "addresses", "local", "print"].includes(behaviour) ? `#/${encodeURIComponent(words[0])}` : "";
console.log(JSON.stringify(await opened(file, (page, said) => BEHAVIOURS[behaviour](page, said, ...words), { hash, ...options })));
