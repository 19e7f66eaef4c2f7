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
from clipper_core.domain.task_inputs import AlignInputs, ProposeInputs, inputs_from_row
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
    """Starts, shows, cancels and retries runs."""

    def __init__(self, database: Database, tasks: Tasks, choose: Chooser) -> None:
        self._database = database
        self._tasks = tasks
        self._choose = choose

    # -- starting

    def start_in(
        self, session: Session, project: Project, within: TimeRange | None = None, by: str = ""
    ) -> tuple[Run, list[Task]]:
        """Start a run inside the caller's transaction, which then rings for its tasks.

        Args:
            session: The transaction.
            project: The recording.
            within: Makes it a run that only proposes, in this range.
            by: The reviewer who asked for it.

        Returns:
            The run, and its first tasks.
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
        tasks = self._take_on(session, run, project, pipeline.first(settings, _sources(run, project)))
        return run, tasks

    def start(self, project_id: str) -> RunView:
        """The active run of a project, or a new one. Raises ProjectNotFound, NotReady."""
        with self._database.write() as session:
            project = lookups.project(session, project_id, lock=True)
            if project.source_id is None:
                raise NotReady("This recording has not been uploaded yet. Upload it first.")
            active = self.active_in(session, project_id)
            if active is not None:
                return self._view(session, active)
            run, tasks = self.start_in(session, project)
            view = self._view(session, run)
        self._tasks.ring(tasks)
        return view

    def _take_on(self, session: Session, run: Run, project: Project, news: Sequence[pipeline.NewTask]) -> list[Task]:
        """Make these tasks the run's. Returns those to ring for; finished equal work is followed at once instead.

        All of them become the run's before any is followed: only then is it certain whether it has all its parts.
        """
        open_tasks: list[Task] = []
        done: dict[str, Task] = {}
        news = [_with_artifacts_in_use(session, project, new) for new in news]
        for task in [self._tasks.add(session, project.id, run.id, new)[0] for new in news]:
            if task.state != TaskState.SUCCEEDED:
                open_tasks.append(task)
            else:
                done[task.kind] = task  # one of a kind is enough: what follows parts follows all of them
        for task in done.values():
            _point_at_results(session, project, task)
            open_tasks += self.follow(session, run, project, task)
        return open_tasks

    def follow(self, session: Session, run: Run, project: Project, task: Task) -> list[Task]:
        """Make the tasks that a finished one makes possible in a run, and pass its warnings on to the run.

        Args:
            session: The transaction, which holds the project.
            run: The run.
            project: Its recording.
            task: The task that succeeded.

        Returns:
            The new tasks, to ring for.
        """
        result = task.result or {}
        fresh = [w for w in result.get("warnings", []) if w not in run.warnings]
        if fresh:
            run.warnings = [*run.warnings, *fresh]
        settings = RunSettings.from_json(run.settings)
        media = media_from_row(result["media"]) if task.kind == Kind.PROBE else None
        done = Done(inputs_from_row(Kind(task.kind), task.inputs), result, media)
        following = pipeline.after(done, settings, _sources(run, project), self._transcribed(session, run.id))
        return self._take_on(session, run, project, following)

    def follow_everywhere(self, session: Session, task: Task) -> list[Task]:
        """The same, in every run that has the task and was not cancelled."""
        # Locked, so that of two parts finishing at once the second sees the first.
        wanting = select(Run).join(RunTask).where(RunTask.task_id == task.id, Run.cancelled_at.is_(None))
        runs = session.scalars(wanting.order_by(Run.created_at, Run.id).with_for_update(of=Run))
        following: list[Task] = []
        for run in runs.all():
            following += self.follow(session, run, session.get_one(Project, run.project_id), task)
        return following

    @staticmethod
    def _transcribed(session: Session, run_id: str) -> list[str] | None:
        """The run's transcribing tasks in order, None while one of them is unfinished."""
        rows = session.execute(
            select(Task.id, Task.state)
            .join(RunTask)
            .where(RunTask.run_id == run_id, Task.kind == Kind.TRANSCRIBE)
            .order_by(Task.position)
        ).all()
        return [r.id for r in rows] if rows and all(r.state == TaskState.SUCCEEDED for r in rows) else None

    # -- looking

    def get(self, run_id: str) -> RunView:
        """The run of this id. Raises RunNotFound."""
        with self._database.read() as session:
            run = session.get(Run, run_id)
            if run is None:
                raise RunNotFound
            return self._view(session, run)

    def newest(self, max_runs: int = 50) -> list[RunView]:
        """The newest runs of recordings that still exist."""
        with self._database.read() as session:
            query = select(Run).join(Project, Run.project_id == Project.id).where(Project.deleted_at.is_(None))
            runs = session.scalars(query.order_by(Run.created_at.desc()).limit(max_runs)).all()
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
        """These runs with their tasks and what they spent."""
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
        """Stop the unfinished tasks of a run, except those that another active run needs too.

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
        """Tell whether another run that is at work waits for this task."""
        others = select(RunTask.run_id).join(Run, Run.id == RunTask.run_id)
        others = others.where(RunTask.task_id == task.id, RunTask.run_id != run_id, Run.cancelled_at.is_(None))
        for other in session.scalars(others).all():
            states = session.scalars(select(Task.state).join(RunTask).where(RunTask.run_id == other)).all()
            if not state_of_run(TaskState(s) for s in states).is_final:
                return True
        return False

    def retry(self, run_id: str) -> RunView:
        """Go on with the newest run of a recording where it failed or was cancelled.

        If the settings now select another engine, or only clip selection is repeated, this starts a new run that
        reuses finished tasks. Raises RunNotFound, ProjectNotFound where the recording was deleted, WrongState.
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
            if before.was_chosen_offline or (stopped and self._other_engines_now(run, project)):
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

    def _other_engines_now(self, run: Run, project: Project) -> bool:
        """Tell whether a new run would use other engines, as after a change of the settings."""
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


def _with_artifacts_in_use(session: Session, project: Project, new: pipeline.NewTask) -> pipeline.NewTask:
    """The same task with the silence map and the transcript that reviewers have chosen or corrected.

    Transcribing keeps the run's own map: with another one all of it would be transcribed again.
    """
    inputs = inputs_from_row(new.kind, new.inputs)
    if not isinstance(inputs, AlignInputs | ProposeInputs):
        return new
    inputs = replace(inputs, map_id=map_in_use(session, project, inputs.map_id))
    if isinstance(inputs, ProposeInputs) and inputs.transcript_id:
        inputs = replace(inputs, transcript_id=transcript_in_use(session, project, inputs.transcript_id))
    return pipeline.NewTask.of(inputs, new.position)


def _point_at_results(session: Session, project: Project, task: Task) -> None:
    """Let the project point at the results of an earlier run that a new run takes over."""
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
