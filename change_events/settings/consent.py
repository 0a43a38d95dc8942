"""Settings of a working tree's file that require the user's consent.

Such a file can be changed by anyone who can change the tree, e.g. by a pull request. It may say where events go, how
they look and which are sent. Without consent it may not start a program, read the user's files, send the environment or
the user's secrets to anyone but their vendor, use plain HTTP, or prune the user's journal.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from change_events.destinations.shared import vendor_hosts
from change_events.files import trusted_files
from change_events.model.retention import Retention
from change_events.paths import state_dir
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from change_events.destinations.base import Destination, Option
    from change_events.settings.model import Entry, Key

_REFERENCE = lazy_pattern(r"(?P<escaped>\$)?\$\{(?P<name>\w+)")
_TEMPLATES = (".j2", ".jinja", ".jinja2", ".md", ".template", ".tmpl", ".tpl", ".txt")
# what destinations take from the machine without any option
_AMBIENT = {"eventbridge": "AWS credentials", "azuremonitor": "managed identity"}
_LONG_BUDGET = 60.0  # seconds: what holds a run up for longer is for its user to decide
_MIB = 1024 * 1024
_KEPT = Retention()
_LEAST = {
    "keep.events": _KEPT.events,
    "keep.days": _KEPT.days,
    "keep.mib": _KEPT.bytes // _MIB,
    "outbox.events": _KEPT.owed,
    "outbox.days": _KEPT.owed_days,
    "outbox.mib": _KEPT.owed_bytes // _MIB,
}


class Origin(msgspec.Struct):
    """The origin of settings.

    Attributes:
        path: the file; None for the environment.
        label: its owner, for `doctor`.
        free: nothing in it needs consent, because it is the user's own or the user has consented.
        environ: the environment.
        asks: keys that were left out for lack of consent, with a reason each.
        programs: files in its folder that it starts.
    """

    path: Path | None
    label: str
    free: bool
    environ: Mapping[str, str]
    asks: list[str] = []
    programs: list[str] = []

    @property
    def base(self) -> Path:
        """The folder of the file: the tree that it may refer to."""
        return self.path.parent if self.path else Path("/")

    def allows(self, key: Key, entry: Entry) -> bool:
        """Return whether a global key may be used; otherwise note it."""
        requests = list(self._of_key(key, entry))
        self.asks += requests
        return not requests

    def allows_destination(self, name: str, backend: Destination, children: Mapping[str, Entry]) -> bool:
        """Return whether a destination may be used as it is; otherwise note the reasons."""
        requests = [f"destinations.{name}.{ask}" for ask in self._of_destination(name, backend, children)]
        self.asks += requests
        return not requests

    # -- keys that hold for all ------------------------------------------------------------------------------------

    def _of_key(self, key: Key, entry: Entry) -> Iterator[str]:
        if not self._names_changed_program(key, entry) and self.free:
            return
        if key.name == "binary":
            yield "binary (a program)"
        elif key.type in {"file", "path"}:
            if not self._is_inside(entry.value, template=key.type == "file"):
                yield f"{key.name} (another file)"
        elif key.name in _LEAST and _number(entry) < _LEAST[key.name]:
            yield f"{key.name} (forgets more than by default)"
        elif key.name == "budget" and _number(entry) > _LONG_BUDGET:
            yield f"{key.name} (holds runs up)"
        elif not key.literal and (names := self._secret_names(entry)):
            yield f"{key.name} (the variable {names[0]})"

    def _names_changed_program(self, key: Key, entry: Entry) -> bool:
        return key.name == "binary" and self._has_changed(str(entry.value))

    # -- destinations ----------------------------------------------------------------------------------------------

    def _of_destination(self, name: str, backend: Destination, children: Mapping[str, Entry]) -> Iterator[str]:
        options = {option.name: option for option in backend.options}
        secrets: list[str] = []
        for key, entry in children.items():
            stem, _, source = key.rpartition("_")
            if source in {"command", "file"} and stem in options and key not in options:
                secrets.append(stem)
                yield from self._of_source(key, source, entry)
            elif key in options and options[key].type == "command":
                yield from self._of_program(key, entry, "a program")
            elif not self.free and _is_secret_of_variables(options.get(key), entry):
                secrets.append(key)
            elif not self.free:
                yield from self._of_option(key, options.get(key), entry, self._host(name, backend, children))
        if not self.free:
            yield from self._of_addresses(name, backend, children, secrets)

    def _of_source(self, key: str, source: str, entry: Entry) -> Iterator[str]:
        """Note commands and files that provide secrets."""
        if source == "command":
            yield from self._of_program(key, entry, "a command")
        elif not self.free and not self._is_inside(entry.value, template=False):
            yield f"{key} (another file)"

    def _of_program(self, key: str, entry: Entry, noun: str) -> Iterator[str]:
        if self._commands_changed(entry) or not self.free:
            yield f"{key} ({noun})"

    def _of_option(self, key: str, option: Option | None, entry: Entry, host: str) -> Iterator[str]:
        text = entry.value if isinstance(entry.value, str) else ""
        if option is not None and option.type == "url":
            if _references(entry):
                yield f"{key} (an address made of variables)"
            elif not text.lower().startswith("https:"):
                yield f"{key} (plain http)"
        elif option is not None and option.type == "database":
            yield f"{key} ({'a collector' if text.lower().startswith('http') else 'a database'})"
        elif option is not None and option.type == "host" and _references(entry):
            yield f"{key} (an address made of variables)"
        elif key == "security" and not self._is_protected(entry, host):
            yield f"{key} (plain text)"
        elif (option is not None and option.type == "path") or key.endswith("_template_file"):
            if not self._is_inside(entry.value, template=option is None):
                yield f"{key} (another file)"
        elif names := self._secret_names(entry):
            yield f"{key} (the variable {names[0]})"

    def _of_addresses(
        self, name: str, backend: Destination, children: Mapping[str, Entry], secrets: list[str]
    ) -> Iterator[str]:
        """Note addresses and authorities of the tree to which other secrets would be sent."""
        given = {option.name for option in backend.options if name == backend.kind and self._variable(option)}
        secrets += [option.name for option in backend.options if option.secret and option.name in given]
        if backend.kind in _AMBIENT:
            secrets.append(_AMBIENT[backend.kind])
        for option in backend.options:
            entry = children.get(option.name)
            if entry is None or option.name in given:
                continue
            other = [secret for secret in secrets if secret != option.name]
            if not other or _references(entry):
                continue
            text = entry.value if isinstance(entry.value, str) else ""
            if (
                option.type == "url"
                and text.lower().startswith("https:")
                and not vendor_hosts.is_own(backend.kind, text)
            ) or option.type == "host":
                yield f"{option.name} (would get your {other[0]})"
            elif option.type == "path":
                yield f"{option.name} (decides who gets your {other[0]})"

    @staticmethod
    def _is_protected(security: Entry, host: str) -> bool:
        """Return whether the connection to a mail server is encrypted, by its option ``security``."""
        from change_events.destinations.shared.loopback import is_loopback

        return security.value in {"starttls", "tls"} or (security.value == "none" and is_loopback(host))

    def _host(self, name: str, backend: Destination, children: Mapping[str, Entry]) -> str:
        """Return the server in use: the environment's takes precedence over the file's."""
        options = (option for option in backend.options if option.name == "host" and name == backend.kind)
        written = str(children["host"].value) if "host" in children else ""
        return next(filter(None, map(self._variable, options)), written)

    def _variable(self, option: Option) -> str:
        return self.environ.get(option.environment or "", "")

    # -- what values speak of --------------------------------------------------------------------------------------

    def _is_inside(self, value: object, *, template: bool) -> bool:
        """Return whether a path leads to a file of the tree, links followed; a template must also look like one."""
        if not isinstance(value, str) or _REFERENCE.search(value):
            return False
        base = self.base.resolve()
        try:
            found = (self.base / Path(value).expanduser()).resolve()
            inside = found.relative_to(base)
        except (ValueError, OSError, RuntimeError):
            return False
        return not template or (found.suffix in _TEMPLATES and not any(part.startswith(".") for part in inside.parts))

    def _commands_changed(self, entry: Entry) -> bool:
        """Return whether a program of the tree named by a command changed since the consent."""
        if isinstance(entry.value, list):
            words = [str(word.value) for word in entry.value]
        else:
            try:
                words = shlex.split(str(entry.value))
            except ValueError:
                return False
        changed = [word for word in words if self._has_changed(word)]  # each is noted: consent is to all of them
        return bool(changed)

    def _has_changed(self, word: str) -> bool:
        path = trusted_files.program_in(str(self.base), word)
        if path is None or self.path is None or self.label == OWN:
            return False
        self.programs.append(path)
        return not trusted_files.is_trusted(path, None, self.environ, state_dir())

    def _secret_names(self, entry: Entry) -> list[str]:
        from change_events.redact.names import NameRules

        rules = NameRules()
        return [name for name in _references(entry) if rules.is_sensitive(name)]


ENVIRONMENT = "environment"
OWN = "your settings folder"
CONSENTED = "working tree, with your consent"
TREE = "working tree"


def origin_of(path: Path, data: bytes, environ: Mapping[str, str], *, own: bool) -> Origin:
    """Return what a settings file may do; ``own``: it is in the user's settings folder."""
    if own:
        return Origin(path, OWN, free=True, environ=environ)
    free = trusted_files.is_trusted(str(path), data, environ, state_dir())
    return Origin(path, CONSENTED if free else TREE, free=free, environ=environ)


def sentence(origin: Origin) -> str | None:
    """Return what was left out of a file, with the remedy; None if nothing was."""
    if not origin.asks:
        return None
    return trusted_files.refusal(str(origin.path), "; ".join(origin.asks))


def _is_secret_of_variables(option: Option | None, entry: Entry) -> bool:
    """Return whether an option's value is a secret from the environment."""
    return option is not None and option.secret and option.type != "url" and bool(_references(entry))


def _references(entry: Entry) -> list[str]:
    """Return the names of variables in a value, at any depth."""
    value = entry.value
    if isinstance(value, dict):
        return [name for child in value.values() for name in _references(child)]
    if isinstance(value, list):
        return [name for child in value for name in _references(child)]
    if not isinstance(value, str):
        return []
    return [match["name"] for match in _REFERENCE.finditer(value) if not match["escaped"]]


def _number(entry: Entry) -> float:
    """Return a number as written; ignores other values."""
    try:
        return float(entry.value)
    except (TypeError, ValueError):
        return float("nan")
