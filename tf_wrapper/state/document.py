"""State as terraform writes it, in any of its forms, as one flat list of objects.

Forms: raw v4 (0.12 on), raw v1 to v3 (flat attributes, as far as types and ids go), and `terraform show
-json`. Values stay undecoded until somebody asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from change_events.diff import decode_exact
from change_events.errors import InputError
from tf_wrapper.stream.encodings import to_utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

_NONE = msgspec.Raw()
_NEWEST = 4
_TYPES = {"string", "number", "bool", "dynamic"}
_COLLECTIONS = {"object", "list", "set", "map", "tuple"}
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


class Struct(msgspec.Struct, gc=False):
    """Base: unknown to the garbage collector."""


class StateObject(Struct, kw_only=True):
    """One object of a state: the current one of an address, or a deposed one.

    Attributes:
        values: its attributes, undecoded.
        mask: what of them is sensitive: a mask, or the paths of raw state.
    """

    address: str
    type: str
    name: str
    mode: str = "managed"
    module: str | None = None
    provider: str | None = None
    deposed: str | None = None
    tainted: bool = False
    values: msgspec.Raw = _NONE
    mask: msgspec.Raw = _NONE
    raw: bool = False

    def attributes(self) -> dict[str, Any]:
        """Decode the attributes; raw state's dynamic wrapping is taken off."""
        decoded = decode_exact(self.values) if bytes(self.values) else None
        if not isinstance(decoded, dict):
            return {}
        return {name: _unwrapped(value) for name, value in decoded.items()} if self.raw else decoded

    def sensitive(self) -> Any:
        """Decode what is sensitive, as a mask over the attributes."""
        decoded = decode_exact(self.mask) if bytes(self.mask) else False
        return _mask_of_paths(decoded) if isinstance(decoded, list) else decoded

    @property
    def id(self) -> str | None:
        """The object's id, decoding nothing else."""
        try:
            found = msgspec.json.decode(self.values, type=_Id) if bytes(self.values) else None
        except msgspec.ValidationError:
            return None
        return found.id if found is not None else None


class StateOutput(Struct):
    """A root output."""

    value: msgspec.Raw = _NONE
    sensitive: bool | None = None


class State(Struct, kw_only=True):
    """A state."""

    objects: list[StateObject]
    outputs: dict[str, StateOutput]
    tool_version: str | None = None


class _Id(Struct):
    id: str | None = None


class _Instance(Struct):
    index_key: int | str | float | None = None
    status: str | None = None
    deposed: str | None = None
    attributes: msgspec.Raw = _NONE
    attributes_flat: dict[str, str] | None = None
    sensitive_attributes: msgspec.Raw = _NONE


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
    values: msgspec.Raw = _NONE
    sensitive_values: msgspec.Raw = _NONE
    tainted: bool | None = None
    deposed_key: str | None = None


class _ShownModule(Struct):
    address: str | None = None
    resources: list[_ShownResource] | None = None
    child_modules: list[_ShownModule] | None = None


class _ShownValues(Struct):
    outputs: dict[str, StateOutput] | None = None
    root_module: _ShownModule | None = None


class _OldObject(Struct):
    id: str | None = None
    attributes: dict[str, Any] | None = None
    tainted: bool | None = None


class _OldResource(Struct):
    type: str = ""
    primary: _OldObject | None = None
    deposed: list[_OldObject] | None = None
    provider: str | None = None


class _OldModule(Struct):
    path: list[str] | None = None
    resources: dict[str, _OldResource] | None = None
    outputs: dict[str, Any] | None = None


class _Document(Struct):
    version: int | None = None
    format_version: str | None = None
    terraform_version: str | None = None
    lineage: str | None = None
    serial: int | None = None
    encrypted_data: msgspec.Raw = _NONE
    planned_values: msgspec.Raw = _NONE
    resource_changes: msgspec.Raw = _NONE
    outputs: dict[str, StateOutput] | None = None
    resources: list[_RawResource] | None = None
    modules: list[_OldModule] | None = None
    values: _ShownValues | None = None


class _Marks(Struct):
    """What tells a state from other JSON."""

    version: msgspec.Raw = _NONE
    format_version: msgspec.Raw = _NONE
    encrypted_data: msgspec.Raw = _NONE
    planned_values: msgspec.Raw = _NONE
    resource_changes: msgspec.Raw = _NONE
    output_changes: msgspec.Raw = _NONE
    provider_schemas: msgspec.Raw = _NONE
    resources: msgspec.Raw = _NONE
    modules: msgspec.Raw = _NONE
    lineage: msgspec.Raw = _NONE


def is_state(data: bytes) -> bool:
    """Tell whether a file is a state of any form; an empty file is the state of nothing."""
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
    """Read a state; None or an empty file is the state of nothing.

    Raises:
        InputError: it is no state, is encrypted, or is of a version that is not known.
    """
    text = to_utf8(data or b"")
    if not text.strip():
        return State(objects=[], outputs={})
    try:
        document = msgspec.json.decode(text, type=_Document)
    except RecursionError as error:
        raise InputError(f"{name}: nested too deeply to be a state") from error
    except msgspec.DecodeError as error:
        remedy = "write it with `terraform state pull` or `terraform show -json`"
        raise InputError(f"{name}: not a state ({error}); {remedy}") from error
    _admit(document, name)
    return State(objects=list(_objects(document)), outputs=_outputs(document), tool_version=document.terraform_version)


def _admit(document: _Document, name: str) -> None:
    if bytes(document.encrypted_data):
        raise InputError(f"{name}: the state is encrypted by OpenTofu; write it in clear with `tofu show -json`")
    if bytes(document.planned_values) or bytes(document.resource_changes):
        raise InputError(f"{name}: this is a plan, not a state")
    if document.format_version is None and document.version is None:
        raise InputError(f"{name}: not a state (it has no version); write it with `terraform state pull`")
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
    for module in document.modules or ():
        yield from _old(module)


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
    """Return the whole address; Terraform 0.12 wrote it without module and index."""
    whole = resource.address.startswith(module or "") and (resource.index is None or resource.address[-1:] == "]")
    if whole:
        return resource.address
    return _address(module, resource.mode, resource.type, resource.name, resource.index)


def _instance(resource: _RawResource, instance: _Instance) -> StateObject:
    values = instance.attributes
    if not bytes(values) and instance.attributes_flat:
        values = msgspec.Raw(msgspec.json.encode(_nested(instance.attributes_flat)))
    return StateObject(
        address=_address(resource.module, resource.mode, resource.type, resource.name, instance.index_key),
        type=resource.type,
        name=resource.name,
        mode=resource.mode,
        module=resource.module,
        provider=_provider(resource.provider),
        deposed=instance.deposed,
        tainted=instance.status == "tainted",
        values=values,
        mask=instance.sensitive_attributes,
        raw=True,
    )


def _address(module: str | None, mode: str, kind: str, name: str, key: float | str | None) -> str:
    address = f"{'data.' if mode == 'data' else ''}{kind}.{name}"
    if isinstance(key, str):
        text = key.translate(_ESCAPES).replace("${", "$${").replace("%{", "%%{")
        address += f'["{text}"]'
    elif key is not None:
        address += f"[{int(key)}]"
    return f"{module}.{address}" if module else address


def _provider(reference: str | None) -> str | None:
    """Take the source out of `module.a.provider["registry.terraform.io/x/aws"].west`, or `aws`."""
    if reference is None:
        return None
    if '"' in reference:
        return reference.split('"')[1]
    return reference.removeprefix("provider.").partition(".")[0] or None


def _old(module: _OldModule) -> Iterator[StateObject]:
    """Read a module of version 1 to 3: keys are addresses with a dot before the index."""
    path = [step for step in module.path or () if step != "root"]
    parent = ".".join(f"module.{step}" for step in path) or None
    for key, resource in (module.resources or {}).items():
        mode = "data" if key.startswith("data.") else "managed"
        kind, _, rest = key.removeprefix("data.").partition(".")
        name, _, index = rest.partition(".")
        number = int(index) if index.isdigit() else None
        held = [(None, resource.primary)] if resource.primary is not None else []
        objects = [*held, *((f"{place:08x}", part) for place, part in enumerate(resource.deposed or ()))]
        for deposed, found in objects:
            values = {**_nested(found.attributes or {}), "id": found.id}
            yield StateObject(
                address=_address(parent, mode, kind, name, number),
                type=resource.type or kind,
                name=name,
                mode=mode,
                module=parent,
                provider=_provider(resource.provider),
                deposed=deposed,
                tainted=bool(found.tainted),
                values=msgspec.Raw(msgspec.json.encode(values)),
            )


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
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


def _outputs(document: _Document) -> dict[str, StateOutput]:
    if document.values is not None:
        return document.values.outputs or {}
    if document.outputs is not None:
        return document.outputs
    found: dict[str, StateOutput] = {}
    for module in document.modules or ():
        if module.path in (None, ["root"]):
            for name, output in (module.outputs or {}).items():
                held = output if isinstance(output, dict) else {"value": output}
                value = msgspec.Raw(msgspec.json.encode(held.get("value")))
                found[name] = StateOutput(value, held.get("sensitive") is True)
    return found


def _unwrapped(value: Any) -> Any:
    """Take off the `{"value": …, "type": …}` that raw state puts around attributes of a dynamic type."""
    if not isinstance(value, dict) or value.keys() != {"value", "type"}:
        return value
    kind = value["type"]
    names = _TYPES if isinstance(kind, str) else _COLLECTIONS
    word = kind[0] if isinstance(kind, list) and kind else kind
    return value["value"] if isinstance(word, str) and word in names else value


def _mask_of_paths(paths: list[Any]) -> Any:
    """Turn raw state's `sensitive_attributes` (lists of steps) into a mask keyed by step."""
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
