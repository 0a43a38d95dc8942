"""The setting ``binary``, the only one needed before terraform starts; read without a YAML parser if possible."""

from __future__ import annotations

import os

NAME = "tfevent.yaml"
reported: set[str] = set()
"""What has been said of a ``binary`` that is not used: the settings would say it again."""


def binary(directory: str) -> str | None:
    """Return the top-level key ``binary`` in the settings files that apply to ``directory``, or None.

    A plain scalar is parsed here; anything else (interpolation, anchors) is read by the settings. Their mistakes are
    reported later and count as None. Untrusted files and values are not used, which is reported at once, since another
    program runs instead.
    """
    from change_events.paths import config_dir

    own = os.path.join(config_dir(), NAME)
    for path in (*_upwards(directory), own):
        if not os.path.isfile(path):  # a pipe of that name would be waited for
            continue
        value = _value(path, is_own=path == own)
        if value is _COMPLICATED:
            return _from_settings(directory)
        if value:
            return value
    return None


def _value(path: str, *, is_own: bool) -> str | None:
    from change_events.files import trusted_files

    try:
        data = trusted_files.read(path, os.environ)
        value = _scalar(data.decode())
    except trusted_files.UntrustedError as error:
        _report(f"{path}: {error}")
        return None
    except (OSError, UnicodeDecodeError):
        return None
    if not value or value is _COMPLICATED or is_own:
        return value
    if trusted_files.is_trusted_program(path, data, value, os.environ):
        return value
    _report(trusted_files.refusal(path, "binary (a program)"))
    return None


def _report(text: str) -> None:
    from change_events.output import say

    if text not in reported:
        reported.add(text)
        say(text)


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
