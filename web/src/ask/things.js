// The things of the map among the terms of an answer: by their IRIs, by names that only one of them has, by their files.

export class Things {
  /** `iris` are the IRIs of the things in the order of the map. */
  constructor(page, iris) {
    Object.assign(this, { page, iris });
    this.byIri = new Map(iris.map((iri, number) => [iri, number]));
    this.byName = new Map();
    const add = (name, number) => this.byName.set(name, this.byName.has(name) ? -1 : number);
    page.data.labels.slice(0, iris.length).forEach(add);
    page.data.paths.slice(0, iris.length).forEach((path, number) => path && !this.byName.has(path) && add(path, number));
  }

  /** The number of the thing that a term is or names; -1 for any other term. */
  of(term) {
    if (!term) return -1;
    if (term.type === "uri") return this.byIri.get(term.value) ?? this.part(term.value);
    return term.type === "literal" && !term.datatype ? (this.byName.get(term.value) ?? -1) : -1;
  }

  /** The thing that a note's file is about. */
  part(iri) {
    return iri.endsWith(".md") ? (this.byIri.get(iri.slice(0, -3)) ?? -1) : -1;
  }

  label(number) {
    return this.page.data.labels[number];
  }

  select(number) {
    this.onShow?.();
    this.page.select(number, { moving: true, reading: true });
  }

  isPicked(numbers) {
    return this.page.shown.local === numbers;
  }

  /** Show only these things on the map, as near as they fit; null shows all again. */
  pick(numbers) {
    if (numbers) this.onShow?.();
    this.page.shown.local = numbers;
    this.page.filtered({ fit: true });
  }
}
