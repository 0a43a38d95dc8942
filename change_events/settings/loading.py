"""Finds the files, merges them with the environment, and collects every mistake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.destinations import named_by
from change_events.errors import SettingsError
from change_events.files import trusted_files
from change_events.paths import config_dir
from change_events.settings import consent, destinations
from change_events.settings.consent import Origin
from change_events.settings.destinations import Declared
from change_events.settings.model import BY_NAME, GROUPS, KEYS, TOP_LEVEL, Entry, Settings, Source, Unrouted
from change_events.settings.values import Mistake, convert, did_you_mean, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from change_events.settings.model import Key

NAME = "tfevent.yaml"
_PLUGINS = "TFEVENT_ANSIBLE_"  # variables of the Ansible plugins alone
_OTHER_VARIABLES = (
    "TFEVENT_DEBUG",
    "TFEVENT_DISABLE",
    "TFEVENT_LEDGER",
    "TFEVENT_LEDGER_READ_TOKEN",
    "TFEVENT_LEDGER_TOKEN",
    "TFEVENT_STATE_DIR",
    "TFEVENT_RUN_ID",
    "TFEVENT_STACKS_RUN",
    trusted_files.VARIABLE,
)


def load(cwd: Path, environ: Mapping[str, str]) -> Settings:
    """Return the settings that apply in ``cwd``. Raises SettingsError with every mistake."""
    settings, problems = _load(cwd, environ)
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def load_leniently(cwd: Path, environ: Mapping[str, str]) -> tuple[Settings, tuple[str, ...]]:
    """Return the valid part of the settings, and a sentence for each mistake; ``Settings.warnings`` are separate."""
    settings, problems = _load(cwd, environ)
    return settings, tuple(problems)


def find(cwd: Path) -> tuple[Path, ...]:
    """Return the settings files that apply in ``cwd``: nearest first, the user's own last, unreadable ones too."""
    folders = [cwd, *cwd.parents, Path(config_dir())]
    return tuple(dict.fromkeys(folder / NAME for folder in folders if (folder / NAME).exists()))


def _load(cwd: Path, environ: Mapping[str, str]) -> tuple[Settings, list[str]]:
    problems: list[str] = []
    fields: dict[str, Any] = {}
    sources: list[Source] = []
    environ = destinations.with_secrets(environ, cwd, problems)
    variables = Taking(fields, sources, problems, Origin(None, consent.ENVIRONMENT, free=True, environ=environ), cwd)
    for key in KEYS:
        if value := environ.get(key.variable):
            _take(variables, key, Entry(value, key.variable))
    files = find(cwd.absolute())
    declared: dict[str, Declared] = {}
    origins: list[Origin] = []
    unrouted: list[Unrouted] = []
    for path in files:
        origin, entries = _opened(path, environ, problems, unrouted)
        if origin is None or entries is None:
            continue
        origins.append(origin)
        taking = Taking(fields, sources, problems, origin, path.parent)
        for key, entry in _known(entries, problems):
            if origin.allows(key, entry):
                _take(taking, key, entry)
        _take_rules(taking, entries)
        for name, entry in _declared(entries.get("destinations"), problems, unrouted):
            declared.setdefault(name, Declared(entry, path.parent, origin))
    problems += _unknown_variables(environ)
    settings = Settings(**fields, files=tuple(origin.path for origin in origins if origin.path))
    built = destinations.build(declared, environ, problems, settings)
    problems += [sentence for origin in origins if (sentence := consent.sentence(origin))]
    return msgspec.structs.replace(
        settings,
        destinations=tuple(one for one in built.destinations if not one.broken),
        broken=tuple(one for one in built.destinations if one.broken),
        warnings=(*built.warnings, *_expired(settings)),
        unrouted=tuple(dict.fromkeys((*unrouted, *built.unrouted))),
        sources=(*sources, *built.sources),
    ), problems


_RULES = {"signals": "signals", "drift": "drift_ignore"}  # keys with lists of rules → fields of the settings


def _reader(key: str) -> Any:
    """Import the module that reads the rules of a key, on demand."""
    from change_events.settings import drift, signals

    return {"signals": signals, "drift": drift}[key]


def _take_rules(to: Taking, entries: Mapping[str, Entry]) -> None:
    """Add the rules of a file to those of nearer ones."""
    for key, field in _RULES.items():
        if (given := entries.get(key)) is not None and given.value is not None:
            nearer = (to.found[field],) if field in to.found else ()
            to.found[field] = _reader(key).read(given, to.problems, *nearer)
            to.sources.append(Source(key, given.where, to.origin.label))


def _expired(settings: Settings) -> list[str]:
    given = ((key, getattr(settings, field)) for key, field in _RULES.items())
    return [sentence for key, rules in given if rules for sentence in _reader(key).expired(rules)]


def _opened(
    path: Path, environ: Mapping[str, str], problems: list[str], unrouted: list[Unrouted]
) -> tuple[Origin, dict[str, Entry] | None] | tuple[None, None]:
    """Return a settings file's origin and its top-level keys; nothing if it is not read."""
    try:
        data = trusted_files.read(str(path), environ)
    except trusted_files.UntrustedError as error:
        problems.append(f"{path}: {error}")
        return None, None
    except OSError as error:
        problems.append(f"{path}: cannot be read ({error.strerror}): make it a readable UTF-8 file")
        unrouted.append(Unrouted(str(path)))
        return None, None
    from change_events.settings import yaml_document  # the YAML parser is for those who have a file

    entries = yaml_document.read(path, data, problems)
    if entries is None:
        unrouted.append(Unrouted(str(path)))
    return consent.origin_of(path, data, environ, own=is_own(path)), entries


def is_own(path: Path) -> bool:
    """Return whether it is the file in the user's settings folder."""
    return path == Path(config_dir()) / NAME


class Asked(NamedTuple):
    """What a file needs consent for: keys with a reason each, and the programs of its folder."""

    asks: list[str]
    programs: list[str]


def asks(path: Path, data: bytes, environ: Mapping[str, str]) -> Asked:
    """Return what a settings file of a working tree needs consent for, regardless of consent given."""
    from change_events.settings import yaml_document

    origin = Origin(path, consent.TREE, free=False, environ=environ)
    entries = yaml_document.read(path, data, []) or {}
    for key, entry in _known(entries, []):
        origin.allows(key, entry)
    for name, entry in _declared(entries.get("destinations"), [], []):
        destinations.ask(name, Declared(entry, path.parent, origin))
    return Asked(origin.asks, list(dict.fromkeys(origin.programs)))


class Taking(NamedTuple):
    """The target of values, with their problems and origins."""

    found: dict[str, Any]
    sources: list[Source]
    problems: list[str]
    origin: Origin
    base: Path


def _take(to: Taking, key: Key, entry: Entry) -> None:
    """Take one value unless a nearer one is set; tags are merged one by one."""
    literal = key.literal or to.origin.path is None
    try:
        value = convert(key, plain(entry, to.origin.environ, literal=literal, typed=key.typed), to.base)
    except Mistake as mistake:
        to.problems.append(f"{entry.where}: {key.name}: {mistake}")
        value = mistake.usable
        if value is None:
            return
    if key.type == "map":
        to.found[key.field] = value | to.found.get(key.field, {})
    elif key.field in to.found:
        return
    else:
        to.found[key.field] = value
    to.sources.append(Source(key.name, entry.where, to.origin.label))


def _known(entries: Mapping[str, Entry], problems: list[str]) -> Iterable[tuple[Key, Entry]]:
    for name, entry in entries.items():
        if name not in TOP_LEVEL:
            problems.append(f"{entry.where}: {name}: no such key{did_you_mean(name, TOP_LEVEL)}")
        elif name in GROUPS:
            yield from _group(name, entry, problems)
        elif name in BY_NAME and entry.value is not None:
            yield BY_NAME[name], entry


def _group(name: str, entry: Entry, problems: list[str]) -> Iterable[tuple[Key, Entry]]:
    if not isinstance(entry.value, dict):
        problems.append(f"{entry.where}: {name}: expected the keys {', '.join(GROUPS[name])} under it")
        return
    for inner, child in entry.value.items():
        if inner in GROUPS[name]:
            yield BY_NAME[f"{name}.{inner}"], child
        else:
            problems.append(f"{child.where}: {name}.{inner}: no such key{did_you_mean(inner, GROUPS[name])}")


def _declared(entry: Entry | None, problems: list[str], unrouted: list[Unrouted]) -> Iterable[tuple[str, Entry]]:
    if entry is None or entry.value is None:
        return
    if not isinstance(entry.value, dict):
        problems.append(f"{entry.where}: destinations: expected a name for each destination, its options under it")
        unrouted.append(Unrouted(entry.where.rpartition(":")[0]))
        return
    yield from entry.value.items()


def _unknown_variables(environ: Mapping[str, str]) -> Iterable[str]:
    """Yield variables that are nearly tfevent's: a misspelt one would have no effect."""
    known = {*(key.variable for key in KEYS), *_OTHER_VARIABLES}
    ours = [name for name in environ if name.startswith("TFEVENT_") and not name.startswith(_PLUGINS)]
    if known.issuperset(ours) or known.issuperset({*ours} - {*destinations.variables(named_by(ours))}):
        return
    known |= {*destinations.variables()}
    for name in ours:
        if name not in known and (near := did_you_mean(name, known)):
            yield f"{name}: no such variable{near}"
