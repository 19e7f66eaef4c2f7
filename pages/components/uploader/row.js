// One file in the list. Names come from users: they are set as text, never as markup.

import { leftText, lengthText, percent, sizeText } from "./files.js";

/** The words of a row about a transfer. @param {import("./transfer.js").Transfer} transfer */
function statusOf(transfer) {
  const share = `${percent(transfer.sent, transfer.size)} %`;
  switch (transfer.state) {
    case "waiting":
      return transfer.offset ? `${share}, waiting for its turn` : "Waiting for its turn";
    case "uploading":
      return [share, ...paceOf(transfer)].join(" \u00b7 ");
    case "retrying": {
      const seconds = Math.max(1, Math.ceil((transfer.retryAt - Date.now()) / 1000));
      return `${share} is safe. ${transfer.message} Trying again in ${seconds} s.`;
    }
    case "paused":
      return `Paused at ${share}`;
    case "done":
      return "Uploaded.";
    default:
      return transfer.message;
  }
}

function paceOf(transfer) {
  const speed = transfer.speed;
  if (transfer.sent >= transfer.size) return ["saving"];
  if (!speed) return [];
  return [`${sizeText(speed)}/s`, leftText((transfer.size - transfer.sent) / speed)];
}

function captionsOf(transfer) {
  const captions = transfer.captions;
  if (!captions) return "";
  if (captions.state === "bad") return `${captions.file.name}: ${captions.message}`;
  return `With captions ${captions.file.name}`;
}

/** Writes only values that differ, so that a screen reader isn't interrupted and a selection stays. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export class Row {
  /** @param {HTMLTemplateElement} template @param {Record<string, () => void>} actions by the class of their button */
  constructor(template, actions) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this._find = (name) => this.element.querySelector(`.${name}`);
    for (const [name, action] of Object.entries(actions)) this._find(name).onclick = action;
    this._link = null;
  }

  /** @param {import("./transfer.js").Transfer} transfer @param {string} deskUrl @param {boolean} elsewhere */
  show(transfer, deskUrl, elsewhere) {
    const { state, captions } = transfer;
    const length = transfer.seconds === null ? [] : [lengthText(transfer.seconds)];
    this._frame(transfer.file.name, state, [sizeText(transfer.size), ...length].join(" \u00b7 "));
    this._progress(transfer.sent, transfer.size, state !== "refused");
    if (state === "done") this._done(deskUrl + encodeURIComponent(transfer.projectId), elsewhere);
    else say(this._find("status"), statusOf(transfer));
    say(this._find("captions"), captionsOf(transfer));
    this._find("captions").hidden = captions === null;
    this._find("captions").classList.toggle("bad", captions?.state === "bad");
    const open = transfer.isActive || state === "paused";
    this._button("add-captions", open, captions ? "Other captions" : "Add captions", transfer.file.name);
    this._button("pause", open, state === "paused" ? "Resume" : "Pause", transfer.file.name);
    this._button("retry", ["failed", "retrying"].includes(state), "Retry", transfer.file.name);
    this._button("cancel", true, open ? "Cancel" : "Remove", transfer.file.name);
  }

  /** An upload from before a reload. @param {import("./ledger.js").Entry} entry */
  showUnfinished(entry) {
    this._frame(entry.name, "unfinished", sizeText(entry.size));
    this._progress(entry.offset, entry.size, true);
    say(this._find("status"), `Choose ${entry.name} again to continue at ${percent(entry.offset, entry.size)} %.`);
    this._button("add-captions", false, "", entry.name);
    this._button("pause", false, "", entry.name);
    this._button("retry", true, "Choose file", entry.name);
    this._button("cancel", true, "Forget", entry.name);
  }

  _frame(name, state, facts) {
    this.element.dataset.state = state;
    say(this._find("name"), name);
    say(this._find("facts"), facts);
  }

  _progress(done, all, shown) {
    const bar = this._find("bar");
    bar.hidden = !shown;
    bar.setAttribute("aria-label", `Upload of ${this._find("name").textContent}`);
    bar.setAttribute("aria-valuenow", String(percent(done, all)));
    this._find("fill").style.width = `${all ? (done / all) * 100 : 100}%`;
  }

  _button(kind, shown, label, name) {
    const button = this._find(kind);
    button.hidden = !shown;
    say(button, label);
    button.setAttribute("aria-label", `${label}: ${name}`);
  }

  _done(href, elsewhere) {
    const status = this._find("status");
    if (!this._link) {
      this._link = document.createElement("a");
      this._link.textContent = "Open the review desk";
      status.replaceChildren("Uploaded. ", this._link);
    }
    this._link.href = href;
    // Leaving this page would break off running uploads.
    this._link.target = elsewhere ? "_blank" : "_self";
  }
}
