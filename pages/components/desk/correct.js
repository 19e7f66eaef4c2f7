// A word put right in place, a name put right everywhere.

export class Correct {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** The marked word, else the one being heard. */
  begin() {}

  /** @param {Set<string>} _topics */
  update(_topics) {}
}
