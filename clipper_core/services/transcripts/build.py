"""Turns captions or recognised words into a transcript: which words to believe, and what to warn of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from clipper_core.adapters.captions import read_captions
from clipper_core.domain.engines import Transcriber
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.domain.warning import RunWarning, Warnings
from clipper_core.stages.words.align import Aligner, align_words
from clipper_core.stages.words.speech import SpeechTrack
from clipper_core.stages.words.spread import words_of_captions
from clipper_core.stages.words.transcribe import RecognisedPart, english, plausible

MIN_SPEECH_MS = 1_000
MIN_FOUND = 0.5  # of the words of a caption file: with fewer it is hardly this recording's

NOT_UNDERSTOOD = RunWarning(
    "not_understood",
    "The offline transcriber could not follow this recording (it knows clear English only), so clips were "
    "chosen by the pauses. Add a caption file to choose by the words.",
)
DRAFT = RunWarning(
    "draft_words",
    "The words come from the offline transcriber and are a draft: good enough to choose clips by, not to "
    "show as captions. Add a caption file for exact words.",
)
MISMATCH = RunWarning(
    "captions_mismatch",
    "Most words of the caption file were not found in the sound. Check that it belongs to this recording.",
)
NOT_FOUND = RunWarning(
    "words_not_found",
    "Most words that the service wrote were not found in the sound, so their times are rough. Check the "
    "language in Settings, or add a caption file.",
)
ROUGH = RunWarning(
    "rough_times",
    "The service tells no word times, and there is no model for this language here to find them with, so "
    "they are rough. Cuts still lie in silences.",
)
NOTHING_HEARD = RunWarning(
    "nothing_heard",
    "The service heard no words in this recording, so clips were chosen by the pauses.",
)
NO_SPEECH = RunWarning("no_speech", "No speech was found in this recording.")

NO_WORDS = RecognisedPart(())


@dataclass(frozen=True, slots=True)
class WordSource:
    """Where the words of a recording come from.

    Attributes:
        transcriber: The engine of the run.
        language: The language asked for: a code, or auto.
        captions: The bytes of a caption file, where there is one to go by.
        recognised: The words of a recogniser, all parts in order.
    """

    transcriber: str
    language: str
    captions: bytes | None = None
    recognised: RecognisedPart = NO_WORDS


@dataclass(frozen=True, slots=True)
class WordPlacer:
    """Places words in the sound of one recording. ``progress`` may raise, which stops the work."""

    aligner: Callable[[], Aligner]
    speech: SpeechTrack
    progress: Callable[[float], None] = lambda _: None

    def place(self, words: Sequence[Word], language: str) -> tuple[Word, ...]:
        return align_words(self.aligner, words, self.speech, language, self.progress)

    def knows(self, language: str) -> bool:
        """Tell whether the aligner has a model for this language."""
        return language in self.aligner().languages


@dataclass(frozen=True, slots=True)
class CaptionWords:
    """Words with rough times from a caption file, and how many of its cues lay outside the recording."""

    words: tuple[Word, ...]
    language: str
    dropped: int


def words_for(source: WordSource, placer: WordPlacer) -> tuple[Transcript | None, Warnings]:
    """The transcript that this source gives, and what to warn of; None where no words are wanted.

    Raises BadCaptions, and what ``placer.progress`` raises.
    """
    if source.captions is not None:
        return place_captions(read_caption_words(source.captions, placer.speech.silences, source.language), placer)
    match source.transcriber:
        case Transcriber.NONE:
            return None, []
        case Transcriber.OPENAI:
            language = source.language if source.language != "auto" else source.recognised.language
            return place_recognised(source.recognised.words, language, placer)
        case _:
            return draft_transcript(source, placer.speech.silences)


def read_caption_words(data: bytes, silences: SilenceMap, language: str) -> CaptionWords:
    """Read a caption file, and spread its words over its cues.

    Args:
        data: The file.
        silences: The silences of the recording; no word is put into one.
        language: The language asked for: a code, or auto to decide by the words.

    Returns:
        The words with rough times.

    Raises:
        BadCaptions: The file can't be read as captions.
    """
    words, dropped = words_of_captions(read_captions(data), silences.duration_ms, silences)
    spoken = language if language != "auto" else ("en" if english(words) else "und")
    return CaptionWords(words, spoken, dropped)


def place_captions(captions: CaptionWords, placer: WordPlacer) -> tuple[Transcript, Warnings]:
    """The words of a caption file, each placed where it is said."""
    words = placer.place(captions.words, captions.language)
    warnings: Warnings = []
    if captions.dropped:
        message = f"{captions.dropped} captions lie outside the recording and were left out."
        warnings.append(RunWarning("outside_recording", message))
    if placer.knows(captions.language) and words and sum(w.timed for w in words) < MIN_FOUND * len(words):
        warnings.append(MISMATCH)
    return Transcript("captions", captions.language, words, sentences_of(words)), warnings


def place_recognised(
    recognised: Sequence[Word], language: str | None, placer: WordPlacer
) -> tuple[Transcript, Warnings]:
    """The words an endpoint recognised, which can be quoted, each placed where it is said.

    Times that the endpoint gave stay where the sound does not show better ones.

    Args:
        recognised: The words, ``timed`` where the endpoint gave their times.
        language: The language spoken, None where none is named.
        placer: Places the words in the sound.

    Returns:
        The transcript, and what to warn of.
    """
    spoken = language or ("en" if recognised and english(recognised) else "und")
    if not recognised:
        silent = spoken_ms(placer.speech.silences) < MIN_SPEECH_MS
        return Transcript("openai", spoken), [NO_SPEECH if silent else NOTHING_HEARD]
    placed = placer.place([replace(w, timed=False) for w in recognised], spoken)
    words = _with_given_times(placed, recognised)
    warnings: Warnings = []
    if not placer.knows(spoken.split("-")[0].lower()):
        warnings += [ROUGH] if not any(w.timed for w in words) else []
    elif sum(w.timed for w in placed) < MIN_FOUND * len(placed):
        warnings.append(NOT_FOUND)
    return Transcript("openai", spoken, words, sentences_of(words)), warnings


def _with_given_times(placed: Sequence[Word], given: Sequence[Word]) -> tuple[Word, ...]:
    """``placed``, with the given times of words that were not found, where these lie between their neighbours."""
    out: list[Word] = []
    for word, own, until in zip(placed, given, _next_starts(placed), strict=True):
        after = out[-1].start_ms if out else 0
        fits = own.timed and not word.timed and after <= own.start_ms <= until
        out.append(replace(own, end_ms=min(own.end_ms, max(until, own.start_ms))) if fits else word)
    return tuple(out)


def _next_starts(words: Sequence[Word]) -> list[int]:
    """For each word, the start of the next one that was found."""
    out: list[int] = []
    at = max((w.end_ms for w in words), default=0)
    for word in reversed(words):
        out.append(at)
        at = word.start_ms if word.timed else at
    return out[::-1]


def draft_transcript(source: WordSource, silences: SilenceMap) -> tuple[Transcript, Warnings]:
    """The words of the offline recogniser as a draft, or none where it can't have understood the speech."""
    engine, words = source.transcriber, source.recognised.words
    spoken = "en" if source.language == "auto" else source.language
    if spoken_ms(silences) < MIN_SPEECH_MS:
        return Transcript(engine, spoken, draft=True), [NO_SPEECH]
    if not plausible(words, silences):
        return Transcript(engine, "und", draft=True), [NOT_UNDERSTOOD]
    return Transcript(engine, spoken, words, sentences_of(words), draft=True), [DRAFT]


def spoken_ms(silences: SilenceMap) -> int:
    """How much of a recording lies in no silence, in ms."""
    return silences.duration_ms - sum(s.length_ms for s in silences.silences)
