"""Causes other than edits: drift, versions of modules and providers, upstream resources, given variables."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.model import Action, Cause, CauseKind, Confidence, Inputs, ValueKind
from change_events.redact.spans import is_marked
from tf_wrapper.cause.parts import literal, parts
from tf_wrapper.cause.sources import LOCK_FILE
from tf_wrapper.cause.walk import address_of
from tf_wrapper.configuration import inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from change_events.model import AttributeChange, Change, Drift
    from tf_wrapper.cause.sources import Sources
    from tf_wrapper.cause.walk import Address, Reached

_MOST = 500  # variables, modules and providers that are kept
_COMPARABLE = {ValueKind.VALUE, ValueKind.ABSENT, ValueKind.SENSITIVE, ValueKind.LARGE}
_NOTHING = {Action.NO_OP, Action.READ, Action.MOVE, Action.FORGET}


class _Variable(msgspec.Struct):
    value: msgspec.Raw = msgspec.Raw(b"null")


class _Variables(msgspec.Struct):
    variables: dict[str, _Variable] | None = None


def variables_of(plan: bytes, fingerprint: Callable[[object], str]) -> dict[str, str]:
    """Return keyed fingerprints of a plan's root variables by name; the values themselves are not kept.

    Args:
        plan: plan JSON.
        fingerprint: :meth:`change_events.redact.Redactor.fingerprint`.
    """
    try:
        found = msgspec.json.decode(plan, type=_Variables).variables or {}
        return {name: fingerprint(msgspec.json.decode(one.value)) for name, one in list(found.items())[:_MOST]}
    except (msgspec.MsgspecError, RecursionError):
        return {}


def inputs_of(sources: Sources, data_dir: str, variables: Mapping[str, str]) -> Inputs:
    """Return the inputs of a run other than its configuration: versions of installed modules and locked providers."""
    return Inputs(variables=dict(variables), modules=dict(_modules(data_dir)), providers=dict(_providers(sources)))


def _modules(data_dir: str) -> Iterator[tuple[str, str]]:
    try:
        manifest: Any = json.loads(inputs.read(os.path.join(data_dir, "modules", "modules.json")) or b"{}")
        for row in manifest.get("Modules", [])[:_MOST]:
            if row.get("Version"):
                yield str(row["Key"]), str(row["Version"])
    except (ValueError, AttributeError, TypeError, KeyError):
        return


def _providers(sources: Sources) -> Iterator[tuple[str, str]]:
    file = sources.file(os.path.join(sources.root, LOCK_FILE))
    for name, bodies in file.blocks.items() if file is not None else ():
        if name[0] == "provider":
            for part in parts(bodies[0], ("version",)):
                if version := literal(part.node):
                    yield name[1], version


def identified(drift: Iterable[Drift]) -> dict[str, Drift]:
    """Return the drift by address, without redacted addresses, which may collide."""
    return {found.address: found for found in drift if not is_marked(found.address)}


def drift_put_back(change: Change, attribute: AttributeChange | None, drift: Mapping[str, Drift]) -> Cause | None:
    """Return the cause if the plan restores a value that was changed outside of Terraform, as the values prove."""
    found = drift.get(change.address)
    if found is None:
        return None
    exact = Cause(kind=CauseKind.DRIFT, text=change.address, confidence=Confidence.EXACT)
    if attribute is None:
        return exact if found.action is Action.DESTROY and change.action is Action.CREATE else None
    for other in found.attributes:
        if other.path == attribute.path and other.before == attribute.after:
            return exact if attribute.after.kind in _COMPARABLE else None
    return None


def drift_set_anew(change: Change, path: str, drift: Mapping[str, Drift]) -> Cause | None:
    """Return the same cause where only the name of the attribute matches."""
    found = drift.get(change.address)
    top = path.partition(".")[0].partition("[")[0]
    if found is None or top not in found.set_anew:
        return None
    return Cause(kind=CauseKind.DRIFT, text=change.address, confidence=Confidence.LIKELY)


class Upstream(NamedTuple):
    """The planned action of each resource, by module key, kind, type and name."""

    changes: Mapping[tuple[str, tuple[str, ...]], Sequence[Change]]

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Upstream:
        """Build the index from a plan's changes."""
        found: dict[tuple[str, tuple[str, ...]], list[Change]] = {}
        for change in changes:
            address = address_of(change.address, change.mode)
            if address is not None:
                found.setdefault((address.module, address.block), []).append(change)
        return cls(found)

    def causes(self, reached: Reached) -> Iterator[tuple[Cause, Change]]:
        """Return a cause for each resource reached by a walk that this plan changes or reads again."""
        for (module, block), steps in reached.upstream.items():
            for change in self.changes.get((module, block), ()):
                address = address_of(change.address, change.mode)
                if address is not None and _is_other(address, steps):
                    continue
                if block[0] == "data":
                    yield Cause(kind=CauseKind.DATA_SOURCE, text=change.address, confidence=Confidence.LIKELY), change
                elif change.action not in _NOTHING:
                    yield (
                        Cause(kind=CauseKind.UPSTREAM_CHANGE, text=change.address, confidence=Confidence.LIKELY),
                        change,
                    )


def _is_other(address: Address, steps: Sequence[object]) -> bool:
    """Return whether a reference names another instance than this one."""
    return address.key is not None and bool(steps) and type(steps[0]) is type(address.key) and steps[0] != address.key


def data_read(reached: Reached) -> Iterator[Cause]:
    """Return the data sources reached by a walk; they are read before each plan."""
    for module, block in reached.upstream:
        if block[0] == "data":
            prefix = "".join(f"module.{name}." for name in module.split(".")) if module else ""
            yield Cause(kind=CauseKind.DATA_SOURCE, text=prefix + ".".join(block), confidence=Confidence.LIKELY)


def given_otherwise(reached: Reached, now: Inputs, before: Inputs | None) -> Iterator[Cause]:
    """Return variables set outside of the known files whose value differs from the last run."""
    if before is None:
        return
    for name in reached.variables:
        old, new = before.variables.get(name), now.variables.get(name)
        if old is not None and new is not None and old != new:
            text = f"var.{name}"
            yield Cause(kind=CauseKind.VARIABLE_GIVEN, text=text, confidence=Confidence.EXACT)


def module_versions(address: Address, now: Inputs, before: Inputs | None) -> Iterator[Cause]:
    """Return enclosing modules whose installed version differs from the last run."""
    for depth in range(len(address.modules)):
        key = ".".join(address.modules[: depth + 1])
        old, new = (before.modules.get(key) if before else None), now.modules.get(key)
        if old and new and old != new:
            name = "".join(f"module.{word}." for word in address.modules[: depth + 1]).rstrip(".")
            yield Cause(kind=CauseKind.MODULE_VERSION, text=f"{name} {old} → {new}", confidence=Confidence.LIKELY)


def provider_version(change: Change, now: Inputs, before: Inputs | None) -> Cause | None:
    """Return the provider of the change if its locked version differs from the last run."""
    name = change.provider or ""
    old, new = (before.providers.get(name) if before else None), now.providers.get(name)
    if not (old and new and old != new):
        return None
    short = name.removeprefix("registry.terraform.io/").removeprefix("registry.opentofu.org/")
    return Cause(kind=CauseKind.PROVIDER_VERSION, text=f"{short} {old} → {new}", confidence=Confidence.LIKELY)
