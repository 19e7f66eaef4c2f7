"""Runs: one processing of a project, from its first task to its clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clipper_core import pipeline
from clipper_core.db import lookups
from clipper_core.db.codecs import media_from_row
from clipper_core.db.map_rows import map_in_use
from clipper_core.db.models import Project, Run, RunTask, Task, now
from clipper_core.db.session import Database
from clipper_core.db.transcript_rows import transcript_in_use
from clipper_core.domain.ids import new_id
from clipper_core.domain.task import Kind, TaskState, state_of_run
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import NotReady, RunNotFound, WrongState
from clipper_core.pipeline import Done, RunSettings, Sources
from clipper_core.services.engines.answers import spending_of
from clipper_core.services.engines.choice import EngineChoice
from clipper_core.services.runs.tasks import Tasks
from clipper_core.services.runs.views import RunView, run_view

Chooser = Callable[[str, bool], EngineChoice]
"""Chooses the engines of a new run, from the language and whether there are captions."""


class Runs:
    def __init__(self, database: Database, tasks: Tasks, choose: Chooser) -> None:
        self._database = database
        self._tasks = tasks
        self._choose = choose

    # -- starting

    def start_in(
        self, session: Session, project: Project, within: TimeRange | None = None, by: str = ""
    ) -> tuple[Run, list[Task]]:
        """A run and its first tasks, inside the caller's transaction; ring for them once it has committed.

        ``within`` makes it a run that only proposes, in that stretch, as ``by`` asked.
        """
        preferences = project.preferences
        choice = self._choose(preferences.get("language", "auto"), project.captions_id is not None)
        settings = RunSettings(
            transcriber=choice.transcriber.value,
            selector=choice.selector.value,
            tools=dict(choice.tools),
            language=choice.language,
            within=(within.start_ms, within.end_ms) if within else None,
            asked_by=by,
            **{k: preferences[k] for k in ("track", "min_ms", "max_ms", "most") if k in preferences},
        )
        run = Run(id=new_id("run"), project_id=project.id, settings=settings.to_json(), warnings=[])
        session.add(run)
        session.flush()
        made = self._take_on(session, run, project, pipeline.first(settings, _sources(run, project)))
        return run, made

    def start(self, project_id: str) -> RunView:
        """The active run of a project, or a new one. Raises ProjectNotFound, NotReady."""
        with self._database.write() as session:
            project = lookups.project(session, project_id, lock=True)
            if project.source_id is None:
                raise NotReady("This recording has not been uploaded yet. Upload it first.")
            active = self.active_in(session, project_id)
            if active is not None:
                return self._view(session, active)
            run, made = self.start_in(session, project)
            view = self._view(session, run)
        self._tasks.ring(made)
        return view

    def _take_on(self, session: Session, run: Run, project: Project, news: Sequence[pipeline.NewTask]) -> list[Task]:
        """These tasks as parts of the run; where equal work is done already, what follows it instead.

        All of them become the run's before any is followed: whether it has all its stretches can be told only then.
        """
        open_tasks: list[Task] = []
        done: dict[str, Task] = {}
        news = [_by_what_is_in_use(session, project, new) for new in news]
        for task in [self._tasks.add(session, project.id, run.id, new)[0] for new in news]:
            if task.state != TaskState.SUCCEEDED:
                open_tasks.append(task)
            else:
                done[task.kind] = task  # one of a kind is enough: what follows stretches follows all of them
        for task in done.values():
            _point(session, project, task)
            open_tasks += self.follow(session, run, project, task)
        return open_tasks

    def follow(self, session: Session, run: Run, project: Project, task: Task) -> list[Task]:
        """Make the tasks that ``task``, which succeeded, makes possible in ``run``, and pass on its warnings."""
        result = task.result or {}
        fresh = [w for w in result.get("warnings", []) if w not in run.warnings]
        if fresh:
            run.warnings = [*run.warnings, *fresh]
        settings = RunSettings.from_json(run.settings)
        media = media_from_row(result["media"]) if task.kind == Kind.PROBE else None
        done = Done(Kind(task.kind), task.inputs, result, media)
        following = pipeline.after(done, settings, _sources(run, project), self._transcribed(session, run.id))
        return self._take_on(session, run, project, following)

    def follow_everywhere(self, session: Session, task: Task) -> list[Task]:
        """The same, in every run that has the task and was not cancelled."""
        # Locked, so that of two stretches finishing at once the second sees the first.
        wanting = select(Run).join(RunTask).where(RunTask.task_id == task.id, Run.cancelled_at.is_(None))
        runs = session.scalars(wanting.order_by(Run.created_at, Run.id).with_for_update(of=Run))
        made: list[Task] = []
        for run in runs.all():
            made += self.follow(session, run, session.get_one(Project, run.project_id), task)
        return made

    @staticmethod
    def _transcribed(session: Session, run_id: str) -> list[str] | None:
        rows = session.execute(
            select(Task.id, Task.state)
            .join(RunTask)
            .where(RunTask.run_id == run_id, Task.kind == Kind.TRANSCRIBE)
            .order_by(Task.position)
        ).all()
        return [r.id for r in rows] if rows and all(r.state == TaskState.SUCCEEDED for r in rows) else None

    # -- looking

    def get(self, run_id: str) -> RunView:
        """Raises RunNotFound."""
        with self._database.read() as session:
            run = session.get(Run, run_id)
            if run is None:
                raise RunNotFound
            return self._view(session, run)

    def newest(self, most: int = 50) -> list[RunView]:
        """The newest runs of recordings that still exist."""
        with self._database.read() as session:
            query = select(Run).join(Project, Run.project_id == Project.id).where(Project.deleted_at.is_(None))
            runs = session.scalars(query.order_by(Run.created_at.desc()).limit(most)).all()
            return self.views(session, runs)

    def of_project(self, project_id: str) -> RunView | None:
        """The project's newest run."""
        with self._database.read() as session:
            return self.newest_of(session, [project_id]).get(project_id)

    def newest_of(self, session: Session, project_ids: Sequence[str]) -> dict[str, RunView]:
        """The newest run of each of these projects."""
        last = (
            select(Run.project_id, func.max(Run.created_at).label("at"))
            .where(Run.project_id.in_(project_ids))
            .group_by(Run.project_id)
            .subquery()
        )
        query = select(Run).join(last, (Run.project_id == last.c.project_id) & (Run.created_at == last.c.at))
        return {v.project_id: v for v in self.views(session, session.scalars(query).all())}

    def views(self, session: Session, runs: Sequence[Run]) -> list[RunView]:
        ids = [r.id for r in runs]
        tasks: dict[str, list[Task]] = {i: [] for i in ids}
        query = select(RunTask.run_id, Task).join(Task, Task.id == RunTask.task_id).where(RunTask.run_id.in_(ids))
        for run_id, task in session.execute(query):
            tasks[run_id].append(task)
        projects = {r.project_id for r in runs}
        named = session.execute(select(Project.id, Project.title).where(Project.id.in_(projects)))
        titles = {row.id: row.title for row in named}
        spent = spending_of(session, ids)
        return [run_view(r, titles.get(r.project_id, ""), tasks[r.id], spent.get(r.id)) for r in runs]

    def _view(self, session: Session, run: Run) -> RunView:
        return self.views(session, [run])[0]

    def active_in(self, session: Session, project_id: str) -> Run | None:
        """The run of a project that still has work to do."""
        working = (TaskState.QUEUED.value, TaskState.RUNNING.value)
        query = select(Run).join(RunTask).join(Task, Task.id == RunTask.task_id)
        query = query.where(Run.project_id == project_id, Run.cancelled_at.is_(None), Task.state.in_(working))
        query = query.order_by(Run.created_at.desc())
        return session.scalars(query.limit(1)).first()

    # -- steering

    def cancel(self, run_id: str) -> RunView:
        """Stop what this run still has to do, except what another active run needs too.

        Raises RunNotFound, WrongState.
        """
        with self._database.write() as session:
            run = self._existing(session, run_id)
            if self._view(session, run).is_final:
                raise WrongState("This run is already over. There is nothing left to cancel.")
            self.cancel_in(session, run)
            session.flush()
            return self._view(session, run)

    def cancel_in(self, session: Session, run: Run) -> None:
        """The same inside the caller's transaction, which holds the project's row."""
        run.cancelled_at = now()
        query = select(Task).join(RunTask).where(RunTask.run_id == run.id).with_for_update(of=Task)
        tasks = session.scalars(query, execution_options={"populate_existing": True}).all()
        self._tasks.cancel(session, [t for t in tasks if not self._shared(session, t, run.id)])

    @staticmethod
    def _shared(session: Session, task: Task, run_id: str) -> bool:
        """Whether another run that is at work waits for this task."""
        others = select(RunTask.run_id).join(Run, Run.id == RunTask.run_id)
        others = others.where(RunTask.task_id == task.id, RunTask.run_id != run_id, Run.cancelled_at.is_(None))
        for other in session.scalars(others).all():
            states = session.scalars(select(Task.state).join(RunTask).where(RunTask.run_id == other)).all()
            if not state_of_run(TaskState(s) for s in states).is_final:
                return True
        return False

    def retry(self, run_id: str) -> RunView:
        """Go on with the newest run of a recording where it failed or was cancelled.

        Where the settings would choose otherwise by now, or only the choice of clips is wanted again, that is a new
        run, which takes over all that is done. Raises RunNotFound, ProjectNotFound where the recording was deleted,
        WrongState.
        """
        with self._database.write() as session:
            run = self._existing(session, run_id)
            project = lookups.project(session, run.project_id)
            before = self._view(session, run)
            if not before.state.is_final:
                raise WrongState("This run is still at work. Cancel it first, or wait.")
            if self.newest_of(session, [project.id])[project.id].id != run.id:
                raise WrongState("A newer run of this recording exists. Retry that one.")
            stopped = before.state is not TaskState.SUCCEEDED and project.source_id is not None
            if before.was_chosen_offline or (stopped and self._would_choose_otherwise(run, project)):
                run, again = self._start_again(session, project, RunSettings.from_json(run.settings))
            else:
                again = self._go_on(session, run, project)
            session.flush()
            view = self._view(session, run)
        self._tasks.ring({t.id: t for t in again}.values())
        return view

    def _start_again(self, session: Session, project: Project, settings: RunSettings) -> tuple[Run, list[Task]]:
        within = TimeRange(*settings.within) if settings.within else None
        return self.start_in(session, project, within, settings.asked_by)

    def _go_on(self, session: Session, run: Run, project: Project) -> list[Task]:
        query = select(Task).join(RunTask).where(RunTask.run_id == run.id).with_for_update(of=Task)
        tasks = session.scalars(query, execution_options={"populate_existing": True}).all()
        again = self._tasks.retry(session, tasks)
        if run.cancelled_at is not None:
            # What finished while it was cancelled has been followed by nothing yet.
            run.cancelled_at = None
            session.flush()
            if project.source_id is not None:
                first = pipeline.first(RunSettings.from_json(run.settings), _sources(run, project))
                again += self._take_on(session, run, project, first)
        if not again:
            raise WrongState("Nothing in this run failed or was cancelled. There is nothing to retry.")
        return again

    def _would_choose_otherwise(self, run: Run, project: Project) -> bool:
        """Whether a new run would have another engine hear or choose, as after the settings were changed."""
        choice = self._choose(project.preferences.get("language", "auto"), project.captions_id is not None)
        before = RunSettings.from_json(run.settings)
        return (before.transcriber, before.selector) != (choice.transcriber, choice.selector)

    @staticmethod
    def _existing(session: Session, run_id: str) -> Run:
        """The run, with its project's row held. Raises RunNotFound."""
        run = session.get(Run, run_id)
        if run is None:
            raise RunNotFound
        lookups.lock_project(session, run.project_id)
        session.refresh(run)
        return run


def _by_what_is_in_use(session: Session, project: Project, new: pipeline.NewTask) -> pipeline.NewTask:
    """What places words and cuts goes by the map people chose, and cuts by the words they put right.

    What hears does not: it would hear all of it again.
    """
    if new.kind not in (Kind.ALIGN, Kind.PROPOSE):
        return new
    inputs = {**new.inputs, "map": map_in_use(session, project, new.inputs["map"])}
    if inputs.get("transcript"):
        inputs["transcript"] = transcript_in_use(session, project, inputs["transcript"])
    return replace(new, inputs=inputs)


def _point(session: Session, project: Project, task: Task) -> None:
    """Let the project show what an earlier run made, where a new run takes it over."""
    result = task.result or {}
    match Kind(task.kind):
        case Kind.MAP_SILENCE:
            project.map_id = map_in_use(session, project, result["map"])
            project.speech_id = result["speech"]
        case Kind.PREVIEW:
            project.preview_id = result.get("preview", project.preview_id)
        case Kind.ALIGN:
            project.transcript_id = transcript_in_use(session, project, result["transcript"])
        case _:
            pass


def _sources(run: Run, project: Project) -> Sources:
    assert project.source_id is not None
    return Sources(run.id, project.source_id, project.captions_id, project.map_id, project.transcript_id)
