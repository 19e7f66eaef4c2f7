"""Which stretches of a recording would stand alone as clips.

Every place where a clip could start or end (``find_edges``) is paired with every other at a legal length; the pairs are
scored (``score_windows``), and the best set of windows that do not overlap is found exactly. Places in a silence at a
sentence edge are taken first; worse ones only where those are not enough for the clips that are wanted.

The method was compared with others on recordings that people had labelled: see ``benchmarks/selection.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clipper_core.domain.clip import Lengths, Proposal
from clipper_core.domain.cut import Cut
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.time_range import TimeRange, total_ms
from clipper_core.domain.transcript import Transcript, sentences_of
from clipper_core.stages.cuts.places import Ints, Places, Tier, find_edges
from clipper_core.stages.cuts.snap import alternatives, certify_ranges
from clipper_core.stages.selection.name import Name, name_clips
from clipper_core.stages.selection.score import (
    Material,
    Windows,
    WordWeights,
    by_clock,
    pair_up,
    score,
    speech_ms,
    speech_share,
)
from clipper_core.stages.selection.topics import Floats, find_topics, topics_by_pauses

HOLE_MS = 5_000
EVERY_MS = 300_000  # about one clip in five minutes
FEWEST, MOST = 3, 12
ENOUGH_PLACES = 3  # per clip that is wanted: with fewer there is nothing to choose from
LEAST_SPEECH = 0.25  # a window with less speech is not a clip, unless nothing better is found in …
LEAST_SPEECH_MS = 60_000  # … a recording with this much


@dataclass(frozen=True, slots=True)
class Choice:
    """A window that was chosen, and its score."""

    span: TimeRange
    score: float


def propose_clips(
    transcript: Transcript | None,
    silences: SilenceMap,
    lengths: Lengths = Lengths(),  # noqa: B008 - a frozen value
    *,
    avoid: Sequence[TimeRange] = (),
) -> tuple[Proposal, ...]:
    """Clips worth a listen, best first; none overlaps another, or a stretch in ``avoid`` (clips already decided on).

    Works with what there is: without a transcript by the silences, without sentences by pauses, without either by the
    clock. Nothing is proposed where nobody speaks, or where the recording is shorter than the shortest clip.
    """
    taken = merged(avoid)
    wanted = how_many(silences.duration_ms - total_ms(taken), lengths)
    if wanted == 0:
        return ()
    material = material_of(transcript, silences)
    choices = sorted(_choices(material, lengths, taken, wanted), key=lambda c: (-c.score, c.span))
    cuts = [certified(c.span, material) for c in choices]
    names = name_clips([c.span for c in choices], cuts, material)
    return tuple(
        proposal_of(choice, name, pair, material, lengths)
        for choice, name, pair in zip(choices, names, cuts, strict=True)
    )


def certified(span: TimeRange, material: Material) -> tuple[Cut, Cut]:
    """The two cuts of a clip, with their evidence."""
    start, end = certify_ranges([span], material.silences, material.transcript)
    return start, end


def proposal_of(choice: Choice, name: Name, cuts: tuple[Cut, Cut], material: Material, lengths: Lengths) -> Proposal:
    """What is proposed once a window is chosen and named: with a warning where it needs one, and other good edges."""
    return Proposal(
        span=choice.span,
        score=choice.score,
        title=name.title,
        reasons=(*name.reasons, *_about_hole(choice.span, material.silences)),
        cuts=cuts,
        alternatives=alternatives(choice.span, material.silences, material.transcript, lengths),
    )


def _about_hole(span: TimeRange, silences: SilenceMap) -> tuple[str, ...]:
    """A warning, among the reasons, where nobody speaks for long in the middle of a clip."""
    inside = [s for s in silences.within(span) if s.start_ms > span.start_ms and s.end_ms < span.end_ms]
    longest = max((s.length_ms for s in inside), default=0)
    return (f"But {longest / 1000:.0f} s of silence inside",) if longest >= HOLE_MS else ()


def how_many(free_ms: int, lengths: Lengths) -> int:
    """How many clips are wanted of so much recording: one in five minutes, 3 to 12, if there is room for so many."""
    if free_ms < lengths.min_ms:
        return 0
    typical = (lengths.min_ms + lengths.max_ms) // 2
    by_length = min(max(round(free_ms / EVERY_MS), FEWEST), MOST)
    return min(by_length, max(1, free_ms // typical), lengths.most)


def material_of(transcript: Transcript | None, silences: SilenceMap) -> Material:
    """A recording as the scores see it, its topics found and its words weighed."""
    if transcript is None or not transcript.words:
        return Material(silences, topics=topics_by_pauses(silences))
    sentences = transcript.sentences or sentences_of(transcript.words)
    topics = find_topics(transcript, sentences)
    return Material(silences, transcript, sentences, topics, WordWeights(transcript, sentences))


def _choices(material: Material, lengths: Lengths, taken: Sequence[TimeRange], wanted: int) -> list[Choice]:
    """The best windows between the best places that yield as many as are wanted; if none do, those that yield most.

    What is still missing is cut by the clock: where there are no words to cut through, or nothing else is left.
    """
    duration_ms = material.silences.duration_ms
    starts, ends = find_edges(material.transcript, material.silences, material.sentences)
    found: list[Choice] = []
    for tier in _tiers_with_enough(starts, ends, wanted):
        windows = pair_up(starts.up_to(tier), ends.up_to(tier), lengths)
        found = max(found, _chosen(windows, material, lengths, taken, wanted), key=len)
        if len(found) == wanted:
            return found
    if found and material.transcript:
        return found
    rest = merged([*taken, *(c.span for c in found)])
    windows = by_clock(starts, rest, duration_ms, lengths)
    found += _chosen(windows, material, lengths, rest, wanted - len(found))
    if not found and speech_ms(material) >= LEAST_SPEECH_MS:
        found = _chosen(windows, material, lengths, rest, 1, least_speech=0.0)
    return found


def _tiers_with_enough(starts: Places, ends: Places, wanted: int) -> list[Tier]:
    """The tiers up to which there are places to choose from, and the last one in any case."""
    enough = ENOUGH_PLACES * wanted
    tiers = [t for t in Tier if min(len(starts.up_to(t).at_ms), len(ends.up_to(t).at_ms)) >= enough]
    return tiers or [max(Tier)]


def _chosen(
    windows: Windows,
    material: Material,
    lengths: Lengths,
    taken: Sequence[TimeRange],
    wanted: int,
    least_speech: float = LEAST_SPEECH,
) -> list[Choice]:
    keep = speech_share(windows, material) > least_speech
    for stretch in taken:
        keep &= (windows.end_ms <= stretch.start_ms) | (windows.start_ms >= stretch.end_ms)
    left = windows.only(np.flatnonzero(keep))
    scores = score(left, material, lengths)
    best = choose(left.start_ms, left.end_ms, scores, wanted)
    return [Choice(TimeRange(int(left.start_ms[w]), int(left.end_ms[w])), round(float(scores[w]), 4)) for w in best]


def choose(start_ms: Ints, end_ms: Ints, scores: Floats, wanted: int) -> list[int]:
    """The windows (by number, in order of time) that do not overlap and have the greatest total score.

    As many as fit, up to ``wanted``: weighted interval scheduling with a count, exact.
    """
    ends, group = np.unique(end_ms, return_inverse=True)
    by_end = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[by_end], np.arange(len(ends) + 1))
    before = np.searchsorted(ends, start_ms, side="right")  # how many ends are not after each start
    best = np.full((len(ends) + 1, wanted + 1), -np.inf)  # by the first ends, with so many windows
    best[:, 0] = 0.0
    taken = np.full(best.shape, -1, dtype=np.int64)
    for n in range(len(ends)):
        here = by_end[bounds[n] : bounds[n + 1]]
        gains = best[before[here], :-1] + scores[here, None]
        top = gains.argmax(axis=0)
        gain = gains[top, np.arange(wanted)]
        better = gain > best[n, 1:]
        best[n + 1, 1:] = np.where(better, gain, best[n, 1:])
        taken[n + 1, 1:] = np.where(better, here[top], taken[n, 1:])
    return _traced(best, taken, before)


def _traced(best: Floats, taken: Ints, before: Ints) -> list[int]:
    row, count = len(best) - 1, int(np.flatnonzero(np.isfinite(best[-1])).max())
    out: list[int] = []
    while count:
        window = int(taken[row, count])
        out.append(window)
        row, count = int(before[window]), count - 1
    return out[::-1]


def merged(ranges: Sequence[TimeRange]) -> list[TimeRange]:
    """The same stretches in order, those that touch made one."""
    out: list[TimeRange] = []
    for r in sorted(ranges):
        if out and r.start_ms <= out[-1].end_ms:
            out[-1] = TimeRange(out[-1].start_ms, max(out[-1].end_ms, r.end_ms))
        else:
            out.append(r)
    return out
