"""The captions of a clip before its file is rendered."""

from __future__ import annotations

from clipper_core.domain.captions import Caption
from clipper_core.services.assets import MeasuredArtifacts
from clipper_core.services.clips.views import ClipView
from clipper_core.stages.media.captions import caption_clip, has_captions


def captions_of(measured: MeasuredArtifacts, clip: ClipView) -> tuple[Caption, ...]:
    """The captions of the newest version, on the clip's own clock; none if its file would have none."""
    if clip.transcript_id is None:
        return ()
    transcript = measured.transcript(clip.transcript_id)
    return caption_clip(transcript, clip.ranges) if has_captions(transcript) else ()
