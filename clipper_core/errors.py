"""Every error a user can meet.

    ClipperError
    ├── Refused                what was asked for can't be done as asked (exit 2, HTTP 4xx)
    │   ├── BadRecording       the recording itself is the reason
    │   │   ├── NotMedia, NotAudioVideo, NoAudio, TooShort, TooLong, TooLarge, TooManyStreams, Truncated
    │   ├── BadCaptions, BadTranscript
    │   ├── BadRange, BadSettings, BadText, BadWord, BadUpload, UploadConflict, ChecksumMismatch
    │   ├── NotFound           Project…, Clip…, Note…, Transcript…, Run…, Render…, Upload…, Asset… and ShowNotFound
    │   ├── Stale (TranscriptStale), WordChanged, PreconditionMissing
    │   └── NotApproved (NoLongerApproved), NotReady, NothingToUndo, NothingToCarry, NothingToTake, WrongState
    └── Failed                 something here did not work (exit 1, HTTP 5xx)
        ├── MediaToolFailed, MediaToolMissing, MediaToolStuck, RenderCheckFailed
        ├── StorageFailed          (StorageKeyRefused, StorageForbidden, BucketMissing, StorageUnreachable)
        ├── StoredFileMissing, DiskFull
        ├── QueueUnavailable       (QueuePasswordRefused, QueueNotTrusted)
        ├── DatabaseUnavailable    (DatabasePasswordRefused, DatabaseNotTrusted, DatabaseMissing, DatabaseForbidden,
        │                           DatabaseBusy)
        ├── ServiceUnavailable     (ServiceKeyRefused, ServiceOutOfCredit, ServiceModelMissing, ServiceAnswerUnusable,
        │                           ServiceRefused: PieceTooLarge)
        ├── EngineMissing          (VoiceDetectorMissing)
        ├── SetupProblem, PortInUse, FolderNotWritable
        └── Interrupted, Cancelled, LeaseLost

The docstring is the sentence a user reads: what happened, what to do. ``code`` is stable; ``detail`` keeps what an
engineer needs and is shown one click away.
"""

from __future__ import annotations


class ClipperError(Exception):
    """Something went wrong. Try again, and look at the details if it happens again."""

    code = "error"
    status = 500  # what the HTTP face answers
    retryable = False  # whether a second attempt of the same task may succeed

    def __init__(self, message: str | None = None, *, detail: str | None = None) -> None:
        self.message = message or " ".join((type(self).__doc__ or "").split())
        self.detail = detail
        super().__init__(self.message)


class Refused(ClipperError):
    """This can't be done as asked."""

    code = "refused"
    status = 400


class BadRecording(Refused):
    """Clipper can't use this recording."""

    code = "bad_recording"
    status = 422


class NotMedia(BadRecording):
    """This file is not a recording Clipper can read. Upload an audio or video file, such as MP4, MP3 or WAV."""

    code = "not_media"


class NotAudioVideo(BadRecording):
    """This file is a picture, not a recording. Upload the audio or video file."""

    code = "not_audio_video"


class NoAudio(BadRecording):
    """This recording has no sound, so there is nothing to cut by. Upload a version with its sound track."""

    code = "no_audio"


class TooShort(BadRecording):
    """This recording is too short to make clips from. Upload one of at least a second."""

    code = "too_short"


class TooLong(BadRecording):
    """This recording is longer than this server accepts. Split it, or raise CLIPPER_MAX_HOURS."""

    code = "too_long"


class TooLarge(Refused):
    """This file is larger than this server accepts. Compress it, or raise CLIPPER_MAX_UPLOAD_GB."""

    code = "too_large"
    status = 413


class TooManyStreams(BadRecording):
    """This file holds more tracks than Clipper accepts. Export it with one video and one audio track."""

    code = "too_many_streams"


class Truncated(BadRecording):
    """This file breaks off before any usable sound. Upload the complete file again."""

    code = "truncated"


class BadCaptions(Refused):
    """This caption file could not be read. Upload it as SRT or VTT."""

    code = "bad_captions"
    status = 422


class BadTranscript(Refused):
    """This file is not a transcript with words and their times. Use one that `process --json` printed."""

    code = "bad_transcript"
    status = 422


class BadRange(Refused):
    """This stretch does not lie inside the recording. Choose a start before its end, inside the recording."""

    code = "bad_range"
    status = 422


class BadSettings(Refused):
    """These settings don't fit together."""

    code = "bad_settings"
    status = 422


class BadText(Refused):
    """This text holds a character that can't be stored. Take it out, then try again."""

    code = "bad_text"


class BadWord(Refused):
    """A correction is 1 to 20 words of at most 200 characters. Type what was said, then save."""

    code = "bad_word"
    status = 422


class BadUpload(Refused):
    """The upload request is not complete. Reload the page and start the upload again."""

    code = "bad_upload"


class UploadConflict(Refused):
    """The upload continued at a different place than expected. It will go on from where it was."""

    code = "upload_conflict"
    status = 409


class ChecksumMismatch(Refused):
    """A piece of the upload was damaged on its way. It is sent again."""

    code = "checksum_mismatch"
    status = 460  # the status tus names for this


class NotFound(Refused):
    """This does not exist, or was deleted."""

    code = "not_found"
    status = 404


class ShowNotFound(NotFound):
    """This show does not exist. Choose another one."""

    code = "show_not_found"


class ProjectNotFound(NotFound):
    """This recording does not exist, or was deleted. Go back to the list of recordings."""

    code = "project_not_found"


class AssetNotFound(NotFound):
    """This file does not exist, or was deleted."""

    code = "asset_not_found"


class ClipNotFound(NotFound):
    """This clip does not exist, or was deleted. Reload the page to see the current clips."""

    code = "clip_not_found"


class NoteNotFound(NotFound):
    """This note does not exist, or its clip was deleted. Reload the page to see the current notes."""

    code = "note_not_found"


class TranscriptNotFound(NotFound):
    """These words are not kept for this recording. Reload the page to see the current ones."""

    code = "transcript_not_found"


class RunNotFound(NotFound):
    """This run does not exist."""

    code = "run_not_found"


class RenderNotFound(NotFound):
    """This render does not exist."""

    code = "render_not_found"


class UploadNotFound(NotFound):
    """This upload is not known any more. Start it again."""

    code = "upload_not_found"


class PreconditionMissing(Refused):
    """Say which version you saw: send its ETag as If-Match."""

    code = "precondition_required"
    status = 428


class Stale(Refused):
    """Somebody changed this clip while you had it open. Look at the new version, then decide again."""

    code = "stale"
    status = 412


class TranscriptStale(Stale):
    """The words changed while you had them open. Look at them as they are now, then try again."""

    code = "transcript_stale"


class WordChanged(Refused):
    """Somebody changed this word while you had it open. Look at it as it is now, then correct it again."""

    code = "word_changed"
    status = 409


class NotApproved(Refused):
    """This version of the clip is not approved. Approve it first, then render it."""

    code = "not_approved"
    status = 409


class NoLongerApproved(NotApproved):
    """This file is of a version that is not approved any more. Open its clip on the review desk and decide again."""

    code = "no_longer_approved"


class NotReady(Refused):
    """This is not ready yet. Wait until the step before it has finished."""

    code = "not_ready"
    status = 409


class NothingToUndo(Refused):
    """There is no decision to undo on this version."""

    code = "nothing_to_undo"
    status = 409


class NothingToCarry(Refused):
    """There is no approval to carry over to this version. Listen to it, then decide."""

    code = "nothing_to_carry"
    status = 409


class NothingToTake(Refused):
    """This clip rests on the newest words already. There is nothing to take over."""

    code = "nothing_to_take"
    status = 409


class WrongState(Refused):
    """This can't be done in its present state. Reload the page to see the current state."""

    code = "wrong_state"
    status = 409


class Failed(ClipperError):
    """Something here did not work. Your recording is safe. Press Retry; if it fails again, look at the details."""

    code = "failed"
    retryable = True


class MediaToolFailed(Failed):
    """FFmpeg could not work on this recording. The file may be damaged: export it again and upload that."""

    code = "media_tool_failed"


class MediaToolMissing(Failed):
    """FFmpeg does not run here. Set CLIPPER_FFMPEG to one that does, or leave it out to use our own."""

    code = "media_tool_missing"


class MediaToolStuck(Failed):
    """FFmpeg stopped making progress on this recording and was ended. Press Retry, or upload the file exported anew."""

    code = "media_tool_stuck"


class RenderCheckFailed(Failed):
    """The rendered file did not have the length of the clip, so it was thrown away. Press Retry to render it again."""

    code = "render_check_failed"


class StorageFailed(Failed):
    """The file store did not do what was asked. Check its address and rights in Settings, then press Retry."""

    code = "storage_failed"


class StorageKeyRefused(StorageFailed):
    """The file store does not know this access key. Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""

    code = "storage_key_refused"


class StorageForbidden(StorageFailed):
    """The access key may not use this bucket. Allow it to read, write, list and delete there."""

    code = "storage_forbidden"


class BucketMissing(StorageFailed):
    """The bucket named in CLIPPER_STORAGE_URL does not exist. Create it, or correct the name."""

    code = "bucket_missing"


class StorageUnreachable(StorageFailed):
    """The file store did not answer. Check S3_ENDPOINT_URL and that it is running; what was saved is safe."""

    code = "storage_unreachable"
    status = 503


class StoredFileMissing(Failed):
    """A stored file is missing from the file store. Upload the recording again."""

    code = "stored_file_missing"
    retryable = False


class DiskFull(Failed):
    """The disk is full. Free some space, then press Retry; nothing that was saved is lost."""

    code = "disk_full"
    status = 507


class DatabaseUnavailable(Failed):
    """The database did not answer. Check DATABASE_URL and that it is running."""

    code = "database_unavailable"
    status = 503


class DatabasePasswordRefused(DatabaseUnavailable):
    """The database does not let this user in. Check the user and the password in DATABASE_URL."""

    code = "database_password_refused"


class DatabaseNotTrusted(DatabaseUnavailable):
    """The connection to the database could not be secured. Check sslmode and sslrootcert in DATABASE_URL."""

    code = "database_not_trusted"


class DatabaseMissing(DatabaseUnavailable):
    """The database named in DATABASE_URL does not exist on its server. Create it, or correct the name."""

    code = "database_missing"


class DatabaseForbidden(DatabaseUnavailable):
    """The user in DATABASE_URL may not do this there. Make it the owner of the database."""

    code = "database_forbidden"


class DatabaseBusy(DatabaseUnavailable):
    """All connections to the database are taken. Try again; if it stays so, raise CLIPPER_DATABASE_POOL."""

    code = "database_busy"


class QueueUnavailable(Failed):
    """The queue (Redis) did not answer. Work that was asked for is saved and starts when it is back."""

    code = "queue_unavailable"
    status = 503


class QueuePasswordRefused(QueueUnavailable):
    """The queue (Redis) does not let this user in. Check the user and the password in REDIS_URL; no work is lost."""

    code = "queue_password_refused"


class QueueNotTrusted(QueueUnavailable):
    """The certificate of the queue (Redis) could not be verified. Name its authority in REDIS_URL: ssl_ca_certs."""

    code = "queue_not_trusted"


class ServiceUnavailable(Failed):
    """The speech or language service did not answer. Your recording is safe; press Retry in a while."""

    code = "service_unavailable"
    status = 503


class ServiceKeyRefused(ServiceUnavailable):
    """The speech or language service refused the key. Check OPENAI_API_KEY, then press Retry."""

    code = "service_key_refused"


class ServiceOutOfCredit(ServiceUnavailable):
    """The account at the speech or language service has no credit left. Add some there, then press Retry."""

    code = "service_out_of_credit"


class ServiceModelMissing(ServiceUnavailable):
    """The service does not know this model. Check CLIPPER_TRANSCRIBE_MODEL and CLIPPER_CHAT_MODEL, then press Retry."""

    code = "service_model_missing"


class ServiceRefused(ServiceUnavailable):
    """The speech or language service did not accept what it was sent. Look at the details, and check its settings."""

    code = "service_refused"


class PieceTooLarge(ServiceRefused):
    """The service takes less at a time than it was sent. Lower CLIPPER_OPENAI_MAX_MB or CLIPPER_CHAT_WORDS."""

    code = "piece_too_large"


class ServiceAnswerUnusable(ServiceUnavailable):
    """The speech or language service gave an answer that can't be used. Press Retry, or choose another model."""

    code = "service_answer_unusable"


class EngineMissing(Failed):
    """The chosen transcriber is not installed here. Choose another one in Settings."""

    code = "engine_missing"
    retryable = False


class VoiceDetectorMissing(EngineMissing):
    """The detector of voices is not installed here. Run `make setup`, or set CLIPPER_VOICE_ACTIVITY to off."""

    code = "voice_detector_missing"


class SetupProblem(Failed):
    """Clipper could not start. Run `make setup`, then `make run` again."""

    code = "setup_problem"
    retryable = False


class PortInUse(SetupProblem):
    """Another program already uses this port. Stop it, or set CLIPPER_PORT to another number."""

    code = "port_in_use"


class FolderNotWritable(SetupProblem):
    """Clipper can't write to its data folder. Choose one you may write to with CLIPPER_DATA_DIR."""

    code = "folder_not_writable"


class Interrupted(Failed):
    """This step was interrupted three times and given up. Press Retry; the computer may be short of memory."""

    code = "interrupted"


class Cancelled(Failed):
    """This was cancelled."""

    code = "cancelled"
    retryable = False


class LeaseLost(Failed):
    """Another worker has taken this step over."""

    code = "lease_lost"
    retryable = False


def is_refusal(code: str | None) -> bool:
    """True if a code blames the input, so that trying again changes nothing."""

    def codes(kind: type[ClipperError]) -> set[str]:
        return {kind.code}.union(*(codes(below) for below in kind.__subclasses__()))

    return code in codes(Refused)
