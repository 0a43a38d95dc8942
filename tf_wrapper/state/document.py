"""Reads a state in any of its formats as one flat list of objects.

Formats: raw v4 (0.12 and later), raw v1 to v3 (``legacy``), and `terraform show -json`. Values are decoded on demand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from change_events.errors import InputError
from tf_wrapper.state import legacy
from tf_wrapper.state.objects import NONE, State, StateObject, StateOutput, Struct, address_of, provider_source
from tf_wrapper.stream.encodings import to_utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEWEST = 4


class _Instance(Struct):
    index_key: int | str | float | None = None
    status: str | None = None
    deposed: str | None = None
    attributes: msgspec.Raw = NONE
    attributes_flat: dict[str, str] | None = None
    sensitive_attributes: msgspec.Raw = NONE


class _RawResource(Struct):
    type: str
    name: str
    mode: str = "managed"
    module: str | None = None
    provider: str | None = None
    instances: list[_Instance] | None = None


class _ShownResource(Struct):
    address: str
    type: str = ""
    name: str = ""
    index: int | str | float | None = None
    mode: str = "managed"
    provider_name: str | None = None
    values: msgspec.Raw = NONE
    sensitive_values: msgspec.Raw = NONE
    tainted: bool | None = None
    deposed_key: str | None = None


class _ShownModule(Struct):
    address: str | None = None
    resources: list[_ShownResource] | None = None
    child_modules: list[_ShownModule] | None = None


class _ShownValues(Struct):
    outputs: dict[str, StateOutput] | None = None
    root_module: _ShownModule | None = None


class _Document(Struct):
    version: int | None = None
    format_version: str | None = None
    terraform_version: str | None = None
    lineage: str | None = None
    serial: int | None = None
    encrypted_data: msgspec.Raw = NONE
    planned_values: msgspec.Raw = NONE
    resource_changes: msgspec.Raw = NONE
    outputs: dict[str, StateOutput] | None = None
    resources: list[_RawResource] | None = None
    modules: list[legacy.Module] | None = None
    values: _ShownValues | None = None


class _Marks(Struct):
    """The keys that distinguish a state from other JSON."""

    version: msgspec.Raw = NONE
    format_version: msgspec.Raw = NONE
    encrypted_data: msgspec.Raw = NONE
    planned_values: msgspec.Raw = NONE
    resource_changes: msgspec.Raw = NONE
    output_changes: msgspec.Raw = NONE
    provider_schemas: msgspec.Raw = NONE
    resources: msgspec.Raw = NONE
    modules: msgspec.Raw = NONE
    lineage: msgspec.Raw = NONE


def is_state(data: bytes) -> bool:
    """Return whether a file is a state of any format; an empty file is an empty state."""
    text = to_utf8(data)
    if not text.strip():
        return True
    try:
        marks = msgspec.json.decode(text, type=_Marks)
    except (msgspec.DecodeError, RecursionError):
        return False
    plan = (marks.planned_values, marks.resource_changes, marks.output_changes, marks.provider_schemas)
    if any(bytes(part) for part in plan):
        return False
    raw = bytes(marks.version) and any(bytes(part) for part in (marks.resources, marks.modules, marks.lineage))
    return bool(raw or bytes(marks.format_version) or bytes(marks.encrypted_data))


def read_state(data: bytes | None, name: str) -> State:
    """Read a state; None or an empty file is an empty state.

    Raises:
        InputError: it is not a state, is encrypted, or has an unknown version.
    """
    text = to_utf8(data or b"")
    if not text.strip():
        return State(objects=[], outputs={})
    try:
        document = msgspec.json.decode(text, type=_Document)
    except RecursionError as error:
        raise InputError(f"{name}: nested too deeply to be a state") from error
    except msgspec.DecodeError as error:
        remedy = "create it with `terraform state pull` or `terraform show -json`"
        raise InputError(f"{name}: not a state ({error}); {remedy}") from error
    _admit(document, name)
    return State(
        objects=list(_objects(document)),
        outputs=_outputs(document),
        tool_version=document.terraform_version,
        serial=document.serial,
        lineage=document.lineage,
    )


def _admit(document: _Document, name: str) -> None:
    if bytes(document.encrypted_data):
        raise InputError(f"{name}: the state is encrypted by OpenTofu; create it in clear text with `tofu show -json`")
    if bytes(document.planned_values) or bytes(document.resource_changes):
        raise InputError(f"{name}: this is a plan, not a state")
    if document.format_version is None and document.version is None:
        raise InputError(f"{name}: not a state (it has no version); create it with `terraform state pull`")
    known = document.version is None or 1 <= document.version <= _NEWEST
    if not known or (document.format_version or "1").partition(".")[0] not in {"0", "1"}:
        found = document.version if document.format_version is None else document.format_version
        raise InputError(f"{name}: state format {found} is not known to this tfevent; upgrade tfevent")


def _objects(document: _Document) -> Iterator[StateObject]:
    if document.values is not None and document.values.root_module is not None:
        yield from _shown(document.values.root_module)
    for resource in document.resources or ():
        for instance in resource.instances or ():
            yield _instance(resource, instance)
    yield from legacy.objects(document.modules or ())


def _shown(module: _ShownModule) -> Iterator[StateObject]:
    for resource in module.resources or ():
        yield StateObject(
            address=_shown_address(resource, module.address),
            type=resource.type,
            name=resource.name,
            mode=resource.mode,
            module=module.address,
            provider=resource.provider_name,
            deposed=resource.deposed_key,
            tainted=bool(resource.tainted),
            values=resource.values,
            mask=resource.sensitive_values,
        )
    for child in module.child_modules or ():
        yield from _shown(child)


def _shown_address(resource: _ShownResource, module: str | None) -> str:
    """Return the whole address; Terraform 0.12 omits module and index."""
    whole = resource.address.startswith(module or "") and (resource.index is None or resource.address[-1:] == "]")
    if whole:
        return resource.address
    return address_of(module, resource.mode, resource.type, resource.name, resource.index)


def _instance(resource: _RawResource, instance: _Instance) -> StateObject:
    values = instance.attributes
    if not bytes(values) and instance.attributes_flat:
        values = msgspec.Raw(msgspec.json.encode(legacy.nested(instance.attributes_flat)))
    return StateObject(
        address=address_of(resource.module, resource.mode, resource.type, resource.name, instance.index_key),
        type=resource.type,
        name=resource.name,
        mode=resource.mode,
        module=resource.module,
        provider=provider_source(resource.provider),
        deposed=instance.deposed,
        tainted=instance.status == "tainted",
        values=values,
        mask=instance.sensitive_attributes,
        raw=True,
    )


def _outputs(document: _Document) -> dict[str, StateOutput]:
    if document.values is not None:
        return document.values.outputs or {}
    if document.outputs is not None:
        return document.outputs
    return legacy.outputs(document.modules or ())
