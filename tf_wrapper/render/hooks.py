"""Renders progress messages of resources: start, still running, complete; provisioners; actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tf_wrapper.render.paint import Paint

_BEGINS = {
    "create": "Creating...",
    "update": "Modifying...",
    "delete": "Destroying...",
    "read": "Reading...",
    "open": "Opening...",
    "renew": "Renewing...",
    "close": "Closing...",
}
_GOES_ON = {
    "create": "Still creating...",
    "update": "Still modifying...",
    "delete": "Still destroying...",
    "read": "Still reading...",
    "open": "Still opening...",
    "renew": "Still renewing...",
    "close": "Still closing...",
}
_ENDS = {
    "create": "Creation complete",
    "update": "Modifications complete",
    "delete": "Destruction complete",
    "read": "Read complete",
    "open": "Opening complete",
    "renew": "Renewal complete",
    "close": "Closing complete",
}
_LONGEST_ID = 80
_PADDED_SINCE = (1, 12)  # "00m10s elapsed"; "10s elapsed" before


class Hooks:
    """Renders ``hook`` messages as lines.

    Args:
        paint: converts markup to escape sequences.
        imports: imports of the plan, address → ``id=…``: the stream omits imports without other changes.

    Attributes:
        version: (major, minor) of the terraform that writes the stream.
    """

    def __init__(self, paint: Paint, imports: Mapping[str, str]) -> None:
        self._paint = paint
        self._ids: dict[tuple[str, str], str] = {}
        self._prefixes: dict[tuple[str, str], str] = {}
        self._imports = dict(imports)
        self._state_only = set(imports)
        self._created: set[str] = set()
        self.version: tuple[int, ...] = ()
        self._makers: dict[str, Callable[[dict[str, Any]], list[str]]] = {
            "apply_start": self._start,
            "apply_progress": self._progress,
            "apply_complete": self._complete,
            "ephemeral_op_start": self._ephemeral_start,
            "ephemeral_op_progress": self._progress,
            "ephemeral_op_complete": self._ephemeral_complete,
            "refresh_start": self._refresh,
            "provision_start": self._provision,
            "provision_progress": self._provision_output,
            "action_start": self._action_start,
            "action_progress": self._action_progress,
            "action_complete": self._action_complete,
            "action_errored": self._action_errored,
        }

    def plan(self, change: dict[str, Any]) -> None:
        """Remember imports with other changes: their line precedes the change."""
        importing = change.get("importing")
        if importing is None:
            return
        address = str(change["resource"]["addr"])
        self._imports[address] = _import_source(importing)
        if change.get("action") in {"noop", "import"}:
            self._state_only.add(address)
        else:
            self._state_only.discard(address)

    def imports(self) -> list[str]:
        """Return the lines of imports without other changes, once."""
        if not self._state_only:
            return []
        waiting, self._state_only = self._state_only, set()
        return [line for address in self._imports.copy() if address in waiting for line in self._imported(address)]

    def lines(self, kind: str, hook: dict[str, Any]) -> list[str]:
        """Return the lines of one message; none for messages of the machine-readable view only."""
        maker = self._makers.get(kind)
        return [] if maker is None else [*self.imports(), *maker(hook)]

    def _imported(self, address: str) -> list[str]:
        source = self._imports.pop(address, None)
        if source is None:
            return []
        text = self._paint("[reset][bold]%s: %s [%s]")
        return [text % (address, word, source) for word in ("Importing...", "Import complete")]

    def _start(self, hook: dict[str, Any]) -> list[str]:
        address, action = hook["resource"]["addr"], hook["action"]
        begins = _BEGINS.get(action)
        if begins is None:
            return []
        lines = self._imported(address)
        identity = _identity(hook)
        self._ids[address, action] = identity
        suffix = f" [{identity}]" if identity else ""
        named = self._named(address, action)
        return [*lines, self._paint("[reset][bold]%s: %s%s[reset]") % (named, begins, suffix)]

    def _named(self, address: str, action: str) -> str:
        """Return the address; an object destroyed after its replacement was created is a deposed one.

        Terraform prints its random key, which the stream omits.
        """
        if action == "create":
            self._created.add(address)
        return f"{address} (deposed object)" if action == "delete" and address in self._created else address

    def _progress(self, hook: dict[str, Any]) -> list[str]:
        address, action = hook["resource"]["addr"], hook["action"]
        going = _GOES_ON.get(action)
        if going is None:
            return []
        key, _, value = self._ids.get((address, action), "").partition("=")
        identity = f"{key}={_shortened(value)}, " if key else ""
        text = self._paint("[reset][bold]%s: %s [%s%s elapsed][reset]")
        return [text % (address, going, identity, self._elapsed(hook))]

    def _elapsed(self, hook: dict[str, Any]) -> str:
        seconds = int(hook["elapsed_seconds"])
        if self.version >= _PADDED_SINCE:
            return f"{seconds // 60:02d}m{seconds % 60:02d}s"
        return duration(seconds)

    def _complete(self, hook: dict[str, Any]) -> list[str]:
        identity = _identity(hook)
        return self._done(hook, f" [{identity}]" if identity else "")

    def _done(self, hook: dict[str, Any], suffix: str) -> list[str]:
        address, action = hook["resource"]["addr"], hook["action"]
        self._ids.pop((address, action), None)
        done = _ENDS.get(action)
        if done is None:
            return []
        text = self._paint("[reset][bold]%s: %s after %s%s")
        elapsed = duration(int(hook["elapsed_seconds"]))
        return [text % (address, done, elapsed, suffix)]

    def _ephemeral_start(self, hook: dict[str, Any]) -> list[str]:
        begins = _BEGINS.get(hook["action"])
        return [self._paint("[reset][bold]%s: %s") % (hook["resource"]["addr"], begins)] if begins else []

    def _ephemeral_complete(self, hook: dict[str, Any]) -> list[str]:
        return self._done(hook, "")

    def _refresh(self, hook: dict[str, Any]) -> list[str]:
        identity = _identity(hook)
        suffix = f" [{identity}]" if identity else ""
        return [self._paint("[reset][bold]%s: Refreshing state...%s") % (hook["resource"]["addr"], suffix)]

    def _provision(self, hook: dict[str, Any]) -> list[str]:
        text = self._paint("[reset][bold]%s: Provisioning with '%s'...[reset]")
        return [text % (hook["resource"]["addr"], hook["provisioner"])]

    def _provision_output(self, hook: dict[str, Any]) -> list[str]:
        return [self.provisioner(hook["resource"]["addr"], hook["provisioner"]) + str(hook["output"])]

    def provisioner(self, address: str, provisioner: str) -> str:
        """Return the prefix of each line of a provisioner's output."""
        known = self._prefixes.get((address, provisioner))
        if known is None:
            known = self._paint("[reset][bold]%s (%s):[reset] ") % (address, provisioner)
            self._prefixes[address, provisioner] = known
        return known

    def _action_start(self, hook: dict[str, Any]) -> list[str]:
        return [self._paint("[reset][bold]Action started: %s[reset]") % _invocation(hook)]

    def _action_progress(self, hook: dict[str, Any]) -> list[str]:
        return [self._paint("[reset][bold]Action %s:[reset] %s[reset]") % (_invocation(hook), hook["message"])]

    def _action_complete(self, hook: dict[str, Any]) -> list[str]:
        return [self._paint("[reset][bold][green]Action complete: %s[reset]") % _invocation(hook)]

    def _action_errored(self, hook: dict[str, Any]) -> list[str]:
        text = self._paint("[reset][bold][red]Action failed: %s - %s[reset]")
        return [text % (_invocation(hook), hook["error"])]


def duration(seconds: int) -> str:
    """Return seconds in Go's format of durations: 0s, 1m5s, 2h0m0s."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _identity(hook: dict[str, Any]) -> str:
    key, value = hook.get("id_key"), hook.get("id_value")
    return f"{key}={value}" if key and value else ""


def _import_source(importing: dict[str, Any]) -> str:
    identity = importing.get("identity")
    if identity:
        return "identity=" + ",".join(f"{key}={identity[key]}" for key in sorted(identity))
    return f"id={importing.get('id', '')}"


def _shortened(value: str) -> str:
    if len(value) <= _LONGEST_ID:
        return value
    half = _LONGEST_ID // 2
    return f"{value[: half - 1]}...{value[len(value) - half + 2 :]}"


def _invocation(hook: dict[str, Any]) -> str:
    """Return the address of an action, and its trigger."""
    trigger = (hook.get("lifecycle") or {}).get("resource")
    return f"{hook['action']['addr']} (triggered by {trigger['addr'] if trigger else 'CLI'})"
