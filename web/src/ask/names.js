// What a name means: the thing that a wikilink in the vault's root, a label or an alias leads to, as kg itself looks it up.
const KG = "https://w3id.org/concept-notes#";
const SKOS = "http://www.w3.org/2004/02/skos/core#";
const RDFS = "http://www.w3.org/2000/01/rdf-schema#";
const TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
const LABELS = [`${SKOS}prefLabel`, `${SKOS}altLabel`];
const WIKILINK = /^\s*!?\[\[([^|]*)(?:\|.*)?\]\]\s*$/s;
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]+:\S+$/;
const IN_IRI = /^[^\x00-\x20<>"{}|^`\\]*$/;
const NOT_IN_PATH = /[^\p{ASCII}]|[^A-Za-z0-9._~/-]/gu;
const KEPT = /[\xa0-\u2027\u202a-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\u{10000}-\u{dffff}]/u;
const NOT_IN_KEY = /[!"#$%&()*+,.:;<=>?@^`{|}~/[\]\\\s]+/g;
const MOST_SPLITS = 8;
const LISTED = 5;

const nfc = (text) => text.normalize("NFC");
const casefold = (text) => text.toLowerCase().replaceAll("ß", "ss").replaceAll("ς", "σ");
const lettersAndDigits = (text) => nfc(text).toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
const headingKey = (text) => casefold(nfc(text).replace(NOT_IN_KEY, " ").trim());
export const nameKey = (text) => casefold(nfc(text)).replace(/[ \-_\t\xa0]/g, "").replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");
const least = (texts) => texts.reduce((one, other) => (one === null || other < one ? other : one), null) ?? "";

function percent(character) {
  if (character.codePointAt(0) > 0x7f && KEPT.test(character)) return character;
  return Array.from(new TextEncoder().encode(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
const encodePath = (path) => nfc(path).replace(NOT_IN_PATH, percent);
const encodePart = (part) => encodePath(part).replaceAll("/", "%2F");

export class Names {
  /** `graph` asks the default graph; `settings` are the vault's prefixes, its base and the names of the ontology's terms. */
  constructor(graph, settings) {
    Object.assign(this, { graph, settings, base: settings.base, outlines: new Map() });
  }

  /** The IRI that a text spells, whole or with a prefix; null if it is neither. */
  written(text) {
    const trimmed = text.trim();
    const colon = trimmed.indexOf(":");
    const prefix = trimmed.slice(0, colon);
    let found = null;
    if (trimmed.startsWith("<") && trimmed.endsWith(">")) found = trimmed.slice(1, -1);
    else if (colon >= 0 && Object.hasOwn(this.settings.prefixes, prefix)) found = this.settings.prefixes[prefix] + trimmed.slice(colon + 1);
    else if (ABSOLUTE.test(trimmed) && trimmed.includes("://")) found = trimmed;
    return found !== null && ABSOLUTE.test(found) && IN_IRI.test(found) ? found : null;
  }

  /** The thing with a name. Throws an Error if there is none, or several. */
  thing(given) {
    const text = given.trim();
    const whole = this.written(text);
    if (whole && this.isThere(whole)) return whole;
    for (const candidates of this.candidates(text)) {
      const nodes = this.likeliest([...candidates]).sort();
      if (nodes.length === 1) return nodes[0];
      if (nodes.length) {
        const shown = nodes.slice(0, LISTED).map((node) => `“${this.shortened(node)}”`).join(", ");
        throw new Error(`“${text}” names ${nodes.length} things: ${shown}${nodes.length > LISTED ? " …" : ""}; give one of these names`);
      }
    }
    throw new Error(whole ? `nothing is known of ${text}` : `no note or thing is named “${text}”`);
  }

  *candidates(text) {
    yield* this.meanings(text);
    const named = this.classNamed(text);
    yield named ? [named] : [];
    yield this.properties(text).filter((node) => this.isThere(node)).slice(0, 1);
    yield this.alike(text);
  }

  *meanings(given) {
    const link = WIKILINK.exec(given);
    const text = link ? link[1] : given;
    if (text.startsWith("#")) yield this.there(this.tag(text.slice(1)));
    yield this.linked(text);
    yield* this.wholes(text);
    yield this.alike(text).filter((node) => this.isWhole(node));
    yield this.labelled(`${RDFS}label`, text);
    yield this.labelled(LABELS[0], text);
  }

  /** Of the things with a name, those that notes describe; else those that are not tags; else all. */
  likeliest(nodes) {
    const described = nodes.filter((node) => this.graph.subjects(`${KG}describes`, node).length);
    if (described.length) return described;
    const others = nodes.filter((node) => !node.startsWith(this.tag("")));
    return others.length ? others : nodes;
  }

  linked(text) {
    let found = this.files(text);
    const splits = [...text.matchAll(/#/g)].map((match) => match.index).filter(Boolean).slice(0, MOST_SPLITS);
    while (!found.length && splits.length) {
      const at = splits.shift();
      found = this.whole(text.slice(0, at)).flatMap((node) => this.part(node, text.slice(at + 1)));
    }
    return found;
  }

  whole(text) {
    const found = [() => this.files(text), ...LABELS.map((label) => () => this.ofLabel(label, text))];
    for (const look of found) {
      const nodes = look();
      if (nodes.length) return this.likeliest(nodes).length === 1 ? this.likeliest(nodes) : [];
    }
    return [];
  }

  *wholes(text) {
    for (const label of LABELS) yield this.ofLabel(label, text);
  }

  ofLabel(label, text) {
    return this.labelled(label, text).filter((node) => this.isWhole(node));
  }

  labelled(label, text) {
    return [...new Set([...this.graph.labelled(label, text, ""), ...this.graph.labelled(label, text, "en")])];
  }

  alike(text) {
    this.byLetters ??= this.allByLetters();
    return [...(this.byLetters.get(lettersAndDigits(text)) ?? [])];
  }

  allByLetters() {
    const found = new Map();
    for (const label of LABELS) {
      for (const [node, text] of this.graph.pairs(label)) {
        const key = lettersAndDigits(text);
        if (key) found.set(key, (found.get(key) ?? new Set()).add(node));
      }
    }
    return found;
  }

  isWhole(node) {
    return !node.startsWith(this.tag("")) && !this.isPart(node) && !this.settings.declared.has(node);
  }

  isPart(node) {
    const rest = node.slice(this.base.length);
    return Boolean(this.base) && node.startsWith(this.base) && rest.slice(1).includes("#") && rest[0] !== "#";
  }

  /** The things of the files that a link path can mean; else what a missing file would be. */
  files(text) {
    if (!text.trim()) return [];
    const found = this.paths(text).flatMap((path) => [...this.ofPath.get(path)]);
    if (found.length) return [...new Set(found)];
    const there = this.there(this.entity(text));
    return there.length ? there : this.there(this.missing(text));
  }

  /** All files that a link path in the vault's root can mean; an exact path means only that file. */
  paths(text) {
    this.ofPath ?? this.readPaths();
    const low = nfc(text).toLowerCase().replace(/^\.\//, "").replace(/^\/+/, "");
    const tries = [low, `${low}.md`];
    const exact = tries.find((path) => this.exact.has(path));
    if (exact !== undefined) return [this.exact.get(exact)];
    const found = tries.flatMap((path) => (this.byName.get(path.slice(path.lastIndexOf("/") + 1)) ?? []).filter(([one]) => one.endsWith(`/${path}`)));
    return found.map(([, path]) => path).sort();
  }

  readPaths() {
    Object.assign(this, { ofPath: new Map(), exact: new Map(), byName: new Map() });
    for (const [file, path] of this.graph.pairs(`${KG}path`)) {
      const described = this.graph.objects(file, `${KG}describes`);
      const nodes = this.ofPath.get(path) ?? new Set();
      for (const node of described.length ? described : [file]) nodes.add(node);
      this.ofPath.set(path, nodes);
    }
    for (const path of [...this.ofPath.keys()].sort()) {
      const low = path.toLowerCase();
      if (!this.exact.has(low)) this.exact.set(low, path);
      const name = low.slice(low.lastIndexOf("/") + 1);
      this.byName.set(name, [...(this.byName.get(name) ?? []), [low, path]]);
    }
  }

  /** The section, block or item of a thing that a subpath leads to. */
  part(entity, subpath) {
    const at = subpath.lastIndexOf("#");
    const place = this.place(entity, subpath);
    if (place.length) return place;
    const places = at > 0 ? this.place(entity, subpath.slice(0, at)) : [entity];
    const last = subpath.slice(at + 1);
    for (const around of places) {
      const found = this.there(around === entity ? this.inside(entity, `/${encodePart(last)}`) : `${around}/${encodePart(last)}`);
      if (found.length) return found;
    }
    return [];
  }

  place(entity, subpath) {
    const last = subpath.slice(subpath.lastIndexOf("#") + 1).trim();
    if (last.startsWith("^")) return this.block(entity, last.slice(1));
    const match = this.section(entity, subpath);
    return match ? [match] : this.there(this.inside(entity, encodePath(subpath.replaceAll("#", "/"))));
  }

  block(entity, id) {
    const wanted = this.inside(entity, `%5E${encodePart(id)}`);
    const exact = this.there(wanted);
    if (exact.length) return exact;
    const places = [entity, ...this.outline(entity).map((row) => row.node)];
    return places.flatMap((place) => this.graph.objects(place, `${KG}hasBlock`)).filter((node) => node.toLowerCase() === wanted.toLowerCase());
  }

  /** The first section with the last heading of a subpath, below sections with the headings before it. */
  section(entity, subpath) {
    const keys = subpath.split("#").map(headingKey).filter(Boolean);
    const rows = this.outline(entity);
    const last = keys.pop();
    if (last === undefined || ![...keys, last].every((key) => rows.some((row) => row.key === key))) return null;
    return rows.find((row) => row.key === last && isBelow(row, [...keys]))?.node ?? null;
  }

  outline(entity) {
    if (!this.outlines.has(entity)) this.outlines.set(entity, this.readOutline(entity));
    return this.outlines.get(entity);
  }

  /** The sections of a thing in the order of the text, each with the heading above it. */
  readOutline(entity) {
    const rows = [];
    const stack = [entity];
    const seen = new Set(stack);
    while (stack.length) {
      const node = stack.pop();
      if (node !== entity) {
        const row = { node, key: headingKey(this.text(node, "heading")), level: Number(this.text(node, "level")) };
        row.above = rows.findLast((one) => one.level < row.level) ?? null;
        rows.push(row);
      }
      const below = this.graph.objects(node, `${KG}hasSection`).filter((one) => !seen.has(one));
      const order = (one) => Number(this.text(one, "order"));
      stack.push(...below.sort((one, other) => order(other) - order(one) || (one < other ? 1 : -1)));
      below.forEach((one) => seen.add(one));
    }
    return rows;
  }

  text(node, property) {
    return least(this.graph.texts(node, KG + property));
  }

  // ---- classes and properties

  classNamed(text) {
    const whole = this.fullName(text);
    if (this.settings.classIris.has(whole)) return whole;
    return this.settings.classes[nameKey(text)] ?? null;
  }

  classOf(text) {
    const own = (names, key) => (Object.hasOwn(names, key) ? names[key] : null);
    const known = this.classNamed(text) ?? own(this.settings.classLabels, casefold(text.trim()));
    const node = known ?? this.written(text);
    if (node && (known || this.graph.subjects(TYPE, node).length)) return node;
    throw new Error(`no class is named “${text}”`);
  }

  /** The likeliest property of that name in use; else the likeliest that the ontology declares. */
  property(text) {
    const candidates = this.properties(text);
    const found = candidates.find((one) => this.graph.uses(one)) ?? candidates.find((one) => this.settings.propertyIris.has(one));
    if (!found) throw new Error(`no property is named “${text}”`);
    return found;
  }

  properties(text) {
    if (["a", "is a", "type"].includes(text.trim())) return [TYPE];
    const whole = this.written(text);
    if (whole) return [whole];
    const slug = nfc(text).toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "") || "-";
    const key = nameKey(text);
    const named = Object.hasOwn(this.settings.properties, key) ? this.settings.properties[key] : [];
    return [...named, `${this.base}#property/${encodePart(slug)}`];
  }

  fullName(text) {
    const trimmed = text.trim();
    const colon = trimmed.indexOf(":");
    if (colon < 0) return "";
    const prefix = trimmed.slice(0, colon);
    const known = Object.hasOwn(this.settings.prefixes, prefix);
    return known ? this.settings.prefixes[prefix] + trimmed.slice(colon + 1) : trimmed.replace(/^[<>]+|[<>]+$/g, "");
  }

  // ---- IRIs

  tag = (text) => `${this.base}#tag/${encodePath(nfc(text).toLowerCase())}`;
  entity = (path) => this.base + encodePath(path.replace(/\.md$/i, ""));
  missing = (target) => this.base + encodePath(nfc(target).toLowerCase().replace(/\.md$/, ""));
  inside = (entity, fragment) => entity + (entity.includes("#") ? "/" : "#") + fragment;

  there(node) {
    return IN_IRI.test(node) && ABSOLUTE.test(node) && this.isThere(node) ? [node] : [];
  }

  isThere(node) {
    return this.graph.has(node);
  }

  shortened(node) {
    return shortened(node, this.settings.prefixes);
  }
}

function isBelow(row, keys) {
  let at = row.above;
  while (keys.length && at) {
    if (at.key === keys.at(-1)) keys.pop();
    at = at.above;
  }
  return !keys.length;
}

/** An IRI with the longest prefix that fits it; whole if none does. */
export function shortened(node, prefixes) {
  let best = null;
  for (const [name, space] of Object.entries(prefixes)) {
    if (space && node.startsWith(space) && (!best || space.length > best[1].length)) best = [name, space];
  }
  return best ? `${best[0]}:${node.slice(best[1].length)}` : node;
}
