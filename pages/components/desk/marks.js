// A stretch marked on the transcript or the timeline, and what can be done with it.

/** @typedef {{start_s: number, end_s: number, words: [number, number]|null}} Mark */

export class Marks {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Mark|null} */
    this.mark = null;
  }

  clear() {
    this.mark = null;
  }

  /** @param {Set<string>} _topics */
  update(_topics) {}
}
