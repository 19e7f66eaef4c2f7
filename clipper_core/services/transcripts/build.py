"""From what was heard or handed in to a transcript: which words to believe, and what to say about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from clipper_core.adapters.captions import read_captions
from clipper_core.adapters.speech.speech_audio import SpeechAudio
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.stages.words.align import Aligner, align_words
from clipper_core.stages.words.speech import SpeechTrack
from clipper_core.stages.words.spread import words_of_captions
from clipper_core.stages.words.transcribe import english, plausible

LEAST_SPEECH_MS = 1_000
LEAST_FOUND = 0.5  # of the words of a caption file: with fewer it is hardly this recording's

Warnings = list[dict[str, str]]

NOT_UNDERSTOOD = {
    "code": "not_understood",
    "message": "The offline transcriber could not follow this recording (it knows clear English only), so clips were "
    "chosen by the pauses. Add a caption file to choose by the words.",
}
DRAFT = {
    "code": "draft_words",
    "message": "The words come from the offline transcriber and are a draft: good enough to choose clips by, not to "
    "show as captions. Add a caption file for exact words.",
}
MISMATCH = {
    "code": "captions_mismatch",
    "message": "Most words of the caption file were not found in the sound. Check that it belongs to this recording.",
}
NOT_FOUND = {
    "code": "words_not_found",
    "message": "Most words that the service wrote were not found in the sound, so their times are rough. Check the "
    "language in Settings, or add a caption file.",
}
ROUGH = {
    "code": "rough_times",
    "message": "The service tells no word times, and there is no model for this language here to find them with, so "
    "they are rough. Cuts still lie in silences.",
}
NOTHING_HEARD = {
    "code": "nothing_heard",
    "message": "The service heard no words in this recording, so clips were chosen by the pauses.",
}
NO_SPEECH = {"code": "no_speech", "message": "No speech was found in this recording."}


@dataclass(frozen=True, slots=True)
class CaptionWords:
    """Words with rough times from a caption file, and how many of its cues lay outside the recording."""

    words: tuple[Word, ...]
    language: str
    dropped: int


def hear_captions(data: bytes, silences: SilenceMap, language: str) -> CaptionWords:
    """Raises BadCaptions."""
    words, dropped = words_of_captions(read_captions(data), silences.duration_ms, silences)
    spoken = language if language != "auto" else ("en" if english(words) else "und")
    return CaptionWords(words, spoken, dropped)


def place_words(
    heard: CaptionWords,
    aligner: Callable[[], Aligner],
    speech: SpeechAudio,
    silences: SilenceMap,
    progress: Callable[[float], None],
) -> tuple[Transcript, Warnings]:
    """The words of a caption file, each where it is heard."""
    words = align_words(aligner, heard.words, SpeechTrack(speech, silences), heard.language, progress)
    warnings: Warnings = []
    if heard.dropped:
        message = f"{heard.dropped} captions lie outside the recording and were left out."
        warnings.append({"code": "outside_recording", "message": message})
    alignable = heard.language in aligner().languages
    if alignable and words and sum(w.timed for w in words) < LEAST_FOUND * len(words):
        warnings.append(MISMATCH)
    return Transcript("captions", heard.language, words, sentences_of(words)), warnings


def place_heard(
    heard: Sequence[Word],
    language: str | None,
    aligner: Callable[[], Aligner],
    speech: SpeechAudio,
    silences: SilenceMap,
    progress: Callable[[float], None],
) -> tuple[Transcript, Warnings]:
    """What an endpoint heard, which can be quoted: each word where it is heard. ``language`` None where none was named.

    Times the endpoint told stay where the sound does not show better ones.
    """
    spoken = language or ("en" if heard and english(heard) else "und")
    if not heard:
        silent = spoken_ms(silences) < LEAST_SPEECH_MS
        return Transcript("openai", spoken), [NO_SPEECH if silent else NOTHING_HEARD]
    rough = [replace(w, timed=False) for w in heard]
    found = align_words(aligner, rough, SpeechTrack(speech, silences), spoken, progress)
    words = _with_told_times(found, heard)
    warnings: Warnings = []
    if spoken.split("-")[0].lower() not in aligner().languages:
        warnings += [ROUGH] if not any(w.timed for w in words) else []
    elif sum(w.timed for w in found) < LEAST_FOUND * len(found):
        warnings.append(NOT_FOUND)
    return Transcript("openai", spoken, words, sentences_of(words)), warnings


def _with_told_times(found: Sequence[Word], told: Sequence[Word]) -> tuple[Word, ...]:
    """``found``, with the told times of words that were not found, where these lie between their neighbours."""
    out: list[Word] = []
    for word, own, until in zip(found, told, _next_starts(found), strict=True):
        after = out[-1].start_ms if out else 0
        fits = own.timed and not word.timed and after <= own.start_ms <= until
        out.append(replace(own, end_ms=min(own.end_ms, max(until, own.start_ms))) if fits else word)
    return tuple(out)


def _next_starts(words: Sequence[Word]) -> list[int]:
    """For each word, where the next one that was found begins."""
    out: list[int] = []
    at = max((w.end_ms for w in words), default=0)
    for word in reversed(words):
        out.append(at)
        at = word.start_ms if word.timed else at
    return out[::-1]


def settle(words: tuple[Word, ...], engine: str, language: str, silences: SilenceMap) -> tuple[Transcript, Warnings]:
    """What the offline recogniser heard, as a draft, or no words where it cannot have understood the speech."""
    spoken = "en" if language == "auto" else language
    if spoken_ms(silences) < LEAST_SPEECH_MS:
        return Transcript(engine, spoken, draft=True), [NO_SPEECH]
    if not plausible(words, silences):
        return Transcript(engine, "und", draft=True), [NOT_UNDERSTOOD]
    return Transcript(engine, spoken, words, sentences_of(words), draft=True), [DRAFT]


def spoken_ms(silences: SilenceMap) -> int:
    """How much of a recording lies in no silence."""
    return silences.duration_ms - sum(s.length_ms for s in silences.silences)
