"""Projects and shows: recordings as they are received, found, changed and played."""

from __future__ import annotations

from clipper_core.services.projects.intake import ProjectIntake, Sample, StoredUpload
from clipper_core.services.projects.played import PlayedRanges, coverage
from clipper_core.services.projects.preferences import checked_preferences
from clipper_core.services.projects.projects import ProjectPage, Projects
from clipper_core.services.projects.shows import Shows, ShowView, existing_show
from clipper_core.services.projects.views import Player, ProjectView, served_mime

__all__ = [
    "PlayedRanges",
    "Player",
    "ProjectIntake",
    "ProjectPage",
    "ProjectView",
    "Projects",
    "Sample",
    "ShowView",
    "Shows",
    "StoredUpload",
    "checked_preferences",
    "coverage",
    "existing_show",
    "served_mime",
]
