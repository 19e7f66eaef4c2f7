// Notes with a time in the clip, answered and resolved.

export class Notes {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** A new note at the playhead. */
  begin() {}

  /** @param {Set<string>} _topics */
  update(_topics) {}
}
