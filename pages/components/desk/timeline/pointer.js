// Pointers and wheels on the timeline: seek, scrub, pan, zoom, drag edges, mark stretches, pick neighbours.

import { REACH_S, clamp, countWhile, snap, toMs } from "../rules/rules.js";
import { MAGNET_PX, REACH_PX } from "./edges.js";
import { laneAt } from "./timeline.js";

const CLICK_PX = 4;
const WHEEL_REST_MS = 260; // a scroll of the page that reaches the timeline goes on scrolling the page
const MIN_MARK_S = 0.1;
const LONG_PRESS_MS = 450; // after which a resting finger begins a mark

/** @param {any} desk */
export function listenToPointers(desk) {
  const { timeline, view, store, player } = desk;
  const { track, canvas } = timeline;
  /** @type {Map<number, number>} fingers on the canvas */
  const fingers = new Map();
  let drag = null;
  let pressing = 0;

  const place = (event) => {
    const box = track.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  // --- edges

  function dragEdge(handle, side, part, event) {
    const clip = store.selected;
    if (!clip || event.button > 0) return;
    event.preventDefault();
    event.stopPropagation();
    handle.focus({ preventScroll: true });
    handle.setPointerCapture(event.pointerId);
    desk.edges.take(side, part);
    const before = desk.edges.at(side);
    const offset = view.t(place(event).x) - before;
    timeline.held = true;
    let latest = event;
    let moved = false;

    const follow = () => {
      const { x } = place(latest);
      const beyond = x < 0 ? x : Math.max(0, x - view.width);
      if (beyond) view.pan(clamp(beyond, -60, 60) * view.perPixel * 0.25);
      const free = view.t(clamp(x, 0, view.width)) - offset;
      desk.edges.move(side, latest.altKey ? free : desk.edges.resting(side, free, before), false);
      if (!player.playing) desk.edges.show(side);
      return Boolean(beyond);
    };
    const move = (next) => {
      latest = next;
      if (!moved && Math.abs(next.clientX - event.clientX) < 2) return;
      moved = true;
      timeline.dragging = true;
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
      timeline.dragging = false;
      timeline.redraw();
      if (cancelled) desk.edges.move(side, before, true);
      else store.pending.commitSoon(clip.id);
      store.topics.tell("draft"); // now at rest, so other places for it are looked up
    };
    const up = () => end(false);
    const cancel = () => end(true);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", up);
    handle.addEventListener("pointercancel", cancel);
  }

  function keysOnEdge(side, part, event) {
    const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!direction || event.ctrlKey || event.metaKey || !store.selected) return;
    event.preventDefault();
    event.stopPropagation();
    desk.edges.take(side, part);
    const far = event.shiftKey || event.key === "ArrowUp" || event.key === "ArrowDown";
    if (far) return desk.edges.step(direction, side);
    desk.edges.move(side, desk.edges.at(side) + direction * player.frame, true);
    if (!player.playing) desk.edges.show(side);
  }

  const onHandle = (run) => (event) => {
    /** @type {HTMLElement|null} */
    const handle = event.target.closest?.(".handle");
    if (handle) run(handle, handle.dataset.side, Number(handle.dataset.part), event);
  };
  track.addEventListener("pointerdown", onHandle(dragEdge));
  track.addEventListener("keydown", onHandle((_, side, part, event) => keysOnEdge(side, part, event)));
  track.addEventListener(
    "focusin",
    onHandle((_, side, part) => {
      desk.edges.take(side, part);
      const at = desk.edges.at(side);
      if (at < view.from || at > view.to) view.glide(at - view.span / 2, at + view.span / 2);
      timeline.redraw();
    }),
  );

  // --- the canvas

  function pick(x) {
    const t = view.t(x);
    const hit = (store.project.clips ?? []).filter((c) => {
      const near = 3 * view.perPixel;
      return store.pending.rangesOf(c).some((r) => t >= r.start_s - near && t <= r.end_s + near);
    });
    const here = hit.findIndex((c) => c.id === store.selectedId);
    if (hit.length) desk.open(hit[(here + 1) % hit.length].id);
    return hit.length > 0;
  }

  function seekWord(x) {
    const words = store.project.transcript?.words ?? [];
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
    const kind = event.shiftKey ? "mark" : event.button === 1 || event.pointerType === "touch" ? "pan" : "scrub";
    drag = { kind, lane: laneAt(y), x, from: view.from, moved: false, anchor: view.t(x) };
    clearTimeout(pressing);
    if (event.pointerType === "touch") pressing = setTimeout(() => drag?.kind === "pan" && !drag.moved && (drag.kind = "mark"), LONG_PRESS_MS);
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
    if (drag.kind === "mark") desk.marks.set(stretch(view.t(clamp(x, 0, view.width)), event.altKey));
    timeline.redraw();
  }

  // the range from the start of the drag to the pointer, at good places where some are near
  function stretch(t, free) {
    const hand = { start_s: toMs(Math.min(drag.anchor, t)), end_s: toMs(Math.max(drag.anchor, t)), words: null };
    if (free) return hand;
    const near = { magnet: MAGNET_PX * view.perPixel, reach: Math.max(REACH_S, REACH_PX * view.perPixel), duration: store.project.duration };
    const start_s = snap("in", hand.start_s, store.project.silences, near);
    const end_s = snap("out", hand.end_s, store.project.silences, near);
    return end_s - start_s >= MIN_MARK_S ? { start_s, end_s, words: null } : hand;
  }

  function up(event) {
    fingers.delete(event.pointerId);
    const done = drag;
    timeline.held = false;
    if (!done || (done.kind === "pinch" && fingers.size)) return;
    drag = null;
    clearTimeout(pressing);
    timeline.redraw();
    if (event.type === "pointercancel" || done.kind === "pinch") return;
    if (done.kind === "mark") return desk.marks.finish(MIN_MARK_S);
    if (done.moved) return;
    if (done.lane === "clips" && pick(done.x)) return;
    if (done.lane === "words") return seekWord(done.x);
    player.moveTo(view.t(done.x));
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
