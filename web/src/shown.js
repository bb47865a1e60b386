// What of the graph is shown: types, kinds of links, companions, one group, one tag, one folder, the surroundings of one
// thing.

export class Shown {
  constructor(data) {
    this.data = data;
    this.typeHidden = data.types.map(() => false);
    this.kindHidden = data.kinds.map(() => false);
    this.layerShown = data.layers.map(() => false);
    this.grouping = data.groupings[0];
    this.group = -1;
    this.local = null;
    this.tag = -1;
    this.folder = -1;
    this.typed = false;
    this.passing = new Uint8Array(data.size);
    this.reckon();
  }

  /** Whether a thing is shown. */
  visible(number) {
    return this.passing[number] === 1 && this.isNear(number) && this.isPicked(number);
  }

  isNear(number) {
    return this.local === null || this.local.has(number);
  }

  /** Whether a thing is among those that the answer of a question picks, if it picks any. */
  isPicked(number) {
    return !this.data.picked || this.data.picked.has(number);
  }

  /** Whether a thing passes the filters, near or far. */
  passes(number) {
    return this.passing[number] === 1;
  }

  /** Whether a thing has the tag and is in the folder that are chosen, if any are. */
  isWithin(number) {
    return this.wholes.every((members) => members.has(number));
  }

  link(link) {
    return !this.kindHidden[this.data.kind[link]];
  }

  /** The group of a thing in the grouping that colours tell; -1 is none. */
  groupOf(number) {
    return this.data.isThing(number) ? this.grouping.of[number] : -1;
  }

  isFiltered() {
    return this.group >= 0 || this.tag >= 0 || this.folder >= 0 || this.local !== null || Boolean(this.data.picked) || this.typeHidden.includes(true) || this.kindHidden.includes(true);
  }

  /** Which things pass the filters, after one of them has changed. */
  reckon() {
    const { data, passing } = this;
    this.wholes = [this.tag, this.folder].filter((whole) => whole >= 0).map((whole) => data.members(whole));
    for (let number = 0; number < data.size; number++) {
      const layer = data.layer[number];
      passing[number] = Number(layer >= 0 ? this.layerShown[layer] : !this.typeHidden[data.type[number]] && (this.group < 0 || this.grouping.of[number] === this.group) && this.isWithin(number));
    }
    if (this.group < 0 && !this.wholes.length) return;
    // Companions of a group, a tag or a folder are those of its things.
    for (const { first, end } of data.layers) {
      for (let number = first; number < end; number++) {
        const has = [...data.into(number)].some((link) => passing[data.sources[link]] && data.isThing(data.sources[link]));
        if (!has) passing[number] = 0;
      }
    }
  }

  /** Show a thing whatever the filters say: those that hide it are lifted. Whether any was. */
  reveal(number) {
    const layer = this.data.layer[number];
    const was = this.visible(number);
    if (layer >= 0) this.layerShown[layer] = true;
    else this.typeHidden[this.data.type[number]] = false;
    if (layer >= 0 || (this.group >= 0 && this.grouping.of[number] !== this.group)) this.group = -1;
    if (was) return false;
    if (layer >= 0 || !this.isWithin(number)) [this.tag, this.folder] = [-1, -1];
    this.reckon();
    if (!this.isNear(number)) this.local = null;
    if (!this.isPicked(number)) this.data.picked = null;
    return true;
  }

  clear() {
    this.typeHidden.fill(false);
    this.kindHidden.fill(false);
    this.group = -1;
    [this.tag, this.folder] = [-1, -1];
    this.local = null;
    this.data.picked = null;
    this.reckon();
  }

  /** How many things of each type and of each group there are, each by what the other filters leave. */
  counts() {
    const { data } = this;
    const types = new Array(data.types.length).fill(0);
    const groups = new Array(this.grouping.groups.length).fill(0);
    let things = 0;
    for (let number = 0; number < data.things; number++) {
      const isNear = this.isNear(number) && this.isPicked(number) && this.isWithin(number);
      const group = this.grouping.of[number];
      if (isNear && (this.group < 0 || group === this.group)) types[data.type[number]]++;
      if (isNear && !this.typeHidden[data.type[number]] && group >= 0) groups[group]++;
      things += Number(this.visible(number));
    }
    const kinds = new Array(data.kinds.length).fill(0);
    let links = 0;
    for (let link = 0; link < data.sources.length; link++) {
      if (!this.visible(data.sources[link]) || !this.visible(data.targets[link])) continue;
      kinds[data.kind[link]]++;
      links += Number(this.link(link) && link < data.thingLinks);
    }
    return { types, groups, kinds, things, links };
  }
}
