// Several clips picked in the list, to be decided on together.

export class Picked {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Set<string>} */
    this.ids = new Set();
  }

  /** The picked clips, in the order of the list. @returns {import("./api.js").Clip[]} */
  get clips() {
    return (this.desk.store.clips ?? []).filter((c) => this.ids.has(c.id));
  }

  toggle() {}

  all() {}

  /** @param {1|-1} _direction */
  extend(_direction) {}

  clear() {
    this.ids.clear();
  }

  /** @param {Set<string>} _topics */
  update(_topics) {}
}
