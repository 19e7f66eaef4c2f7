// Edge audition: the first and last seconds of the clip, then those just outside it.

export class Audition {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** Start it; while it goes on, skip to the next piece. */
  next() {
    this.desk.playAround();
  }
}
