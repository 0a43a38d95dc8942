# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Converts the arguments of a change_event task to the document of one explicit event.

Plain data in, plain data out: nothing of Ansible is imported here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.tfevent.infra.plugins.plugin_utils.session import API_VERSION
from ansible_collections.tfevent.infra.plugins.plugin_utils.timestamps import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

KINDS = ("infrastructure", "deployment", "build", "boot", "start", "stop", "drift", "custom")
SEVERITIES = ("info", "warning", "error")
OUTCOMES = ("succeeded", "partial", "failed", "cancelled", "unknown")
STATES = ("event", "started", "finished")
FINISHED = "finished"
ONE_RUN = 30 * 86400  # seconds: no run is longer, and a task's own key is never used again
DAY = 86400

_LINK = {
    "title": {"type": "str", "required": True},
    "url": {"type": "str", "required": True},
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "default": "event", "choices": list(STATES)},
    "id": {"type": "str"},
    "kind": {"type": "str", "default": "custom", "choices": list(KINDS)},
    "title": {"type": "str"},
    "message": {"type": "str"},
    "severity": {"type": "str", "choices": list(SEVERITIES)},
    "outcome": {"type": "str", "choices": list(OUTCOMES)},
    "environment": {"type": "str"},
    "service": {"type": "str"},
    "version": {"type": "str"},
    "tags": {"type": "dict"},
    "data": {"type": "dict"},
    "started_at": {"type": "str"},
    "ended_at": {"type": "str"},
    "links": {"type": "list", "elements": "dict", "options": _LINK},
    "hosts": {"type": "list", "elements": "str"},
    "failed_hosts": {"type": "list", "elements": "str"},
    "destinations": {"type": "list", "elements": "str"},
    "dedup_key": {"type": "str"},
    "dedup_window": {"type": "float", "default": float(DAY)},
    "once": {"type": "bool", "default": False},
    "close_with_run": {"type": "bool", "default": False},
    "required": {"type": "bool", "default": False},
}
RULES: dict[str, Any] = {
    "required_if": [
        ("state", "event", ("title",)),
        ("state", "started", ("title",)),
        ("state", "finished", ("id",)),
    ],
    "mutually_exclusive": [("once", "dedup_key")],
}
_OTHERS = frozenset({"hostvars", "vars", "groups", "ansible_facts"})
_TEXTS = ("title", "message", "severity", "environment", "service", "version")


class ArgumentError(Exception):
    """An argument is invalid; the text names it."""


def document(
    arguments: Mapping[str, Any],
    *,
    ansible: str,
    hosts: Iterable[str],
    key: str | None,
    no_log: bool,
    process: int | None = None,
) -> dict[str, Any]:
    """Return the document of the event, in the format of :mod:`plugin_utils.client`, without secrets to redact.

    Args:
        arguments: arguments of the task, validated against :data:`ARGUMENTS`, as plain values.
        ansible: version of ansible-core.
        hosts: default subject of the event.
        key: identifies this task (:func:`task_key`), for ``once``.
        process: ID of the process of the run, for ``close_with_run``.
        no_log: report nothing but short names.

    Raises:
        ArgumentError: an argument is invalid.
    """
    state = arguments["state"]
    _check(arguments)
    event: dict[str, Any] = {"explicit": True, "kind": arguments["kind"]}
    event["tool"] = {"name": "ansible", "version": ansible}
    event.update({name: arguments[name] for name in _TEXTS if arguments.get(name) is not None})
    event.update(_structures(arguments))
    event.update(_times(arguments))
    event.update(_outcome(arguments))
    if state == FINISHED:
        event["id"] = arguments["id"]
    _put_hosts(event, arguments, [] if state == FINISHED else hosts)
    if no_log:
        for name in ("message", "data", "tags", "links"):
            event.pop(name, None)
    handed_over: dict[str, Any] = {"api": API_VERSION, "event": event}
    if state != "event":
        handed_over["state"] = state
    if state == "started" and arguments["close_with_run"] and process:
        handed_over["close_with_pid"] = process
    if arguments.get("destinations") is not None:
        handed_over["destinations"] = list(arguments["destinations"])
    _put_key(handed_over, arguments, key)
    return handed_over


def task_key(place: Iterable[Any]) -> str:
    """Return a key made of ``place``: equal on all hosts for one task and item, and different for all others."""
    text = json.dumps(list(place), sort_keys=True, default=str)
    return "ansible:" + hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def plain(value: Any) -> Any:
    """Return the same value without Ansible's own types, which other libraries reject."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(part) for part in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return int(value) if isinstance(value, int) else float(value)
    return str(value)


def of_one_host(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's variables without those of other hosts and the large built-in ones."""
    return {name: value for name, value in variables.items() if name not in _OTHERS}


def texts(value: Any) -> Iterator[str]:
    """Yield every text and number inside a value."""
    if isinstance(value, Mapping):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from texts(part)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _check(arguments: Mapping[str, Any]) -> None:
    """Check constraints that the argument types do not express."""
    if arguments["state"] == FINISHED:
        return
    if arguments.get("id") is not None:
        raise ArgumentError("id: only with state=finished, in the task that completes a started event")
    if not str(arguments.get("title") or "").strip():
        raise ArgumentError("title: expected one line that names the change")


def _structures(arguments: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if arguments.get("tags"):
        found["tags"] = {name: _tag(value) for name, value in arguments["tags"].items()}
    if arguments.get("data"):
        found["data"] = arguments["data"]
    if arguments.get("links"):
        found["links"] = [{"title": link["title"], "url": link["url"]} for link in arguments["links"]]
    return found


def _tag(value: Any) -> str:
    """Return a tag's value as YAML writes it."""
    return value if isinstance(value, str) else json.dumps(value)


def _outcome(arguments: Mapping[str, Any]) -> dict[str, str]:
    state, outcome = arguments["state"], arguments.get("outcome")
    if state == "started":
        if outcome is not None:
            raise ArgumentError("outcome: what has just started has none; give it to the task with state=finished")
        return {}
    return {"outcome": outcome or "succeeded"}


def _times(arguments: Mapping[str, Any]) -> dict[str, str]:
    state = arguments["state"]
    if state == FINISHED and arguments.get("started_at"):
        raise ArgumentError("started_at: is that of the task with state=started")
    if state == "started" and arguments.get("ended_at"):
        raise ArgumentError("ended_at: is that of the task with state=finished")
    start, end = (_moment(name, arguments.get(name)) for name in ("started_at", "ended_at"))
    found = {"started_at": start or (end if state == "event" else None), "ended_at": end}
    return {name: time.isoformat() for name, time in found.items() if time is not None}


def _moment(name: str, text: str | None) -> datetime | None:
    try:
        return moment(text) if text else None
    except ValueError as error:
        raise ArgumentError(f"{name}: {error}") from None


def _put_hosts(event: dict[str, Any], arguments: Mapping[str, Any], hosts: Iterable[str]) -> None:
    named, failed = arguments.get("hosts"), set(arguments.get("failed_hosts") or ())
    names = list(named) if named is not None else list(hosts)
    names += sorted(failed.difference(names))
    usual = "failed" if event.get("outcome") == "failed" and not failed else "changed"
    if names:
        event["hosts"] = [{"name": name, "status": "failed" if name in failed else usual} for name in names]


def _put_key(handed_over: dict[str, Any], arguments: Mapping[str, Any], key: str | None) -> None:
    if arguments["state"] == FINISHED:
        return  # of several that settle one event the first counts anyway
    if arguments.get("dedup_key"):
        if arguments["dedup_window"] <= 0:
            raise ArgumentError("dedup_window: expected a number of seconds greater than 0")
        handed_over["event"]["dedup_key"] = arguments["dedup_key"]
        handed_over["dedup_window"] = arguments["dedup_window"]
    elif arguments["once"] and key is not None:
        handed_over["event"]["dedup_key"] = key
        handed_over["dedup_window"] = ONE_RUN
