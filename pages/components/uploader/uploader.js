// The uploader as Streamlit mounts it: draws the uploads, and hands the user's actions to them.

import { isCaptions, percent, sizeText } from "./files.js";
import { Row } from "./row.js";
import { theUploads } from "./uploads.js";

const VIEWS = new WeakMap(); // by the element Streamlit gives us: it calls again on every change of the data
const MILESTONE = 25; // percent: said aloud for those who can't see the bar
const OWN = "own";

const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/** The dropped files, and whether a folder was among them. */
function dropped(event) {
  const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
  const isFolder = (item) => Boolean(item.webkitGetAsEntry?.()?.isDirectory);
  const files = items.filter((item) => !isFolder(item)).map((item) => item.getAsFile());
  return { files: files.filter(Boolean), folder: items.some(isFolder) };
}

class View {
  constructor(root, uploads) {
    this.root = root;
    this.uploads = uploads;
    this.rows = new Map(); // by fingerprint or by transfer
    this.milestones = new Map();
    this.captionsFor = null;
    this.find = (name) => root.querySelector(`.${name}`);
    this.listener = (done) => this._hear(done);
    this.tick = null;
    this._connect();
  }

  /** Called by Streamlit whenever the data from Python may have changed. */
  mount(component) {
    this.component = component;
    this.data = component.data;
    this._fillChoices();
    this.find("limit").textContent = sizeText(this.data.max_bytes);
    const media = this.data.kinds.media.map((ending) => `.${ending}`);
    this.find("files").accept = ["audio/*", "video/*", ...media, ".srt", ".vtt"].join(",");
    this.uploads.listeners.add(this.listener);
    window.addEventListener("dragover", this._keepPage);
    window.addEventListener("drop", this._keepPage);
    this.tick ??= setInterval(() => this._everySecond(), 1000);
    this._everySecond();
  }

  /** Counts waiting times down, and follows a switch of the theme. */
  _everySecond() {
    this._contrast();
    this._draw();
  }

  /** Called when the page shows something else; the uploads go on. */
  leave() {
    this.uploads.listeners.delete(this.listener);
    window.removeEventListener("dragover", this._keepPage);
    window.removeEventListener("drop", this._keepPage);
    clearInterval(this.tick);
    this.tick = null;
  }

  /** Prevents a file dropped beside the target from replacing the page. */
  _keepPage(event) {
    if (!carriesFiles(event) || event.defaultPrevented) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  }

  _connect() {
    const files = this.find("files");
    const captions = this.find("captions-file");
    this.find("choose").onclick = () => files.click();
    files.onchange = () => {
      this._add([...files.files]);
      files.value = ""; // so that the same file can be chosen again
    };
    captions.onchange = () => {
      if (this.captionsFor && captions.files[0]) this._addCaptions(this.captionsFor, captions.files[0]);
      captions.value = "";
    };
    this._catch(this.find("drop"), (found) => this._add(found));
    for (const name of ["show", "language", "lengths", "shortest", "longest"]) {
      this.find(name).onchange = () => this._choose();
    }
  }

  /** Lets files be dropped on an element. */
  _catch(element, take) {
    const over = (event, on) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      element.classList.toggle("over", on);
    };
    element.addEventListener("dragover", (event) => over(event, true));
    element.addEventListener("dragleave", (event) => over(event, element.contains(event.relatedTarget)));
    element.addEventListener("drop", (event) => {
      over(event, false);
      const { files, folder } = dropped(event);
      if (files.length || folder) take(files, folder);
      if (folder) this._notice(["A folder can't be uploaded. Open it and drop the recordings in it."]);
    });
  }

  _add(files) {
    const wishes = this._wishes();
    if (wishes === null) return this._notice(["The shortest clip must be shorter than the longest. Change one of them."]);
    this._notice(this.uploads.add(files, this.data, wishes));
    this._draw();
    this.find("rows").lastElementChild?.scrollIntoView({ block: "nearest" }); // on a phone it is below the choices
  }

  _addCaptions(transfer, file) {
    this._notice([this.uploads.addCaptions(transfer, file, this.data)].filter(Boolean));
  }

  _notice(sentences) {
    this.find("notice").textContent = sentences.join(" ");
    this.find("notice").hidden = sentences.length === 0;
  }

  // -- choices

  _fillChoices() {
    const { shows, languages, lengths, defaults } = this.data;
    const range = (pair) => ({ id: pair.join("-"), name: `${pair[0]}\u2013${pair[1]} s` });
    const usual = { show: defaults.show ?? shows[0]?.id, language: defaults.language, min_s: defaults.min_s, max_s: defaults.max_s };
    const chosen = this.uploads.choices ?? usual;
    this._options("show", shows, chosen.show);
    this._options("language", languages, chosen.language);
    const preset = `${chosen.min_s}-${chosen.max_s}`;
    const presets = [...lengths.map(range), { id: OWN, name: "Other lengths" }];
    const isPreset = !chosen.own && lengths.some((pair) => pair.join("-") === preset);
    this._options("lengths", presets, isPreset ? preset : OWN);
    this.find("shortest").value = chosen.min_s;
    this.find("longest").value = chosen.max_s;
    this.find("own-lengths").hidden = isPreset;
  }

  _options(name, choices, chosen) {
    const select = this.find(name);
    const option = ({ id, name: label }) => {
      const made = document.createElement("option");
      made.value = id;
      made.textContent = label;
      return made;
    };
    if (JSON.stringify(choices) !== select.dataset.choices) {
      select.replaceChildren(...choices.map(option));
      select.dataset.choices = JSON.stringify(choices);
    }
    select.value = choices.some(({ id }) => id === chosen) ? chosen : choices[0]?.id;
  }

  _choose() {
    const own = this.find("lengths").value === OWN;
    if (!own) [this.find("shortest").value, this.find("longest").value] = this.find("lengths").value.split("-");
    this.find("own-lengths").hidden = !own;
    this.uploads.choices = {
      show: this.find("show").value,
      language: this.find("language").value,
      min_s: Number(this.find("shortest").value),
      max_s: Number(this.find("longest").value),
      own,
    };
  }

  /** The chosen settings for each new recording; null if the lengths don't fit. */
  _wishes() {
    const [shortest, longest] = [this.find("shortest"), this.find("longest")].map((input) => Number(input.value));
    if (!(shortest >= 1 && shortest < longest && longest <= 3600)) return null;
    return {
      show: this.find("show").value,
      language: this.find("language").value,
      min_length: String(shortest),
      max_length: String(longest),
    };
  }

  // -- what is shown

  _hear(done) {
    if (done) {
      this.component.setTriggerValue("uploaded", { project_id: done.projectId, filename: done.file.name });
    }
    this.frame ??= requestAnimationFrame(() => this._draw());
  }

  _draw() {
    this.frame = null;
    const shown = new Map();
    for (const [print, entry] of this.uploads.unfinished) {
      shown.set(print, this.rows.get(print) ?? this._unfinishedRow(print, entry));
      shown.get(print).showUnfinished(entry);
    }
    for (const transfer of this.uploads.transfers) {
      shown.set(transfer, this.rows.get(transfer) ?? this._row(transfer));
      shown.get(transfer).show(transfer, this.data.desk_url, this.uploads.isBusy);
      this._announce(transfer);
    }
    for (const [key, row] of this.rows) if (!shown.has(key)) row.element.remove();
    const list = this.find("rows");
    for (const row of shown.values()) if (row.element.parentNode !== list) list.append(row.element);
    this.rows = shown;
  }

  _row(transfer) {
    const uploads = this.uploads;
    const row = new Row(this.find("row-template"), {
      pause: () => (transfer.state === "paused" ? uploads.resume(transfer) : uploads.pause(transfer)),
      retry: () => {
        transfer.pause();
        uploads.resume(transfer);
      },
      cancel: () => {
        uploads.remove(transfer);
        this.find("choose").focus();
      },
      "add-captions": () => {
        this.captionsFor = transfer;
        this.find("captions-file").click();
      },
    });
    this._catch(row.element, (files) => this._dropOn(transfer, files));
    return row;
  }

  /** Gives captions dropped on a row to that recording; uploads everything else. */
  _dropOn(transfer, files) {
    const captions = files.filter((file) => isCaptions(file, this.data));
    const others = files.filter((file) => !captions.includes(file));
    if (others.length) this._add(others);
    if (captions.length) this._addCaptions(transfer, captions[0]);
  }

  _unfinishedRow(print, entry) {
    return new Row(this.find("row-template"), {
      retry: () => this.find("files").click(),
      cancel: () => {
        this.uploads.forget(print, entry.url);
        this.find("choose").focus();
      },
    });
  }

  _announce(transfer) {
    const step = Math.floor(percent(transfer.sent, transfer.size) / MILESTONE) * MILESTONE;
    const now = transfer.state === "uploading" ? `${step}` : transfer.state;
    if (this.milestones.get(transfer) === now) return;
    this.milestones.set(transfer, now);
    const name = transfer.file.name;
    const words = {
      done: `${name} is uploaded.`,
      paused: `${name} is paused.`,
      retrying: `${name}: the connection was lost. Trying again.`,
      refused: `${name}: ${transfer.message}`,
      failed: `${name}: ${transfer.message}`,
      waiting: "",
    };
    const text = words[now] ?? `${name}: ${step} %`;
    if (text) this.find("said").textContent = text;
  }

  /** Black or white, the one with more contrast on the theme's accent colour. */
  _contrast() {
    const main = this.find("choose");
    const channels = getComputedStyle(main).backgroundColor.match(/[\d.]+/g)?.slice(0, 3).map(Number) ?? [0, 0, 0];
    const linear = channels.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    const light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    this.find("uploader").style.setProperty("--on-accent", light > 0.19 ? "#111" : "#fff");
  }
}

export default function mountUploader(component) {
  const root = component.parentElement;
  const view = VIEWS.get(root) ?? new View(root, theUploads());
  VIEWS.set(root, view);
  view.mount(component);
  return () => view.leave();
}
