"""The objects and outputs of a state, independent of its format."""

from __future__ import annotations

from typing import Any

import msgspec

from change_events.diff import decode_exact

NONE = msgspec.Raw()
_TYPES = {"string", "number", "bool", "dynamic"}
_COLLECTIONS = {"object", "list", "set", "map", "tuple"}
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


class Struct(msgspec.Struct, gc=False):
    """Base class of structs that the garbage collector ignores."""


class _Id(Struct):
    id: str | None = None


class StateObject(Struct, kw_only=True):
    """One object of a state: the current one of an address, or a deposed one.

    Attributes:
        values: its attributes, undecoded.
        mask: the sensitive attributes: a mask, or the paths of raw state.
    """

    address: str
    type: str
    name: str
    mode: str = "managed"
    module: str | None = None
    provider: str | None = None
    deposed: str | None = None
    tainted: bool = False
    values: msgspec.Raw = NONE
    mask: msgspec.Raw = NONE
    raw: bool = False

    def attributes(self) -> dict[str, Any]:
        """Decode the attributes, without the wrappers of dynamic types in raw state."""
        decoded = decode_exact(self.values) if bytes(self.values) else None
        if not isinstance(decoded, dict):
            return {}
        return {name: _unwrapped(value) for name, value in decoded.items()} if self.raw else decoded

    def sensitive(self) -> Any:
        """Decode the sensitive attributes, as a mask."""
        decoded = decode_exact(self.mask) if bytes(self.mask) else False
        return _mask_of_paths(decoded) if isinstance(decoded, list) else decoded

    @property
    def id(self) -> str | None:
        """Return the object's ID, decoding nothing else."""
        try:
            found = msgspec.json.decode(self.values, type=_Id) if bytes(self.values) else None
        except msgspec.ValidationError:
            return None
        return found.id if found is not None else None


class StateOutput(Struct):
    """A root output."""

    value: msgspec.Raw = NONE
    sensitive: bool | None = None


class State(Struct, kw_only=True):
    """A state; ``show -json`` has neither serial nor lineage."""

    objects: list[StateObject]
    outputs: dict[str, StateOutput]
    tool_version: str | None = None
    serial: int | None = None
    lineage: str | None = None


def address_of(module: str | None, mode: str, kind: str, name: str, key: float | str | None) -> str:
    """Return the address of an object: ``key`` is its index or its key of `for_each`."""
    found = f"{'data.' if mode == 'data' else ''}{kind}.{name}"
    if isinstance(key, str):
        text = key.translate(_ESCAPES).replace("${", "$${").replace("%{", "%%{")
        found += f'["{text}"]'
    elif key is not None:
        found += f"[{int(key)}]"
    return f"{module}.{found}" if module else found


def provider_source(reference: str | None) -> str | None:
    """Return the source in `module.a.provider["registry.terraform.io/x/aws"].west`, or `aws`."""
    if reference is None:
        return None
    if '"' in reference:
        return reference.split('"')[1]
    return reference.removeprefix("provider.").partition(".")[0] or None


def _unwrapped(value: Any) -> Any:
    """Remove the `{"value": …, "type": …}` that raw state puts around attributes of a dynamic type."""
    if not isinstance(value, dict) or value.keys() != {"value", "type"}:
        return value
    kind = value["type"]
    names = _TYPES if isinstance(kind, str) else _COLLECTIONS
    word = kind[0] if isinstance(kind, list) and kind else kind
    return value["value"] if isinstance(word, str) and word in names else value


def _mask_of_paths(paths: list[Any]) -> Any:
    """Convert raw state's `sensitive_attributes` (lists of steps) to a mask keyed by step."""
    mask: dict[str, Any] = {}
    for path in paths:
        steps = [_step(part) for part in path] if isinstance(path, list) else []
        if not steps:
            return True
        place = mask
        for step in steps[:-1]:
            below = place.setdefault(step, {})
            if below is True:
                break
            place = below
        else:
            place[steps[-1]] = True
    return mask


def _step(part: Any) -> str:
    value = part.get("value") if isinstance(part, dict) else part
    if isinstance(value, dict):
        value = value.get("value")
    return str(value)
