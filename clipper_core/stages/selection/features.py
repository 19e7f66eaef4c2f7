"""A recording as selection sees it, worked out once: topics, weighed words, and where clips could begin and end."""

from __future__ import annotations

from dataclasses import dataclass

from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.transcript import Sentence, Transcript, sentences_of
from clipper_core.stages.cuts.places import Places, find_edges
from clipper_core.stages.selection.topics import Topics, find_topics, topics_by_pauses
from clipper_core.stages.selection.weights import WORDS_A_SECOND, WordWeights
from clipper_core.stages.selection.wording import PlainWords, plain_words


@dataclass(frozen=True, slots=True)
class RecordingFeatures:
    """Everything that clips of a recording are chosen and named by.

    ``starts`` and ``ends`` are the places where a clip could begin and end. Without words there are no transcript, no
    plain words, no sentences and no weights, and topics come from pauses.
    """

    silences: SilenceMap
    starts: Places
    ends: Places
    topics: Topics
    transcript: Transcript | None = None
    plain: PlainWords = PlainWords()  # noqa: RUF009 - frozen
    sentences: tuple[Sentence, ...] = ()
    weights: WordWeights | None = None

    @property
    def duration_ms(self) -> int:
        """The length of the recording."""
        return self.silences.duration_ms

    @property
    def speech_ms(self) -> int:
        """The speech, roughly, in ms: from the words where they are known, else whatever is not silent."""
        if self.weights is not None:
            return int(self.weights.until[-1, 0] * 1000 / WORDS_A_SECOND)
        return self.duration_ms - sum(s.length_ms for s in self.silences.silences)


def features_of(transcript: Transcript | None, silences: SilenceMap) -> RecordingFeatures:
    """Read a recording once. A transcript without sentences is divided into some."""
    if transcript is None or not transcript.words:
        return RecordingFeatures(silences, *find_edges(None, silences, ()), topics_by_pauses(silences))
    sentences = transcript.sentences or sentences_of(transcript.words)
    starts, ends = find_edges(transcript, silences, sentences)
    plain = plain_words(transcript)
    topics = find_topics(transcript, sentences, plain)
    weights = WordWeights(transcript, sentences, plain)
    return RecordingFeatures(silences, starts, ends, topics, transcript, plain, sentences, weights)
