"""Settings of a working tree whose user trusts them, for tests that are about something else than trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events import settings
from change_events.files.trusted_files import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TRUST = {VARIABLE: "1"}


def load(cwd: Path, environ: Mapping[str, str]) -> settings.Settings:
    """As :func:`change_events.settings.load`."""
    return settings.load(cwd, {**TRUST, **environ})


def load_leniently(cwd: Path, environ: Mapping[str, str]) -> tuple[settings.Settings, tuple[str, ...]]:
    """As :func:`change_events.settings.load_leniently`."""
    return settings.load_leniently(cwd, {**TRUST, **environ})
