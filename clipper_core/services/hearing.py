"""From what was heard or handed in to a transcript: which words to believe, and what to say about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clipper_core.adapters.captions import read_captions
from clipper_core.adapters.speech_audio import SpeechAudio
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.transcript import Transcript, Word, sentences_of
from clipper_core.stages.align_words import Aligner, align_words
from clipper_core.stages.spread_words import words_of_captions
from clipper_core.stages.transcribe import english, plausible

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
NO_SPEECH = {"code": "no_speech", "message": "No speech was found in this recording."}


@dataclass(frozen=True, slots=True)
class Heard:
    """Words with rough times from a caption file, and how many of its cues lay outside the recording."""

    words: tuple[Word, ...]
    language: str
    dropped: int


def hear_captions(data: bytes, silences: SilenceMap, language: str) -> Heard:
    """Raises BadCaptions."""
    words, dropped = words_of_captions(read_captions(data), silences.duration_ms, silences)
    spoken = language if language != "auto" else ("en" if english(words) else "und")
    return Heard(words, spoken, dropped)


def place_words(
    heard: Heard,
    aligner: Callable[[], Aligner],
    speech: SpeechAudio,
    silences: SilenceMap,
    progress: Callable[[float], None],
) -> tuple[Transcript, Warnings]:
    """The words of a caption file, each where it is heard."""
    words = align_words(aligner, heard.words, speech, silences, heard.language, progress)
    warnings: Warnings = []
    if heard.dropped:
        message = f"{heard.dropped} captions lie outside the recording and were left out."
        warnings.append({"code": "outside_recording", "message": message})
    alignable = heard.language in aligner().languages
    if alignable and words and sum(w.timed for w in words) < LEAST_FOUND * len(words):
        warnings.append(MISMATCH)
    return Transcript("captions", heard.language, words, sentences_of(words)), warnings


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
