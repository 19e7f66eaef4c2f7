"""The silences of a recording: what is called one, tried live on the map, and put to use."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from clipper_core.app import App
from clipper_core.domain.envelope import Envelope
from clipper_core.domain.silence import SilenceMap, SilenceSettings
from clipper_core.errors import Stale
from pages.components import phrasing

FOLLOW, FIXED = "Follow the recording", "Fixed level"
AUTOMATIC = SilenceSettings()
OFFSET_DB, LEVEL_DB = 6.0, (-70.0, -20.0)
USUAL_LEVEL_DB = -45.0
SHORTEST_S, DEAD_AIR_S = (0.05, 1.0), (0.3, 5.0)


CHANGED = (
    "Somebody else changed the silences of this recording meanwhile. What you were trying is kept: use it, or stop "
    "trying to see theirs."
)


@dataclass(frozen=True, slots=True)
class Tried:
    """The map that is used, and what the person is trying beside it.

    ``changed``: somebody else changed what is used since the trying began. ``told``: the person knows by now.
    """

    project_id: str
    map_id: str
    used: SilenceMap
    settings: SilenceSettings
    silence_map: SilenceMap
    changed: bool = False
    told: bool = False

    @property
    def is_other(self) -> bool:
        return self.settings != self.used.settings

    @property
    def is_automatic(self) -> bool:
        return self.used.answers(AUTOMATIC) and not self.is_other


def _key(name: str, project_id: str) -> str:
    """Of a widget. All begin anew once the trying is over."""
    return f"silences-{name}-{project_id}-{st.session_state.get('silences-ended', 0)}"


def tried(app: App, project_id: str, map_id: str) -> Tried:
    """What the widgets below the map ask for by now, found in the stored envelope."""
    seen_key, told_key = f"silences-seen-{project_id}", f"silences-told-{project_id}"
    used = app.silences.found(map_id)
    seen = st.session_state.get(seen_key, map_id)
    if seen != map_id and _asked(project_id, before := app.silences.found(seen).settings) == before:
        _end_trying(project_id)  # there was none, and what is used now is shown
        seen = map_id
    st.session_state[seen_key] = seen
    asked = _asked(project_id, app.silences.found(seen).settings)
    told = st.session_state.get(told_key) == map_id
    st.session_state[told_key] = map_id
    return Tried(project_id, map_id, used, asked, app.silences.found(map_id, asked), seen != map_id, told)


def _end_trying(project_id: str) -> None:
    st.session_state["silences-ended"] = st.session_state.get("silences-ended", 0) + 1
    st.session_state.pop(f"silences-seen-{project_id}", None)


def _asked(project_id: str, used: SilenceSettings) -> SilenceSettings:
    def now(name: str, otherwise: float) -> float:
        return float(st.session_state.get(_key(name, project_id), otherwise))

    how = st.session_state.get(_key("how", project_id)) or _how(used)
    return SilenceSettings(
        threshold_db=now("level", _level(used)) if how == FIXED else None,
        min_silence_ms=round(now("shortest", used.min_silence_ms / 1000) * 1000),
        offset_db=now("offset", used.offset_db) if how == FOLLOW else 0.0,
        dead_air_ms=round(now("dead-air", used.dead_air_ms / 1000) * 1000),
        use_voice=used.use_voice,
    )


def _how(settings: SilenceSettings) -> str:
    return FOLLOW if settings.threshold_db is None else FIXED


def _level(settings: SilenceSettings) -> float:
    return USUAL_LEVEL_DB if settings.threshold_db is None else float(settings.threshold_db)


def numbers_html(found: SilenceMap, envelope: Envelope) -> str:
    """How many silences, how much dead air, how loud: in a line of words."""
    dead_air = found.dead_air
    missed = phrasing.length(sum(s.length_ms for s in dead_air)) if dead_air else "none"
    facts = [
        phrasing.several(len(found.silences), "silence"),
        f"dead air: {missed}" + (f" in {phrasing.several(len(dead_air), 'place')}" if dead_air else ""),
    ]
    loudness = envelope.loudness
    if loudness.integrated_lufs is not None:
        facts.append(f"loudness: {_minus(loudness.integrated_lufs)} LUFS")
    if loudness.range_lu is not None:
        facts.append(f"{loudness.range_lu:.1f} LU from quiet to loud")
    return f'<div class="facts muted">{"".join(f"<span>{f}</span>" for f in facts)}</div>'


def _minus(number: float) -> str:
    return f"{number:.1f}".replace("-", "−")


def draw_silences(app: App, trying: Tried) -> None:
    """The widgets, and the two ways to end the trying. ``trying`` is what they asked for when this run began."""
    with st.expander("Silences", icon=":material/graphic_eq:", key="silences-open"):
        st.html(
            '<div class="c muted">Shaded on the map is what counts as silence: cuts fall there. Darker is dead air, '
            "pale and half as deep is what may be none. The dotted line is the level that parts silence from speech. "
            "Point at the map to read how sure each is, and why.</div>"
        )
        if trying.changed:
            st.warning(CHANGED)
        _draw_widgets(trying)
        _draw_buttons(app, trying)


def _draw_widgets(trying: Tried) -> None:
    used = trying.used.settings
    how = st.segmented_control(
        "What is silence",
        (FOLLOW, FIXED),
        default=_how(used),
        key=_key("how", trying.project_id),
        required=True,
        width="stretch",
    )
    left, middle, right = st.columns(3, gap="medium")
    with left:
        if how == FIXED:
            low, high = _around(*LEVEL_DB, _level(used))
            help_ = "Everything below this level is silence."
            st.slider("Level", low, high, _level(used), 1.0, "%.0f dB", _key("level", trying.project_id), help_)
        else:
            low, high = _around(-OFFSET_DB, OFFSET_DB, used.offset_db)
            help_ = "To the right more is called silence. 0 is what Clipper finds by itself."
            st.slider(
                "Less or more silence",
                low,
                high,
                used.offset_db,
                0.5,
                "%+.1f",
                _key("offset", trying.project_id),
                help_,
            )
    with middle:
        low, high = _around(*SHORTEST_S, used.min_silence_ms / 1000)
        help_ = "Shorter ones are left out: no cut falls there."
        st.slider(
            "Shortest silence",
            low,
            high,
            used.min_silence_ms / 1000,
            0.01,
            "%.2f s",
            _key("shortest", trying.project_id),
            help_,
        )
    with right:
        low, high = _around(*DEAD_AIR_S, used.dead_air_ms / 1000)
        st.slider(
            "Dead air from", low, high, used.dead_air_ms / 1000, 0.1, "%.1f s", _key("dead-air", trying.project_id)
        )


def _around(low: float, high: float, value: float) -> tuple[float, float]:
    """The usual ends of a slider, further where somebody asked for more over HTTP."""
    return min(low, value), max(high, value)


def _draw_buttons(app: App, trying: Tried) -> None:
    def key(name: str) -> str:
        return _key(name, trying.project_id)

    with st.container(horizontal=True, vertical_alignment="center"):
        use = st.button("Use these", type="primary", disabled=not trying.is_other, key=key("use"))
        stop = trying.is_other and st.button("Stop trying", key=key("stop"))
        back = st.button("Back to automatic", disabled=trying.is_automatic, key=key("back"))
        said = "You are trying these: nothing is changed yet. " if trying.is_other else ""
        st.html(f'<div class="c muted">{said}Clips that exist keep their cuts; new edits use the new silences.</div>')
    if stop:
        _end_trying(trying.project_id)
        st.rerun()
    if trying.changed and not trying.told:
        return  # whoever pressed did not know: the page says so now, and asks to press again
    if use:
        _use(app, trying, trying.settings, "These silences are used from now on. Clips keep their cuts.")
    elif back:
        _use(app, trying, AUTOMATIC, "Back to the silences Clipper finds by itself.")


def _use(app: App, trying: Tried, settings: SilenceSettings, said: str) -> None:
    try:
        app.silences.use(trying.project_id, settings, expected_revision=trying.map_id)
    except Stale:
        st.rerun()  # the next drawing shows what is used by now, and says so
    _end_trying(trying.project_id)
    st.toast(said)
    st.rerun()
