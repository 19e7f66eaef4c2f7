"""A title for a clip from its own words, and the reasons why it was proposed.

A title quotes the sentence that says the most in the least space, shortened at a clause or a word. A draft is not
quoted: its recurring words are listed. Every reason states something about this clip alone.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from clipper_core.domain.cut import Cut
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import CLOSERS
from clipper_core.stages.selection import wording
from clipper_core.stages.selection.features import RecordingFeatures
from clipper_core.stages.selection.score import TOPIC_SLACK_MS
from clipper_core.stages.selection.topics import Topics

MAX_TITLE = 60
MIN_WORDS = 3
ONE_TOPIC = 0.25  # the chance of another topic inside, up to which a clip counts as staying on one
DENSE = 0.9  # the share of speech worth mentioning
NOTABLE = 0.05  # … if the recording as a whole has so much less
LONG_PAUSE_MS = 1_000
HOLE_MS = 5_000  # a silence this long in the middle of a clip is warned of
MAX_TERMS = 3

_LEAD_IN = wording.FILLERS | wording.ANSWERS | {"and", "but", "or", "so", "because", "now", "then", "also", "actually"}
_LEAD_IN_PAIRS = {("you", "know"), ("i", "mean"), ("i", "think"), ("i", "guess"), ("all", "right"), ("of", "course")}
_LOOSE_ENDS = wording.listed(
    """a an the and or but of to in on at for with by from as that which who is are was were be been so if when because
    than then i we you he she they it this these those my your our their his her its not very really just like um uh
    there's it's i'm we're have has had do does did can could would will should into about"""
)
_OPEN_CLAUSE = wording.listed("when if as while because since though although unless whether where most in on for with")
_PREPOSITIONS = wording.listed("in on of at by to from with into than as")
_CLAUSE_ENDS = (",", ";", ":", "—", "–", "-")


@dataclass(frozen=True, slots=True)
class Name:
    """The title of a clip, and the reasons why it was proposed."""

    title: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClipContent:
    """The words of a clip's complete sentences, and what they are about.

    ``terms`` are the recurring words that tell most, ``weights`` how much each stem tells. Without words all is empty;
    ``quotable`` says that there are some and that they are no draft.
    """

    span: TimeRange
    sentences: tuple[tuple[str, ...], ...] = ()
    terms: tuple[str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)
    quotable: bool = False
    opens_with_question: bool = False


def name_clips(
    spans: Sequence[TimeRange],
    cuts: Sequence[Sequence[Cut]],
    features: RecordingFeatures,
    preferred: Sequence[Name] = (),
) -> list[Name]:
    """Name each clip. No two titles are the same.

    Args:
        spans: The clips.
        cuts: The two certified cuts of each.
        features: The recording they lie in.
        preferred: Names that go before our own, where they have a title that is not used yet, and reasons.

    Returns:
        A name for each clip. A long silence inside is warned of among the reasons.
    """
    used: set[str] = set()
    names: list[Name] = []
    for span, pair in zip(spans, cuts, strict=True):
        content = _content_of(span, features)
        title = next((t for t in titles(content) if t and t.lower() not in used), clock_title(span))
        used.add(title.lower())
        names.append(Name(title, reasons(content, pair, features.topics, features.silences)))
    names = _renamed(names, preferred, used) if preferred else names
    return [
        Name(name.title, (*name.reasons, *_about_hole(span, features.silences)))
        for name, span in zip(names, spans, strict=True)
    ]


def _renamed(names: Sequence[Name], preferred: Sequence[Name], used: set[str]) -> list[Name]:
    renamed: list[Name] = []
    for own, wish in zip(names, preferred, strict=True):
        title = wish.title if wish.title and wish.title.lower() not in used else own.title
        used.add(title.lower())
        renamed.append(Name(title, wish.reasons or own.reasons))
    return renamed


def clock_title(span: TimeRange) -> str:
    """Such as: Clip at 12:03. Unique among clips that start in different seconds."""
    minutes, seconds = divmod(span.start_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"Clip at {hours}:{minutes:02}:{seconds:02}" if hours else f"Clip at {minutes}:{seconds:02}"


def titles(content: ClipContent) -> list[str]:
    """Possible titles from the clip's own words, best first. May be empty."""
    if not content.quotable:
        return [_enumerated(content.terms)] if content.terms else []
    rated = [_rated(sentence, place, content) for place, sentence in enumerate(content.sentences)]
    return [title for _, title in sorted((r for r in rated if r[1]), key=lambda r: -r[0])]


def _enumerated(terms: Sequence[str]) -> str:
    """Such as: Pricing, churn and hiring. Fewer, if they would not fit."""
    for count in range(len(terms), 0, -1):
        *first, last = terms[:count]
        text = f"{', '.join(first)} and {last}" if first else last
        if len(text) <= MAX_TITLE:
            return text[:1].upper() + text[1:]
    return ""


def _rated(sentence: Sequence[str], place: int, content: ClipContent) -> tuple[float, str]:
    """The rating of a sentence as a title, and the title; empty if it makes none."""
    spoken = without_lead_in(sentence)
    title = shortened(spoken)
    bare_title = [wording.bare(w) for w in title.split()]
    if len(bare_title) < MIN_WORDS:
        return 0.0, ""
    weights = content.weights
    about = sum(weights.get(s, 0.0) for s in {wording.stem_of(w) for w in bare_title})
    text = " ".join(bare_title)
    rating = (
        about / max(weights.values(), default=1.0)
        + 0.5 * (title.endswith("?") or wording.hooks(text))
        + 0.8 * (len(bare_title) >= len(spoken))
        - 0.6 * (title.endswith("…") or (bare_title[0] in _OPEN_CLAUSE and len(bare_title) < len(spoken)))
        - 0.8 * (wording.leans(bare_title) or bare_title[0] in _PREPOSITIONS)
        - 1.5 * (wording.greets(text) or wording.sells(text))
        - 0.05 * place
    )
    return rating, title


def without_lead_in(words: Sequence[str]) -> list[str]:
    """The words of a sentence without "So, um, you know" in front, and without hesitations and stutters inside."""
    rest = [w for w in words if wording.bare(w) not in wording.HESITATIONS]
    rest = [w for w, before in zip(rest, ["", *rest], strict=False) if wording.bare(w) != wording.bare(before)]
    while rest:
        lowered = [wording.bare(w) for w in rest[:2]]
        if tuple(lowered) in _LEAD_IN_PAIRS:
            rest = rest[2:]
        elif lowered[0] in _LEAD_IN or not lowered[0]:
            rest = rest[1:]
        else:
            break
    return rest


def shortened(words: Sequence[str]) -> str:
    """The words as a title of at most ``MAX_TITLE`` characters: whole, or up to a clause, or up to a word and "…".

    Never a part of a word; empty if not even one fits.
    """
    whole = _tidy(" ".join(words))
    if len(whole) <= MAX_TITLE:
        return whole
    fitting = len(words)
    while fitting and len(_tidy(" ".join(words[:fitting]))) > MAX_TITLE - 1:
        fitting -= 1
    for count in range(fitting, 0, -1):
        title = _tidy(" ".join(words[:count]))
        if words[count - 1].endswith(_CLAUSE_ENDS) and len(title) >= MAX_TITLE // 3:
            return title
    while fitting > 1 and wording.bare(words[fitting - 1]) in _LOOSE_ENDS:
        fitting -= 1
    return _tidy(" ".join(words[:fitting])) + "…" if fitting else ""


def _tidy(text: str) -> str:
    """Without the marks that close a statement, and with a capital first; question and exclamation marks stay."""
    text = re.sub(r"\s+", " ", text).strip().strip('"“”«»()[]').rstrip(".,;:–—- …")
    return text[:1].upper() + text[1:]


def reasons(content: ClipContent, cuts: Sequence[Cut], topics: Topics, silences: SilenceMap) -> tuple[str, ...]:
    """Reasons for the clip, in short sentences, those that a listener notices first before the rest.

    Args:
        content: The words of the clip.
        cuts: Its cut in and its cut out.
        topics: Where topics of the recording begin.
        silences: Where the recording is silent.

    Returns:
        At least one sentence.
    """
    cut_in, cut_out = cuts
    possible = [
        _about_opening(content, topics),
        _about_topic(content, topics),
        "Ends on a complete sentence" if cut_out.certificate.sentence_boundary else "",
        "Opens and closes in silence" if all(c.certificate.silence for c in cuts) else "",
        _about_pauses(content.span, cut_in, silences),
    ]
    return tuple(reason for reason in possible if reason) or (_about_nothing_else(content.span, silences),)


def _about_opening(content: ClipContent, topics: Topics) -> str:
    if not content.quotable:
        return ""
    if content.opens_with_question:
        return "Starts with a question"
    near = (abs(t - content.span.start_ms) <= TOPIC_SLACK_MS for t in topics.boundaries_ms)
    return "Starts where a new topic begins" if any(near) else ""


def _about_topic(content: ClipContent, topics: Topics) -> str:
    if not content.terms or len(topics.at_ms) < 2:
        return ""
    no_other = 1.0  # the chance that no topic begins inside, each moment taken for itself
    for at, chance in zip(topics.at_ms, topics.chance, strict=True):
        if content.span.start_ms + TOPIC_SLACK_MS < at < content.span.end_ms - TOPIC_SLACK_MS:
            no_other *= 1 - chance
    return f"Stays on one topic: {', '.join(content.terms)}" if no_other >= 1 - ONE_TOPIC else ""


def _about_pauses(span: TimeRange, cut_in: Cut, silences: SilenceMap) -> str:
    if not silences.silences:
        return ""
    share = _speech_share(span, silences)
    whole = TimeRange(0, silences.duration_ms)
    if share >= max(DENSE, _speech_share(whole, silences) + NOTABLE):
        return f"Hardly a pause: speech in {math.floor(100 * share)} % of it"
    before = cut_in.certificate.silence
    return f"Follows a pause of {before.length_ms / 1000:.1f} s" if before and before.length_ms >= LONG_PAUSE_MS else ""


def _about_nothing_else(span: TimeRange, silences: SilenceMap) -> str:
    if not silences.silences:
        return "The recording has no pause to cut in"
    return f"Speech in {math.floor(100 * _speech_share(span, silences))} % of its {span.length_ms // 1000} seconds"


def _about_hole(span: TimeRange, silences: SilenceMap) -> tuple[str, ...]:
    """A warning, among the reasons, of a long silence in the middle of a clip."""
    inside = [s for s in silences.within(span) if s.start_ms > span.start_ms and s.end_ms < span.end_ms]
    longest = max((s.length_ms for s in inside), default=0)
    return (f"But {longest / 1000:.0f} s of silence inside",) if longest >= HOLE_MS else ()


def _speech_share(span: TimeRange, silences: SilenceMap) -> float:
    """The share of ``span`` that is not silent."""
    inside = silences.within(span)
    silent = sum(min(s.end_ms, span.end_ms) - max(s.start_ms, span.start_ms) for s in inside)
    return 1 - silent / span.length_ms


def _content_of(span: TimeRange, features: RecordingFeatures) -> ClipContent:
    """Read the words of a clip once, for its titles and its reasons."""
    transcript, plain, everywhere = features.transcript, features.plain, features.weights
    if transcript is None or everywhere is None:
        return ClipContent(span)
    words = transcript.words
    first, end = transcript.first_word_from(span.start_ms), transcript.last_word_until(span.end_ms) + 1
    forms: dict[str, Counter[str]] = defaultdict(Counter)  # of each stem: how often it comes up in which form
    for bare, stem in zip(plain.bare[first:end], plain.stems[first:end], strict=True):
        if _tells(bare, stem, plain.english):
            forms[stem][bare] += 1
    counts = {stem: sum(shown.values()) for stem, shown in forms.items()}
    weights = {s: n * math.log(1 + len(words) / everywhere.stem_counts[s]) / 4 for s, n in counts.items()}
    recurring = sorted((s for s, n in counts.items() if n >= 2), key=lambda s: (-weights[s], s))
    inside = [s for s in features.sentences if first <= s.first_word and s.last_word < end]
    opening = next((s for s in features.sentences if s.first_word == first), None)
    return ClipContent(
        span=span,
        sentences=tuple(tuple(w.text for w in words[s.first_word : s.last_word + 1]) for s in inside),
        terms=tuple(max(forms[s].items(), key=lambda form: (form[1], form[0]))[0] for s in recurring[:MAX_TERMS]),
        weights=weights,
        quotable=first < end and not transcript.draft,
        opens_with_question=opening is not None and words[opening.last_word].text.rstrip(CLOSERS).endswith(("?", "？")),
    )


def _tells(bare: str, stem: str, english: bool) -> bool:
    """True if a word says what a clip is about: no function word; where those are not known, a long one."""
    if not english:
        return len(bare) >= 6
    return len(bare) > 2 and not {bare, stem} & wording.STOPWORDS
