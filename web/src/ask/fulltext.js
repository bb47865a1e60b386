// Full-text search over the rows of kg's own index, ranked as SQLite's FTS5 ranks them for `kg search`.
import { parse, phrases } from "./searchquery.js";

const WEIGHTS = [10, 6, 3, 4, 1];
const K1 = 1.2;
const B = 0.75;
const COLUMNS = 8;
const LONGEST = 2 ** 22;
const CONTEXT = 160;
const FENCE = /^---[ \t]*$/gm;

/** One text by the order of its characters' numbers, as Python compares. */
function compared(one, other) {
  const [a, b] = [Array.from(one), Array.from(other)];
  for (let at = 0; at < Math.min(a.length, b.length); at++) if (a[at] !== b[at]) return a[at].codePointAt(0) - b[at].codePointAt(0);
  return a.length - b.length;
}

export class FullText {
  /** `notes` are the notes, each with its sections; the first section of a note stands for the note itself, too. */
  constructor(notes, folding) {
    Object.assign(this, { notes, folding, rows: [], postings: new Map(), sizes: [] });
    let all = 0;
    notes.forEach((note, number) => {
      note.sections.forEach((section, place) => {
        const names = place ? ["", "", ""] : note.names;
        const size = [...names, section.heading, section.text].reduce((sum, text, column) => sum + this.add(this.rows.length, column, text), 0);
        this.rows.push({ note: number, place, ...section });
        this.sizes.push(size);
        all += size;
      });
    });
    this.average = all / this.rows.length;
    this.terms = [...this.postings.keys()].sort();
  }

  /** Add the words of a column of a row; their number. A place is a number: row, column and position in one. */
  add(row, column, text) {
    const words = this.folding.words(text);
    words.forEach((word, at) => {
      const places = this.postings.get(word);
      const place = (row * COLUMNS + column) * LONGEST + at;
      if (places) places.push(place);
      else this.postings.set(word, [place]);
    });
    return words.length;
  }

  /** The places of a word, or of all words that begin so. */
  wordPlaces(word, exact) {
    if (exact) return this.postings.get(word) ?? [];
    let low = 0;
    let high = this.terms.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.terms[middle] < word) low = middle + 1;
      else high = middle;
    }
    const found = [];
    for (; low < this.terms.length && this.terms[low].startsWith(word); low++) found.push(...this.postings.get(this.terms[low]));
    return found;
  }

  /** The places where a phrase begins. */
  phrasePlaces(text, exact) {
    const words = this.folding.words(this.folding.fold(text));
    if (!words.length) return [];
    const last = words.length - 1;
    let places = this.wordPlaces(words[0], exact || last > 0);
    for (let at = 1; at <= last; at++) {
      const following = new Set(this.wordPlaces(words[at], exact || at < last));
      places = places.filter((place) => following.has(place + at));
    }
    return places;
  }

  /** The score of each row with any of the phrases: FTS5's bm25, in which an exact match of a prefix counts twice. */
  scores(wanted) {
    const scores = new Map();
    for (const phrase of wanted) {
      for (const exact of phrase.exact ? [true] : [false, true]) {
        const weights = new Map();
        for (const place of this.phrasePlaces(phrase.text, exact)) {
          const cell = Math.floor(place / LONGEST);
          const row = Math.floor(cell / COLUMNS);
          weights.set(row, (weights.get(row) ?? 0) + WEIGHTS[cell % COLUMNS]);
        }
        const rarity = Math.max(Math.log((this.rows.length - weights.size + 0.5) / (weights.size + 0.5)), 0) || 1e-6;
        for (const [row, weight] of weights) {
          const score = rarity * ((weight * (K1 + 1)) / (weight + K1 * (1 - B + (B * this.sizes[row]) / this.average)));
          scores.set(row, (scores.get(row) ?? 0) + score);
        }
      }
    }
    return scores;
  }

  /** The notes that meet a condition. */
  matching(condition) {
    if (condition.kind === "phrase") {
      const rows = this.phrasePlaces(condition.text, condition.exact).map((place) => Math.floor(place / LONGEST / COLUMNS));
      return new Set(rows.map((row) => this.rows[row].note));
    }
    if (condition.kind === "filter") return this.filtered(condition);
    if (condition.kind === "not") {
      const without = this.matching(condition.part);
      return new Set([...this.notes.keys()].filter((note) => !without.has(note)));
    }
    const sets = condition.parts.map((part) => this.matching(part));
    if (!condition.every) return new Set(sets.flatMap((set) => [...set]));
    return new Set([...sets[0]].filter((note) => sets.every((set) => set.has(note))));
  }

  filtered({ key, text }) {
    const tag = text.normalize("NFC").toLowerCase().replace(/^[#/]+|[#/]+$/g, "");
    const wanted = this.folding.fold(text).toLowerCase();
    const isIn = {
      tag: (note) => note.tags.some((one) => one === tag || one.startsWith(`${tag}/`)),
      path: (note) => this.folding.fold(note.path).toLowerCase().includes(wanted),
      file: (note) => this.folding.fold(note.path.slice(note.path.lastIndexOf("/") + 1)).toLowerCase().includes(wanted),
    }[key];
    return new Set([...this.notes.keys()].filter((number) => isIn(this.notes[number])));
  }

  /** The notes that a text finds, best first, each with its rows; null for a text without a word to search for. */
  search(text) {
    const condition = parse(text, this.folding);
    if (!condition) return null;
    const wanted = phrases(condition);
    const notes = this.matching(condition);
    const found = new Map();
    if (!wanted.length) {
      for (const note of [...notes].sort((one, other) => compared(this.notes[one].path, this.notes[other].path))) {
        found.set(note, { note, score: 0, rows: [{ row: this.first(note), score: 0 }] });
      }
      return { wanted, found: [...found.values()] };
    }
    for (const [row, score] of this.scores(wanted)) {
      const { note } = this.rows[row];
      if (!notes.has(note)) continue;
      if (!found.has(note)) found.set(note, { note, score: 0, rows: [] });
      found.get(note).rows.push({ row, score });
    }
    for (const each of found.values()) {
      each.rows.sort((one, other) => other.score - one.score || one.row - other.row);
      each.score = each.rows.slice(1).reduce((sum, one) => sum + (this.rows[one.row].place ? 0 : one.score), each.rows[0].score);
    }
    const ranked = [...found.values()].sort((one, other) => other.score - one.score || compared(this.notes[one.note].path, this.notes[other.note].path));
    return { wanted, found: ranked };
  }

  first(note) {
    this.firsts ??= new Map(this.rows.flatMap((row, number) => (row.place ? [] : [[row.note, number]])));
    return this.firsts.get(note);
  }

  /** The best row, or the row of one section, by the IRI of each thing that a text finds. */
  things(text) {
    const found = new Map();
    for (const { note, score, rows } of this.search(text)?.found ?? []) {
      for (const { row, score: own } of rows) if (this.rows[row].iri) found.set(this.rows[row].iri, { row, score: own });
      for (const iri of [this.notes[note].file, this.notes[note].iri]) if (iri) found.set(iri, { row: rows[0].row, score });
    }
    return found;
  }

  /** The line of a row with the most of the words: its text, and the places of the words in it. */
  line(row, wanted) {
    const section = this.rows[row];
    const note = this.notes[section.note];
    const text = readable(section.raw ?? section.heading + section.text);
    const spans = this.spans(text, wanted);
    if (!spans.length && !section.place) {
      const marks = this.spans(note.title, wanted);
      if (marks.length) return { text: note.title, marks, line: 1 };
    }
    const lines = [...text.matchAll(/(?:[^\r\n]*)(?:\r\n|\n|\r|$)/g)];
    const body = section.place ? 0 : frontMatter(text);
    let best = { rank: [-1, 0], at: 0, end: 0, number: 0 };
    lines.forEach((match, number) => {
      const [at, end] = [match.index, match.index + match[0].replace(/[\r\n]+$/, "").length];
      const inside = spans.filter(([from]) => from >= at && from < Math.max(match.index + match[0].length, at + 1));
      if (!inside.length && (spans.length || number)) return;
      const rank = [new Set(inside.map(([from, to]) => text.slice(from, to).toLowerCase())).size, Number(at >= body)];
      if (rank[0] > best.rank[0] || (rank[0] === best.rank[0] && rank[1] > best.rank[1])) best = { rank, at, end, number };
    });
    const marks = spans.filter(([from, to]) => from < best.end && to > best.at).map(([from, to]) => [Math.max(from, best.at) - best.at, Math.min(to, best.end) - best.at]);
    return { text: text.slice(best.at, best.end), marks, line: section.line + best.number };
  }

  /** Where the phrases are in a text as written; places that overlap are one. */
  spans(text, wanted) {
    const places = this.folding.places(text);
    const found = [];
    for (const phrase of wanted) {
      const words = this.folding.words(this.folding.fold(phrase.text));
      places.forEach((_, start) => {
        const fits = words.every((word, at) => {
          const place = places[start + at]?.word;
          return place !== undefined && (phrase.exact || at < words.length - 1 ? place === word : place.startsWith(word));
        });
        if (fits) found.push([places[start].start, places[start + words.length - 1].end]);
      });
    }
    const merged = [];
    for (const span of found.sort((one, other) => one[0] - other[0] || one[1] - other[1])) {
      if (merged.length && span[0] < merged.at(-1)[1]) merged.at(-1)[1] = Math.max(merged.at(-1)[1], span[1]);
      else merged.push([...span]);
    }
    return merged;
  }

  /** A line that is cut around its first mark. Sizes count characters, of which some are two units in JavaScript. */
  excerpt({ text, marks }, size = CONTEXT) {
    const characters = Array.from(text);
    const length = (part) => Array.from(part).length;
    const first = marks.length ? length(text.slice(0, marks[0][0])) : 0;
    let start = first < (size * 2) / 3 || characters.length <= size ? 0 : first - Math.floor(size / 3);
    const rest = characters.slice(start).join("");
    start += length(rest) - length(rest.trimStart());
    const whole = length(text.trimEnd());
    const end = whole - start <= size ? whole : start + size - 1;
    const [from, to] = [characters.slice(0, start).join(""), characters.slice(0, end).join("")].map((part) => part.length);
    const [before, after] = [text.slice(0, from).trim() ? "…" : "", text.slice(to).trim() ? "…" : ""];
    const shift = before.length - from;
    const kept = marks.filter((mark) => mark[0] < to && mark[1] > from).map((mark) => [Math.max(mark[0], from) + shift, Math.min(mark[1], to) + shift]);
    return { text: before + text.slice(from, to) + after, marks: kept };
  }
}

const readable = (text) => text.replace(/\x01/g, "").replace(/\ue0f0/g, "+").replace(/\ue0f1/g, "#");

function frontMatter(text) {
  if (!text.startsWith("---")) return 0;
  const fences = [...text.replaceAll("\r", "\n").matchAll(FENCE)].slice(0, 2);
  return fences.length === 2 && fences[0].index === 0 ? fences[1].index + fences[1][0].length : 0;
}
