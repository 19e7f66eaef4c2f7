// What lies over the picture as it will be rendered.

export class Overlay {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
  }

  frame() {}

  /** @param {Set<string>} _topics */
  update(_topics) {}
}
