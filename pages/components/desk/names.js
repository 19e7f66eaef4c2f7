// Who reviews: asked once, kept in this browser.

export class Names {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** Run something that carries a name, once there is one. @param {() => void} run */
  then(run) {
    run();
  }

  show() {}
}
