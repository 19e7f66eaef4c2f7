"""The captions a clip's file comes with, before there is a file."""

from __future__ import annotations

from clipper_core.domain.captions import Caption
from clipper_core.services.assets.measured import MeasuredArtifacts
from clipper_core.services.clips.views import ClipView
from clipper_core.stages.media.captions import caption_clip, has_captions


def captions_of(measured: MeasuredArtifacts, clip: ClipView) -> tuple[Caption, ...]:
    """Those of the newest version, on the clip's own clock; none where its file would have none."""
    if clip.transcript_id is None:
        return ()
    transcript = measured.transcript(clip.transcript_id)
    return caption_clip(transcript, clip.ranges) if has_captions(transcript) else ()
