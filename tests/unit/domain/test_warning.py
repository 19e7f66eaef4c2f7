"""Warnings as they are stored and shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clipper_core.domain.warning import RunWarning


@given(st.text(), st.text())
def test_a_warning_is_stored_as_code_and_sentence(code: str, message: str) -> None:
    warning = RunWarning(code, message)

    assert warning.to_json() == {"code": code, "message": message}
    assert RunWarning(**warning.to_json()) == warning
