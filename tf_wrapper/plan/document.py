"""The structure of plan JSON, as far as it is read.

Source: "JSON Output Format" of the Terraform documentation, and plans of Terraform 0.12 to 1.15 and OpenTofu. Values
and masks stay undecoded (`msgspec.Raw`); unknown properties are skipped, and another major version is rejected, as the
format requires.
"""

from __future__ import annotations

from typing import Any

import msgspec

from change_events.errors import InputError

_MAJORS = ("0", "1")
_PARTS = (
    "planned_values",
    "resource_changes",
    "resource_drift",
    "output_changes",
    "checks",
    "condition_results",
    "deferred_changes",
    "action_invocations",
    "deferred_action_invocations",
    "errored",
    "complete",
    "applyable",
)
_NONE = msgspec.Raw()


class Raw(msgspec.Struct, gc=False):
    """Base class of structs that the garbage collector ignores; it would visit a hundred thousand of them."""


class Body(Raw):
    """The `change` of a resource or an output."""

    actions: tuple[str, ...] | None = ()
    before: msgspec.Raw = _NONE
    after: msgspec.Raw = _NONE
    after_unknown: msgspec.Raw = _NONE
    before_sensitive: msgspec.Raw = _NONE
    after_sensitive: msgspec.Raw = _NONE
    replace_paths: msgspec.Raw = _NONE
    importing: msgspec.Raw = _NONE


class ResourceChange(Raw):
    """An entry of `resource_changes` or `resource_drift`."""

    change: Body = msgspec.field(default_factory=Body)
    address: str = ""
    previous_address: str | None = None
    module_address: str | None = None
    mode: str | None = "managed"
    type: str | None = None
    name: str | None = None
    provider_name: str | None = None
    deposed: str | None = None
    action_reason: str | None = None


class RelevantAttribute(Raw):
    """An entry of `relevant_attributes`: what the plan depends on; an empty path means the whole resource."""

    resource: str = ""
    attribute: list[str | int] | None = None


class Deferred(Raw):
    """An entry of `deferred_changes`."""

    resource_change: ResourceChange = msgspec.field(default_factory=ResourceChange)
    reason: str | None = None


class Variable(Raw):
    """A root module variable, with its value in clear."""

    value: msgspec.Raw = _NONE


class CheckAddress(Raw):
    """The address of a check or one of its instances."""

    to_display: str | None = None


class Problem(Raw):
    """Why a check failed."""

    message: str | None = None


class CheckInstance(Raw):
    """One instance of a checked object."""

    address: CheckAddress | None = None
    status: str | None = None
    problems: list[Problem] | None = None


class Check(CheckInstance):
    """An entry of `checks`."""

    instances: list[CheckInstance] | None = None


class Condition(Raw):
    """An entry of Terraform 1.2's `condition_results`."""

    address: str = ""
    result: bool | None = None
    unknown: bool | None = None
    error_message: str | None = None


class Trigger(Raw):
    """The trigger of an action."""

    action_trigger_event: str | None = None
    triggering_resource_address: str | None = None
    action_trigger_block_index: int | None = None
    actions_list_index: int | None = None


class Invocation(Raw):
    """An entry of `action_invocations`."""

    address: str = ""
    type: str | None = None
    name: str | None = None
    provider_name: str | None = None
    config_values: msgspec.Raw = _NONE
    config_sensitive: msgspec.Raw = _NONE
    config_unknown: msgspec.Raw = _NONE
    lifecycle_action_trigger: Trigger | None = None
    invoke_action_trigger: msgspec.Raw = _NONE


class DeferredInvocation(Raw):
    """An entry of `deferred_action_invocations`."""

    action_invocation: Invocation = msgspec.field(default_factory=Invocation)
    reason: str | None = None


class Document(Raw):
    """A plan."""

    format_version: str | None = None
    terraform_version: str | None = None
    variables: dict[str, Variable] | None = None
    resource_changes: list[ResourceChange] | None = None
    resource_drift: list[ResourceChange] | None = None
    relevant_attributes: list[RelevantAttribute] | None = None
    output_changes: dict[str, Body] | None = None
    prior_state: msgspec.Raw = _NONE
    planned_values: msgspec.Raw = _NONE
    configuration: msgspec.Raw = _NONE
    checks: list[Check] | None = None
    condition_results: list[Condition] | None = None
    deferred_changes: list[Deferred] | None = None
    action_invocations: list[Invocation] | None = None
    deferred_action_invocations: list[DeferredInvocation] | None = None
    errored: bool | None = None
    complete: bool | None = None
    applyable: bool | None = None


_DECODER = msgspec.json.Decoder(Document)


def decode_document(data: bytes, name: str) -> Document:
    """Decode the top level of one plan.

    Args:
        data: UTF-8 JSON, one document.
        name: name of the file in errors.

    Raises:
        InputError: not JSON, not a plan, or an unknown format version.
        msgspec.DecodeError: there is text after the document.
    """
    try:
        document = _DECODER.decode(data)
    except msgspec.ValidationError as error:
        raise InputError(f"{name}: {_mistake(data, str(error))}") from error
    except msgspec.DecodeError as error:
        if "trailing characters" in str(error):
            raise
        raise InputError(f"{name}: {_not_json(data, str(error))}") from error
    except RecursionError as error:
        raise InputError(f"{name}: nested too deeply to be a plan") from error
    _admit(document, data, name)
    return document


def _admit(document: Document, data: bytes, name: str) -> None:
    version = document.format_version
    if version is not None and version.partition(".")[0] not in _MAJORS:
        raise InputError(
            f"{name}: plan format {version} is newer than this tfevent knows (0.x and 1.x); upgrade tfevent"
        )
    if version is None and document.resource_changes is None and document.output_changes is None:
        raise InputError(f"{name}: {_mistake(data, 'it has no format_version')}")
    parts = {part for part in _PARTS if _is_there(getattr(document, part))}
    if parts <= {"checks"} and b'"values"' in data[:2000]:  # a state has its checks too
        raise InputError(f"{name}: this is a state, not a plan; give two states to compare them")
    if not parts:  # so terraform shows an empty state, for one
        raise InputError(f"{name}: holds no plan; give a saved plan's `terraform show -json PLANFILE`")


def _is_there(part: object) -> bool:
    return bool(bytes(part)) if isinstance(part, msgspec.Raw) else part is not None


def _not_json(data: bytes, problem: str) -> str:
    if data.startswith(b"PK"):
        return "this is a plan file, not its JSON; create it with `terraform show -json PLANFILE`"
    if not data.strip():
        return "the file is empty; create it with `terraform show -json PLANFILE`"
    return f"not JSON ({problem}); create it again with `terraform show -json PLANFILE`"


def _mistake(data: bytes, problem: str) -> str:
    """Describe a JSON document that is not a plan."""
    try:
        found: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return f"not a plan ({problem})"
    keys = found.keys() if isinstance(found, dict) else set()
    if "remote_plan_format" in keys:
        return "this is the bookmark of a plan in HCP Terraform; `terraform show -json` needs login and init"
    if {"lineage", "modules"} & keys or {"resources", "serial"} <= keys:
        return "this is a state, not a plan; give two states to compare them"
    if "encrypted_data" in keys:
        return "this is encrypted by OpenTofu; write the JSON with `tofu show -json`"
    if "@level" in keys or "@message" in keys:
        return "this is terraform's log of a run (-json), not a plan; use `terraform show -json PLANFILE`"
    return f"not a plan ({problem}); create it with `terraform show -json PLANFILE`"
