"""The silence settings of a recording: tried live on the map, then put to use."""

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
class Trial:
    """The silence map in use, and the one that the user is trying.

    Attributes:
        project_id: the recording
        map_id: the map in use
        used: that map
        settings: the settings on the widgets
        silence_map: the map they give
        changed: whether another user changed the map in use since this trial began
        announced: whether the page had already said so when this run of it began
    """

    project_id: str
    map_id: str
    used: SilenceMap
    settings: SilenceSettings
    silence_map: SilenceMap
    changed: bool = False
    announced: bool = False

    @property
    def is_other(self) -> bool:
        return self.settings != self.used.settings

    @property
    def is_automatic(self) -> bool:
        return self.used.answers(AUTOMATIC) and not self.is_other

    @property
    def may_be_used(self) -> bool:
        """True if a press on a button counts. A user who couldn't know of another's change has to press again."""
        return self.announced or not self.changed


def _key(name: str, project_id: str) -> str:
    """The key of a widget: a new one after each trial, so that the widgets start again from the map in use."""
    return f"silences-{name}-{project_id}-{st.session_state.get('silences-ended', 0)}"


def current_trial(app: App, project_id: str, map_id: str) -> Trial:
    """The trial that the widgets below the map describe.

    Args:
        app: finds silences in the stored envelope
        project_id: the recording
        map_id: the map in use now
    """
    start_key, announced_key = f"silences-seen-{project_id}", f"silences-told-{project_id}"
    used = app.silences.found(map_id)
    start_id = st.session_state.get(start_key, map_id)
    if start_id != map_id and _widget_settings(project_id, before := app.silences.found(start_id).settings) == before:
        _end_trial(project_id)  # nothing is being tried: show the map in use
        start_id = map_id
    st.session_state[start_key] = start_id
    settings = _widget_settings(project_id, app.silences.found(start_id).settings)
    announced = st.session_state.get(announced_key) == map_id
    st.session_state[announced_key] = map_id
    silence_map = app.silences.found(map_id, settings)
    return Trial(project_id, map_id, used, settings, silence_map, start_id != map_id, announced)


def _end_trial(project_id: str) -> None:
    st.session_state["silences-ended"] = st.session_state.get("silences-ended", 0) + 1
    st.session_state.pop(f"silences-seen-{project_id}", None)


def _widget_settings(project_id: str, used: SilenceSettings) -> SilenceSettings:
    """The settings on the widgets; those in use for a widget that wasn't drawn yet."""

    def value(name: str, default: float) -> float:
        return float(st.session_state.get(_key(name, project_id), default))

    mode = st.session_state.get(_key("how", project_id)) or _mode(used)
    return SilenceSettings(
        threshold_db=value("level", _level(used)) if mode == FIXED else None,
        min_silence_ms=round(value("shortest", used.min_silence_ms / 1000) * 1000),
        offset_db=value("offset", used.offset_db) if mode == FOLLOW else 0.0,
        dead_air_ms=round(value("dead-air", used.dead_air_ms / 1000) * 1000),
        use_voice=used.use_voice,
    )


def _mode(settings: SilenceSettings) -> str:
    return FOLLOW if settings.threshold_db is None else FIXED


def _level(settings: SilenceSettings) -> float:
    return USUAL_LEVEL_DB if settings.threshold_db is None else float(settings.threshold_db)


def numbers_html(silence_map: SilenceMap, envelope: Envelope) -> str:
    """The number of silences, the dead air and the loudness, in a line of words."""
    dead_air = silence_map.dead_air
    total = phrasing.duration(sum(s.length_ms for s in dead_air)) if dead_air else "none"
    facts = [
        phrasing.count_of(len(silence_map.silences), "silence"),
        f"dead air: {total}" + (f" in {phrasing.count_of(len(dead_air), 'place')}" if dead_air else ""),
    ]
    loudness = envelope.loudness
    if loudness.integrated_lufs is not None:
        facts.append(f"loudness: {_minus(loudness.integrated_lufs)} LUFS")
    if loudness.range_lu is not None:
        facts.append(f"{loudness.range_lu:.1f} LU from quiet to loud")
    return f'<div class="facts muted">{"".join(f"<span>{f}</span>" for f in facts)}</div>'


def _minus(number: float) -> str:
    return f"{number:.1f}".replace("-", "−")


def draw_silences(app: App, trial: Trial) -> None:
    """Draw the widgets and the buttons that end a trial. ``trial`` is what they said when this run began."""
    with st.expander("Silences", icon=":material/graphic_eq:", key="silences-open"):
        st.html(
            '<div class="c muted">Shaded on the map is what counts as silence: cuts fall there. Darker is dead air, '
            "pale and half as deep is what may be none. The dotted line is the level that parts silence from speech. "
            "Point at the map to read how sure each is, and why.</div>"
        )
        if trial.changed:
            st.warning(CHANGED)
        _draw_widgets(trial)
        _draw_buttons(app, trial)


def _draw_widgets(trial: Trial) -> None:
    used = trial.used.settings
    mode = st.segmented_control(
        "What is silence",
        (FOLLOW, FIXED),
        default=_mode(used),
        key=_key("how", trial.project_id),
        required=True,
        width="stretch",
    )
    left, middle, right = st.columns(3, gap="medium")
    with left:
        if mode == FIXED:
            low, high = _slider_ends(*LEVEL_DB, _level(used))
            help_ = "Everything below this level is silence."
            st.slider("Level", low, high, _level(used), 1.0, "%.0f dB", _key("level", trial.project_id), help_)
        else:
            low, high = _slider_ends(-OFFSET_DB, OFFSET_DB, used.offset_db)
            help_ = "To the right more is called silence. 0 is what Clipper finds by itself."
            st.slider(
                "Less or more silence",
                low,
                high,
                used.offset_db,
                0.5,
                "%+.1f",
                _key("offset", trial.project_id),
                help_,
            )
    with middle:
        low, high = _slider_ends(*SHORTEST_S, used.min_silence_ms / 1000)
        help_ = "Shorter ones are left out: no cut falls there."
        st.slider(
            "Shortest silence",
            low,
            high,
            used.min_silence_ms / 1000,
            0.01,
            "%.2f s",
            _key("shortest", trial.project_id),
            help_,
        )
    with right:
        low, high = _slider_ends(*DEAD_AIR_S, used.dead_air_ms / 1000)
        st.slider(
            "Dead air from", low, high, used.dead_air_ms / 1000, 0.1, "%.1f s", _key("dead-air", trial.project_id)
        )


def _slider_ends(low: float, high: float, value: float) -> tuple[float, float]:
    """The ends of a slider, moved out where the value was set further over HTTP."""
    return min(low, value), max(high, value)


def _draw_buttons(app: App, trial: Trial) -> None:
    def key(name: str) -> str:
        return _key(name, trial.project_id)

    with st.container(horizontal=True, vertical_alignment="center"):
        use = st.button("Use these", type="primary", disabled=not trial.is_other, key=key("use"))
        stop = trial.is_other and st.button("Stop trying", key=key("stop"))
        back = st.button("Back to automatic", disabled=trial.is_automatic, key=key("back"))
        hint = "You are trying these: nothing is changed yet. " if trial.is_other else ""
        st.html(f'<div class="c muted">{hint}Clips that exist keep their cuts; new edits use the new silences.</div>')
    if stop:
        _end_trial(trial.project_id)
        st.rerun()
    if not trial.may_be_used:
        return
    if use:
        _use(app, trial, trial.settings, "These silences are used from now on. Clips keep their cuts.")
    elif back:
        _use(app, trial, AUTOMATIC, "Back to the silences Clipper finds by itself.")


def _use(app: App, trial: Trial, settings: SilenceSettings, message: str) -> None:
    try:
        app.silences.use(trial.project_id, settings, expected_revision=trial.map_id)
    except Stale:
        st.rerun()  # the next drawing shows the map in use now, and a warning
    _end_trial(trial.project_id)
    st.toast(message)
    st.rerun()
