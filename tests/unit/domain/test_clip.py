"""A clip's status follows from its decisions, and limits refuse what means nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.clip import ClipEdit, ClipStatus, Lengths, NewDecision, Reason, Verdict, standing, status_of
from clipper_core.domain.time_range import TimeRange
from clipper_core.errors import BadSettings
from clipper_core.services.clips.verdicts import NewestDecision

DECISIONS = {v: NewestDecision(v) for v in Verdict}


@given(st.lists(st.sampled_from(list(DECISIONS.values())), max_size=30))
def test_a_status_is_the_last_decision_in_effect(decisions: list[NewestDecision]) -> None:
    stands = standing(decisions)

    assert status_of(decisions).value == (stands[-1].verdict.value if stands else "proposed")
    assert status_of([*decisions, DECISIONS[Verdict.APPROVED]]) is ClipStatus.APPROVED
    assert status_of([*decisions, DECISIONS[Verdict.APPROVED], DECISIONS[Verdict.WITHDRAWN]]) is status_of(decisions)


@given(st.lists(st.sampled_from(list(Verdict)), max_size=12))
def test_standing_returns_the_very_decisions_it_was_given(verdicts: list[Verdict]) -> None:
    decisions = [NewDecision(v, note=str(n)) for n, v in enumerate(verdicts)]

    in_effect = standing(decisions)

    assert all(d in decisions and d.verdict is not Verdict.WITHDRAWN for d in in_effect)
    assert [d.note for d in in_effect] == sorted((d.note for d in in_effect), key=lambda n: int(n or 0))


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.APPROVED])
def test_only_an_approval_can_be_carried_over(verdict: Verdict) -> None:
    assert NewDecision(Verdict.APPROVED, carry=True).carry
    with pytest.raises(BadSettings):
        NewDecision(verdict, carry=True)


def test_a_decision_takes_the_known_reasons_alone() -> None:
    assert [NewDecision(Verdict.REJECTED, r.value).reason for r in Reason] == list(Reason)
    with pytest.raises(BadSettings):
        NewDecision(Verdict.REJECTED, "boring")


def test_an_edit_of_words_alone_changes_nothing_else() -> None:
    assert ClipEdit(take_words=True).takes_words_alone
    assert not ClipEdit((TimeRange(0, 1_000),), take_words=True).takes_words_alone
    assert not ClipEdit(title="New").takes_words_alone


@pytest.mark.parametrize(("shortest", "longest", "count"), [(0, 10, 1), (20, 10, 1), (10, 20, -1)])
def test_lengths_no_clip_can_have_are_refused(shortest: int, longest: int, count: int) -> None:
    with pytest.raises(ValueError, match="no clip can be"):
        Lengths(shortest, longest, count)
