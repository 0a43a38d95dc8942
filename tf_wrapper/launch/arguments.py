"""Parses terraform's command line exactly as Go's flag package does, and never rewrites it.

A command line with any unknown word is not observed through a saved plan: ``parse`` returns None, and terraform runs
natively with the user's arguments, so that flags of future versions work.
"""

from __future__ import annotations

from tf_wrapper.subcommands import OBSERVED, PLAN, STATE

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from collections.abc import Mapping

_BOOL = frozenset({
    "allow-deferral", "auto-approve", "destroy", "detailed-exitcode", "input", "json", "lock", "refresh",
    "refresh-only",
})  # fmt: skip
_VALUE = frozenset({
    "backup", "exclude", "generate-config-out", "include", "invoke", "lock-timeout", "out", "parallelism", "policies",
    "replace", "state", "state-out", "target", "var", "var-file",
})  # fmt: skip
_PLAN_ONLY = frozenset({"detailed-exitcode", "generate-config-out", "out"})
_APPLY_ONLY = frozenset({"auto-approve"})
# beside a saved plan, only these mean anything (variables: see Parsed.for_saved_plan)
_BESIDE_PLAN = frozenset({"backup", "input", "lock", "lock-timeout", "parallelism", "policies", "state", "state-out"})
_LIMITS = ("target", "exclude", "include", "invoke")  # and OpenTofu's -target-file and -exclude-file
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
"""What Go reads as false."""
_VARIABLES = frozenset({"var", "var-file"})
HELP = frozenset({"-h", "-help", "--help", "-version", "--version", "-v"})
"""What terraform's command line library answers wherever it stands, be it the value of a flag."""


class Flag:
    """One flag as given: ``words`` are the user's argv words, one or two."""

    __slots__ = ("name", "value", "words")

    def __init__(self, name: str, value: str, words: tuple[str, ...]) -> None:
        self.name = name
        self.value = value
        self.words = words


class Parsed:
    """A parsed command line.

    Attributes:
        subcommand: a key of :data:`tf_wrapper.subcommands.OBSERVED`.
        chdir: the value of ``-chdir``, or None.
        globals: the global options as given, to be put before a subcommand.
        flags: all flags in order, those of TF_CLI_ARGS_<subcommand> and TF_CLI_ARGS first, as in terraform.
        positional: the arguments after the flags.
    """

    __slots__ = ("chdir", "flags", "globals", "positional", "subcommand")

    def __init__(
        self,
        subcommand: str,
        chdir: str | None,
        globals_: tuple[str, ...],
        flags: tuple[Flag, ...],
        positional: tuple[str, ...],
    ) -> None:
        self.subcommand = subcommand
        self.chdir = chdir
        self.globals = globals_
        self.flags = flags
        self.positional = positional

    @property
    def options(self) -> list[tuple[str, str]]:
        """Name and value of every flag, in order."""
        return [(item.name, item.value) for item in self.flags]

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return the value of a boolean flag; the last one wins."""
        values = [item.value for item in self.flags if item.name == name]
        return values[-1] in _TRUE if values else default

    def value(self, name: str) -> str | None:
        """Return the value of a flag that takes one; the last one wins."""
        values = [item.value for item in self.flags if item.name == name]
        return values[-1] if values else None

    def values(self, name: str) -> list[str]:
        """Return all values of a repeatable flag."""
        return [item.value for item in self.flags if item.name == name]

    def for_plan(self) -> list[str]:
        """Return the arguments of the `terraform plan` that plans this apply or destroy."""
        words = [word for item in self.flags if item.name not in _APPLY_ONLY for word in item.words]
        return ["-destroy", *words] if OBSERVED[self.subcommand].destroys else words

    def for_saved_plan(self, *, variables: bool) -> list[str]:
        """Return the arguments to keep with a saved plan; ``variables`` keeps the ephemeral ones."""
        keep = _BESIDE_PLAN | (_VARIABLES if variables else frozenset())
        return [word for item in self.flags if item.name in keep for word in item.words]

    @property
    def destroys(self) -> bool:
        """Whether this is a destroy, by either name."""
        return OBSERVED[self.subcommand].destroys or self.flag("destroy")


def parse(argv: list[str], environ: Mapping[str, str]) -> Parsed | None:
    """Parse ``argv`` (without the program's name); None if any word of it is not understood."""
    index = next(i for i, word in enumerate(argv) if not word.startswith("-"))
    chdirs = [word[len("-chdir=") :] for word in argv[:index] if word.startswith("-chdir=")]
    if len(chdirs) != index or len(chdirs) > 1 or "" in chdirs:
        return None
    subcommand = argv[index]
    if subcommand not in OBSERVED or OBSERVED[subcommand].mode == STATE:
        return None  # its own module reads it
    extra = environment_words(environ, subcommand)
    if extra is None or not HELP.isdisjoint(extra):
        return None
    scanned = _scan([*extra, *argv[index + 1 :]])
    if scanned is None:
        return None
    flags, positional = scanned
    if not _allowed(subcommand, flags, positional):
        return None
    return Parsed(subcommand, chdirs[0] if chdirs else None, tuple(argv[:index]), tuple(flags), tuple(positional))


def is_limited(argv: list[str], environ: Mapping[str, str]) -> bool:
    """Return whether the plan of a command line is partial (``-target``, ``-exclude``).

    In a command line that is not understood, any word that may be such a flag counts. Terraform 1.8 and later record it
    in the plan.
    """
    parsed = parse(argv, environ)
    if parsed is not None:
        return any(name.startswith(_LIMITS) for name, _ in parsed.options)
    given = (*argv, *(text for name, text in environ.items() if name.startswith("TF_CLI_ARGS")))
    return any(f"-{name}" in word for word in given for name in _LIMITS)


def may_destroy_all(argv: list[str], environ: Mapping[str, str]) -> bool:
    """Return whether a command line may be ``destroy`` or have ``-destroy``, even if it is not understood."""
    given = (*argv, *(text for name, text in environ.items() if name.startswith("TF_CLI_ARGS")))
    return any(word == "destroy" or "-destroy" in word for word in given)


def only_refreshes(argv: list[str], environ: Mapping[str, str]) -> bool:
    """Return whether an apply has ``-refresh-only``, which changes the state and no resource.

    In a command line that is not understood, the last word that is this flag counts, at any position.
    """
    parsed = parse(argv, environ)
    if parsed is not None:
        return parsed.flag("refresh-only")
    index = next(i for i, word in enumerate(argv) if not word.startswith("-"))
    extra = [word for name in ("TF_CLI_ARGS", f"TF_CLI_ARGS_{argv[index]}") for word in environ.get(name, "").split()]
    found = [word.lstrip("-").partition("=") for word in (*extra, *argv[index + 1 :]) if word.startswith("-")]
    values = [value if equals else "true" for name, equals, value in found if name == "refresh-only"]
    return bool(values) and values[-1] in _TRUE


def asks_for_help(subcommand: str, environ: Mapping[str, str]) -> bool:
    """Return whether TF_CLI_ARGS make terraform print its help or version instead."""
    return not HELP.isdisjoint(environment_words(environ, subcommand) or ())


def environment_words(environ: Mapping[str, str], subcommand: str) -> list[str] | None:
    """Return the arguments from the environment, in terraform's order.

    terraform inserts each variable directly after the subcommand, TF_CLI_ARGS first, so that the other one precedes it
    (mergeEnvArgs in terraform's main.go).
    """
    words: list[str] = []
    own = subcommand.replace("-", "_").replace(" ", "_")
    for name in (f"TF_CLI_ARGS_{own}", "TF_CLI_ARGS"):
        found = shell_words(environ.get(name, ""))
        if found is None:
            return None
        words += found
    return words


# a backslash, a backtick: releases of go-shellwords treat them differently; an operator: the line ends, or is an error
_PART = r"""(?P<space>[ \t\r\n]+)|'(?P<single>[^'`]*)'|"(?P<double>[^"\\`]*)"|(?P<plain>[^ \t\r\n'"\\`;&|<>()]+)"""


def shell_words(text: str) -> list[str] | None:
    """Split a text as terraform splits TF_CLI_ARGS (mattn/go-shellwords); None if the result is not certain.

    Words and both kinds of quotes are supported. Everything else (a backslash outside of single quotes, shell
    operators, substitutions, an empty quoted word) is left to terraform.
    """
    if not text:
        return []
    import re

    words: list[str] = []
    word: str | None = None
    at = 0
    while at < len(text):
        part = re.compile(_PART).match(text, at)
        if part is None:
            return None
        at = part.end()
        if part["space"] is None:
            word = (word or "") + (part["single"] or part["double"] or part["plain"] or "")
        elif word is not None:
            words.append(word)
            word = None
    words += [] if word is None else [word]
    return words if "" not in words and not _is_broken(text) else None


def _is_broken(text: str) -> bool:
    """Return whether a word is not UTF-8, which Go would replace."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _scan(words: list[str]) -> tuple[list[Flag], list[str]] | None:
    """Split flags by Go's rules: ``-name=value`` or ``-name value``, with one or two dashes.

    Booleans never take the next word. The first word that is not a flag ends them. terraform removes -no-color and
    -compact-warnings at any position.
    """
    flags: list[Flag] = []
    rest = list(words)
    for view in ("no-color", "compact-warnings"):
        if f"-{view}" in rest:
            flags.append(Flag(view, "true", (f"-{view}",)))
            rest = [word for word in rest if word != f"-{view}"]
    while rest:
        word = rest[0]
        if len(word) < 2 or word[0] != "-":  # noqa: PLR2004 - a lone dash is an argument, not a flag
            break
        rest.pop(0)
        if word == "--":
            break
        flag = _flag(word, rest)
        if flag is None:
            return None
        flags.append(flag)
    return flags, rest


def _flag(word: str, rest: list[str]) -> Flag | None:
    name, equals, value = word[2 if word.startswith("--") else 1 :].partition("=")
    if name in _BOOL:
        known = not equals or value in _TRUE or value in FALSE
        return Flag(name, value if equals else "true", (word,)) if known else None
    if name not in _VALUE:
        return None
    if equals:
        return Flag(name, value, (word,))
    if not rest:
        return None
    value = rest.pop(0)
    return Flag(name, value, (word, value))


def _allowed(subcommand: str, flags: list[Flag], positional: list[str]) -> bool:
    names = {flag.name for flag in flags}
    row = OBSERVED[subcommand]
    if row.mode == PLAN:
        return not names & _APPLY_ONLY and not positional
    if names & _PLAN_ONLY or len(positional) > 1 or positional == [""] or not all(_is_valid(flag) for flag in flags):
        return False
    if row.destroys:
        return not positional and not names & {"destroy", "refresh-only"}
    return True


def _is_valid(flag: Flag) -> bool:
    """Return whether terraform can parse the value; terraform reports usage errors itself."""
    if flag.name == "parallelism":
        digits = flag.value.removeprefix("-")
        return digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0") and len(digits) < 10  # noqa: PLR2004 - 0x, octal and what overflows is Go's to read
    if flag.name == "lock-timeout":
        import re

        return re.fullmatch(r"[-+]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)", flag.value) is not None
    if flag.name == "var":
        return "=" in flag.value
    return True
