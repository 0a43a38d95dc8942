"""Chooses the mode of a run by rules over facts known before terraform starts; the first rule that applies decides."""

from __future__ import annotations

import os

from tf_wrapper.launch import arguments
from tf_wrapper.subcommands import APPLY, EXEC, NATIVE, OBSERVED, PLAN, SELECT, STATE

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tf_wrapper.launch.arguments import Parsed
    from tf_wrapper.launch.state_arguments import StateArguments
    from tf_wrapper.launch.workspace import Workspace

OWN, FALLBACK = "own", "fallback"  # the mode of the subcommand's row, and its fallback


class Situation:
    """The facts for the rules. Files are read only if a rule needs them.

    Args:
        word: the subcommand, a key of :data:`tf_wrapper.subcommands.OBSERVED`.
        parsed: the command line; None if it is not understood.
        workspace: the directory of the run.
        environ: terraform's environment.
        state: the command line of a state command.
    """

    def __init__(
        self,
        word: str,
        parsed: Parsed | None,
        workspace: Workspace,
        environ: Mapping[str, str],
        state: StateArguments | None = None,
    ) -> None:
        self.word = word
        self.subcommand = OBSERVED[word]
        self.workspace = workspace
        self.is_understood = parsed is not None
        self.state = state
        self._parsed = parsed
        self._environ = environ

    @property
    def parsed(self) -> Parsed:
        """The command line, for rules after the one for command lines that are not understood."""
        if self._parsed is None:
            raise ValueError("the command line is not understood")
        return self._parsed

    @property
    def asks_for_help(self) -> bool:
        """Whether the environment makes terraform print its help instead."""
        if self.state is not None:
            return self.state.asks_for_help
        return not self.is_understood and arguments.asks_for_help(self.word, self._environ)

    @property
    def only_selects(self) -> bool:
        """Whether it is a `workspace select` that creates no workspace, and so changes no state."""
        creates = self.state is not None and self.state.has("or-create")
        return self.subcommand.effect == SELECT and not creates

    @property
    def saved(self) -> str | None:
        """The path of the saved plan to apply; None if the run makes its own."""
        return self._path(self.parsed.positional[0]) if self.parsed.positional else None

    @property
    def lacks_variable_file(self) -> bool:
        """Whether a file of ``-var-file`` is missing."""
        return any(not os.path.exists(self._path(name)) for name in self.parsed.values("var-file"))

    @property
    def needs_one_terraform(self) -> bool:
        """Whether plan and apply must be one process, since an input comes once, from a pipe or a prompt."""
        parsed, workspace = self.parsed, self.workspace
        if workspace.has_piped_variables(parsed) and (parsed.positional or workspace.may_have_ephemeral()):
            return True
        asks = not parsed.positional and parsed.flag("input", default=True)
        return asks and workspace.may_ask_for_ephemeral(parsed)

    def _path(self, name: str) -> str:
        return os.path.join(self.workspace.directory, name)


class Rule:
    """One rule.

    Attributes:
        name: its name in tests.
        mode: the mode, or :data:`OWN` or :data:`FALLBACK`.
        reason: why.
        applies: the predicate.
        notice: a message to print if the user expects a record of the run and there will be none.
    """

    __slots__ = ("applies", "mode", "name", "notice", "reason")

    def __init__(
        self, name: str, mode: str, reason: str, applies: Callable[[Situation], bool], notice: str = ""
    ) -> None:
        self.name = name
        self.mode = mode
        self.reason = reason
        self.applies = applies
        self.notice = notice

    def mode_of(self, situation: Situation) -> str:
        """Return the mode of this run."""
        subcommand = situation.subcommand
        return {OWN: subcommand.mode, FALLBACK: subcommand.fallback}.get(self.mode, self.mode)


def choose(situation: Situation) -> Rule:
    """Return the first rule that applies; the last one always does."""
    return next(rule for rule in RULES if rule.applies(situation))


def _is_saved_plan(path: str) -> bool:
    from tf_wrapper.plan.plan_file import is_plan_file

    return is_plan_file(path)


def _is_bookmark(path: str) -> bool:
    from tf_wrapper.plan.plan_file import is_bookmark

    return is_bookmark(path)


RULES = (
    Rule("help", EXEC, "terraform prints its help", lambda it: it.asks_for_help),
    Rule("workspace selection", EXEC, "it changes no state", lambda it: it.only_selects),
    Rule("state command", OWN, "its row says so", lambda it: it.subcommand.mode == STATE),
    Rule(
        "not understood",
        NATIVE,
        "a word of the command line is not known: a flag of a newer version still works",
        lambda it: not it.is_understood,
    ),
    Rule("native subcommand", NATIVE, "its row says so", lambda it: it.subcommand.mode == NATIVE),
    Rule(
        "piped inputs",
        FALLBACK,
        "terraform reads a pipe by itself, which a second terraform would find empty, or wait for",
        lambda it: it.workspace.has_piped_inputs,
        notice="this plan is not recorded: terraform reads a pipe in this directory, which can be read only once",
    ),
    Rule(
        "cloud plan",
        NATIVE,
        "the saved plan is a bookmark of a plan in HCP Terraform",
        lambda it: it.saved is not None and not _is_saved_plan(it.saved) and _is_bookmark(it.saved),
    ),
    Rule(
        "not a plan",
        EXEC,
        "the argument is not a plan file: terraform reports it",
        lambda it: it.saved is not None and not _is_saved_plan(it.saved),
    ),
    Rule(
        "JSON without approval",
        EXEC,
        "terraform demands a plan file or -auto-approve beside -json",
        lambda it: (
            it.subcommand.mode == APPLY
            and it.parsed.flag("json")
            and it.saved is None
            and not it.parsed.flag("auto-approve")
        ),
    ),
    Rule(
        "no configuration",
        EXEC,
        "there is nothing to plan: terraform says so",
        lambda it: it.saved is None and not it.parsed.destroys and not it.workspace.has_configuration,
    ),
    Rule("no variable file", EXEC, "plan and apply report it differently", lambda it: it.lacks_variable_file),
    Rule(
        "remote",
        FALLBACK,
        "the plan is made elsewhere, and there is no file of it",
        lambda it: it.saved is None and it.workspace.runs_remotely,
    ),
    Rule(
        "one terraform",
        NATIVE,
        "what plan and apply both need is given once",
        lambda it: it.subcommand.mode != PLAN and it.needs_one_terraform,
    ),
    Rule("ordinary", OWN, "nothing stands against the mode of its row", lambda _: True),
)
