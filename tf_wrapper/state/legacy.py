"""States of version 1 to 3, written by terraform up to 0.11: modules of flat attributes, keyed by address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tf_wrapper.state.objects import StateObject, StateOutput, Struct, address_of, provider_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class _Object(Struct):
    id: str | None = None
    attributes: dict[str, Any] | None = None
    tainted: bool | None = None


class _Resource(Struct):
    type: str = ""
    primary: _Object | None = None
    deposed: list[_Object] | None = None
    provider: str | None = None


class Module(Struct):
    """A module of such a state; its path begins with ``root``."""

    path: list[str] | None = None
    resources: dict[str, _Resource] | None = None
    outputs: dict[str, Any] | None = None


class _Key(NamedTuple):
    """A parsed resource key: `data.aws_ami.web.0`."""

    mode: str
    type: str
    name: str
    number: int | None


def objects(modules: Iterable[Module]) -> Iterator[StateObject]:
    """Return all objects of these modules: the current one of each resource, then the deposed ones."""
    for module in modules:
        path = [step for step in module.path or () if step != "root"]
        parent = ".".join(f"module.{step}" for step in path) or None
        for text, resource in (module.resources or {}).items():
            yield from _objects(_key(text), resource, parent)


def outputs(modules: Iterable[Module]) -> dict[str, StateOutput]:
    """Return the outputs of the root module."""
    found: dict[str, StateOutput] = {}
    for module in modules:
        if module.path in (None, ["root"]):
            for name, output in (module.outputs or {}).items():
                held = output if isinstance(output, dict) else {"value": output}
                value = msgspec.Raw(msgspec.json.encode(held.get("value")))
                found[name] = StateOutput(value, held.get("sensitive") is True)
    return found


def _key(text: str) -> _Key:
    kind, _, rest = text.removeprefix("data.").partition(".")
    name, _, index = rest.partition(".")
    mode = "data" if text.startswith("data.") else "managed"
    return _Key(mode, kind, name, int(index) if index.isdigit() else None)


def _objects(key: _Key, resource: _Resource, module: str | None) -> Iterator[StateObject]:
    held = [(None, resource.primary)] if resource.primary is not None else []
    deposed = [(f"{place:08x}", found) for place, found in enumerate(resource.deposed or ())]
    for deposed_key, found in [*held, *deposed]:
        values = {**nested(found.attributes or {}), "id": found.id}
        yield StateObject(
            address=address_of(module, key.mode, key.type, key.name, key.number),
            type=resource.type or key.type,
            name=key.name,
            mode=key.mode,
            module=module,
            provider=provider_source(resource.provider),
            deposed=deposed_key,
            tainted=bool(found.tainted),
            values=msgspec.Raw(msgspec.json.encode(values)),
        )


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """Group flat attributes (`tags.Name`) under their first step, without counts (`tags.%`, `ingress.#`)."""
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        first, _, rest = key.partition(".")
        if not rest:
            nested.setdefault(first, value)
        elif not rest.endswith(("%", "#")):
            group = nested.get(first)
            nested[first] = {**(group if isinstance(group, dict) else {}), rest: value}
    return nested
