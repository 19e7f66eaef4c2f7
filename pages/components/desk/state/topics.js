// Tells the parts of the desk what changed, by topic: all topics of one step together.

export class Topics {
  constructor() {
    /** @type {((topics: Set<string>) => void)[]} */
    this.listeners = [];
    /** @type {Set<string>} */
    this.waiting = new Set();
    /** Called with each change the server stored. @type {(kind: string, id: string) => void} */
    this.onStored = () => {};
    this.closed = false;
  }

  /** @param {(topics: Set<string>) => void} listener */
  on(listener) {
    this.listeners.push(listener);
  }

  /** Tell the listeners, once, when the step that is running is over. @param {string[]} topics */
  tell(...topics) {
    if (!this.waiting.size) queueMicrotask(() => this.spread());
    for (const topic of topics) this.waiting.add(topic);
  }

  spread() {
    const topics = this.waiting;
    this.waiting = new Set();
    if (!this.closed) for (const listener of this.listeners) listener(topics);
  }
}
