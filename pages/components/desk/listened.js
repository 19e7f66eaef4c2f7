// Which stretches of the recording were played here.

export class Listened {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
  }

  frame() {}

  end() {}
}
