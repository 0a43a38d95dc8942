# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the callback takes out of Ansible's objects: plain values, so that all behind it can do without Ansible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

OK, FAILED, SKIPPED, UNREACHABLE = "ok", "failed", "skipped", "unreachable"

Arguments = Callable[[Iterable[str]], Mapping[str, Any]]
"""Gives those of a task's arguments that are asked for by name, and nothing of a task that must not be shown."""


def no_arguments(_names: Iterable[str]) -> Mapping[str, Any]:
    """The arguments of a task without any."""
    return {}


Variable = Callable[[str], Any]
"""Gives the value of a variable of the host by name, None where there is none."""


def no_variable(_name: str) -> Any:
    """The variables of a host of which nothing is known."""
    return None


class Task(NamedTuple):
    """One task of a play.

    Attributes:
        uuid: the same on all hosts and in all batches.
        name: as it is shown; may hold secrets.
        action: full name of its module, ``ansible.builtin.copy``.
        role: role it belongs to, with its collection where it has one; ``role_path`` is its folder.
        file: where it stands, an absolute path, and ``line``.
        loops: its results come with those of its items.
        launches: its jobs go on when it has ended (``async`` with ``poll: 0``).
        rescued: its failure is what a block's ``rescue`` is for; None where that depends on how it came to run.
    """

    uuid: str
    name: str
    action: str
    role: str | None = None
    role_path: str | None = None
    file: str | None = None
    line: int | None = None
    handler: bool = False
    loops: bool = False
    no_log: bool = False
    rescued: bool | None = False
    launches: bool = False
    tags: tuple[str, ...] = ()


class Result(NamedTuple):
    """How one task ended on one host.

    Attributes:
        task: uuid of the task.
        status: as the callback was called: ``ok`` (also changed), ``failed``, ``skipped``, ``unreachable``.
        data: what the module returned. It is looked at and not kept.
        ignored: the playbook says to ignore this error.
        checked: it ran in check mode.
        censored: nothing of it may be shown.
        delegate_to: the machine it really ran on; for a loop, it may still be the template.
        arguments: gives the task's arguments by name.
        variable: gives a variable of the host by name.
        at: when, in seconds since 1970; None is now.
    """

    task: str
    host: str
    status: str
    data: Mapping[str, Any]
    ignored: bool = False
    checked: bool = False
    censored: bool = False
    delegate_to: str | None = None
    arguments: Arguments = no_arguments
    variable: Variable = no_variable
    at: float | None = None


class Circumstances(NamedTuple):
    """What surrounds one playbook of one command.

    Attributes:
        file: the playbook, an absolute path; None for an ad-hoc command.
        ad_hoc: an ad-hoc command in a few words; None of a playbook.
        directory: where it lies.
        playbooks: all playbooks of the command.
        version: of ansible-core.
        command: the command line, with no value that could be a secret.
        variables: extra variables; their values are searched for secrets and never recorded.
        secrets: values that must not be shown, known before the first play.
    """

    file: str | None
    directory: str
    ad_hoc: str | None = None
    playbooks: tuple[str, ...] = ()
    version: str | None = None
    command: tuple[str, ...] = ()
    check: bool = False
    diff: bool = False
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    limit: str | None = None
    inventory: tuple[str, ...] = ()
    start_at_task: str | None = None
    forks: int | None = None
    variables: Mapping[str, Any] = {}
    secrets: tuple[str, ...] = ()
