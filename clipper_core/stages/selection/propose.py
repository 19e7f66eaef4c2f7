"""Propose the windows of a recording that would stand alone as clips.

Every place where a clip could start or end is paired with every other at a legal length (``windows``), the pairs are
scored (``score``), and the best set of windows that do not overlap is found exactly (``choose``). Places in a silence
at a sentence edge are taken first; worse ones only where those are not enough for the clips that are wanted.

The method was compared with others on recordings that people had labelled: see ``benchmarks/selection.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

from clipper_core.domain.clip import Lengths, Proposal
from clipper_core.domain.silence import SilenceMap
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Transcript
from clipper_core.stages.selection.choose import Demand, choose_windows, proposals_of
from clipper_core.stages.selection.features import features_of


def propose_clips(
    transcript: Transcript | None,
    silences: SilenceMap,
    lengths: Lengths = Lengths(),  # noqa: B008 - a frozen value
    *,
    avoid: Sequence[TimeRange] = (),
) -> tuple[Proposal, ...]:
    """Propose clips worth a listen, best first.

    Works with what there is: without a transcript by the silences, without sentences by pauses, without either by the
    clock. Nothing is proposed where there is no speech, or where the recording is shorter than the shortest clip.

    Args:
        transcript: The words of the recording; None or an empty one where none are known.
        silences: Its silence map.
        lengths: How long clips may be, and how many are wanted at most.
        avoid: Ranges that no clip may overlap: clips already decided on.

    Returns:
        Proposals of which none overlaps another.
    """
    demand = Demand.of(silences.duration_ms, lengths, avoid)
    if demand.count == 0:
        return ()
    features = features_of(transcript, silences)
    choices = sorted(choose_windows(features, demand), key=lambda c: (-c.score, c.span))
    return proposals_of(choices, features, lengths)
