"""Small repositories with a change or two that a plan could have, without terraform."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from change_events.model import Action, AttributeChange, Cause, Change, Inputs, Value, ValueKind
from change_events.process.deadline import Deadline
from tests.support import git_history
from tests.support.git_history import Commit
from tf_wrapper.cause import find_causes
from tf_wrapper.cause.find import Search
from tf_wrapper.cause.origins import Given
from tf_wrapper.cause.previous import Run

if TYPE_CHECKING:
    from pathlib import Path

MAIN = """\
variable "size" {}
resource "x_thing" "a" {
  size = var.size
  kind = "k0"
}
"""
BASE = {"main.tf": MAIN, "terraform.tfvars": 'size = "s0"\n'}


def shown(text):
    """A value as an event has it."""
    return Value(kind=ValueKind.VALUE, text=f'"{text}"')


def attribute(path="size", before="s0", after="s1", kind=ValueKind.VALUE):
    """One attribute that differs."""
    new = shown(after) if kind is ValueKind.VALUE else Value(kind=kind)
    return AttributeChange(path=path, before=shown(before), after=new)


def update(address="x_thing.a", *attributes, action=Action.UPDATE, **fields):
    """A change of one resource."""
    return Change(address=address, action=action, type="x_thing", attributes=attributes or (attribute(),), **fields)


@dataclass
class Small:
    """A repository and what is asked of it."""

    folder: Path
    ids: dict[str, str]
    changes: tuple[Change, ...] = (update(),)
    fields: dict = field(default_factory=dict)

    def run(self, subject="base", **fields):
        """An earlier run, whole and clean by default."""
        known = {"dirty": False, "whole": True, "applied": frozenset(), "open": frozenset(), "inputs": Inputs()}
        return Run(self.ids.get(subject, subject), **{**known, **fields})

    def search(self, *changes, **fields):
        """A search from the working tree."""
        directory = str(fields.pop("folder", self.folder))
        known = {
            "changes": changes or self.changes, "drift": (), "directory": directory,
            "data_dir": f"{directory}/.terraform", "plan": None, "given": Given([], {}), "runs": [self.run()],
            "variables": {}, "destroys": False, "environ": git_history.clean(), "deadline": Deadline(60),
        }  # fmt: skip
        return Search(**{**known, **fields})

    def causes(self, *changes, **fields) -> tuple[Cause, ...]:
        """The causes of the first change."""
        return find_causes(self.search(*changes, **fields)).causes[0]

    def rows(self, *changes, **fields):
        """Kind, place and commits of each cause of the first change."""
        names = {commit: subject for subject, commit in self.ids.items()}
        return [
            (one.kind.value, f"{one.file}:{one.line}" if one.file else one.text, [names[c.id] for c in one.commits])
            for one in self.causes(*changes, **fields)
        ]


def make(folder, *commits, base=BASE, **fields):
    """A repository of a first commit ``base`` and these."""
    ids = git_history.write(folder, [Commit("base", dict(base)), *commits], **fields)
    return Small(folder, ids)


def sized(subject, size, **fields):
    """A commit that sets the size in terraform.tfvars."""
    return Commit(subject, {"terraform.tfvars": f'size = "{size}"\n'}, **fields)
