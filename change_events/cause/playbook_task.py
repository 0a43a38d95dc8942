"""Edits that concern one task of a playbook: of the task, of the file it copies or renders, and of its variables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from change_events.cause.inventory_files import MadeElsewhereError
from change_events.cause.playbook_files import included_by, names_in, names_in_template, notified_by, parsed, source_of
from change_events.cause.playbook_runs import task_of
from change_events.cause.playbook_variables import Scope, VariableFile, files_of, groups_of
from change_events.model import Cause, CauseKind, Confidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from change_events.cause.playbook_files import Play, Task, Variable, YamlFile
    from change_events.cause.playbook_variables import Places
    from change_events.cause.versions import Versions
    from change_events.model import Change, ChangeEvent

    _Held = list[tuple[VariableFile, dict[str, Variable]]]

DIRTY = "the last run was made with edits that no commit holds"
_LATE = "a file that the task is made of was written after the run had begun"
_GONE = "the task is not at its place any more"
_UNREADABLE = "cannot be read (encrypted, too large or no YAML)"
_MOST_NAMES = 200
_SECTIONS = {"tasks", "handlers"}


class Place(NamedTuple):
    """A task of a run: event and change, file in the repository and line, and where its variables may be set."""

    event: ChangeEvent
    change: Change
    path: str
    line: int
    places: Places


class Look:
    """The examination of one task.

    Args:
        versions: the versions to compare.
        place: the task.
        before: files that differed from the commit in the base run; None if unknown.

    Attributes:
        trouble: why an edit may have been missed; empty if none was.
        names: names of variables used by the task.
        notified: names of the handlers it notifies.
        made_elsewhere: generated inventories: path → what generates them.
    """

    def __init__(self, versions: Versions, place: Place, before: frozenset[str] | None) -> None:
        self.versions = versions
        self.trouble = ""
        self.names: set[str] = set()
        self.notified: set[str] = set()
        self.made_elsewhere: dict[str, str] = {}
        self._set_elsewhere: dict[str, str] = {}  # variables set by a generated inventory → its path
        self._place = place
        self._before = before
        self._task: Task | None = None
        self._file = self._yaml(place.path, versions.now)
        if self._file is not None:
            self._task = next((one for one in self._file.tasks if one.line == place.line), None)
        if self._task is None:
            self.trouble = self.trouble or _GONE
            return
        self.names = names_in(self._task.node)
        self.notified = notified_by(self._task)

    def causes(self) -> list[Cause]:
        """Return the edits of the task itself, its file and its variables, as far as they are proven."""
        if self._task is None or self._file is None:
            return []
        if not self.versions.is_known(self._place.path) and self._place.path not in self.versions.uncommitted:
            self.trouble = f"git has no history of {self._place.path}"
            return []
        found = [*self._of_task(self._task, self._file), *self._of_source(self._task)]
        return [*found, *self._of_variables()]

    # -- the task itself ---------------------------------------------------------------------------------------------

    def _of_task(self, task: Task, file: YamlFile) -> Iterator[Cause]:
        path = self._place.path
        base, head = self._yaml(path, self.versions.base), self._yaml(path, self.versions.head)
        if self._holds(base, task, file) or (base is None and self.trouble):
            return
        if self._was_elsewhere(task):
            return
        text = task_of(self._place.change.address)
        if not self._holds(head, task, file):
            yield from self._edit(CauseKind.UNCOMMITTED_EDIT, text, path, task.line)
            return
        yield from self._edit(CauseKind.EDITED_LINE, text, path, task.line, _of_one(task, file, base))

    @staticmethod
    def _holds(other: YamlFile | None, task: Task, file: YamlFile) -> bool:
        """Return whether another version has the same task equally often."""
        if other is None:
            return False
        mine = sum(one.mark == task.mark for one in file.tasks)
        return sum(one.mark == task.mark for one in other.tasks) >= mine

    def _was_elsewhere(self, task: Task) -> bool:
        """Return whether another file of the base had it: a moved task is not an edited one."""
        for entry in self.versions.entries:
            if entry.old[0] and entry.path != self._place.path and entry.old_path.endswith((".yml", ".yaml")):
                data = self.versions.blob(entry.old[0])
                file = parsed(data) if data is not None else None
                if file is not None and any(one.mark == task.mark for one in file.tasks):
                    return True
        return False

    # -- the file that it copies or renders --------------------------------------------------------------------------

    def _of_source(self, task: Task) -> Iterator[Cause]:
        named = source_of(task)
        path = self._found(*named) if named is not None else None
        if path is None:
            return
        data = self.versions.now(path)
        if data is not None and named is not None and named[1] == "templates":
            self.names |= names_in_template(data.decode("utf-8", "replace"))
        if self.versions.is_edited(path):
            yield from self._edit(CauseKind.EDITED_LINE, "", path, None, _whole)
        if path in self.versions.uncommitted:
            yield from self._edit(CauseKind.UNCOMMITTED_EDIT, "", path, None)

    def _found(self, src: str, folder: str) -> str | None:
        """Return the file named by a task's ``src`` if it is unambiguous."""
        starts = [self._role] if self._role is not None else []
        inside = os.path.dirname(self._place.path)
        starts.append(inside)
        if self._place.places.playbook is not None:
            starts.append(os.path.dirname(self._place.places.playbook))
        top = self.versions.repository.top
        there = {
            os.path.realpath(path)
            for start in starts
            for path in (os.path.join(top, start, folder, src), os.path.join(top, start, src))
            if os.path.isfile(path)
        }
        return self.versions.repository.relative(there.pop()) if len(there) == 1 else None

    @property
    def _role(self) -> str | None:
        """The folder of the task's role if the task is in it."""
        parts = self._place.path.split("/")
        name = (self._place.change.module or "").rpartition(".")[2]
        found = [at for at in range(1, len(parts)) if parts[at] in _SECTIONS and parts[at - 1] == name]
        return "/".join(parts[: found[-1]]) if found and name else None

    # -- its variables -----------------------------------------------------------------------------------------------

    def _of_variables(self) -> Iterator[Cause]:
        play = self._play()
        event, task = self._place.event, self._place.change.task
        hosts = list(dict.fromkeys([*task.changed_on, *(one.host for one in task.failures)])) if task else []
        groups = groups_of(event, self._place.change, play)
        extra = set(event.playbook.variables) if event.playbook else set()
        edited: dict[tuple[str, VariableFile], Variable | None] = {}
        scope = Scope(groups, hosts, play, self._role, self._included())
        for chain in files_of(self.versions, self._place.places, scope):
            now, base = self._compared(chain)
            self._follow(now)
            for name in sorted(self.names - extra):
                new, old = _effective(name, now), _effective(name, base)
                if new == old or _is_ambiguous(name, [*now, *base]):
                    continue
                if name in self._set_elsewhere:
                    path = self._set_elsewhere[name]
                    self.trouble = f"{name} is set by {self.made_elsewhere[path]} ({path})"
                    continue
                file = new[0] if new is not None else old[0] if old is not None else chain[0]
                if new is None or old is None or new[1].mark != old[1].mark:
                    edited[name, file] = new[1] if new is not None else None
        for (name, file), variable in edited.items():
            yield from self._of_variable(name, file, variable)

    def _included(self) -> list[str]:
        """Return the variable files included by earlier tasks of its file."""
        before = [task for task in self._file.tasks if task.line < self._place.line] if self._file is not None else []
        named = [path for task in before if (path := included_by(task)) is not None]
        return [found for path in named if (found := self._found(path, "vars")) is not None]

    def _compared(self, chain: list[VariableFile]) -> tuple[_Held, _Held]:
        """Return the variables of each file, now and in the base; none for a file that is unreadable in either."""
        held = [
            (file, self._variables(file, self.versions.now), self._variables(file, self.versions.base))
            for file in chain
        ]
        read = [(file, now, base) for file, now, base in held if now is not None and base is not None]
        return [(file, now) for file, now, _ in read], [(file, base) for file, _, base in read]

    def _of_variable(self, name: str, file: VariableFile, variable: Variable | None) -> Iterator[Cause]:
        versions = (self.versions.now, self.versions.head)
        now, head = ((self._variables(file, version) or {}).get(name) for version in versions)
        line = variable.line if variable is not None else None
        if (now and now.mark) != (head and head.mark):
            yield from self._edit(CauseKind.UNCOMMITTED_EDIT, name, file.path, line)
        else:
            yield from self._edit(CauseKind.EDITED_LINE, name, file.path, line, _of_variable(file, name))

    def _follow(self, files: _Held) -> None:
        """Add the variables used in the values of the task's variables."""
        queue = list(self.names)
        while queue and len(self.names) < _MOST_NAMES:
            found = _effective(queue.pop(), files)
            further = names_in(found[1].node) - self.names if found is not None else set()
            self.names |= further
            queue += further

    def _variables(self, file: VariableFile, version: Callable[[str], bytes | None]) -> dict[str, Variable] | None:
        """Return the variables one version of a file sets; None if it cannot be read."""
        try:
            return file.read(version(file.path))
        except MadeElsewhereError as error:
            self.made_elsewhere[file.path] = error.maker
            self._set_elsewhere |= dict.fromkeys(error.variables, file.path)
            if self.versions.is_edited(file.path) or file.path in self.versions.uncommitted:
                self.trouble = f"{file.path} was edited, and what {error.maker} makes of it is not known"
            return None
        except (ValueError, RecursionError):
            if self.versions.is_edited(file.path) or file.path in self.versions.uncommitted:
                self.trouble = f"{file.path} was edited and {_UNREADABLE}"
            return None

    def _play(self) -> Play | None:
        """Return the play of the task if its name is unique."""
        path = self._place.places.playbook
        file = self._yaml(path, self.versions.now) if path is not None else None
        name = self._place.change.task.play if self._place.change.task else None
        found = [play for play in file.plays() if play.name == name] if file is not None else []
        return found[0] if len(found) == 1 else None

    # -- causes ------------------------------------------------------------------------------------------------------

    def _edit(
        self,
        kind: CauseKind,
        text: str,
        path: str,
        line: int | None,
        value: Callable[[bytes], str | None] | None = None,
    ) -> Iterator[Cause]:
        """Yield an edit of a file as a cause, unless the last run may have included it."""
        if self.versions.is_late(path):
            self.trouble = _LATE
        elif self._before is None or path in self._before:
            self.trouble = DIRTY
        else:
            commits = self.versions.commits(path, value) if value is not None else ()
            yield Cause(kind=kind, text=text, file=path, line=line, commits=commits, confidence=Confidence.LIKELY)

    def _yaml(self, path: str, version: Callable[[str], bytes | None]) -> YamlFile | None:
        data = version(path)
        file = parsed(data) if data is not None else None
        if data is not None and file is None:
            self.trouble = f"{path} {_UNREADABLE}"
        return file


def _of_one(task: Task, file: YamlFile, base: YamlFile | None) -> Callable[[bytes], str | None]:
    """Return a function from a version to its content of a task: all of a uniquely named one, else its presence."""
    versions = [one for one in (file, base) if one is not None]
    is_named = bool(task.name) and all(sum(each.name == task.name for each in one.tasks) == 1 for one in versions)

    def value(data: bytes) -> str | None:
        other = parsed(data)
        if other is None:
            return None
        marks = [one.mark for one in other.tasks if one.name == task.name]
        if is_named and len(marks) < 2:  # noqa: PLR2004 - several are indistinguishable
            return "".join(marks)
        return None if is_named else "".join(one.mark for one in other.tasks if one.mark == task.mark)

    return value


def _of_variable(file: VariableFile, name: str) -> Callable[[bytes], str | None]:
    def value(data: bytes) -> str | None:
        try:
            found = file.read(data).get(name)
        except (ValueError, RecursionError):
            return None
        return found.mark if found is not None else ""

    return value


def _whole(data: bytes) -> str:
    return data.hex()


def _effective(name: str, files: _Held) -> tuple[VariableFile, Variable] | None:
    """Return the last file that sets a variable, and its value there."""
    return next(((file, held[name]) for file, held in reversed(files) if name in held), None)


def _is_ambiguous(name: str, files: _Held) -> bool:
    """Return whether several groups set it: their precedence depends on the inventory."""
    groups = set()
    for file, held in files:
        parts = file.path.split("/")
        if name in held and file.section is not None and file.section[0] == "group":
            groups.add(file.section[1])
        if name in held and "group_vars" in parts[:-1]:
            groups.add(parts[parts.index("group_vars") + 1].partition(".")[0])
    return len(groups - {"all"}) > 1
