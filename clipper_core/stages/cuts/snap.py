"""Cuts in silences, and certificates of how clean a cut is.

A cut is graded by the silence it lies in, measured in the sound, and by the words beside it, as far as they are
trusted:

======  =====================================================================================================
clean   in a silence of at least ``CLEAN_MS``, at least ``MARGIN_MS`` inside it; no word is cut, and no sentence as far
        as is known. Or at the recording's own start or end.
fair    in a shorter silence or at the very edge of one; or in a silence in the middle of a sentence; or where the
        transcript puts a word into a measured silence: the sound is believed, a listen is advised
poor    in no silence, whether inside a word or between two
======  =====================================================================================================

A word is inside a clip when its middle is. Levels and gaps are stated only where they were measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from clipper_core.domain.clip import Lengths
from clipper_core.domain.cut import Cut, EdgeCertificate, Grade, Side
from clipper_core.domain.silence import Silence, SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript, Word

LEAD_MS = 150  # left before the first word, so that it does not start abruptly
TAIL_MS = 250  # left after the last word: endings fade, beginnings do not
CLEAN_MS = 180  # shorter silences are found inside words, before a stop consonant
MARGIN_MS = 30  # a cut moves by up to half a frame when it is rendered
REACH_MS = 1_000
EDGE_MS = 20  # this near, a cut is at the recording's own start or end
WORD_SLACK_MS = 30  # how exactly an aligner knows where a word begins and ends
GAP_MS = 200  # the shortest pause between words that counts as a silence where no sound was measured
ALTERNATIVE_REACH_MS = 15_000
MIN_CHANGE_MS = 1_000  # less is trimming, not another choice
GOOD_PAUSE_MS = 700
RANK = {Grade.CLEAN: 0, Grade.FAIR: 1, Grade.POOR: 2}


def cut_points(silence: Silence) -> tuple[int, int]:
    """The end of a clip before ``silence`` and the start of one after it, in ms: (out, in), out never after in.

    A silence too short for a tail and a lead is shared out between them in the same proportion.
    """
    if silence.length_ms < TAIL_MS + LEAD_MS:
        shared = silence.start_ms + silence.length_ms * TAIL_MS // (TAIL_MS + LEAD_MS)
        return shared, shared
    return silence.start_ms + TAIL_MS, silence.end_ms - LEAD_MS


def silences_from_words(words: Sequence[Word], duration_ms: int) -> SilenceMap:
    """The pauses between words of at least ``GAP_MS`` as a silence map, for when there is no sound to measure.

    Their level is not known and is set to the floor: show no levels of such a map.
    """
    pauses: list[Silence] = []
    speech_end = 0  # of all words so far: a long one may outlast the next
    for start, end in [(w.start_ms, w.end_ms) for w in words] + [(duration_ms, duration_ms)]:
        if min(start, duration_ms) - speech_end >= GAP_MS:
            pauses.append(Silence(speech_end, min(start, duration_ms)))
        speech_end = max(speech_end, end)
    return SilenceMap(duration_ms, tuple(pauses))


def certify_ranges(ranges: Sequence[TimeRange], silences: SilenceMap, transcript: Transcript | None) -> tuple[Cut, ...]:
    """Certify the cuts of some ranges.

    Args:
        ranges: The ranges of a clip, in order.
        silences: The silences of the recording.
        transcript: Its words, where there are some.

    Returns:
        Two cuts for each range: in, out, in, out, ….
    """
    edges = ((at, side) for r in ranges for at, side in ((r.start_ms, Side.IN), (r.end_ms, Side.OUT)))
    return tuple(certify(at, side, silences, transcript) for at, side in edges)


def certify(at_ms: int, side: Side, silences: SilenceMap, transcript: Transcript | None) -> Cut:
    """Certify one cut; the grades are explained at the head of this file.

    Args:
        at_ms: When it is.
        side: Whether a clip begins or ends there.
        silences: The silences of the recording.
        transcript: Its words, where there are some.

    Returns:
        The cut with its certificate.
    """
    silence = silences.at(at_ms)
    words = _beside(at_ms, side, transcript)
    grade = _grade(at_ms, side, silence, words, silences.duration_ms)
    certificate = EdgeCertificate(
        silence=silence,
        level_db=silence.level_db if silence else None,
        gap_to_word_ms=words.gap_ms,
        sentence_boundary=words.boundary,
        grade=grade,
        reason=_reason(at_ms, side, silence, words, silences.duration_ms),
    )
    return Cut(at_ms, side, certificate)


def snap(span: TimeRange, silences: SilenceMap, transcript: Transcript | None, reach_ms: int = REACH_MS) -> TimeRange:
    """Move each edge to the nearest good cut: a clean one, else any in a silence.

    Args:
        span: The range as chosen roughly.
        silences: The silences of the recording.
        transcript: Its words, where there are some.
        reach_ms: How far an edge may move.

    Returns:
        The range between the cuts. An edge with no silence in reach stays. So do both, if they would meet or pass each
        other.
    """
    start = _snapped(span.start_ms, Side.IN, silences, transcript, reach_ms)
    end = _snapped(span.end_ms, Side.OUT, silences, transcript, reach_ms)
    return TimeRange(start, end) if start < end else span


def alternatives(
    span: TimeRange, silences: SilenceMap, transcript: Transcript | None, lengths: Lengths, max_ranges: int = 4
) -> tuple[TimeRange, ...]:
    """Other good edges for the same idea, best first, the best of each kind (earlier start, later end, …) leading.

    Cleaner cuts come before others, longer pauses and smaller changes before shorter and larger ones.

    Args:
        span: The clip as proposed.
        silences: The silences of the recording.
        transcript: Its words, where there are some.
        lengths: The lengths that are allowed.
        max_ranges: How many are wanted.

    Returns:
        At most ``max_ranges`` ranges. Each shares more than half of ``span`` and moves an edge by 1 to 15 s.
    """
    starts = _edges_near(span.start_ms, Side.IN, silences, transcript)
    ends = _edges_near(span.end_ms, Side.OUT, silences, transcript)
    ranked = sorted(
        (a.rank + b.rank, a.cost + b.cost, a.at_ms, b.at_ms)
        for a, b in product(starts, ends)
        if _same_idea(span, a.at_ms, b.at_ms) and lengths.min_ms <= b.at_ms - a.at_ms <= lengths.max_ms
    )
    ranges = [TimeRange(start, end) for *_, start, end in ranked]
    leading = list({_kind(span, r): r for r in reversed(ranges)}.values())
    in_order = sorted(ranges, key=lambda r: (r not in leading, ranges.index(r)))
    return tuple(in_order[: max(0, max_ranges)])


def cuts_and_alternatives(
    span: TimeRange, silences: SilenceMap, transcript: Transcript | None, lengths: Lengths
) -> tuple[tuple[Cut, ...], tuple[TimeRange, ...]]:
    """Certify the cuts of a clip, and find other good edges for it.

    Args:
        span: The clip as proposed.
        silences: The silences of the recording.
        transcript: Its words, where there are some.
        lengths: The lengths that other edges keep to.

    Returns:
        Its cut in and its cut out; and its alternatives, best first.
    """
    cuts = certify_ranges([span], silences, transcript)
    return cuts, alternatives(span, silences, transcript, lengths)


@dataclass(frozen=True, slots=True)
class _Beside:
    """The words beside a cut: None and empty where they are not trusted."""

    gap_ms: int | None = None
    boundary: bool | None = None
    cut_word: str = ""


@dataclass(frozen=True, slots=True)
class _Edge:
    at_ms: int
    rank: int
    cost: int


def _beside(at_ms: int, side: Side, transcript: Transcript | None) -> _Beside:
    if transcript is None or transcript.draft:
        return _Beside()
    divided = transcript.timed_word_at(at_ms, WORD_SLACK_MS)
    cut_word = divided.text if divided else ""
    starts = side is Side.IN
    number = transcript.first_word_from(at_ms) if starts else transcript.last_word_until(at_ms)
    word = transcript.words[number] if 0 <= number < len(transcript.words) else None
    if word is None or not word.timed:
        return _Beside(cut_word=cut_word)
    gap = word.start_ms - at_ms if starts else at_ms - word.end_ms
    boundary = None
    if transcript.sentences:
        boundary = transcript.begins_sentence(number) if starts else transcript.closes_sentence(number)
    return _Beside(max(0, gap), boundary, cut_word)


def _at_recording_edge(at_ms: int, side: Side, duration_ms: int) -> bool:
    return at_ms <= EDGE_MS if side is Side.IN else at_ms >= duration_ms - EDGE_MS


def _well_inside(at_ms: int, silence: Silence) -> bool:
    return silence.start_ms + MARGIN_MS <= at_ms <= silence.end_ms - MARGIN_MS


def _grade(at_ms: int, side: Side, silence: Silence | None, words: _Beside, duration_ms: int) -> Grade:
    if _at_recording_edge(at_ms, side, duration_ms):
        return Grade.CLEAN
    if silence is None:
        return Grade.POOR
    long_enough = silence.length_ms >= CLEAN_MS and _well_inside(at_ms, silence)
    return Grade.CLEAN if long_enough and not words.cut_word and words.boundary is not False else Grade.FAIR


def _reason(at_ms: int, side: Side, silence: Silence | None, words: _Beside, duration_ms: int) -> str:
    """Such as: silence 0.62 s at -58 dB, first word 150 ms away, sentence starts."""
    starts = side is Side.IN
    parts: list[str] = []
    if _at_recording_edge(at_ms, side, duration_ms):
        parts.append("the recording starts here" if starts else "the recording ends here")
    elif silence is None:
        parts.append("no silence here")
    if silence is not None:
        parts.append(f"silence {silence.length_ms / 1000:.2f} s at {silence.level_db:.0f} dB")
        if silence.length_ms < CLEAN_MS:
            parts.append("short")
    if words.cut_word:
        parts.append(f"the word “{words.cut_word}” is cut" if silence is None else f"near the word “{words.cut_word}”")
    if words.gap_ms is not None:
        parts.append(f"{'first' if starts else 'last'} word {words.gap_ms} ms away")
    if words.boundary is not None:
        whole = "sentence starts" if starts else "sentence ends"
        parts.append(whole if words.boundary else "in the middle of a sentence")
    return ", ".join(parts)


def _snapped(at_ms: int, side: Side, silences: SilenceMap, transcript: Transcript | None, reach_ms: int) -> int:
    """The best place within reach for an edge: clean before others, then the nearest; ``at_ms`` if there is none."""
    places = (_place_in(s, at_ms, side, reach_ms) for s in silences.around(at_ms, reach_ms))
    own_edge = 0 if side is Side.IN else silences.duration_ms
    near = [p for p in (*places, own_edge) if p is not None and abs(p - at_ms) <= reach_ms]

    def rank(place: int) -> tuple[bool, int, int]:
        grade = certify(place, side, silences, transcript).certificate.grade
        return grade is not Grade.CLEAN, abs(place - at_ms), place

    return min(near, key=rank, default=at_ms)


def _place_in(silence: Silence, at_ms: int, side: Side, reach_ms: int) -> int | None:
    """The moment in ``silence`` for an edge near ``at_ms``: by the speech, else as near as the silence allows."""
    out_ms, in_ms = cut_points(silence)
    by_speech = in_ms if side is Side.IN else out_ms
    if abs(by_speech - at_ms) <= reach_ms:
        return by_speech
    place = min(max(at_ms, out_ms), in_ms)
    return place if abs(place - at_ms) <= reach_ms else None


def _edges_near(at_ms: int, side: Side, silences: SilenceMap, transcript: Transcript | None) -> list[_Edge]:
    """The edge itself, and the others a listener may prefer."""
    own = certify(at_ms, side, silences, transcript).certificate
    edges = [_Edge(at_ms, RANK[own.grade], 0)]
    for silence in silences.around(at_ms, ALTERNATIVE_REACH_MS):
        place = cut_points(silence)[side is Side.IN]
        moved = abs(place - at_ms)
        if MIN_CHANGE_MS <= moved <= ALTERNATIVE_REACH_MS:
            grade = certify(place, side, silences, transcript).certificate.grade
            edges.append(_Edge(place, RANK[grade], moved + 4 * max(0, GOOD_PAUSE_MS - silence.length_ms)))
    return edges


def _same_idea(span: TimeRange, start_ms: int, end_ms: int) -> bool:
    shared = min(end_ms, span.end_ms) - max(start_ms, span.start_ms)
    return (start_ms, end_ms) != (span.start_ms, span.end_ms) and 2 * shared >= span.length_ms


def _kind(span: TimeRange, other: TimeRange) -> tuple[int, int]:
    """The direction in which each edge moved: -1 earlier, 0 not, 1 later."""

    def sign(ms: int) -> int:
        return (ms > 0) - (ms < 0)

    return sign(other.start_ms - span.start_ms), sign(other.end_ms - span.end_ms)
