// Other good places for the active edge, ranked by the server, one key each.

export class Alternatives {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {number} _number from 1 */
  use(_number) {}

  /** @param {Set<string>} _topics */
  update(_topics) {}
}
