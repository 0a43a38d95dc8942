"""A command as the settings give it, and the request that starts it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.destinations.base import OptionError, Request
from change_events.destinations.shared.command_line import EXPECTED, is_command

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN, CHECK = "RUN", "CHECK"  # start it, or only see whether that is possible
_SHORTEST_SECRET = 4  # characters of an argument; what is shorter is a word or a figure


class ProgramRequest(Request, frozen=True):
    """A program to start. ``url`` is its path, ``body`` its standard input, ``method`` one of RUN and CHECK.

    Attributes:
        arguments: what follows its name; never shown, since there may be a token among them.
        folder: where it runs; None for the directory of this process.
    """

    arguments: tuple[str, ...] = ()
    folder: str | None = None

    @property
    def reached(self) -> str:
        """That it is there; whether it works is not known."""
        return f"{self.url} can be started"

    @property
    def host(self) -> str:
        """Its path."""
        return self.url

    def clean(self, text: str, limit: int = 160) -> str:
        """The last line with something on it: what comes before is how a program got there."""
        lines = [line for line in self.masked(text).splitlines() if line.strip()]
        return super().clean(lines[-1], limit) if lines else ""

    def __repr__(self) -> str:
        return f"ProgramRequest({self.method} {self.url}, {len(self.body)} bytes)"


class Command(NamedTuple):
    """Words to start, and the folder that paths are relative to: None where it is not known."""

    words: tuple[str, ...]
    folder: str | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """What follows the program."""
        return self.words[1:]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Arguments that may be secrets: all but names of options, short words and names of files."""
        values = [word.partition("=")[2] if word.startswith("-") else word for word in self.arguments]
        found = [value for value in values if len(value) >= _SHORTEST_SECRET and not self._is_file(value)]
        return tuple(dict.fromkeys(part for value in found for part in (value, *value.split())))

    def _is_file(self, word: str) -> bool:
        return (Path(self.folder or ".") / word).exists()


def given_command(options: Mapping[str, Any]) -> Command:
    """The option ``command``: a text, a list of words, or both with their folder (``words`` and ``folder``).

    Raises:
        OptionError: it is none of them.
    """
    given = options.get("command")
    if not given:
        raise OptionError("command: missing")
    if not is_command(given):
        raise OptionError(f"command: expected {EXPECTED}")
    if isinstance(given, dict):
        return Command(tuple(given["words"]), str(given["folder"]))
    return Command(tuple(shlex.split(given)) if isinstance(given, str) else tuple(given))


def program_path(command: Command) -> str:
    """The absolute path of the file to start.

    A name is looked for in the directories of PATH that are absolute: another one would be a directory of whatever
    tree tfevent happens to run in.

    Raises:
        OptionError: there is none that this user may start.
    """
    word = command.words[0]
    if "/" not in word:
        return _searched(word)
    path = Path(word).expanduser()
    if command.folder is None and not path.is_absolute():
        raise OptionError("command: expected an absolute path, or a name that is in PATH")
    path = Path(command.folder or "/") / path
    if problem := _problem(path):
        raise OptionError(f"command: {path} {problem}")
    return str(path)


def _searched(name: str) -> str:
    folders = map(Path, os.environ.get("PATH", os.defpath).split(os.pathsep))
    found = [folder / name for folder in folders if folder.is_absolute()]
    path = next((path for path in found if _problem(path) is None), None)
    if path is None:
        there = [path for path in found if path.is_file()]
        raise OptionError(f"command: {there[0]} {_problem(there[0])}" if there else f"command: {name} is not in PATH")
    return str(path)


def _problem(path: Path) -> str | None:
    try:
        if not path.exists():
            return "does not exist"
    except OSError:  # a name that is too long, a directory that may not be read
        return "cannot be found"
    if not path.is_file():
        return "is not a file"
    return None if os.access(path, os.X_OK) else "is not executable: chmod +x it"
