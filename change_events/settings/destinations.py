"""Destinations of the settings: validated options, resolved secrets, routing."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.destinations import get, kinds, named_by
from change_events.destinations.base import DestinationSettings
from change_events.destinations.shared.databases import has_password
from change_events.settings import consent, routes
from change_events.settings.model import Source, Unrouted
from change_events.settings.values import Mistake, did_you_mean, interpolate, plain, read_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from change_events.destinations.base import Destination, Option
    from change_events.settings.consent import Origin
    from change_events.settings.model import Entry, Settings

_COMMAND_SECONDS = 5.0
_SOURCES = ("FILE", "COMMAND")
_READABLE_BY_ALL = 0o004


def variables(of: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return every variable that sets an option of a destination, or of one of these kinds."""
    some = kinds() if of is None else of
    plain_ones = tuple(option.environment for kind in some for option in get(kind).options if option.environment)
    return (*plain_ones, *(f"{name}_{source}" for name in _secret_variables(some) for source in _SOURCES))


def with_secrets(environ: Mapping[str, str], base: Path, problems: list[str]) -> Mapping[str, str]:
    """Return ``environ`` with the secrets it names by file or command: ``TFEVENT_SEMATEXT_TOKEN_FILE``."""
    fetched: dict[str, str] = {}
    for name in _secret_variables(named_by(environ)):
        for source in _SOURCES:
            value = environ.get(f"{name}_{source}")
            if value and not environ.get(name):
                try:
                    fetched[name] = _fetched(source.lower(), value, base)
                except Mistake as mistake:
                    problems.append(f"{name}_{source}: {mistake}")
    return {**environ, **fetched} if fetched else environ


def _secret_variables(of: Sequence[str]) -> list[str]:
    return [option.environment for kind in of for option in get(kind).options if option.secret and option.environment]


class Declared(NamedTuple):
    """A destination as declared in a file: its entry, the base of relative paths, and its origin."""

    entry: Entry
    base: Path
    origin: Origin


class Built(msgspec.Struct):
    """The destinations, those with a mistake in their options among them.

    Attributes:
        unrouted: those of which it is not known which events they should get.
        sources: where each of their options comes from.
    """

    destinations: list[DestinationSettings] = []
    warnings: list[str] = []
    unrouted: list[Unrouted] = []
    sources: list[Source] = []


def build(
    declared: Mapping[str, Declared], environ: Mapping[str, str], problems: list[str], settings: Settings
) -> Built:
    """The destinations; mistakes go to ``problems``.

    A destination named as its kind also takes that kind's variables, which take precedence over the file.
    ``settings`` are those that hold for all.
    """
    built = Built()
    for name, given in declared.items():
        place = routes.Place(f"destinations.{name}", given.base, environ, problems, set())
        from_file = _from_file(name, given, place, settings)
        if from_file is None:
            built.unrouted.append(Unrouted(given.entry.where.rpartition(":")[0], name))
            continue
        built.destinations.append(from_file)
        built.sources += _sources(from_file, given)
        if not from_file.broken:
            built.warnings += [*_exposed(from_file, given.entry), *routes.warnings(name, given.entry.value, settings)]
    for kind in named_by(environ):
        if kind not in declared and (options := _from_environment(get(kind), environ)):
            faults = get(kind).problems(options)
            problems += [f"{kind}: {_variable_for(get(kind), fault)}" for fault in faults]
            if faults and not any(option.required for option in get(kind).options):
                continue  # variables that may all be left out may be meant for a destination of a file
            built.destinations.append(DestinationSettings(kind, kind, options, broken=bool(faults)))
            built.sources += _sources(built.destinations[-1], None)
    used = {one.kind for one in built.destinations}
    built.warnings += [w for kind in named_by(environ) if kind not in used and (w := _incomplete(get(kind), environ))]
    return built


def _incomplete(backend: Destination, environ: Mapping[str, str]) -> str | None:
    """What to set where variables give some of the options that a destination requires, and not all."""
    names = [option.environment for option in backend.options if option.required and option.environment]
    missing = [name for name in names if not environ.get(name)]
    if not missing or len(missing) == len(names):
        return None
    given = ", ".join(name for name in names if name not in missing)
    return f"{backend.kind}: nothing is delivered there, since {given} requires {' and '.join(missing)}"


def _sources(found: DestinationSettings, given: Declared | None) -> list[Source]:
    """Where the options come from, the variables of the kind first; no value is reported."""
    declared = given.entry.value if given else {}
    sources: list[Source] = []
    for option in get(found.kind).options:
        label = f"destinations.{found.name}.{option.name}"
        key = next((k for k in (option.name, f"{option.name}_file", f"{option.name}_command") if k in declared), "")
        if option.environment and found.name == found.kind and (given is None or not found.broken):
            variable = given.origin.environ.get(option.environment) if given else option.name in found.options
            if variable:
                sources.append(Source(label, option.environment, consent.ENVIRONMENT))
                continue
        if given and key:
            sources.append(Source(label, declared[key].where, given.origin.label))
    return sources


def _from_environment(backend: Destination, environ: Mapping[str, str]) -> dict[str, object]:
    """The options set by variables; nothing unless they declare a destination.

    They do if all that are required are named, and one of them has a value: a secret that is empty, or whose file
    cannot be read, is a mistake, and no reason to lose events.
    """
    values = {option.name: environ.get(option.environment or "", "") for option in backend.options}
    found = {option.name: _typed(option, values[option.name]) for option in backend.options if values[option.name]}
    required = [option for option in backend.options if option.required]
    lacking = [option for option in required if option.name not in found]
    if lacking and (len(lacking) == len(required) or not all(_is_named(option, environ) for option in lacking)):
        return {}
    return found


def _is_named(option: Option, environ: Mapping[str, str]) -> bool:
    name = option.environment
    return bool(name) and (name in environ or any(environ.get(f"{name}_{source}") for source in _SOURCES))


def _typed(option: Option, value: object) -> object:
    """``value`` as its option has it, where it came as text: a number, or words between commas."""
    if not isinstance(value, str):
        return value
    if option.type == "choices":
        return [word for word in value.replace(",", " ").split() if word]
    return int(value) if option.type == "integer" and value.isdecimal() else value


def _variable_for(backend: Destination, fault: str) -> str:
    name, _, text = fault.partition(":")
    variable = next((option.environment for option in backend.options if option.name == name), None)
    return f"{variable or name}:{text}"


def _from_file(name: str, given: Declared, place: routes.Place, settings: Settings) -> DestinationSettings | None:
    """The destination; None where it is not known which events it should get."""
    entry = given.entry
    label, problems = f"{entry.where}: destinations.{name}", place.problems
    if not isinstance(entry.value, dict):
        problems.append(f"{label}: expected its kind and options under it")
        return None
    children = dict(entry.value)
    kind_entry = children.pop("kind", None)
    kind = str(kind_entry.value) if kind_entry else name
    if kind not in kinds():
        near = did_you_mean(kind, kinds())
        problems.append(f"{label}: expected `kind:`, one of {', '.join(kinds())}{near}")
        return None
    backend, before, faults = get(kind), len(problems), list[str]()
    allowed = given.origin.allows_destination(name, backend, children)
    routed = {key: children.pop(key) for key in routes.NAMES_HERE if key in children}
    found = routes.read(routed if allowed else routes.without_files(routed), place, settings)
    undecided = routes.UNDECIDED in place.faults
    if not allowed:
        return None if undecided else DestinationSettings(name, kind, {}, found, broken=True)
    before = len(problems)
    options = _options(backend, children, place, faults)
    if name == kind:
        values = {option: place.environ.get(option.environment or "", "") for option in backend.options}
        options |= {option.name: _typed(option, value) for option, value in values.items() if value}
    problems += faults or [f"{label}.{fault}" for fault in backend.problems(options)]
    unusable = len(problems) > before or routes.UNUSABLE in place.faults
    return None if undecided else DestinationSettings(name, kind, options, found, broken=unusable)


def ask(name: str, given: Declared) -> None:
    """Let the origin note what it would need consent for in a destination."""
    children = dict(given.entry.value) if isinstance(given.entry.value, dict) else {}
    kind = str(children.pop("kind").value) if "kind" in children else name
    if kind in kinds():
        given.origin.allows_destination(name, get(kind), children)


def _options(
    backend: Destination, children: Mapping[str, Entry], place: routes.Place, faults: list[str]
) -> dict[str, object]:
    known = {option.name: option for option in backend.options}
    options: dict[str, object] = {}
    for key, entry in children.items():
        stem, _, source = key.rpartition("_")
        try:
            if key in known and known[key].type == "command":
                options[key] = _command(entry, place)
            elif key in known:
                value = plain(entry, place.environ, typed=known[key].type == "integer")
                options[key] = _typed(known[key], value) if known[key].type == "choices" else value
            elif source in {"file", "command"} and stem in known and known[stem].secret:
                options[stem] = _fetched(source, plain(entry, place.environ), place.base)
            else:
                hint = did_you_mean(key, (*known, *routes.NAMES_HERE)) or f": it has {', '.join(known)}"
                raise Mistake(f"{backend.kind} has no such option{hint}")  # noqa: TRY301 - one place reports all
        except Mistake as mistake:
            faults.append(f"{entry.where}: {place.label}.{key}: {mistake}")
    return options


def _command(entry: Entry, place: routes.Place) -> dict[str, object]:
    """A command's words, and the folder that its paths are relative to.

    A text is split before variables are filled in: what these hold stays in one word.
    """
    written = entry.value
    try:
        words = shlex.split(written) if isinstance(written, str) else plain(entry, place.environ)
    except ValueError:
        raise Mistake("a quote is not closed") from None
    if isinstance(written, str):
        words = [interpolate(word, place.environ) for word in words]
    if not isinstance(words, list) or any(isinstance(word, (dict, list)) or word is None for word in words):
        raise Mistake("expected a program and its arguments, as a list or as one text")
    return {"words": [str(word) for word in words], "folder": str(place.base.absolute())}


def _fetched(source: str, value: Any, base: Path) -> str:
    if not isinstance(value, str) or not value:
        raise Mistake("expected text")
    secret = read_file(base / Path(value).expanduser()) if source == "file" else _output(value, base)
    if not secret.strip():
        raise Mistake("is empty: put the secret there")
    return secret.strip()


def _output(command: str, base: Path) -> str:
    if not command.strip():
        raise Mistake("the command is empty")
    import subprocess

    try:
        done = subprocess.run(
            shlex.split(command),
            cwd=base,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMMAND_SECONDS,
            check=True,
            encoding="utf-8",
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise Mistake(_why_it_fails(error)) from None
    return done.stdout


def _why_it_fails(error: Exception) -> str:  # noqa: PLR0911 - one return a kind of failure
    """In words of ours: the error's own text holds the command line, which may hold a secret."""
    import subprocess

    match error:
        case FileNotFoundError():
            return "no such command: expected its path (it is started without a shell)"
        case OSError():
            return f"the command cannot be started ({error.strerror}): make it executable"
        case subprocess.TimeoutExpired():
            return f"the command takes longer than {_COMMAND_SECONDS:.0f} s: run it by hand, or use a file"
        case subprocess.CalledProcessError(returncode=code) if code < 0:
            return f"the command was killed by signal {-code}: run it by hand"
        case subprocess.CalledProcessError(returncode=code):
            return f"the command ends with exit code {code}: run it by hand"
        case UnicodeDecodeError():
            return "the command's output is not UTF-8: expected the secret only"
        case _:
            return "the command cannot be read: close its quotes"


def _exposed(made: DestinationSettings, entry: Entry) -> list[str]:
    path = Path(entry.where.rpartition(":")[0])
    texts = {name: str(child.value) for name, child in entry.value.items()}
    inline = [one for one in get(made.kind).options if "${" not in texts.get(one.name, "${") and _is_secret(one, texts)]
    if inline and path.stat().st_mode & _READABLE_BY_ALL:
        names = ", ".join(f"{made.name}.{option.name}" for option in inline)
        single = f"{inline[0].name if inline[0].secret else 'password'}_file"
        what, instead = ("this secret", single) if len(inline) == 1 else ("these secrets", "NAME_file")
        return [f"{entry.where}: {names}: everybody can read {what}: chmod 600, or {instead}"]
    return []


def _is_secret(option: Option, texts: Mapping[str, str]) -> bool:
    return option.secret or (option.type == "database" and has_password(texts[option.name]))
