"""Parses the command line of a state command, as far as it selects the state.

Unlike :mod:`tf_wrapper.launch.arguments`, which must know every word, this only looks for a few flags: terraform gets
the user's arguments in any case, and unknown words cost at most details of the event.
"""

from __future__ import annotations

from tf_wrapper.launch.arguments import FALSE, HELP, environment_words

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Mapping

_VALUES = frozenset({
    "backup", "backup-out", "config", "lock-timeout", "parallelism", "provider", "state", "state-out", "target", "var",
    "var-file",
})  # fmt: skip


class StateArguments:
    """The parsed command line of a state command.

    Attributes:
        chdir: the value of ``-chdir``, or None.
        globals: the global options as given.
        flags: name → value of the last flag of that name; empty for a flag without a value.
        options: name and value of every flag, in order.
        positional: the arguments after the flags.
        asks_for_help: the environment makes terraform print its help instead.
    """

    __slots__ = ("asks_for_help", "chdir", "flags", "globals", "options", "positional")

    def __init__(self, name: str, argv: list[str], environ: Mapping[str, str]) -> None:
        index = next(place for place, word in enumerate(argv) if not word.startswith("-"))
        self.globals = tuple(argv[:index])
        chdirs = [word[len("-chdir=") :] for word in self.globals if word.startswith("-chdir=")]
        self.chdir = chdirs[-1] if chdirs else None
        extra = environment_words(environ, name) or []
        self.asks_for_help = not HELP.isdisjoint(extra)
        self.options: list[tuple[str, str]] = []
        self.positional: tuple[str, ...] = ()
        self._scan([*extra, *argv[index + 1 + name.count(" ") :]])
        self.flags = dict(self.options)

    def has(self, name: str) -> bool:
        """Return whether a boolean flag is set and not false."""
        return name in self.flags and self.flags[name] not in FALSE

    def _scan(self, words: list[str]) -> None:
        """Split by Go's rules; an unknown flag is assumed to take no value."""
        rest = [word for word in words if word not in {"-no-color", "-compact-warnings"}]
        while rest and len(rest[0]) > 1 and rest[0][0] == "-":
            word = rest.pop(0)
            if word == "--":
                break
            name, equals, value = word[2 if word.startswith("--") else 1 :].partition("=")
            if not equals and name in _VALUES and rest:
                value = rest.pop(0)
            self.options.append((name, value))
        self.positional = tuple(rest)
