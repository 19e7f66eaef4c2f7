// The message the desk shows, and those that come back after it.

/** @typedef {{text: string, tone: "info"|"ok"|"error", stays?: boolean,
 *   action?: {label: string, key?: string, run: () => void}}} Message one that stays is shown until it is dealt with */

export class Notices {
  /** @param {import("./topics.js").Topics} topics */
  constructor(topics) {
    this.topics = topics;
    /** @type {Message|null} */
    this.current = null;
    /** @type {Message[]} those that stay, while others are shown over them */
    this.covered = [];
  }

  /** Show a message. One that stays comes back after those shown meanwhile. @param {Message} message */
  say(message) {
    const { current, covered } = this;
    // the same text again replaces itself, or a failure that repeats would come back once for each time
    if (current?.stays && current.text !== message.text) this.covered = [...covered.filter((m) => m.text !== current.text), current];
    this.current = message;
    this.topics.tell("message");
  }

  /** The message was dealt with, or its time is over. */
  dismiss() {
    this.current = this.covered.pop() ?? null;
    this.topics.tell("message");
  }

  /** A message does not hold any more. @param {string} text */
  withdraw(text) {
    this.covered = this.covered.filter((m) => m.text !== text);
    if (this.current?.text === text) this.current = null;
    this.topics.tell("message");
  }
}
