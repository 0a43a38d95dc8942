"""Finding the files, merging them with the environment, and collecting every mistake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.errors import SettingsError
from change_events.paths import config_dir
from change_events.settings import destinations
from change_events.settings.model import BY_NAME, GROUPS, KEYS, TOP_LEVEL, Entry, Settings
from change_events.settings.values import Mistake, convert, did_you_mean, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from change_events.settings.model import Key

NAME = "tfevent.yaml"
_PLUGINS = "TFEVENT_ANSIBLE_"  # variables of the Ansible plugins alone
_OTHER_VARIABLES = ("TFEVENT_DEBUG", "TFEVENT_DISABLE", "TFEVENT_STATE_DIR", "TFEVENT_RUN_ID")


def load(cwd: Path, environ: Mapping[str, str]) -> Settings:
    """The settings that apply in ``cwd``. Raises SettingsError with every mistake in them."""
    settings, problems = _load(cwd, environ)
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def load_leniently(cwd: Path, environ: Mapping[str, str]) -> tuple[Settings, tuple[str, ...]]:
    """What of the settings can be used, and a sentence for each mistake; ``Settings.warnings`` stand apart."""
    settings, problems = _load(cwd, environ)
    return settings, tuple(problems)


def find(cwd: Path) -> tuple[Path, ...]:
    """The settings files that apply in ``cwd``: nearest first, the user's own last; also what cannot be read as one."""
    folders = [cwd, *cwd.parents, Path(config_dir())]
    return tuple(dict.fromkeys(folder / NAME for folder in folders if (folder / NAME).exists()))


def _load(cwd: Path, environ: Mapping[str, str]) -> tuple[Settings, list[str]]:
    problems: list[str] = []
    found: dict[str, Any] = {}
    environ = destinations.with_secrets(environ, cwd, problems)
    for key in KEYS:
        if value := environ.get(key.variable):
            entry = Entry(value, key.variable)
            _take(found, key, entry, cwd, {}, problems=problems, literal=True)
    files = find(cwd.absolute())
    declared: dict[str, tuple[Entry, Path]] = {}
    for path in files:
        from change_events.settings import document  # the YAML parser is for those who have a file

        entries = document.read(path, problems)
        for key, entry in _known(entries, problems):
            _take(found, key, entry, path.parent, environ, problems=problems)
        for name, entry in _declared(entries.get("destinations"), problems):
            declared.setdefault(name, (entry, path.parent))
    problems += _unknown_variables(environ)
    settings = Settings(**found, files=tuple(path for path in files if path.is_file()))
    made, warnings = destinations.build(declared, environ, problems, settings)
    usable = tuple(one for one in made if not one.broken)
    broken = tuple(one for one in made if one.broken)
    return msgspec.structs.replace(settings, destinations=usable, broken=broken, warnings=tuple(warnings)), problems


def _take(
    found: dict[str, Any],
    key: Key,
    entry: Entry,
    base: Path,
    environ: Mapping[str, str],
    *,
    problems: list[str],
    literal: bool = False,
) -> None:
    """Put one value where nothing nearer stands; tags are merged one by one."""
    try:
        value = convert(key, plain(entry, environ, literal=literal or key.literal, typed=key.typed), base)
    except Mistake as mistake:
        problems.append(f"{entry.where}: {key.name}: {mistake}")
        value = mistake.usable
        if value is None:
            return
    if key.type == "map":
        found[key.field] = value | found.get(key.field, {})
    else:
        found.setdefault(key.field, value)


def _known(entries: Mapping[str, Entry], problems: list[str]) -> Iterable[tuple[Key, Entry]]:
    for name, entry in entries.items():
        if name not in TOP_LEVEL:
            problems.append(f"{entry.where}: {name}: no such key{did_you_mean(name, TOP_LEVEL)}")
        elif name in GROUPS:
            yield from _group(name, entry, problems)
        elif name != "destinations" and entry.value is not None:
            yield BY_NAME[name], entry


def _group(name: str, entry: Entry, problems: list[str]) -> Iterable[tuple[Key, Entry]]:
    if not isinstance(entry.value, dict):
        problems.append(f"{entry.where}: {name}: write the keys {', '.join(GROUPS[name])} under it")
        return
    for inner, child in entry.value.items():
        if inner in GROUPS[name]:
            yield BY_NAME[f"{name}.{inner}"], child
        else:
            problems.append(f"{child.where}: {name}.{inner}: no such key{did_you_mean(inner, GROUPS[name])}")


def _declared(entry: Entry | None, problems: list[str]) -> Iterable[tuple[str, Entry]]:
    if entry is None or entry.value is None:
        return
    if not isinstance(entry.value, dict):
        problems.append(f"{entry.where}: destinations: write a name for each destination, its options under it")
        return
    yield from entry.value.items()


def _unknown_variables(environ: Mapping[str, str]) -> Iterable[str]:
    """Variables that are nearly one of ours: a misspelt one would be silently without effect."""
    known = {*(key.variable for key in KEYS), *destinations.variables(), *_OTHER_VARIABLES}
    for name in environ:
        ours = name.startswith("TFEVENT_") and not name.startswith(_PLUGINS)
        if ours and name not in known and (near := did_you_mean(name, known)):
            yield f"{name}: no such variable{near}"
