"""Reading the command line of a state command: only what says which state it is about.

Unlike :mod:`tf_wrapper.launch.arguments`, which has to know every word, this only has to find a few flags: terraform
gets the user's own words in any case, and what is not understood here costs details of the event at most.
"""

from __future__ import annotations

from tf_wrapper.launch.arguments import FALSE, HELP, environment_words

TYPE_CHECKING = False  # spelled out: importing typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Mapping

_VALUES = frozenset({
    "backup", "backup-out", "config", "lock-timeout", "parallelism", "provider", "state", "state-out", "target", "var",
    "var-file",
})  # fmt: skip


class StateArguments:
    """What the command line of a state command says.

    Attributes:
        chdir: the ``-chdir`` value, or None.
        globals: the global options as given.
        flags: name → value of the last flag of that name; a flag without a value has an empty one.
        options: name and value of every flag, in order.
        positional: what follows the flags.
        asks_for_help: the environment makes terraform print its help, whatever else is asked for.
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
        """Whether a flag without a value was given, and not as false."""
        return name in self.flags and self.flags[name] not in FALSE

    def _scan(self, words: list[str]) -> None:
        """Split by Go's rules; a flag that is not known is taken for one without a value."""
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
