// What the page holds: JSON, deflated, in base64, in blocks of text that no browser runs.
import { HOLLOW, SHAPES } from "./shapes.js";

export async function unpacked(id) {
  const text = document.getElementById(id).textContent.trim();
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

/** Where the server has the data, if one has sent the page; the page of an export holds them itself. */
export const server = document.querySelector('meta[name="kg-map"]')?.content ?? "";

async function fetched(address) {
  const answer = await fetch(`${server}/${address}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer.json();
}

/** Things, links and what may be asked of them. Numbers of things are their places in the arrays. */
export async function load() {
  return new Graph(server ? await fetched("data.json") : await unpacked("kg-graph"));
}

const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** The things, numbered first, then their companions: tags, attachments, folders. */
class Graph {
  constructor(found) {
    Object.assign(this, found);
    this.size = this.labels.length;
    this.isMissing = new Uint8Array(this.size);
    for (const number of this.missing) this.isMissing[number] = 1;
    this.shapeOfType = this.shapes.map((name) => SHAPES.indexOf(name));
    this.layer = new Int8Array(this.size).fill(-1);
    this.layers.forEach(({ first, end }, at) => this.layer.fill(at, first, end));
    this.order = Uint32Array.from(this.labels.keys()).sort((a, b) => this.weights[b] - this.weights[a] || a - b);
    this.names = this.labels.map((label, number) => [label, ...(this.aliases[number] ?? [])].map(plain));
    this.details = new Map();
    this.numberOf = new Map((this.iris ?? []).map((iri, number) => [iri, number]));
    this.tagKind = this.kinds.indexOf("tagged");
    this.broaderKind = this.kinds.indexOf("broader");
    this.out = rows(this.size, this.sources, this.sources.length);
    this.in = rows(this.size, this.targets, this.sources.length);
    this.mates = this.pairs();
    this.addresses();
  }

  /** Of each link between two things that have several, in whatever direction: all of these. */
  pairs() {
    const found = new Map();
    for (const link of this.sources.keys()) {
      const [a, b] = [this.sources[link], this.targets[link]];
      const key = Math.min(a, b) * this.size + Math.max(a, b);
      if (found.has(key)) found.get(key).push(link);
      else found.set(key, [link]);
    }
    const several = new Map();
    for (const links of found.values()) if (links.length > 1) for (const link of links) several.set(link, links);
    return several;
  }

  outOf(number) {
    return this.out.of(number);
  }

  into(number) {
    return this.in.of(number);
  }

  /** The shape of a thing, as the map and icons name it: its type's, and HOLLOW more where no note describes it. */
  shape(number) {
    return this.shapeOfType[this.type[number]] + (this.isMissing[number] ? HOLLOW : 0);
  }

  isThing(number) {
    return number < this.things;
  }

  /** The tag with a name, as far as it is on the page. */
  tag(name) {
    const layer = this.layers.find((one) => one.name === "tags");
    this.tags ??= new Map(layer ? this.labels.slice(layer.first, layer.end).map((label, at) => [label.toLowerCase(), layer.first + at]) : []);
    return this.tags.get(`#${name.toLowerCase()}`);
  }

  // ---- tags and folders ------------------------------------------------------------------------------------------

  /** The tags of things: companions, or things where notes describe them. */
  allTags() {
    if (this.tagKind < 0) return [];
    const found = new Set();
    for (const link of this.kind.keys()) if (this.kind[link] === this.tagKind) found.add(this.targets[link]);
    for (const tag of found) for (const link of this.outOf(tag)) if (this.kind[link] === this.broaderKind) found.add(this.targets[link]);
    return this.byName(found);
  }

  allFolders() {
    const layer = this.layers.find((one) => one.name === "folders");
    return layer ? this.byName(Array.from({ length: layer.end - layer.first }, (_, at) => layer.first + at)) : [];
  }

  byName(numbers) {
    return [...numbers].sort((a, b) => (this.labels[a] < this.labels[b] ? -1 : 1));
  }

  /** The things in a folder, or with a tag, and those in the folders below it, or with a narrower tag; a tag is one, too. */
  members(whole) {
    const wholes = new Set([whole]);
    const found = new Set(this.isThing(whole) ? wholes : []);
    const isTag = this.layer[whole] < 0 || this.layers[this.layer[whole]].name === "tags";
    for (const one of wholes) {
      for (const link of this.into(one)) {
        const [source, kind] = [this.sources[link], this.kind[link]];
        if (isTag ? kind === this.broaderKind : !this.isThing(source)) wholes.add(source);
        else if (this.isThing(source) && (!isTag || kind === this.tagKind)) found.add(source);
      }
    }
    return found;
  }

  // ---- addresses -------------------------------------------------------------------------------------------------

  /** Of each thing the name by which an address calls it: its own, and a number more for the next of the same name. */
  addresses() {
    this.numbers = new Map();
    this.called = this.labels.map((label, number) => {
      let name = label;
      for (let again = 2; this.numbers.has(name); again++) name = `${label}~${again}`;
      this.numbers.set(name, number);
      return name;
    });
  }

  address(number) {
    return `#/${encodeURIComponent(this.called[number])}`;
  }

  /** The thing that an address means: by its name, by the name in another case, or by an alias; -1 if there is none. */
  addressed(hash) {
    let name;
    try {
      name = decodeURIComponent(hash.replace(/^#\//, "").replace(/\?.*$/, ""));
    } catch {
      return -1;
    }
    if (this.numbers.has(name)) return this.numbers.get(name);
    if (this.numberOf.has(name)) return this.numberOf.get(name);
    const wanted = plain(name);
    const same = this.order.find((number) => this.names[number][0] === wanted);
    return same ?? this.order.find((number) => this.names[number].includes(wanted)) ?? -1;
  }

  // ---- neighbours ------------------------------------------------------------------------------------------------

  /** The things around one, and whether a link leads out to them or in from them, of what the filters let through. */
  around(number, shown) {
    const found = new Map();
    const isShown = (link, other) => shown.link(link) && shown.passes(other);
    for (const link of this.outOf(number)) if (isShown(link, this.targets[link])) found.set(this.targets[link], 1);
    for (const link of this.into(number)) {
      const other = this.sources[link];
      if (isShown(link, other)) found.set(other, (found.get(other) ?? 0) | 2);
    }
    return found;
  }

  /** The things within so many links of one, and how many links away they are. */
  within(number, depth, shown) {
    const found = new Map([[number, 0]]);
    let edge = [number];
    for (let step = 1; step <= depth; step++) {
      const next = [];
      for (const one of edge) {
        for (const other of this.around(one, shown).keys()) {
          if (found.has(other)) continue;
          found.set(other, step);
          next.push(other);
        }
      }
      edge = next;
    }
    return found;
  }

  /** What is called so, or nearly: whole names first, then their beginnings, words' beginnings, and any place in them. */
  search(text, shown) {
    const wanted = plain(text.trim());
    if (!wanted) return Array.from(this.order).filter((number) => shown.visible(number));
    const ranks = [[], [], [], []];
    for (const number of this.order) {
      if (!shown.visible(number)) continue;
      let best = 4;
      for (const name of this.names[number]) {
        const at = name.indexOf(wanted);
        if (at < 0) continue;
        const rank = name === wanted ? 0 : at === 0 ? 1 : /[^\p{L}\p{N}]/u.test(name[at - 1]) ? 2 : 3;
        best = Math.min(best, rank);
      }
      if (best < 4) ranks[best].push(number);
    }
    return ranks.flat();
  }

  /** The text of a thing, its IRI and its properties. */
  async detail(number) {
    if (server) return this.answered(number);
    const at = Math.floor(number / this.chunk);
    if (!this.details.has(at)) this.details.set(at, unpacked(`kg-texts-${at}`));
    const [text, iri, properties] = (await this.details.get(at))[number % this.chunk];
    return { text, iri, properties };
  }

  /** What the server tells about a thing: also the address of its page. */
  async answered(number) {
    const iri = this.iris[number];
    if (!iri) return { text: "", iri: "", properties: [], page: `/list?folder=${encodeURIComponent(this.labels[number].replace(/\/$/, ""))}` };
    const found = await fetched(`thing.json?iri=${encodeURIComponent(iri)}`).catch(() => ({ text: "", properties: [], page: "" }));
    if (Array.isArray(found.text)) found.text.forEach((node) => this.lead(node));
    return { ...found, iri };
  }

  /** A link in a text leads to a thing of the map, by its number. */
  lead(node) {
    if (!Array.isArray(node)) return;
    const [, attributes, ...children] = node;
    if (attributes?.iri) attributes.to = this.numberOf.get(attributes.iri);
    for (const child of [...(Array.isArray(attributes?.title) ? attributes.title : []), ...children]) this.lead(child);
  }
}

/** Which links each thing has at one of their ends. */
function rows(size, ends, count) {
  const starts = new Uint32Array(size + 1);
  for (let link = 0; link < count; link++) starts[ends[link] + 1]++;
  for (let number = 0; number < size; number++) starts[number + 1] += starts[number];
  const next = starts.slice();
  const links = new Uint32Array(count);
  for (let link = 0; link < count; link++) links[next[ends[link]]++] = link;
  return { of: (number) => links.subarray(starts[number], starts[number + 1]) };
}
