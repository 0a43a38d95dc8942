"""Reads `resource_drift` of a refresh-only plan: drift that counts, ignored drift, and noise.

Terraform lists all of them. Noise is null that reads back as empty, and timestamps that the configuration does not set:
the provider changes them, and the next check would find another one.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.diff import decode_exact, has_true, same
from change_events.diff.masks import child
from change_events.diff.walk import Node
from change_events.drift.results import Drifted
from change_events.model import Action, Drift, ValueKind
from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.plan.actions import action_of
from tf_wrapper.plan.document import decode_document
from tf_wrapper.plan.drift import filled, is_timestamp, only
from tf_wrapper.plan.names import Names
from tf_wrapper.plan.reading import Reading
from tf_wrapper.plan.resources import compare
from tf_wrapper.plan.secrets import remember_document
from tf_wrapper.stream.encodings import to_utf8

if TYPE_CHECKING:
    from collections.abc import Sequence

    import msgspec

    from change_events.drift.results import Terms
    from change_events.model import Value
    from change_events.redact import Redactor
    from tf_wrapper.plan.document import Document, ResourceChange

_DETAILED = 2000
_KEYS = lazy_pattern(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]')
_MODULE = lazy_pattern(r"module\.([^.]+)")
_NAMES = ("id", "arn", "name", "bucket", "function_name", "db_instance_identifier", "cluster_identifier", "identifier")
_LONGEST_NAME = 300


class Findings(NamedTuple):
    """The drift in a plan.

    Attributes:
        drifted: drift that counts.
        ignored: addresses of resources whose drift is fully ignored by rules.
        noise: resources whose values only read back differently.
    """

    drifted: tuple[Drifted, ...]
    ignored: tuple[str, ...]
    noise: int


def read_findings(data: bytes, directory: str, terms: Terms, redactor: Redactor) -> Findings:
    """Read the JSON of a refresh-only plan.

    Args:
        data: output of `terraform show -json`.
        directory: absolute path, for the rules; not recorded.
        terms: the ignore rules and globs that apply to the directory.
        redactor: remembers the plan's secrets.

    Raises:
        InputError: it is not a plan.
    """
    document = decode_document(to_utf8(data), "the plan")
    remember_document(document, redactor)
    names = Names(redactor)
    configured = _Configured(document)
    found: list[Drifted] = []
    ignored: list[str] = []
    noise = 0
    for entry in document.resource_drift or ():
        action = action_of(entry.change.actions or ())
        if action is Action.NO_OP:
            continue  # it only moved
        node = _node(entry)
        if action is Action.UPDATE:
            keys = _changed(node, entry, configured)
            if not keys:
                noise += 1
                continue
            node = only(node, keys)
        reading = Reading(redactor, names, _globs(entry, directory, terms), _DETAILED)
        drift = _drift(entry, action, node, reading) if not _is_covered(entry, directory, terms) else None
        if drift is None:
            ignored.append(_address(entry, names))
        else:
            found.append(Drifted(drift, _fingerprints(drift), _cloud_names(entry)))
    return Findings(tuple(found), tuple(ignored), noise)


def _drift(entry: ResourceChange, action: Action, node: Node, reading: Reading) -> Drift | None:
    """Return the drift without ignored attributes; None if none is left."""
    attributes, omitted = compare(node, reading) if action is Action.UPDATE else ([], 0)
    if action is Action.UPDATE and not attributes and not omitted:
        return None
    return Drift(
        address=_address(entry, reading.names),
        action=action,
        attributes=tuple(attributes),
        attributes_omitted=omitted,
        type=reading.names.maybe(entry.type),
    )


def _address(entry: ResourceChange, names: Names) -> str:
    """Return the redacted address, unique within the plan."""
    return names.text(entry.address) + (f" (deposed {names.text(entry.deposed)})" if entry.deposed else "")


def _is_covered(entry: ResourceChange, directory: str, terms: Terms) -> bool:
    """Return whether a rule ignores the whole resource."""
    return any(
        rule.attribute is None and rule.covers(entry.address, entry.type or "", directory) for rule in terms.rules
    )


def _globs(entry: ResourceChange, directory: str, terms: Terms) -> Sequence[str]:
    """Return the globs of ignored attributes of a resource."""
    own = [
        rule.attribute
        for rule in terms.rules
        if rule.attribute is not None and rule.covers(entry.address, entry.type or "", directory)
    ]
    return (*terms.ignore, *own)


def _changed(node: Node, entry: ResourceChange, configured: _Configured) -> list[str]:
    """Return the attributes that were changed outside of Terraform."""
    before, after = (side if isinstance(side, dict) else {} for side in (node.before, node.after))
    found = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if not same(filled(old), filled(new)) and (not is_timestamp(old, new) or configured.sets(entry, key)):
            found.append(key)
    return found


def _node(entry: ResourceChange) -> Node:
    body = entry.change
    before, after, before_mask, after_mask = map(
        _decoded, (body.before, body.after, body.before_sensitive, body.after_sensitive)
    )
    return Node(before, after, before_mask=before_mask, after_mask=after_mask)


def _decoded(raw: msgspec.Raw) -> Any:
    return decode_exact(raw) if bytes(raw) else None


class _Configured:
    """The attributes that the configuration sets; decoded on first use."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._root: dict[str, Any] | None = None

    def sets(self, entry: ResourceChange, key: str) -> bool:
        """Return whether the configuration sets an attribute of a resource."""
        if self._root is None:
            configuration = _decoded(self._document.configuration)
            self._root = _part(configuration, "root_module")
        module = self._root
        for name in _MODULE.findall(_KEYS.sub("", entry.module_address or "")):
            module = _part(_part(_part(module, "module_calls"), name), "module")
        resources = module.get("resources")
        return any(
            isinstance(one, dict)
            and (one.get("type"), one.get("name"), one.get("mode")) == (entry.type, entry.name, entry.mode)
            and key in _part(one, "expressions")
            for one in (resources if isinstance(resources, list) else ())
        )


def _part(value: Any, name: str) -> dict[str, Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _fingerprints(drift: Drift) -> dict[str, str]:
    """Return a fingerprint of each attribute: of redacted values, or the keyed fingerprint of hidden ones."""
    if drift.action is not Action.UPDATE:
        return {"": drift.action.value}
    found = {one.path: _digest(_value(one.before), _value(one.after), *one.lines) for one in drift.attributes}
    return {**found, "…": str(drift.attributes_omitted)} if drift.attributes_omitted else found


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _value(value: Value) -> str:
    shown = value.text if value.kind is ValueKind.VALUE else value.fingerprint
    return f"{value.kind.value}:{shown or ''}:{value.size or ''}"


def _cloud_names(entry: ResourceChange) -> tuple[str, ...]:
    """Return the names of the resource in an audit log, without sensitive values."""
    before, mask = _decoded(entry.change.before), _decoded(entry.change.before_sensitive)
    if not isinstance(before, dict) or mask is True:
        return ()
    found = (before.get(name) for name in _NAMES if not has_true(child(mask, name)))
    return tuple(dict.fromkeys(text for text in found if isinstance(text, str) and 0 < len(text) <= _LONGEST_NAME))
