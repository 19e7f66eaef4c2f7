// What came of the review, once every clip is decided.

export class Summary {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {Set<string>} _topics */
  update(_topics) {}
}
