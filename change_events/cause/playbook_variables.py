"""The files that set the variables of a playbook's task, by precedence, as far as they are known to apply.

Precedence: Ansible's documentation, "Understanding variable precedence". Sources outside of the repository's files
(scripts, plugins, facts) are omitted.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from change_events.cause.inventory_files import Section, files_in, variables_of
from change_events.cause.playbook_files import Play, Variable, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.cause.versions import Versions
    from change_events.model import Change, ChangeEvent

_ENDINGS = ("", ".yml", ".yaml")


class VariableFile(NamedTuple):
    """A file that sets variables.

    Attributes:
        path: its path in the repository.
        play: the play whose ``vars`` apply; None for the whole file.
        section: in an inventory, the group or host whose variables apply.
    """

    path: str
    play: str | None = None
    section: Section | None = None

    def read(self, data: bytes | None) -> dict[str, Variable]:
        """Return the variables of one version.

        Raises:
            ValueError: it cannot be read, e.g. since it is encrypted.
        """
        if data is None:
            return {}
        if self.section is not None:
            return variables_of(self.path, data, self.section)
        file = parsed(data)
        if file is None:
            raise ValueError("no YAML")
        if self.play is None:
            return file.variables()
        named = [play for play in file.plays() if play.name == self.play]
        return named[0].variables if len(named) == 1 else {}


class Places(NamedTuple):
    """Where a run looks for variables: paths in the repository.

    Attributes:
        playbook: the playbook; None if it is outside of the repository.
        folders: folders with ``group_vars`` and ``host_vars``: of inventories, then of the playbook.
        inventories: files and folders of the inventories.
    """

    playbook: str | None
    folders: tuple[str, ...]
    inventories: tuple[str, ...] = ()


class Scope(NamedTuple):
    """The scope of a task: groups, hosts, play, folder of its role, and the files included before it."""

    groups: Sequence[str]
    hosts: Sequence[str]
    play: Play | None
    role: str | None
    included: Sequence[str] = ()


def files_of(versions: Versions, places: Places, scope: Scope) -> list[list[VariableFile]]:
    """Return the files that apply to a task, one list per host it touched, in ascending precedence."""
    groups, hosts, play, role, included = scope
    top, others = versions.repository.top, [entry.path for entry in versions.entries]
    inventories = [path for source in places.inventories for path in files_in(top, source, iter(others))]
    first = [VariableFile(f"{role}/defaults/main{end}") for end in _ENDINGS[1:] if role]
    first += [VariableFile(path, section=("group", group)) for group in ("all", *groups) for path in inventories]
    for group in ("all", *groups):
        for folder in places.folders:
            first += [VariableFile(path) for path in _named(versions, folder, "group_vars", group)]
    after: list[VariableFile] = []
    if play is not None and places.playbook is not None:
        after.append(VariableFile(places.playbook, play.name))
        inside = os.path.dirname(places.playbook)
        after += [VariableFile(os.path.normpath(os.path.join(inside, path))) for path in play.vars_files]
    after += [VariableFile(f"{role}/vars/main{end}") for end in _ENDINGS[1:] if role]
    after += [VariableFile(path) for path in included]
    return [[*first, *_of_host(versions, places, inventories, host), *after] for host in (hosts or [""])]


def _of_host(versions: Versions, places: Places, inventories: Sequence[str], host: str) -> Iterator[VariableFile]:
    if host:
        yield from (VariableFile(path, section=("host", host)) for path in inventories)
        for folder in places.folders:
            yield from map(VariableFile, _named(versions, folder, "host_vars", host))


def _named(versions: Versions, folder: str, kind: str, name: str) -> Iterator[str]:
    """Yield the files of one group or host, including those removed since."""
    if "/" in name:
        return
    stem = os.path.join(folder, kind, name)
    for end in _ENDINGS:
        yield f"{stem}{end}"
    top = versions.repository.top
    try:
        inner = {os.path.join(stem, one) for one in os.listdir(os.path.join(top, stem))}
    except OSError:
        inner = set()
    inner |= {entry.path for entry in versions.entries if os.path.dirname(entry.path) == stem}
    yield from sorted(path for path in inner if path.endswith((".yml", ".yaml")) or "." not in os.path.basename(path))


def groups_of(event: ChangeEvent, change: Change, play: Play | None) -> list[str]:
    """Return the groups that certainly contain a host touched by the task."""
    task, by_group = change.task, event.summary.by_group
    if task is None or (event.truncated is not None and event.truncated.hosts):
        return []
    touched = max(task.hosts.changed, len(task.changed_on))
    touched += 0 if touched else task.hosts.failed + task.hosts.unreachable
    total = len(event.hosts)
    found = []
    for name, counts in by_group.items():
        members = sum(getattr(counts, field) for field in counts.__struct_fields__)
        if members + touched > total or (play is not None and play.hosts == name):
            found.append(name)
    return found
