"""The one setting that is needed before terraform starts, read without a YAML parser when possible."""

from __future__ import annotations

import os

NAME = "tfevent.yaml"


def binary(directory: str) -> str | None:
    """Value of the top-level key ``binary`` in the settings files that apply to ``directory``, or None.

    A plain scalar is read by hand; anything cleverer (interpolation, anchors) goes through the real settings, whose
    mistakes are reported later: here they mean None.
    """
    from change_events.paths import config_dir

    for path in (*_upwards(directory), os.path.join(config_dir(), NAME)):
        if not os.path.isfile(path):  # a pipe of that name would be waited for
            continue
        try:
            with open(path, encoding="utf-8") as file:
                value = _scalar(file.read())
        except (OSError, UnicodeDecodeError):
            continue
        if value is _COMPLICATED:
            return _from_settings(directory)
        if value:
            return value
    return None


_COMPLICATED = "\0"


def _upwards(directory: str) -> list[str]:
    found, previous = [], ""
    while directory != previous:
        found.append(os.path.join(directory, NAME))
        directory, previous = os.path.dirname(directory), directory
    return found


def _scalar(text: str) -> str | None:
    for line in text.splitlines():
        key, colon, rest = line.partition(":")
        if not colon or key.strip("'\" ") != "binary" or key[:1].isspace():
            continue
        value = rest.strip()
        if value[:1] in {'"', "'"}:
            quoted, quote, _ = value[1:].partition(value[0])
            return quoted if quote and "\\" not in quoted and "$" not in quoted else _COMPLICATED
        value = value.split(" #", 1)[0].strip()
        return _COMPLICATED if set(value[:1]) & set("$&*|>{[!") or "$" in value else value
    return None


def _from_settings(directory: str) -> str | None:
    from pathlib import Path

    from change_events.settings import load_leniently

    return load_leniently(Path(directory), os.environ)[0].binary
