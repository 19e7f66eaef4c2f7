"""Settings: the configuration in effect. Nothing is changed on this page."""

from collections.abc import Callable

import streamlit as st

from clipper_core.app import App
from pages.components.frame import errors_in_words, open_page
from pages.components.server.server_status import Fact, facts_table
from pages.components.server.settings_facts import engines, health, limits, stores, versions

app = open_page("Settings")


def draw_table(title: str, facts: Callable[[App], list[Fact]]) -> None:
    st.html(f'<div class="c title">{title}</div>')
    errors_in_words(lambda: st.html(facts_table(facts(app))))()


@errors_in_words
def draw() -> None:
    st.html(
        '<div class="c"><h1>Settings</h1><p class="muted">What this server runs with. To change something, set its '
        "name in the file <code>.env</code> and start Clipper again.</p></div>"
    )
    draw_table("Health", health)
    draw_table("Words and clips", engines)
    draw_table("Where things are kept", stores)
    draw_table("Limits", limits)
    draw_table("Versions", versions)


draw()
