"""A whole run with an OpenAI-compatible endpoint: a real worker, a real database, a stand-in for the paid service."""

from __future__ import annotations

import gzip
import io
import json
import re
import wave
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from clipper_core.adapters.captions import read_captions
from clipper_core.adapters.media.ffmpeg import Ffmpeg
from clipper_core.db.models import Base, PaidAnswer
from clipper_core.domain.task import Kind, TaskState
from clipper_core.domain.time_range import TimeRange
from clipper_core.domain.transcript import Word
from clipper_core.services.engines.remembering import answer_key
from clipper_core.stages.silence.map_silence import MapRequest, map_silence
from clipper_core.stages.sound.decode import SoundTrack
from clipper_core.stages.words.spread import spread_words
from pages.components.runs.run_rows import steps_html
from tests.endpoint import CHAT, TRANSCRIPTIONS, Endpoint
from tests.endpoint_faults import Call, Fault, broken, no_text, out_of_credit, refuses, says, slow_down, wrong_key
from tests.servers import Process, Redis, Stack, running_stack, until
from tests.services import RedisCorner, fresh_places

pytestmark = pytest.mark.servers

PRICES = {"transcribe_price": 0.006, "chat_price_in": 0.25, "chat_price_out": 2.0}
TITLE = "On beauty and time"
LINE = re.compile(r"^\[(\d+)\] [\d:]+ ([\d.]+)\s?s", re.MULTILINE)


@dataclass
class House:
    """A Clipper that was given a key, and the service behind it."""

    stack: Stack
    endpoint: Endpoint
    sonnet: Path

    def worker(self, **more: str) -> Process:
        told = {
            "OPENAI_API_KEY": str(self.endpoint.key),
            "OPENAI_BASE_URL": self.endpoint.url,
            "CLIPPER_OPENAI_MAX_MB": "0.3",  # about six seconds of sound: many pieces
            "CLIPPER_OPENAI_IN_FLIGHT": "2",
            **{f"CLIPPER_{name.upper()}": str(value) for name, value in PRICES.items()},
        }
        return self.stack.worker(**{**told, **more})

    def upload(self) -> str:
        return self.stack.upload(self.sonnet, min_s=6, max_s=20)

    def kept_keys(self) -> set[str]:
        with self.stack.app.database.read() as session:
            return set(session.scalars(select(PaidAnswer.input_key)))

    def key_of(self, call: Call) -> str:
        """Under which key the answer to a call is kept."""
        with wave.open(io.BytesIO(call.file)) as sound:
            pcm = sound.readframes(sound.getnframes())
        return answer_key("hear", f"gpt-transcribe @ 127.0.0.1:{self.endpoint.port}", "auto", pcm)

    def transcript(self, project_id: str) -> dict[str, Any]:
        project = self.stack.app.projects.get(project_id)
        found = self.stack.app.measured.transcript(project.transcript_id or "")
        return {"engine": found.engine, "draft": found.draft, "text": " ".join(w.text for w in found.words)}

    def heard(self) -> list[tuple[int, int]]:
        """The pieces that were paid for, in the order of the recording."""
        return sorted(c.span for c in self.endpoint.paid if c.path == TRANSCRIPTIONS and c.span)

    def everything_said(self) -> str:
        """All that is kept or shown: logs, every row, stored documents, and what the API answers."""
        parts = [p.log.read_text(errors="replace") for p in self.stack.processes]
        with self.stack.app.database.read() as session:
            parts += [str(session.execute(text(f"select * from {t.name}")).all()) for t in Base.metadata.sorted_tables]
        for file in self.stack.storage.files():
            data = b"".join(self.stack.storage.read(file.key))
            parts.append((gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("latin-1"))
        return "\n".join(parts)


def hearing(call: Call) -> bool:
    return call.path == TRANSCRIPTIONS


def chatting(call: Call) -> bool:
    return call.path == CHAT


def chosen(request: dict[str, Any]) -> dict[str, Any]:
    """A model that takes the first sentence that is long enough to stand alone."""
    listed = LINE.findall(request["messages"][1]["content"])
    number = next(int(n) for n, seconds in listed if float(seconds) >= 6)
    reasons = ["Speaks of beauty's rose"]
    return {
        "clips": [
            {"first_sentence": number, "last_sentence": number, "title": TITLE, "reasons": reasons, "score": 90},
        ]
    }


@pytest.fixture(scope="module")
def speech(sonnet: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[Word]]:
    """The sonnet's speech audio and its words, spread over the lines they stand in."""
    out = tmp_path_factory.mktemp("speech") / "speech"
    mapped = map_silence(Ffmpeg(), SoundTrack(sonnet), MapRequest(out))
    words: list[Word] = []
    for caption in read_captions(sonnet.with_suffix(".srt").read_bytes()):
        words += spread_words(caption.text, TimeRange(caption.start_ms, caption.end_ms), mapped.silence_map)
    return out.read_bytes(), words


@pytest.fixture
def house(
    tmp_path: Path, redis_server: Redis | RedisCorner, sonnet: Path, speech: tuple[bytes, list[Word]]
) -> Iterator[House]:
    with Endpoint() as endpoint, fresh_places() as places:
        endpoint.knows(*speech).answers(chosen)
        told = {"openai_api_key": endpoint.key, "openai_base_url": endpoint.url, **PRICES}
        with running_stack(tmp_path, redis_server, **told, **places) as stack:
            yield House(stack, endpoint, sonnet)


def test_the_endpoint_gives_words_clips_and_spending(house: House):
    house.worker()

    project_id = house.upload()
    run = house.stack.finished(project_id)

    assert run.state is TaskState.SUCCEEDED
    assert [w["code"] for w in run.warnings] == []
    found = house.transcript(project_id)
    assert (found["engine"], found["draft"]) == ("openai", False)
    assert found["text"].startswith("One. From fairest creatures we desire increase,")
    assert [c.title for c in house.stack.app.clips.of_project(project_id)] == [TITLE]
    assert house.endpoint.most_at_once <= 2
    spent = run.spent
    assert spent.audio_ms == pytest.approx(sum(b - a for a, b in house.heard()), abs=50)
    sound, chat = spent.audio_ms / 60_000 * 0.006, (spent.tokens_in * 0.25 + spent.tokens_out * 2) / 1e6
    assert sound < spent.cost <= sound + chat
    assert "of sound and read" in steps_html(run) and "for $" in steps_html(run)
    said = house.stack.api().get(f"/api/runs/{run.id}").json()["spending"]
    assert said["cost_usd"] == pytest.approx(spent.cost, abs=1e-5)


def test_answered_pieces_are_not_paid_again(house: House):
    house.endpoint.open.clear()
    first = house.worker()
    project_id = house.upload()
    house.endpoint.wait_for(lambda: house.endpoint.at_once == 2, 60)
    house.endpoint.open.set()
    until(lambda: len(house.kept_keys()) >= 3, saying="three answers are kept")
    for process in [*first.children()]:
        process.kill()
    first.kill()
    kept = house.kept_keys()

    house.worker()
    run = house.stack.finished(project_id)

    assert run.state is TaskState.SUCCEEDED
    paid = Counter(house.key_of(c) for c in house.endpoint.paid if hearing(c))
    assert len(kept) >= 3
    assert {key: paid[key] for key in kept} == dict.fromkeys(kept, 1)
    assert house.transcript(project_id)["text"].count("From fairest creatures") == 1
    assert house.endpoint.most_at_once == 2


def test_a_failed_run_resumes_with_missing_pieces(house: House):
    house.worker(CLIPPER_OPENAI_IN_FLIGHT="1")

    def late(call: Call) -> bool:
        return hearing(call) and len([c for c in house.endpoint.calls if hearing(c)]) > 3

    house.endpoint.then(replace(wrong_key(str(house.endpoint.key)), when=late))
    project_id = house.upload()
    failed = house.stack.finished(project_id)

    assert failed.state is TaskState.FAILED
    assert failed.failure.error_code == "service_key_refused"
    assert "OPENAI_API_KEY" in failed.failure.error
    done = house.heard()
    assert len(done) == 3

    house.stack.app.runs.retry(failed.id)
    run = house.stack.finished(project_id)

    assert run.state is TaskState.SUCCEEDED
    assert Counter(house.heard()).most_common(1)[0][1] == 1
    assert str(house.endpoint.key) not in house.everything_said()
    assert "aB3d" not in house.everything_said()


@pytest.mark.parametrize(
    ("faults", "says_why"),
    [
        pytest.param([refuses()], "declined", id="a refusal"),
        pytest.param([says("no JSON at all"), says("still none")], "", id="no JSON, twice"),
        pytest.param([out_of_credit()], "credit", id="no credit"),
    ],
)
def test_the_offline_selector_replaces_a_failing_model(house: House, faults: list[Fault], says_why: str):
    house.endpoint.then(*[replace(f, when=chatting) for f in faults])
    house.worker()

    project_id = house.upload()
    run = house.stack.finished(project_id)

    assert run.state is TaskState.SUCCEEDED
    (warning,) = [w for w in run.warnings if w["code"] == "chosen_offline"]
    assert warning["message"].startswith("The clips were chosen on this computer, not by the language service.")
    assert says_why in warning["message"]
    assert house.stack.app.clips.of_project(project_id)
    assert warning["message"] in steps_html(run).replace("&#x27;", "'")


def test_passing_faults_of_the_service_only_take_time(house: House):
    hear = [slow_down(retry_after_ms="50"), broken(), no_text(), slow_down(retry_after="0")]
    house.endpoint.then(*[replace(f, when=hearing) for f in hear])
    house.worker()

    project_id = house.upload()
    run = house.stack.finished(project_id)

    assert run.state is TaskState.SUCCEEDED
    assert house.transcript(project_id)["text"].endswith("buriest thy content.")
    assert Counter(house.heard()).most_common(1)[0][1] == 1


def test_only_unusable_answers_are_requested_again(house: House):
    house.endpoint.then(*[replace(says("no JSON at all"), when=chatting)] * 2)
    house.worker()
    project_id = house.upload()
    house.stack.finished(project_id)
    assert len([c for c in house.endpoint.calls if c.path == CHAT]) == 2

    house.stack.app.runs.start(project_id)
    second = house.stack.finished(project_id)
    house.stack.app.runs.start(project_id)
    third = house.stack.finished(project_id)

    assert not second.warnings and not third.warnings
    assert len([c for c in house.endpoint.calls if c.path == CHAT]) == 3
    assert second.spent.audio_ms == 0 and third.spent is None
    assert {t.kind for t in third.tasks} >= {Kind.TRANSCRIBE, Kind.PROPOSE}
    assert json.dumps(third.settings).count("openai") >= 1
