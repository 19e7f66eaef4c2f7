// The field below a word in which it is corrected.

import { make, makeButton, setText } from "../dom.js";
import { everywhere, places, reading, wordsOf } from "../rules/correction_rules.js";
import { countWhile, wordAt } from "../rules/rules.js";

const EMPTY = "A correction needs some text. Type what was said.";

export class CorrectionBox {
  /** @param {any} desk @param {import("./correct.js").Corrections} corrections */
  constructor(desk, corrections) {
    this.desk = desk;
    this.corrections = corrections;
    this.words = desk.find(".words-text");
    /** @type {{first: number, was: string, at: number}|null} */
    this.place = null;
    this.dialog = this.build();
    desk.find(".words").append(this.dialog);
    this.words.addEventListener("dblclick", (event) => {
      /** @type {HTMLElement|null} */
      const word = /** @type {Element} */ (event.target).closest?.("[data-word]");
      if (word) this.open(Number(word.dataset.word), Number(word.dataset.word) + 1);
    });
    desk.root.addEventListener("pointerdown", (event) => {
      if (this.place && !event.composedPath().includes(this.dialog)) this.close();
    });
  }

  build() {
    const dialog = document.createElement("dialog"); // while a dialog is open, the desk takes no keys
    dialog.className = "correct";
    dialog.setAttribute("aria-label", "Correct the words");
    dialog.dataset.testid = "desk-correct";
    this.input = Object.assign(make("input", ""), { maxLength: 1000, spellcheck: false, autocomplete: "off" });
    this.input.setAttribute("aria-label", "What was said");
    const here = this.button("main", "Save", "Enter", () => this.save());
    this.all = this.button("", "", "Shift Enter", () => this.saveEverywhere());
    const buttons = make("div", "");
    buttons.append(here, this.all);
    dialog.append(this.input, buttons);
    dialog.addEventListener("keydown", (event) => this.onKey(event));
    dialog.addEventListener("close", () => this.closed());
    return dialog;
  }

  button(className, text, key, run) {
    const button = makeButton(className, "", run);
    button.append(make("span", "", text), make("kbd", "", key));
    return button;
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
    if (event.key === "Enter" && event.target !== this.input) return; // Enter presses the button
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") this.close();
    else if (event.shiftKey && !this.all.hidden) this.saveEverywhere();
    else this.save();
  }

  /** Open at the marked words, else at the one being spoken. */
  begin() {
    const { store, player, marks } = this.desk;
    const words = store.project.transcript?.words ?? [];
    if (!words.length) return store.notices.say({ text: "There are no words to correct yet.", tone: "info" });
    const marked = marks.mark?.words;
    if (marked) return this.open(marked[0], marked[1] + 1);
    const spoken = wordAt(words, player.time);
    const near = spoken >= 0 ? spoken : Math.max(0, countWhile(words, (w) => w.start_s <= player.time) - 1);
    this.open(near, near + 1);
  }

  /** @param {number} first @param {number} end */
  open(first, end) {
    const { store, player } = this.desk;
    player.pause();
    const { words } = store.project.transcript;
    const was = reading(words, first, end);
    this.place = { first, was, at: words[first].start_s };
    this.input.value = was;
    this.count();
    if (!this.dialog.open) this.dialog.show();
    this.put();
    this.input.focus({ preventScroll: true });
    this.input.select();
  }

  /** Show in how many places the words stand. */
  count() {
    const { transcript } = this.desk.store.project;
    const many = places(transcript, everywhere(this.place.was, "").find).length;
    this.all.hidden = many < 2;
    setText(this.all.firstChild, `Replace everywhere (${many} places)`);
  }

  // below the word, within the width of the transcript
  put() {
    const span = this.words.querySelector(`[data-word="${this.place.first}"]`);
    const box = this.dialog.parentElement.getBoundingClientRect();
    const text = this.words.getBoundingClientRect();
    const word = (span ?? this.words).getBoundingClientRect();
    const left = Math.min(word.left - box.left, box.width - this.dialog.offsetWidth);
    this.dialog.style.left = `${Math.max(0, left)}px`;
    this.dialog.style.top = `${Math.min(Math.max(word.bottom, text.top), text.bottom) - box.top + 4}px`;
    this.dialog.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.dialog.close();
    this.closed();
  }

  closed() {
    if (!this.place) return;
    this.place = null;
    this.desk.focusQuietly();
  }

  get isTyping() {
    return Boolean(this.place) && this.input.value !== this.place.was;
  }

  save() {
    const { was, at } = this.place;
    const text = wordsOf(this.input.value).join(" ");
    if (!text) return this.desk.store.notices.say({ text: EMPTY, tone: "info" });
    this.close();
    if (text !== was) this.desk.names.then(() => this.corrections.correct({ was, text, at }));
  }

  saveEverywhere() {
    const { find, replace } = everywhere(this.place.was, this.input.value);
    if (!replace) return this.desk.store.notices.say({ text: EMPTY, tone: "info" });
    this.close();
    if (find !== replace) this.desk.names.then(() => this.corrections.replace(find, replace));
  }

  /** @param {Set<string>} topics */
  update(topics) {
    if (topics.has("selection") && this.place) this.close();
    if (topics.has("transcript") && this.place) this.count();
  }
}
