"""Choose the best windows of a recording, and complete them: certified cuts, names and other good edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from clipper_core.domain.clip import Lengths, Proposal
from clipper_core.domain.time_range import TimeRange, total_ms, union
from clipper_core.stages.cuts.places import Ints, Tier
from clipper_core.stages.cuts.snap import cuts_and_alternatives
from clipper_core.stages.selection.features import RecordingFeatures
from clipper_core.stages.selection.name import Name, name_clips
from clipper_core.stages.selection.score import score, speech_share
from clipper_core.stages.selection.topics import Floats
from clipper_core.stages.selection.windows import Windows, by_clock, pair_up

EVERY_MS = 300_000  # about one clip in five minutes
MIN_CLIPS, MAX_CLIPS = 3, 12
ENOUGH_PLACES = 3  # per clip that is wanted: with fewer there is nothing to choose from
MIN_SPEECH_SHARE = 0.25  # a window with less speech is not a clip, unless nothing better is found in …
MIN_SPEECH_MS = 60_000  # … a recording with this much


@dataclass(frozen=True, slots=True)
class Choice:
    """A window that was chosen, and its score."""

    span: TimeRange
    score: float


@dataclass(frozen=True, slots=True)
class Demand:
    """The clips that are wanted: their lengths, how many, and the ranges (in order and apart) they must not touch."""

    lengths: Lengths
    taken: tuple[TimeRange, ...]
    count: int

    @classmethod
    def of(cls, duration_ms: int, lengths: Lengths, avoid: Sequence[TimeRange]) -> Demand:
        """Work out the demand for a recording.

        Args:
            duration_ms: How long the recording is.
            lengths: How long clips may be, and how many are wanted at most.
            avoid: Ranges that no clip may touch, in any order.

        Returns:
            The demand; its count is 0 where there is no room for a clip.
        """
        taken = union(avoid)
        return cls(lengths, taken, how_many(duration_ms - total_ms(taken), lengths))


def how_many(free_ms: int, lengths: Lengths) -> int:
    """The number of clips that are wanted: one in five minutes, 3 to 12, if there is room for so many."""
    if free_ms < lengths.min_ms:
        return 0
    typical = (lengths.min_ms + lengths.max_ms) // 2
    by_length = min(max(round(free_ms / EVERY_MS), MIN_CLIPS), MAX_CLIPS)
    return min(by_length, max(1, free_ms // typical), lengths.most)


def choose_windows(features: RecordingFeatures, demand: Demand) -> list[Choice]:
    """The best windows between the best places that yield as many as are wanted; if none do, those that yield most.

    What is still missing is cut by the clock: where there are no words to cut through, or nothing else is left.
    """
    choices: list[Choice] = []
    for tier in _tiers_with_enough(features, demand.count):
        windows = pair_up(features.starts.up_to(tier), features.ends.up_to(tier), demand.lengths)
        choices = max(choices, _best_windows(windows, features, demand), key=len)
        if len(choices) == demand.count:
            return choices
    if choices and features.transcript:
        return choices
    taken = union([*demand.taken, *(c.span for c in choices)])
    missing = replace(demand, taken=taken, count=demand.count - len(choices))
    windows = by_clock(features.starts, taken, features.duration_ms, demand.lengths)
    choices += _best_windows(windows, features, missing)
    if not choices and features.speech_ms >= MIN_SPEECH_MS:
        choices = _best_windows(windows, features, replace(missing, count=1), min_speech=0.0)
    return choices


def _tiers_with_enough(features: RecordingFeatures, count: int) -> list[Tier]:
    """The tiers up to which there are places to choose from, and the last one in any case."""
    enough = ENOUGH_PLACES * count
    tiers = [t for t in Tier if min(features.starts.count_up_to(t), features.ends.count_up_to(t)) >= enough]
    return tiers or [max(Tier)]


def _best_windows(
    windows: Windows, features: RecordingFeatures, demand: Demand, min_speech: float = MIN_SPEECH_SHARE
) -> list[Choice]:
    """The best set of the windows that touch nothing that is taken and have a share of speech above ``min_speech``."""
    keep = speech_share(windows, features) > min_speech
    for taken in demand.taken:
        keep &= (windows.end_ms <= taken.start_ms) | (windows.start_ms >= taken.end_ms)
    left = windows.only(np.flatnonzero(keep))
    scores = score(left, features, demand.lengths)
    best = best_set(left.start_ms, left.end_ms, scores, demand.count)
    return [Choice(TimeRange(int(left.start_ms[w]), int(left.end_ms[w])), round(float(scores[w]), 4)) for w in best]


def best_set(start_ms: Ints, end_ms: Ints, scores: Floats, max_count: int) -> list[int]:
    """The windows that do not overlap and have the greatest total score: as many as fit, up to ``max_count``.

    Weighted interval scheduling (Kleinberg and Tardos, "Algorithm Design", 2005, section 6.1) with a count, exact.

    Args:
        start_ms: (windows,): where each begins.
        end_ms: (windows,): where each ends.
        scores: (windows,): what each is worth.
        max_count: How many are wanted.

    Returns:
        The numbers of the windows, in order of time.
    """
    ends, group = np.unique(end_ms, return_inverse=True)
    by_end = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[by_end], np.arange(len(ends) + 1))
    before = np.searchsorted(ends, start_ms, side="right")  # how many ends are not after each start
    best = np.full((len(ends) + 1, max_count + 1), -np.inf)  # by the first ends, with so many windows
    best[:, 0] = 0.0
    taken = np.full(best.shape, -1, dtype=np.int64)
    for n in range(len(ends)):
        here = by_end[bounds[n] : bounds[n + 1]]
        gains = best[before[here], :-1] + scores[here, None]
        top = gains.argmax(axis=0)
        gain = gains[top, np.arange(max_count)]
        better = gain > best[n, 1:]
        best[n + 1, 1:] = np.where(better, gain, best[n, 1:])
        taken[n + 1, 1:] = np.where(better, here[top], taken[n, 1:])
    return _traced(best, taken, before)


def _traced(best: Floats, taken: Ints, before: Ints) -> list[int]:
    """The windows that the best total is made of, followed back from the last end."""
    row, count = len(best) - 1, int(np.flatnonzero(np.isfinite(best[-1])).max())
    out: list[int] = []
    while count:
        window = int(taken[row, count])
        out.append(window)
        row, count = int(before[window]), count - 1
    return out[::-1]


def proposals_of(
    choices: Sequence[Choice], features: RecordingFeatures, lengths: Lengths, preferred: Sequence[Name] = ()
) -> tuple[Proposal, ...]:
    """Complete the chosen windows: certified cuts, a title and reasons, a warning where needed, other good edges.

    Args:
        choices: The windows, in the order of the proposals.
        features: The recording they were chosen in.
        lengths: What the other edges keep to.
        preferred: A name for each choice that goes before our own, as far as it says something.

    Returns:
        A proposal for each choice.
    """
    placed = [cuts_and_alternatives(c.span, features.silences, features.transcript, lengths) for c in choices]
    names = name_clips([c.span for c in choices], [cuts for cuts, _ in placed], features, preferred)
    return tuple(
        Proposal(
            span=choice.span,
            score=choice.score,
            title=name.title,
            reasons=name.reasons,
            cuts=cuts,
            alternatives=others,
        )
        for choice, name, (cuts, others) in zip(choices, names, placed, strict=True)
    )
