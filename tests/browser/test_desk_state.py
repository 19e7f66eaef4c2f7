"""The objects that the desk's store holds, each alone with plain stand-ins for the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pages.components import desk as component

pytestmark = pytest.mark.browser
NAMES = (
    "Commands, Conflicts, History, NoAnswer, Notices, PendingChanges, Problem, ProjectState, Selection, Topics, Undo"
)


@pytest.fixture(scope="module")
def state(browser: Any) -> Iterator[Any]:
    """A page with the classes of the desk's state and nothing else of the desk."""
    modules = [name for name in component.MODULES if name.startswith(("rules/", "state/"))]
    page = browser.new_page()
    page.add_script_tag(
        content=f"{component.joined(component.HERE, modules)}; window.desk = {{ {NAMES}, statusAfter }};",
        type="module",
    )
    page.wait_for_function("window.desk")
    yield page
    page.close()


DECISIONS = [
    {"decision": d, "version": v} for d, v in (("rejected", 1), ("approved", 2), ("rejected", 2), ("withdrawn", 2))
]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ([], "approved"),
        ([{"kind": "decision", "decision": "withdrawn"}], "proposed"),
        ([{"kind": "decision", "decision": "changes_requested"}], "changes_requested"),
        ([{"kind": "version"}], "proposed"),
        ([{"kind": "version"}, {"kind": "decision", "decision": "rejected"}], "rejected"),
        ([{"kind": "decision", "decision": "rejected"}, {"kind": "version"}], "proposed"),
        ([{"kind": "hold"}, {"kind": "call"}], "approved"),
    ],
)
def test_a_status_follows_from_decisions_and_changes(state: Any, changes: list[dict[str, str]], status: str):
    clip = {"id": "a", "version": 2, "decisions": DECISIONS}

    assert state.evaluate("([clip, changes]) => desk.statusAfter(clip, changes)", [clip, changes]) == status


def test_a_project_state_reads_only_new_revisions(state: Any):
    reads = state.evaluate(
        """async () => {
            const reads = [];
            let clips = 1;
            const api = {
                project: async () => ({ state: 'succeeded', map_revision: 'm', clips_revision: `c${clips}` }),
                map: async () => reads.push('map') && { duration_s: 9, silences: [] },
                clips: async () => reads.push('clips') && [{ id: 'a' }],
            };
            const project = new desk.ProjectState(api, new desk.Topics());
            await project.look();
            await project.look();
            clips = 2;
            await project.look();
            return [reads, project.duration, project.clip('a').id, project.isBusy];
        }"""
    )

    assert reads == [["clips", "map", "clips"], 9, "a", False]


def test_clips_are_reread_after_own_changes(state: Any):
    readings = state.evaluate(
        """async () => {
            const readings = [];
            let asked = 0;
            const clips = async () => {
                asked += 1;
                if (asked === 1) project.writes += 1;
                return [{ id: `${asked}` }];
            };
            const project = new desk.ProjectState({ clips }, new desk.Topics());
            project.onClips = (clips, isNews) => readings.push([clips[0].id, isNews]);
            await project.readClips();
            await project.readClips();
            return readings;
        }"""
    )

    assert readings == [["2", False], ["3", True]]


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        ("new desk.NoAnswer('')", "The server does not answer. Trying again."),
        ("new desk.Problem(404, { detail: 'This recording was deleted.' })", "This recording was deleted."),
    ],
)
def test_a_project_that_cannot_be_read_says_why(state: Any, error: str, trouble: str):
    result = state.evaluate(
        f"""async () => {{
            const project = new desk.ProjectState({{ project: async () => {{ throw {error}; }} }}, new desk.Topics());
            return [await project.look(), project.trouble];
        }}"""
    )

    assert result == [False, trouble]


def test_a_message_that_stays_comes_back_after_others(state: Any):
    texts = state.evaluate(
        """() => {
            const notices = new desk.Notices(new desk.Topics());
            const texts = [];
            notices.say({ text: 'Not saved', tone: 'error', stays: true });
            notices.say({ text: 'Approved', tone: 'ok' });
            texts.push(notices.current.text);
            notices.dismiss();
            texts.push(notices.current.text);
            notices.withdraw('Not saved');
            return [...texts, notices.current];
        }"""
    )

    assert texts == ["Approved", "Not saved", None]


def test_topics_of_one_step_are_told_together(state: Any):
    batches = state.evaluate(
        """async () => {
            const topics = new desk.Topics();
            const batches = [];
            topics.on((some) => batches.push([...some]));
            topics.tell('clips');
            topics.tell('draft', 'clips');
            await Promise.resolve();
            topics.closed = true;
            topics.tell('map');
            await Promise.resolve();
            return batches;
        }"""
    )

    assert batches == [["clips", "draft"]]


# a history, an outbox and a selection without the rest of the desk
FLOORS = """
    const topics = new desk.Topics();
    const clip = { id: 'a', title: 'One', version: 1, status: 'proposed', decisions: [], etag: '"1"',
        ranges: [{ start_s: 1, end_s: 5 }] };
    const project = Object.assign(new desk.ProjectState({}, topics), { clips: [clip] });
    const selection = new desk.Selection(project, topics);
    const history = new desk.History('prj_1');
    const queued = [];
    const outbox = {
        all: queued, lanes: new Map(), lane: () => {}, release: () => {}, unsent: () => null, persist: () => {},
        put: (id, change) => queued.push({ id, ...change }), has: (key) => queued.some((c) => c.key === key),
        changes: (id) => queued.filter((c) => c.id === id),
    };
    const floors = { project, selection, history, topics, outbox, notices: new desk.Notices(topics) };
    const pending = new desk.PendingChanges(floors);
"""


def test_a_draft_becomes_one_pending_version(state: Any):
    result = state.evaluate(
        f"""() => {{
            {FLOORS}
            pending.reviewer = 'Ben';
            pending.draft(clip, [{{ start_s: 2, end_s: 5 }}]);
            pending.draft(clip, [{{ start_s: 3.00049, end_s: 5 }}]);
            const drafted = pending.rangesOf(clip)[0].start_s;
            pending.commit('a');
            const [{{ id, kind, by, ranges }}] = queued;
            return [drafted, queued.length, id, kind, by, ranges, pending.rangesOf(clip), history.done.length];
        }}"""
    )

    ranges = [{"start_s": 3, "end_s": 5}]
    assert result == [3.00049, 1, "a", "version", "Ben", ranges, ranges, 1]


def test_a_draft_at_its_old_place_leaves_no_step(state: Any):
    result = state.evaluate(
        f"""() => {{
            {FLOORS}
            pending.edit(clip, [{{ start_s: 1, end_s: 5 }}]);
            return [queued.length, history.done.length];
        }}"""
    )

    assert result == [0, 0]


def test_undo_withdraws_a_pending_decision_and_redo_repeats_it(state: Any):
    result = state.evaluate(
        f"""() => {{
            {FLOORS}
            const undo = new desk.Undo({{ ...floors, pending, commands: null }});
            pending.decide(clip, 'approved');
            const back = [undo.decides(), undo.takeBack(), pending.statusOf(clip)];
            const again = [undo.doAgain(), pending.statusOf(clip)];
            return [back, again, queued.map((c) => c.decision)];
        }}"""
    )

    back, again = [True, "the approval, One", "proposed"], ["the approval, One", "approved"]
    assert result == [back, again, ["approved", "withdrawn", "approved"]]


def test_a_call_is_filled_in_by_its_answer(state: Any):
    result = state.evaluate(
        f"""async () => {{
            {FLOORS}
            const commands = new desk.Commands({{ ...floors, pending }});
            const isValid = ({{ clip }}) => typeof clip === 'string';
            const fromAnswer = (_change, answer) => ({{ note: answer.id }});
            commands.register({{ note: {{ lane: ({{ clip }}) => `notes of ${{clip}}`, isValid, fromAnswer }} }});
            const undo = {{ verb: 'note', args: {{ clip: 'a', note: '' }} }};
            commands.askUndoably('a note', {{ verb: 'note', args: {{ clip: 'a' }} }}, undo);
            commands.accept(queued[0], {{ id: 'not_1' }});
            const calls = [undo, {{ verb: 'note', args: {{}} }}, null];
            const isKnown = calls.map((call) => commands.isCall(call));
            return [queued[0].id, history.done[0].undo.args.note, isKnown];
        }}"""
    )

    assert result == ["notes of a", "not_1", [True, False, False]]


def test_a_refused_decision_that_came_true_is_no_conflict(state: Any):
    result = state.evaluate(
        f"""async () => {{
            {FLOORS}
            const there = {{ ...clip, decision: {{ decision: 'approved', by: 'Ana' }} }};
            project.api.clips = async () => [there];
            const conflicts = new desk.Conflicts({{ ...floors, pending, commands: null }});
            history.push({{ kind: 'decision', made: [{{ id: 'a', decision: 'approved' }}] }});
            const changes = [{{ key: 'k', kind: 'decision', decision: 'approved' }}];
            await conflicts.resolve('a', {{ changes, etag: '"1"', seen: clip }}, new desk.Problem(412, {{}}));
            return [floors.notices.current, history.done.length];
        }}"""
    )

    assert result == [None, 0]  # Ana's approval is not ours to take back


def test_a_refused_edit_is_offered_again_on_the_newer_clip(state: Any):
    result = state.evaluate(
        f"""async () => {{
            {FLOORS}
            project.api.clips = async () => [{{ ...clip, title: 'Two', changed_by: 'Ana', etag: '"2"' }}];
            selection.select('a');
            const commands = {{ refuse: () => {{}} }};
            outbox.withdraw = () => {{}};
            const conflicts = new desk.Conflicts({{ ...floors, pending, commands }});
            const changes = [{{ key: 'k', kind: 'version', ranges: [{{ start_s: 2, end_s: 5 }}] }}];
            await conflicts.resolve('a', {{ changes, etag: '"1"', seen: clip }}, new desk.Problem(412, {{}}));
            const {{ text, action }} = floors.notices.current;
            action.run();
            return [text, action.label, queued.map(({{ kind, ranges }}) => [kind, ranges])];
        }}"""
    )

    text = "Ana renamed it “Two” meanwhile. What you see of “Two” is the newest version."
    assert result == [text, "Use my edges", [["version", [{"start_s": 2, "end_s": 5}]]]]
