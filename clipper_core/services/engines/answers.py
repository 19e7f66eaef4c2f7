"""Answers of paid services, kept as they arrive, so that a second attempt asks only for what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import null, select, update
from sqlalchemy.orm import Session, defer

from clipper_core.db.models import PaidAnswer, Run, RunTask
from clipper_core.db.session import Database
from clipper_core.domain.ids import new_id
from clipper_core.domain.spending import Spending


class Answers:
    """The answers one task gets, by the key of the question. Safe to use from several threads."""

    def __init__(self, database: Database, project_id: str, task_id: str, kind: str) -> None:
        self._database = database
        self._project_id = project_id
        self._task_id = task_id
        self._kind = kind

    def known(self, key: str) -> dict[str, Any] | None:
        """The answer that any task of this project got before, None where there is none."""
        mine = (PaidAnswer.input_key == key, PaidAnswer.project_id == self._project_id)
        query = select(PaidAnswer.answer).where(*mine, PaidAnswer.answer.is_not(null()))
        with self._database.read() as session:
            return session.scalars(query.order_by(PaidAnswer.created_at.desc())).first()

    def disown(self, key: str) -> None:
        """Forget an answer that could not be used, so that it is asked for again. Its price stays on record."""
        mine = (PaidAnswer.input_key == key, PaidAnswer.project_id == self._project_id)
        with self._database.write() as session:
            session.execute(update(PaidAnswer).where(*mine).values(answer=null()))

    def keep(self, key: str, answer: dict[str, Any], spent: Spending) -> None:
        """Store an answer.

        Args:
            key: The key of the question.
            answer: The answer, as JSON.
            spent: Its price.
        """
        with self._database.write() as session:
            session.add(
                PaidAnswer(
                    id=new_id("ans"),
                    project_id=self._project_id,
                    task_id=self._task_id,
                    kind=self._kind,
                    input_key=key,
                    answer=answer,
                    audio_ms=spent.audio_ms,
                    tokens_in=spent.tokens_in,
                    tokens_out=spent.tokens_out,
                    waited_ms=spent.waited_ms,
                    cost=spent.cost,
                )
            )


def spending_of(session: Session, run_ids: Sequence[str]) -> dict[str, Spending]:
    """The spending of each of these runs. A shared task is paid by the newest run there was at that moment."""
    tasks = select(RunTask.task_id).where(RunTask.run_id.in_(run_ids))
    query = (
        select(PaidAnswer, Run.id, Run.created_at)
        .join(RunTask, RunTask.task_id == PaidAnswer.task_id)
        .join(Run, Run.id == RunTask.run_id)
        .where(PaidAnswer.task_id.in_(tasks), PaidAnswer.created_at >= Run.created_at)
        .options(defer(PaidAnswer.answer))
    )
    payer: dict[str, tuple[datetime, str, PaidAnswer]] = {}
    for paid, run_id, begun in session.execute(query):
        if paid.id not in payer or payer[paid.id][0] < begun:
            payer[paid.id] = (begun, run_id, paid)
    spent: dict[str, Spending] = {}
    for _, run_id, paid in payer.values():
        if run_id in run_ids:
            one = Spending(paid.audio_ms, paid.tokens_in, paid.tokens_out, paid.waited_ms, paid.cost)
            spent[run_id] = spent.get(run_id, Spending()) + one
    return spent
