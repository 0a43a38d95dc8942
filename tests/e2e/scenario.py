"""What a scenario of the equivalence suite is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.pty import MERGED, PIPES, TERMINAL, WIDE, Stdio

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWER_HERE = "Enter a value:"
BOTH = (TERMINAL, PIPES)
EVERY = (TERMINAL, PIPES, MERGED, WIDE)
END = "\x04"  # Ctrl-D on a terminal, the end of stdin on a pipe


@dataclass(frozen=True)
class Run:
    """One command line of terraform, with what is typed at its prompts in turn."""

    line: str
    answers: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    folder: str = "."


@dataclass(frozen=True)
class Edit:
    """Files written (path → content), or removed where the content is None."""

    files: Mapping[str, str | None]


@dataclass(frozen=True)
class Scenario:
    """One situation that terraform and tfevent must handle alike.

    Attributes:
        name: the test id.
        files: the directory of code.
        before: done once with bare terraform, to bring about the situation.
        steps: what is compared.
        env: for all steps, and for ``before``.
        stdio: how the steps are connected.
        since: first terraform version that knows the feature.
        concurrent: resources without an order between them: their lines interleave as they like.
        core: part of the default test run.
        masks: (pattern, replacement) for what terraform itself picks at random, such as which of many warnings it
            shows.
        deviation: why tfevent differs here, where terraform's stream does not have what its text does; the
            scenario is then expected to fail, on the terminal and everywhere.
        locked: the state is locked by somebody else during the steps.
    """

    name: str
    files: Mapping[str, str]
    steps: tuple[Run | Edit, ...]
    before: tuple[Run | Edit, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    stdio: tuple[Stdio, ...] = BOTH
    since: tuple[int, ...] = (1, 0)
    concurrent: bool = False
    core: bool = False
    masks: tuple[tuple[str, str], ...] = ()
    locked: bool = False
    deviation: str = ""


def run(line: str, *answers: str, folder: str = ".", **env: str) -> Run:
    """A command line; keywords are environment variables."""
    return Run(line, answers, env, folder)


def main(text: str, **others: str) -> dict[str, str]:
    """The files of a directory: ``main.tf``, and others whose names have `_` for the dot (``a_tfvars``)."""
    return {"main.tf": text, **{name.replace("_", ".", 1): content for name, content in others.items()}}
