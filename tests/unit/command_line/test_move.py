"""``move``: the lines for .env that it prints."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipper_core.command_line.move import _without_password

passwords = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1, max_size=20)


@given(passwords)
def test_a_password_is_never_shown(password: str) -> None:
    shown = "postgresql://clipper:…@db.example/name?password=…&sslmode=require"

    assert (
        _without_password(
            f"postgresql://clipper:{password}@db.example/name?password={quote(password, safe='')}&sslmode=require"
        )
        == shown
    )


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.example:5433/name",
        "postgresql://clipper@db.example/name",
        "postgresql:///name?host=/run/postgresql",
        "sqlite:////srv/clipper/clipper.db",
        "s3://bucket/a:b/c",
        "/srv/clipper",
        "",
    ],
)
def test_an_address_without_a_password_is_shown_as_it_is(url: str) -> None:
    assert _without_password(url) == url
