// What the page holds: JSON, deflated, in base64, in blocks of text that no browser runs.
import { HOLLOW, SHAPES } from "./shapes.js";

async function unpacked(id) {
  const text = document.getElementById(id).textContent.trim();
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

/** Things, links and what may be asked of them. Numbers of things are their places in the arrays. */
export async function load() {
  const found = await unpacked("kg-graph");
  return new Graph(found);
}

const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

class Graph {
  constructor(found) {
    Object.assign(this, found);
    this.size = this.labels.length;
    this.isMissing = new Uint8Array(this.size);
    for (const number of this.missing) this.isMissing[number] = 1;
    this.shapeOfType = this.shapes.map((name) => SHAPES.indexOf(name));
    this.typeHidden = this.types.map(() => false);
    this.kindHidden = this.kinds.map(() => false);
    this.communityShown = -1;
    this.order = Uint32Array.from(this.labels.keys()).sort((a, b) => this.weights[b] - this.weights[a] || a - b);
    this.names = this.labels.map((label, number) => [label, ...(this.aliases[number] ?? [])].map(plain));
    this.details = new Map();
    this.index();
  }

  /** Of each thing its links out and in, as places among the links. */
  index() {
    const { size } = this;
    const count = this.sources.length;
    this.out = rows(size, this.sources, count);
    this.in = rows(size, this.targets, count);
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

  visible(number) {
    if (this.typeHidden[this.type[number]]) return false;
    return this.communityShown < 0 || this.community[number] === this.communityShown;
  }

  linkVisible(link) {
    return !this.kindHidden[this.kind[link]];
  }

  /** The things around one, and whether a link leads out to them or in from them, of the links that are shown. */
  around(number) {
    const found = new Map();
    for (const link of this.outOf(number)) if (this.linkVisible(link)) found.set(this.targets[link], 1);
    for (const link of this.into(number)) {
      if (this.linkVisible(link)) found.set(this.sources[link], (found.get(this.sources[link]) ?? 0) | 2);
    }
    return found;
  }

  /** What is called so, or nearly: whole names first, then their beginnings, words' beginnings, and any place in them. */
  search(text) {
    const wanted = plain(text.trim());
    if (!wanted) return Array.from(this.order).filter((number) => this.visible(number));
    const ranks = [[], [], [], []];
    for (const number of this.order) {
      if (!this.visible(number)) continue;
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
    const at = Math.floor(number / this.chunk);
    if (!this.details.has(at)) this.details.set(at, unpacked(`kg-texts-${at}`));
    const [text, iri, properties] = (await this.details.get(at))[number % this.chunk];
    return { text, iri, properties };
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
