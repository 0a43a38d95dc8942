# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plain records of Ansible's objects, so that the rest of the callback is independent of Ansible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

OK, FAILED, SKIPPED, UNREACHABLE = "ok", "failed", "skipped", "unreachable"

Arguments = Callable[[Iterable[str]], Mapping[str, Any]]
"""Gives those of a task's arguments that are asked for by name, and nothing of a task that must not be shown."""


def no_arguments(_names: Iterable[str]) -> Mapping[str, Any]:
    """Return no arguments: for a task without any."""
    return {}


Variable = Callable[[str], Any]
"""Gives the value of a variable of the host by name, None where there is none."""


def no_variable(_name: str) -> Any:
    """Return no variable: for an unknown host."""
    return None


class Task(NamedTuple):
    """One task of a play.

    Attributes:
        uuid: equal on all hosts and in all batches.
        name: the displayed name; may contain secrets.
        action: full name of its module, ``ansible.builtin.copy``.
        role: its role, with the collection if it has one; ``role_path`` is its folder.
        file: absolute path of its file, and ``line`` in it.
        loops: its results have results of items.
        launches: its jobs continue after it has ended (``async`` with ``poll: 0``).
        rescued: a failure of it is rescued by a block; None if that depends on how it is run.
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
    """The result of one task on one host.

    Attributes:
        task: uuid of the task.
        status: by the callback's hook: ``ok`` (including changed), ``failed``, ``skipped``, ``unreachable``.
        data: what the module returned; examined and not kept.
        ignored: the playbook ignores this error.
        checked: it ran in check mode.
        censored: no detail may be shown.
        delegate_to: the machine it ran on; in a loop it may still be a template.
        arguments: returns the task's arguments by name.
        variable: returns a variable of the host by name.
        at: seconds since 1970; None for now.
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
    """The circumstances of one playbook of a command.

    Attributes:
        file: absolute path of the playbook; None for an ad-hoc command.
        ad_hoc: an ad-hoc command in a few words; None for a playbook.
        directory: its folder.
        playbooks: all playbooks of the command.
        version: version of ansible-core.
        command: the command line, without values that could be secrets.
        variables: extra variables, which are searched for secrets and never recorded.
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
