// The picture for recordings without video: the open clip's level, with the played part in colour, and the sentence spoken.

import { sized } from "../rules/colours.js";
import { clamp, countWhile, sentenceOf } from "../rules/rules.js";

const BAR = 5;
const GAP = 3;

export class Picture {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.canvas = desk.find(".picture");
    this.line = desk.find(".said");
    this.drawnKey = "";
  }

  span() {
    const { store, player } = this.desk;
    return store.span ?? { start_s: Math.max(0, player.time - 15), end_s: player.time + 15 };
  }

  /** Draw where a bar more was played since the last time. */
  frame() {
    const { desk } = this;
    if (!desk.isAudio || !desk.peaks.coarse) return;
    const width = this.canvas.clientWidth;
    const span = this.span();
    const bars = Math.max(8, Math.floor(width / (BAR + GAP)));
    const part = clamp((desk.player.time - span.start_s) / (span.end_s - span.start_s), 0, 1);
    const key = [width, bars, Math.floor(part * bars), span.start_s, span.end_s, desk.peaks.revision, desk.colours.key].join();
    if (key !== this.drawnKey) {
      this.drawnKey = key;
      this.draw(width, span, bars, Math.floor(part * bars));
    }
    this.say();
  }

  draw(width, span, bars, played) {
    const { colours, peaks } = this.desk;
    const height = this.canvas.clientHeight;
    const g = sized(this.canvas, width, height);
    const data = peaks.best(span.start_s, span.end_s);
    const perPoint = (data.to - data.from) / data.low.length;
    const each = (span.end_s - span.start_s) / bars;
    for (let i = 0; i < bars; i += 1) {
      const first = Math.floor((span.start_s + i * each - data.from) / perPoint);
      const last = Math.max(first + 1, Math.floor((span.start_s + (i + 1) * each - data.from) / perPoint));
      const loud = Math.max(0, ...data.high.slice(Math.max(0, first), last));
      const tall = clamp((loud / 128) * peaks.gain * height, 4, height);
      g.fillStyle = i < played ? colours.accent : colours.muted;
      g.globalAlpha = i < played ? 0.9 : 0.35;
      g.beginPath();
      g.roundRect((i * width) / bars, (height - tall) / 2, BAR, tall, BAR / 2);
      g.fill();
    }
    g.globalAlpha = 1;
  }

  say() {
    const { transcript } = this.desk.store.project;
    const words = transcript?.words ?? [];
    const at = this.desk.player.time;
    const next = Math.min(words.length - 1, countWhile(words, (w) => w.end_s <= at)); // spoken now, or next
    const number = next < 0 ? -1 : sentenceOf(transcript.sentences, next);
    const key = `${transcript?.revision} ${number}`;
    if (key === this.lineKey) return;
    this.lineKey = key;
    const sentence = transcript?.sentences[number];
    const spoken = sentence ? words.slice(sentence.first_word, sentence.last_word + 1) : [];
    this.line.textContent = spoken.map((w) => w.text).join(" ");
  }
}
