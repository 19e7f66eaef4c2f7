"""The uploader in a real browser, against a real server: what a person with a file and a bad connection meets."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clipper_core.errors import NotMedia
from tests.servers import free_port
from tests.services import fresh_settings

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
Browser, Locator, Page, expect = sync_api.Browser, sync_api.Locator, sync_api.Page, sync_api.expect

ROOT = Path(__file__).parents[2]
Choose = Callable[..., None]
pytestmark = pytest.mark.browser
SRT = b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"

SITE = """
    import os, sys
    from pathlib import Path
    import streamlit as st

    def page():
        from pages.components.uploader import uploader
        done = uploader([{"id": "shw_default", "name": "My recordings"}], {}, 50_000_000, "uploader").uploaded
        if done:
            st.session_state.setdefault("heard", []).append(done.filename)
        st.text("heard: " + ", ".join(st.session_state.get("heard", [])))
        st.button("Draw the page anew")

    def api_in(folder):
        import types
        from fastapi import FastAPI
        from clipper_core.db.models import Show
        from clipper_core.db.session import Database
        from clipper_core.services.uploads.uploads import UploadLimits, Uploads
        from clipper_core.web import problems
        from clipper_core.web.routes import uploads

        database = Database((folder / "database").read_text())
        with database.write() as session:
            session.add(Show(id="shw_default", name="My recordings"))

        class Intake:
            def store(self, upload_id, path, captions):
                return path.replace(folder / "store" / upload_id), captions

            def complete(self, session, upload, kept):
                recording, captions = kept
                recording.rename(folder / "store" / upload.filename)
                if captions is not None:
                    captions.replace(folder / "store" / f"{upload.filename}.captions")
                return "prj_" + upload.id[4:]

            def announce(self, project_id):
                pass

            def discard(self, upload_id):
                pass

        api = FastAPI()
        limits = UploadLimits(max_bytes=50_000_000, spare_bytes=0)
        api.state.clipper = types.SimpleNamespace(
            uploads=Uploads(database, folder / "staging", Intake(), limits)
        )
        api.include_router(uploads.router)
        problems.install(api)
        return api

    class Beside:
        def __init__(self, app, api):
            self.app, self.api = app, api
        async def __call__(self, scope, receive, send):
            ours = scope["type"] == "http" and scope["path"].startswith("/uploads")
            await (self.api if ours else self.app)(scope, receive, send)

    if __name__ == "__main__":
        page()
    else:
        from starlette.middleware import Middleware
        app = st.App(__file__, middleware=[Middleware(Beside, api=api_in(Path(__file__).parent))])
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "store").mkdir()
    (folder / "app.py").write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + textwrap.dedent(SITE), encoding="utf-8"
    )
    port = free_port()
    options = [f"--server.port={port}", "--server.headless=true", "--server.address=127.0.0.1"]
    options += ["--server.fileWatcherType=none", "--browser.gatherUsageStats=false"]
    with fresh_settings(folder) as settings:
        (folder / "database").write_text(settings.database)
        process = subprocess.Popen([sys.executable, "-m", "streamlit", "run", "app.py", *options], cwd=folder)
        yield answering(process, f"http://127.0.0.1:{port}"), folder
        process.terminate()
        process.wait(30)


def answering(process: subprocess.Popen[bytes], address: str) -> str:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
            return address
        except OSError:
            assert process.poll() is None, "the site ended"
            assert time.monotonic() < deadline, "the site does not answer"
            time.sleep(0.2)


@pytest.fixture
def page(browser: Browser, site: tuple[str, Path]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(site[0])
    page.get_by_test_id("uploader").wait_for(timeout=30_000)
    yield page
    context.close()


@pytest.fixture
def choose(page: Page, tmp_path: Path) -> Choose:
    """Chooses files of these names and bytes."""

    def choose(*files: tuple[str, bytes]) -> None:
        for name, data in files:
            if not (tmp_path / name).exists():  # the same file again is the same to the minute
                (tmp_path / name).write_bytes(data)
        page.get_by_test_id("uploader-input").set_input_files([tmp_path / name for name, _ in files])

    return choose


def row(page: Page, name: str) -> Locator:
    return page.get_by_test_id("uploader-row").filter(has_text=name)


class Network:
    """The page's connection: so many bytes a second upwards, or none."""

    def __init__(self, page: Page, bytes_a_second: int) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Network.enable")
        self._speed = {"latency": 1, "downloadThroughput": -1, "uploadThroughput": bytes_a_second}
        self.up()

    def up(self) -> None:
        self._session.send("Network.emulateNetworkConditions", {"offline": False, **self._speed})

    def down(self) -> None:
        self._session.send("Network.emulateNetworkConditions", {"offline": True, **self._speed})


def state(page: Page, name: str, wanted: str, within_s: float = 20) -> None:
    expect(row(page, name)).to_have_attribute("data-state", wanted, timeout=within_s * 1000)


def test_several_recordings_at_once_arrive_whole(choose: Choose, page: Page, site: tuple[str, Path]):
    one, two = b"1" * 9_000_000, b"2" * 1000

    choose(("one.mp4", one), ("two.mp4", two))

    desk = re.compile(r"^/review\?project=prj_\w+$")
    for name, data in (("one.mp4", one), ("two.mp4", two)):
        state(page, name, "done")
        expect(row(page, name).get_by_role("link")).to_have_attribute("href", desk)
        assert (site[1] / "store" / name).read_bytes() == data
    expect(page.get_by_text("heard:")).to_contain_text("one.mp4")


def test_a_wrong_file_type_is_refused_without_a_request(choose: Choose, page: Page):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/uploads" in request.url else None)

    choose(("notes.txt", b"hello"))
    choose(("empty.mp4", b""))

    expect(row(page, "notes.txt").get_by_test_id("uploader-status")).to_have_text(NotMedia().message)
    expect(row(page, "empty.mp4").get_by_test_id("uploader-status")).to_contain_text("empty")
    assert asked == []


def test_captions_of_the_same_name_go_with_their_recording(choose: Choose, page: Page, site: tuple[str, Path]):
    pytest.importorskip("clipper_core.adapters.captions")

    choose(("interview.mp4", b"x" * 100), ("other.mp4", b"y"), ("interview.en.srt", SRT))

    state(page, "interview.mp4", "done")
    state(page, "other.mp4", "done")
    assert (site[1] / "store" / "interview.mp4.captions").read_bytes() == SRT
    assert not (site[1] / "store" / "other.mp4.captions").exists()


def test_unreadable_captions_are_named_and_the_recording_arrives(choose: Choose, page: Page):
    pytest.importorskip("clipper_core.adapters.captions")

    choose(("webinar.mp4", b"x" * 100), ("webinar.srt", b"\x00nothing"))

    state(page, "webinar.mp4", "done")
    expect(row(page, "webinar.mp4").get_by_test_id("uploader-captions-status")).to_contain_text("webinar.srt: ")


def test_a_hostile_name_is_shown_as_text(choose: Choose, page: Page):
    name = "<img src=x onerror=document.title='bad'>.mp4"

    choose((name, b"x" * 100))

    expect(page.get_by_test_id("uploader-name")).to_have_text(name)
    assert page.title() != "bad"


def test_a_page_rerun_does_not_disturb_an_upload(choose: Choose, page: Page):
    Network(page, 3_000_000)
    choose(("steady.mp4", b"x" * 12_000_000))
    requests: list[str] = []
    page.on("requestfailed", lambda request: requests.append(request.url) if "/uploads" in request.url else None)

    page.get_by_role("button", name="Draw the page anew").click()

    state(page, "steady.mp4", "done")
    assert requests == []


def test_an_upload_can_be_paused_resumed_and_cancelled(choose: Choose, page: Page, site: tuple[str, Path]):
    staging = site[1] / "staging"
    before = set(staging.glob("*"))  # a page that was closed may have left something on its way
    Network(page, 1_000_000)
    choose(("long.mp4", b"x" * 9_000_000))
    state(page, "long.mp4", "uploading")

    row(page, "long.mp4").get_by_test_id("uploader-pause").click()
    state(page, "long.mp4", "paused")
    row(page, "long.mp4").get_by_test_id("uploader-pause").click()
    state(page, "long.mp4", "uploading")
    row(page, "long.mp4").get_by_test_id("uploader-cancel").click()

    expect(row(page, "long.mp4")).to_have_count(0)
    deadline = time.monotonic() + 10
    while kept := set(staging.glob("*")) - before:
        assert time.monotonic() < deadline, f"the server still keeps what was cancelled: {kept}"
        time.sleep(0.05)


def test_an_upload_resumes_after_a_lost_connection(choose: Choose, page: Page, site: tuple[str, Path]):
    data = bytes(range(256)) * 60_000
    network = Network(page, 5_000_000)
    choose(("train.mp4", data))
    expect(row(page, "train.mp4").get_by_test_id("uploader-status")).to_contain_text("MB/s", timeout=15_000)

    network.down()
    state(page, "train.mp4", "retrying")
    expect(row(page, "train.mp4").get_by_test_id("uploader-status")).to_contain_text("is safe")
    network.up()

    state(page, "train.mp4", "done", within_s=30)
    assert (site[1] / "store" / "train.mp4").read_bytes() == data


def test_choosing_the_same_file_resumes_after_reload(choose: Choose, page: Page, site: tuple[str, Path]):
    data = bytes(range(256)) * 100_000  # 25.6 MB: four pieces
    Network(page, 6_000_000)
    choose(("talk.mp4", data))
    page.wait_for_function("() => Object.values(JSON.parse(localStorage['clipper.uploads'] ?? '{}'))[0]?.offset > 0")

    page.reload()
    again = row(page, "talk.mp4").get_by_test_id("uploader-status")
    expect(again).to_contain_text("Choose talk.mp4 again to continue at ", timeout=30_000)
    offsets: list[int] = []
    page.on("request", lambda r: offsets.append(int(r.headers["upload-offset"])) if r.method == "PATCH" else None)
    choose(("talk.mp4", data))

    state(page, "talk.mp4", "done", within_s=30)
    assert offsets[0] >= 8 << 20
    assert (site[1] / "store" / "talk.mp4").read_bytes() == data
