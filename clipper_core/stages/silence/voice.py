"""Use voice activity as a second opinion on the silences: under music it tells pauses that contrast does not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clipper_core.domain.contrast import BLOCK, NOBODY, Contrast
from clipper_core.domain.envelope import FRAME_MS, Envelope, Voice
from clipper_core.domain.silence import Silence, SilenceBasis, SilenceSettings
from clipper_core.stages.silence.confidence import MAX_CONFIDENCE, MIN_CONFIDENCE, Spans, mean_levels, means
from clipper_core.stages.silence.contrast import Floats, Mask, edges

# Quarters of a dB. Over noise the threshold is nearer to the background, and over a quiet room speech is louder.
MUSIC_MARGIN, MUSIC_LOUD = 10, 140
UNVOICED = 35  # percent: below, nobody speaks
UNVOICED_MS = 200  # consonants are shorter
SURE_OF_VOICE = 0.6  # such silences are in the right places, but their edges are coarse
DOUBT = 4.0  # taken from the log-odds of a silence where all of it is voice


def with_voice(silences: tuple[Silence, ...], envelope: Envelope, settings: SilenceSettings) -> tuple[Silence, ...]:
    """Add the silences that voice activity finds, and doubt those in which it hears a voice.

    Where music lies under the speech, ranges without a voice are silences too. Elsewhere contrast tells better, and a
    silence with a voice in it is only less sure: soft voices are what a model mistakes most.

    Args:
        silences: The silences by contrast.
        envelope: What was measured, with or without voice activity.
        settings: Whether voice activity counts, and how long a silence is at least.

    Returns:
        Silences in order and apart; the same where there is no voice activity.
    """
    if envelope.voice is None or not settings.use_voice:
        return silences
    old = np.array([(s.start_ms // FRAME_MS, -(-s.end_ms // FRAME_MS)) for s in silences], np.int64).reshape(-1, 2)
    silent = np.zeros(envelope.frames, np.bool_)
    for first, last in old.tolist():
        silent[first:last] = True
    if envelope.contrast is not None:
        silent |= _unvoiced(envelope.voice) & _under_music(envelope.contrast)
    spans = edges(silent)
    long_enough = np.minimum(spans[:, 1] * FRAME_MS, envelope.duration_ms) - spans[:, 0] * FRAME_MS
    spans = spans[long_enough >= settings.min_silence_ms]
    return tuple(_judged(silences, old, spans, envelope, envelope.voice))


def _under_music(contrast: Contrast) -> Mask:
    """(frames,): true where the background is too unsteady for contrast alone."""
    thin = (contrast.margin >= MUSIC_MARGIN) & (contrast.margin < NOBODY) & (contrast.loud < MUSIC_LOUD)
    return np.repeat(thin, BLOCK)[: len(contrast.over)]


def _unvoiced(voice: Voice) -> Mask:
    """(frames,): true where for ``UNVOICED_MS`` or more no voice is heard."""
    runs = edges(voice < UNVOICED)
    unvoiced = np.zeros(len(voice), np.bool_)
    for first, last in runs[(runs[:, 1] - runs[:, 0]) * FRAME_MS >= UNVOICED_MS].tolist():
        unvoiced[first:last] = True
    return unvoiced


def _judged(
    silences: tuple[Silence, ...], old: Spans, spans: Spans, envelope: Envelope, voice: Voice
) -> Iterator[Silence]:
    """One silence for each of ``spans``, each of which holds whole silences of ``old`` or none."""
    inside = np.searchsorted(old[:, 0], spans).tolist()
    known = [_main_silence(silences[a:b], span) for (a, b), span in zip(inside, spans.tolist(), strict=True)]
    sure = [s.confidence if s is not None and s.confidence is not None else SURE_OF_VOICE for s in known]
    confidence = _doubted(np.array(sure), means(voice, spans) / 100).tolist()
    levels = mean_levels(envelope.level_cdb, spans).tolist()
    for (first, last), level_db, sureness, s in zip(spans.tolist(), levels, confidence, known, strict=True):
        end_ms = min(last * FRAME_MS, envelope.duration_ms)
        yield Silence(first * FRAME_MS, end_ms, level_db, sureness, s.evidence if s is not None else SilenceBasis.VOICE)


def _main_silence(silences: tuple[Silence, ...], span: list[int]) -> Silence | None:
    """The longest of some silences that make up half of a span; None where they do not."""
    if 2 * sum(s.length_ms for s in silences) < (span[1] - span[0]) * FRAME_MS:
        return None
    return max(silences, key=lambda s: s.length_ms)


def _doubted(confidence: Floats, voiced: Floats) -> Floats:
    """(silences,): ``confidence`` lowered by the share (0-1) of each silence that is voice."""
    odds = np.log(confidence / (1 - confidence)) - DOUBT * voiced  # as one more term of the logistic regression
    return np.asarray(np.round(np.clip(1 / (1 + np.exp(-odds)), MIN_CONFIDENCE, MAX_CONFIDENCE), 2))
