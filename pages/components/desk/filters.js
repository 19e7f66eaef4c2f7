// Which clips the list shows.

export class Filters {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** The clips that pass, in the order of the list. @returns {import("./api.js").Clip[]} */
  get listed() {
    return this.desk.store.clips ?? [];
  }

  focus() {}

  /** @param {Set<string>} _topics */
  update(_topics) {}
}
