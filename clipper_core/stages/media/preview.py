"""Make a version of a recording that every browser plays and can jump about in."""

from __future__ import annotations

from pathlib import Path

from clipper_core.adapters.media.ffmpeg import Ffmpeg, Input, Progress, quiet
from clipper_core.domain.media import MediaInfo
from clipper_core.stages.media.recording import Recording
from clipper_core.stages.sound.decode import AS_IT_COMES, on_clock

SHORT_SIDE = 720
MAX_FRAMES_PER_S = 30
KEY_FRAME_EVERY_S = 1  # so that dragging along the timeline shows something at once
# A preview must be ready soon and is thrown away later: a third larger than `veryfast`, in half the time.
SPEED = ["-preset", "superfast", "-crf", "27", "-maxrate", "2500k", "-bufsize", "5000k"]


def make_preview(ffmpeg: Ffmpeg, recording: Recording, out: Path, progress: Progress = quiet) -> Path:
    """Write the preview of a recording: H.264 of at most 720 lines and AAC, or AAC alone without a video.

    Its times are those of the recording: sound and picture begin at t = 0 even where a stream starts late.

    Args:
        ffmpeg: The program that encodes.
        recording: The source, and the sound track that is heard in the preview.
        out: The file; it appears when it is complete.
        progress: Called with 0-1 now and then; may raise, which stops the work.

    Returns:
        ``out``.

    Raises:
        BadSettings: There is no such track. Other errors are those of ``Ffmpeg``.
    """
    path, media, track = recording.path, recording.media, recording.track
    sound = recording.sound
    # With a picture both streams are in use, and count from the earlier one.
    clock = AS_IT_COMES if media.has_video else on_clock(path, track)
    part = out.with_name(out.name + ".part")
    rate = "44100" if sound.sample_rate % 11_025 == 0 else "48000"
    encode = ["-map", f"0:a:{track}", "-af", clock, "-c:a", "aac", "-ar", rate, "-ac", str(min(2, sound.channels))]
    encode += ["-b:a", "64k" if sound.channels == 1 else "128k", *_about_picture(media)]
    encode += ["-map_metadata", "-1", "-map_chapters", "-1", "-movflags", "+faststart"]
    source = Input(path, options=("-sn", "-dn", "-reinit_filter:v", "0") if media.has_video else ("-vn", "-sn", "-dn"))
    try:
        outputs = [*encode, "-f", "mp4", f"file:{part.absolute()}"]
        ffmpeg.run([source], outputs, work_ms=media.duration_ms, progress=progress)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return out


def _about_picture(media: MediaInfo) -> list[str]:
    if not media.has_video:
        return []
    width, height = _size(media)
    smooth = ",yadif=deint=interlaced" if min(width, height) > 3 else ""
    # The first frame is shown from 0; frames beyond 30 a second are dropped, gaps stay gaps: a still costs nothing.
    timing = "setpts='if(eq(N,0),0,PTS)'"
    thin = f"select='if(isnan(prev_selected_t),1,gte(t-prev_selected_t,{0.98 / MAX_FRAMES_PER_S:.5f}))'"
    return [
        "-map", "0:V:0", "-vf", f"{thin},scale={width}:{height},format=yuv420p{smooth},{timing}",
        "-c:v", "libx264", *SPEED, "-pix_fmt", "yuv420p", "-fps_mode", "vfr",
        "-force_key_frames", f"expr:gte(t,n_forced*{KEY_FRAME_EVERY_S})",
    ]  # fmt: skip


def _size(media: MediaInfo) -> tuple[int, int]:
    """As displayed, even, the short side at most 720, never larger than the source."""
    width, height = media.width or 2, media.height or 2
    if media.rotation in (90, 270):
        width, height = height, width
    scale = min(1.0, SHORT_SIDE / min(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
