"""Ids have a prefix and are unique."""

from __future__ import annotations

import re

from clipper_core.domain.ids import new_id


def test_an_id_is_a_prefix_and_twenty_unmistakable_signs() -> None:
    assert all(re.fullmatch(r"prj_[0-9a-hjkmnp-tv-z]{20}", new_id("prj")) for _ in range(200))


def test_ids_do_not_meet() -> None:
    assert len({new_id("clp") for _ in range(2_000)}) == 2_000
