"""THE TABLE: which terraform subcommands are observed, and how.

A subcommand that is not here is exec'd untouched. A row decides: nothing else in this package asks for a subcommand by
its name. To observe another one, add a row; docs/how-to/add-an-observed-subcommand.md says what else is to be proven.
"""

from __future__ import annotations

PLAN, APPLY, NATIVE, EXEC = "plan", "apply", "native", "exec"
"""The modes. But for ``exec``, not to observe at all, each is the module of :mod:`tf_wrapper.modes` of its name.

``plan``: terraform's plan, with a private plan file to read; ``apply``: plan to a file, ask, apply exactly that;
``native``: terraform as it is, and the event from the states before and after.
"""


class Subcommand:
    """One row; a plain class, since importing what makes one would delay terraform.

    Attributes:
        mode: how an ordinary run is observed; :mod:`tf_wrapper.modes.choice` has the rules for the others.
        phase: of the event, ``planned`` or ``applied``.
        destroys: it destroys without being given ``-destroy``.
    """

    __slots__ = ("destroys", "mode", "phase")

    def __init__(self, mode: str, *, phase: str, destroys: bool = False) -> None:
        self.mode = mode
        self.phase = phase
        self.destroys = destroys

    @property
    def fallback(self) -> str:
        """The mode of a run that cannot have its own: the states say what it changed, if it can change anything."""
        return NATIVE if self.phase == "applied" else EXEC


OBSERVED: dict[str, Subcommand] = {
    "plan": Subcommand(PLAN, phase="planned"),
    "apply": Subcommand(APPLY, phase="applied"),
    "destroy": Subcommand(APPLY, phase="applied", destroys=True),
}
