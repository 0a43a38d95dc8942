"""Form of a change ``helm``: values of a chart that nearly all charts have, in YAML documents of ``helm_release``.

Of an unknown chart only common names are judged, at any depth, so that those of subcharts count: ``replicaCount``,
``image.tag``, ``resources``, ``service.type``, ``ingress.enabled``. So it is with single values of ``set``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from change_events.signals.amounts import amount
from change_events.signals.verdict import Verdict
from change_events.signals.versions import compared
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.signals.verdict import Case

_MOST = 100_000  # characters of one document
_ALIAS = lazy_pattern(r"(?:^|[\s:\[,{-])[&*][A-Za-z0-9]")  # a document with aliases may be endless once it is read
_COUNTS = {"replicaCount", "replicas", "minReplicas", "maxReplicas"}


def values(case: Case) -> Iterator[Verdict]:
    """The outcome of the common values, over all documents of the release."""
    name = case.row.steps[0]
    before, after = (_merged(side, name) for side in (case.subject.before, case.subject.after))
    for path, old in before.items():
        if path in after and str(old) != str(after[path]):
            yield from _judged(path, old, after[path])


def _judged(path: tuple[str, ...], old: Any, new: Any) -> Iterator[Verdict]:
    label, name = ".".join(path), path[-1]
    above = path[-2] if len(path) > 1 else ""
    if name in _COUNTS:
        yield from _lowered(label, old, new, "")
    elif "resources" in path[:-1]:
        yield from _lowered(label, old, new, "quantity")
    elif (above, name) == ("image", "tag"):
        yield from compared(label, str(old), str(new))
    elif (above, name, old) == ("service", "type", "ClusterIP") and new in {"LoadBalancer", "NodePort"}:
        yield Verdict(label, f"went from ClusterIP to {new}", "changed", (new,), "exposed_to_world")
    elif (above, name, old, new) == ("ingress", "enabled", False, True):
        yield Verdict(label, "went from false to true", "went from false to true", (), "exposed_to_world")


def _lowered(label: str, old: Any, new: Any, unit: str) -> Iterator[Verdict]:
    before, after = amount(old, unit), amount(new, unit)
    if before and after and before[0] == after[0] and after[1] < before[1]:
        yield Verdict(label, f"lowered from {old} to {new}"[:_MOST], "was lowered", (old, new), "capacity_reduced")


def _merged(side: Any, name: str) -> dict[tuple[str, ...], Any]:
    """The scalars of all documents of ``values``, or of all of ``set``, by path, the later ones winning."""
    found: dict[tuple[str, ...], Any] = {}
    given = side.get(name) if isinstance(side, dict) else None
    for one in given if isinstance(given, list) else ():
        if isinstance(one, str) and len(one) <= _MOST and not _ALIAS.search(one):
            found.update(_scalars(_parsed(one), ()))
        elif isinstance(one, dict) and isinstance(one.get("name"), str):
            found[tuple(one["name"].split("."))] = one.get("value")
    return found


def _scalars(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _scalars(part, (*path, str(key)))
    elif path and value is not None and not isinstance(value, list):
        yield path, value


def _parsed(text: str) -> Any:
    import yaml  # for releases of charts only

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - safe ones, whichever it is
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
