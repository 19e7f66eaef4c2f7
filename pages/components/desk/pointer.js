// Pointers and wheels on the timeline: seek, scrub, pan, zoom, drag edges, make clips, pick neighbours.

import { clamp, countWhile, snap, stepCut, toMs } from "./rules.js";
import { laneAt } from "./timeline.js";

const CLICK_PX = 4;
const MAGNET_PX = 9;
const WHEEL_REST_MS = 260; // a page scroll that arrives here stays a page scroll
const SHORTEST_NEW_S = 0.5;

/** @param {any} desk */
export function listenToPointers(desk) {
  const { timeline, view, store, player } = desk;
  const { track, canvas } = timeline;
  /** @type {Map<number, number>} fingers on the canvas */
  const fingers = new Map();
  let drag = null;

  const place = (event) => {
    const box = track.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  // --- edges

  function dragEdge(side, event) {
    const clip = store.selected;
    if (!clip || event.button > 0) return;
    event.preventDefault();
    event.stopPropagation();
    const handle = timeline.handles[side];
    handle.focus({ preventScroll: true });
    handle.setPointerCapture(event.pointerId);
    const before = desk.edges.at(side);
    const offset = view.t(place(event).x) - before;
    desk.edges.activate(side);
    timeline.held = true;
    let latest = event;
    let moved = false;

    const follow = () => {
      const { x } = place(latest);
      const beyond = x < 0 ? x : Math.max(0, x - view.width);
      if (beyond) view.pan(clamp(beyond, -60, 60) * view.perPixel * 0.25);
      const free = view.t(clamp(x, 0, view.width)) - offset;
      const at = latest.altKey ? free : snap(side, free, store.silences, MAGNET_PX * view.perPixel);
      desk.edges.move(side, at, false);
      if (!player.playing) desk.edges.show(side);
      return Boolean(beyond);
    };
    const move = (next) => {
      latest = next;
      if (!moved && Math.abs(next.clientX - event.clientX) < 2) return;
      moved = true;
      desk.eachFrame = follow;
      desk.ask();
    };
    const end = (cancelled) => {
      handle.removeEventListener("pointermove", move);
      handle.removeEventListener("pointerup", up);
      handle.removeEventListener("pointercancel", cancel);
      if (moved && !cancelled) follow();
      desk.eachFrame = null;
      timeline.held = false;
      if (!moved) return;
      if (cancelled) desk.edges.move(side, before, true);
      else store.commitSoon(clip.id);
    };
    const up = () => end(false);
    const cancel = () => end(true);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", up);
    handle.addEventListener("pointercancel", cancel);
  }

  function keysOnEdge(side, event) {
    const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!direction || event.ctrlKey || event.metaKey || !store.selected) return;
    event.preventDefault();
    event.stopPropagation();
    const at = desk.edges.at(side);
    const far = event.shiftKey || event.key === "ArrowUp" || event.key === "ArrowDown";
    const to = far ? stepCut(side, at, direction, store.silences) : at + direction * player.frame;
    if (to !== null) desk.edges.move(side, to, true);
    if (!player.playing) desk.edges.show(side);
  }

  for (const side of ["in", "out"]) {
    const handle = timeline.handles[side];
    handle.addEventListener("pointerdown", (event) => dragEdge(side, event));
    handle.addEventListener("keydown", (event) => keysOnEdge(side, event));
    handle.addEventListener("focus", () => {
      desk.edges.activate(side);
      const at = desk.edges.at(side);
      if (at < view.from || at > view.to) view.glide(at - view.span / 2, at + view.span / 2);
      timeline.redraw();
    });
  }

  // --- the picture itself

  function pick(x) {
    const t = view.t(x);
    const hit = (store.clips ?? []).filter((c) => {
      const near = 3 * view.perPixel;
      return store.rangesOf(c).some((r) => t >= r.start_s - near && t <= r.end_s + near);
    });
    const here = hit.findIndex((c) => c.id === store.selectedId);
    if (hit.length) desk.open(hit[(here + 1) % hit.length].id);
    return hit.length > 0;
  }

  function seekWord(x) {
    const words = store.transcript?.words ?? [];
    const t = view.t(x);
    const i = countWhile(words, (w) => w.start_s <= t) - 1;
    player.moveTo(i >= 0 && t < words[i].end_s + 0.3 ? words[i].start_s : t);
  }

  function down(event) {
    const { x, y } = place(event);
    if (event.button > 1) return;
    canvas.setPointerCapture(event.pointerId);
    timeline.held = true;
    if (event.pointerType === "touch") {
      fingers.set(event.pointerId, x);
      if (fingers.size === 2) drag = { kind: "pinch", apart: apart(), span: view.span, at: view.t(between()) };
    }
    if (drag?.kind === "pinch") return;
    const kind = event.shiftKey ? "new" : event.button === 1 || event.pointerType === "touch" ? "pan" : "scrub";
    drag = { kind, lane: laneAt(y), x, from: view.from, moved: false, anchor: view.t(x) };
    event.preventDefault();
    desk.focusQuietly();
  }

  const apart = () => {
    const [a, b] = [...fingers.values()];
    return Math.max(20, Math.abs(a - b));
  };
  const between = () => [...fingers.values()].reduce((sum, x) => sum + x, 0) / fingers.size;

  function move(event) {
    if (!drag) return;
    const { x } = place(event);
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, x);
    if (drag.kind === "pinch") {
      if (fingers.size < 2) return;
      const span = (drag.span * drag.apart) / apart();
      view.set(drag.at - (between() / view.width) * span, drag.at + (1 - between() / view.width) * span);
      return timeline.redraw();
    }
    drag.moved ||= Math.abs(x - drag.x) >= CLICK_PX;
    if (!drag.moved) return;
    if (drag.kind === "pan") view.set(drag.from - (x - drag.x) * view.perPixel, drag.from - (x - drag.x) * view.perPixel + view.span);
    if (drag.kind === "scrub" && drag.lane !== "clips") player.moveTo(view.t(clamp(x, 0, view.width)));
    if (drag.kind === "new") timeline.ghost = newRange(view.t(clamp(x, 0, view.width)), event.altKey);
    timeline.redraw();
  }

  function newRange(t, free) {
    const [a, b] = [Math.min(drag.anchor, t), Math.max(drag.anchor, t)];
    if (free) return { start_s: toMs(a), end_s: toMs(b) };
    const magnet = MAGNET_PX * view.perPixel;
    const start = snap("in", a, store.silences, magnet);
    const end = snap("out", b, store.silences, magnet);
    return end - start >= SHORTEST_NEW_S ? { start_s: toMs(start), end_s: toMs(end) } : { start_s: toMs(a), end_s: toMs(b) };
  }

  function up(event) {
    fingers.delete(event.pointerId);
    const done = drag;
    timeline.held = false;
    if (!done || (done.kind === "pinch" && fingers.size)) return;
    drag = null;
    const ghost = timeline.ghost;
    timeline.ghost = null;
    timeline.redraw();
    if (event.type === "pointercancel" || done.kind === "pinch") return;
    if (done.kind === "new") return makeNew(done, ghost);
    if (done.moved) return;
    if (done.lane === "clips" && pick(done.x)) return;
    if (done.lane === "words") return seekWord(done.x);
    player.moveTo(view.t(done.x));
  }

  function makeNew(done, ghost) {
    if (done.moved && ghost && ghost.end_s - ghost.start_s >= SHORTEST_NEW_S) desk.create(ghost);
  }

  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("dblclick", () => store.span && view.fit(store.span) + timeline.redraw());

  // --- wheel: up and down zooms where the pointer is, sideways (or with shift) pans

  let elsewhere = -Infinity;
  const pageWheel = (event) => {
    if (!event.composedPath().includes(track)) elsewhere = event.timeStamp;
  };
  window.addEventListener("wheel", pageWheel, { passive: true, capture: true, signal: desk.gone });

  track.addEventListener(
    "wheel",
    (event) => {
      if (event.timeStamp - elsewhere < WHEEL_REST_MS && !event.ctrlKey) {
        elsewhere = event.timeStamp;
        return;
      }
      const unit = event.deltaMode === 1 ? 24 : 1;
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        view.pan(sideways * unit * view.perPixel);
      } else {
        if (event.deltaY > 0 && view.isWhole) return; // nothing wider: the page may scroll on
        const speed = event.ctrlKey ? 0.01 : 0.0022;
        view.zoom(Math.exp(clamp(event.deltaY * unit, -240, 240) * speed), view.t(place(event).x));
      }
      event.preventDefault();
      timeline.redraw();
    },
    { passive: false },
  );
}
