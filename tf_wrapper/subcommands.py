"""THE TABLE: which terraform subcommands are observed, and how.

A subcommand that is not here is exec'd untouched. A row decides: nothing else in this package asks for a subcommand by
its name. To observe another one, add a row; docs/how-to/add-an-observed-subcommand.md says what else is to be proven.
"""

from __future__ import annotations

PLAN, APPLY, NATIVE, STATE, EXEC = "plan", "apply", "native", "state_command", "exec"
"""The modes. But for ``exec``, not to observe at all, each is the module of :mod:`tf_wrapper.modes` of its name.

``plan``: terraform's plan, with a private plan file to read; ``apply``: plan to a file, ask, apply exactly that;
``native``: terraform as it is, and the event from the states before and after; ``state_command``: the same, for a
command that changes the state and no resource.
"""

EDIT, IMPORT, REFRESH, UNLOCK, CREATE, SELECT, DELETE = (
    "edit", "import", "refresh", "unlock", "create", "select", "delete",
)  # fmt: skip
"""What a state command does: to entries of the state, to its lock, or to a workspace."""


class Subcommand:
    """One row; a plain class, since importing what makes one would delay terraform.

    Attributes:
        mode: how an ordinary run is observed; :mod:`tf_wrapper.modes.choice` has the rules for the others.
        phase: of the event, ``planned`` or ``applied``.
        destroys: it destroys without being given ``-destroy``.
        effect: of a state command, one of the words above; empty for the others.
        files: ``-state`` names a local file whatever the backend is.
        splits: with ``-state-out`` it takes entries out of one state and puts them into another; other commands read
            the one and write the other.
    """

    __slots__ = ("destroys", "effect", "files", "mode", "phase", "splits")

    def __init__(
        self,
        mode: str,
        *,
        phase: str = "applied",
        destroys: bool = False,
        effect: str = "",
        files: bool = False,
        splits: bool = False,
    ) -> None:
        self.mode = mode
        self.phase = phase
        self.destroys = destroys
        self.effect = effect
        self.files = files
        self.splits = splits

    @property
    def fallback(self) -> str:
        """The mode of a run that cannot have its own: the states say what it changed, if it can change anything."""
        return NATIVE if self.phase == "applied" else EXEC


OBSERVED: dict[str, Subcommand] = {
    "plan": Subcommand(PLAN, phase="planned"),
    "apply": Subcommand(APPLY),
    "destroy": Subcommand(APPLY, destroys=True),
    "import": Subcommand(STATE, effect=IMPORT),
    "refresh": Subcommand(STATE, effect=REFRESH),
    "taint": Subcommand(STATE, effect=EDIT),
    "untaint": Subcommand(STATE, effect=EDIT),
    "state mv": Subcommand(STATE, effect=EDIT, files=True, splits=True),
    "state rm": Subcommand(STATE, effect=EDIT, files=True),
    "state replace-provider": Subcommand(STATE, effect=EDIT, files=True),
    "state push": Subcommand(STATE, effect=EDIT),
    "force-unlock": Subcommand(STATE, effect=UNLOCK),
    "workspace new": Subcommand(STATE, effect=CREATE),
    "workspace select": Subcommand(STATE, effect=SELECT),
    "workspace delete": Subcommand(STATE, effect=DELETE),
    "env new": Subcommand(STATE, effect=CREATE),  # the old name of `workspace`, which still works
    "env select": Subcommand(STATE, effect=SELECT),
    "env delete": Subcommand(STATE, effect=DELETE),
}


def name_at(arguments: list[str], index: int) -> str:
    """The subcommand that begins at ``index``: one word, or two where a row has them."""
    pair = " ".join(arguments[index : index + 2])
    return pair if pair in OBSERVED else arguments[index]
