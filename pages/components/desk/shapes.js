// Clips by hand: a new one, a copy, two of one, one of two, none, and a stretch cut out.

export class Shapes {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
  }

  duplicate() {}

  split() {}

  merge() {}

  remove() {}

  /** @param {import("./rules.js").Range} _range */
  cutOut(_range) {}
}
