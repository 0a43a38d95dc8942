"""The first pass over a plan: remembers every value marked as sensitive by terraform or the provider.

It precedes all rendering, because a secret also occurs in places without a mark: other attributes, addresses, IDs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.diff import decode_exact, has_true, hidden_values
from change_events.text.partial_json import attributes
from tf_wrapper.plan.document import Body, Document, Raw
from tf_wrapper.plan.hidden import remember_hidden

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from change_events.redact import Redactor

_NONE = msgspec.Raw()
_MOST_MASKS = 512
_Objects = set[tuple[str, str | None]]  # address and deposed key


class _Resource(Raw):
    address: str = ""
    deposed_key: str | None = None
    mode: str | None = None
    values: msgspec.Raw = _NONE
    sensitive_values: msgspec.Raw = _NONE


class _Module(Raw):
    resources: list[_Resource] | None = None
    child_modules: list[_Module] | None = None


class _Output(Raw):
    sensitive: bool | None = None
    value: msgspec.Raw = _NONE


class _Values(Raw):
    outputs: dict[str, _Output] | None = None
    root_module: _Module | None = None


class _State(Raw):
    values: _Values | None = None


def remember_document(document: Document, redactor: Redactor) -> None:
    """Remember marked values of resources, drift, outputs, variables, provider settings and data sources."""
    for body in _bodies(document):
        _remember_body(body, redactor)
    for output in (document.output_changes or {}).values():
        if _marked(output.before_sensitive) or _marked(output.after_sensitive):
            for side in (output.before, output.after):
                _remember_raw(side, redactor)
    configuration = _decoded(document.configuration)
    _remember_configuration(configuration if isinstance(configuration, dict) else {}, document, redactor)
    _remember_invocations(document, redactor)
    _remember_state(document, redactor)


def remember_masked(value: msgspec.Raw, mask: msgspec.Raw, redactor: Redactor) -> None:
    """Remember the parts of a value covered by its mask; an empty mask costs no decoding."""
    if _marked(mask) and bytes(value):
        for part in _hidden(bytes(value), bytes(mask)):
            remember_hidden(part, redactor)


def _hidden(value: bytes, mask: bytes) -> Iterable[Any]:
    """Return the parts of a value covered by its mask; only attributes with such parts are decoded."""
    covered = _covered(mask)
    found = attributes(value, covered.names) if covered.names else None
    if found is not None and covered.whole:
        return found.values()
    return hidden_values(decode_exact(value) if found is None else found, covered.mask)


class _Covered(NamedTuple):
    """A mask, and the attributes it covers, even partly; none if it is not an object.

    Attributes:
        whole: it covers each of them completely.
    """

    mask: Any
    names: tuple[str, ...]
    whole: bool


@lru_cache(_MOST_MASKS)
def _covered(mask: bytes) -> _Covered:
    """Decode a mask, which most objects of a type share."""
    decoded = decode_exact(mask)
    if not isinstance(decoded, dict):
        return _Covered(decoded, (), whole=False)
    covered = {name: part for name, part in decoded.items() if has_true(part)}
    return _Covered(covered, tuple(covered), whole=all(part is True for part in covered.values()))


def _bodies(document: Document) -> Iterator[Body]:
    for changes in (document.resource_changes, document.resource_drift):
        for change in changes or ():
            yield change.change
    for deferred in document.deferred_changes or ():
        yield deferred.resource_change.change


def _remember_body(body: Body, redactor: Redactor) -> None:
    before_mask, after_mask = bytes(body.before_sensitive), bytes(body.after_sensitive)
    if b"true" not in before_mask and b"true" not in after_mask:
        return
    remember_masked(body.before, body.before_sensitive, redactor)
    if before_mask != after_mask or bytes(body.before) != bytes(body.after):  # else both hold the same secrets
        remember_masked(body.after, body.after_sensitive, redactor)


def _marked(mask: msgspec.Raw) -> bool:
    return b"true" in bytes(mask)


def _remember_raw(value: msgspec.Raw, redactor: Redactor) -> None:
    decoded = _decoded(value)
    if decoded is not None:
        remember_hidden(decoded, redactor)


def _decoded(raw: msgspec.Raw) -> Any:
    return decode_exact(raw) if bytes(raw) else None


def _remember_configuration(configuration: dict[str, Any], document: Document, redactor: Redactor) -> None:
    root = configuration.get("root_module")
    declared = root.get("variables") if isinstance(root, dict) else None
    for name, variable in (document.variables or {}).items():
        declaration = declared.get(name) if isinstance(declared, dict) else None
        if _is_secret(declaration) or redactor.is_sensitive_name(name):
            _remember_raw(variable.value, redactor)
    if isinstance(root, dict):
        _remember_module(root, redactor)
    for provider in _dicts(configuration.get("provider_config")):
        _remember_constants(provider.get("expressions"), redactor)


def _remember_module(module: dict[str, Any], redactor: Redactor) -> None:
    """Remember the defaults of secret variables, and the constants that callers pass to them."""
    for variable in _dicts(module.get("variables")):
        if _is_secret(variable) and variable.get("default") is not None:
            remember_hidden(variable["default"], redactor)
    for call in _dicts(module.get("module_calls")):
        child = call.get("module")
        if not isinstance(child, dict):
            continue
        _remember_module(child, redactor)
        variables, expressions = child.get("variables"), call.get("expressions")
        if isinstance(variables, dict) and isinstance(expressions, dict):
            for name, variable in variables.items():
                if _is_secret(variable):
                    _remember_constant(expressions.get(name), redactor)


def _is_secret(variable: Any) -> bool:
    """Return whether a variable is declared sensitive or ephemeral; ephemeral values are usually secrets."""
    return isinstance(variable, dict) and (variable.get("sensitive") is True or variable.get("ephemeral") is True)


def _dicts(parent: Any) -> Iterable[dict[str, Any]]:
    return [part for part in parent.values() if isinstance(part, dict)] if isinstance(parent, dict) else []


def _remember_constants(expressions: Any, redactor: Redactor) -> None:
    """Remember constants of provider configuration under the name of a secret, at any depth."""
    if isinstance(expressions, list):
        for block in expressions:
            _remember_constants(block, redactor)
    elif isinstance(expressions, dict):
        for name, expression in expressions.items():
            if redactor.is_sensitive_name(name):
                _remember_constant(expression, redactor)
            else:
                _remember_constants(expression, redactor)


def _remember_constant(expression: Any, redactor: Redactor) -> None:
    if isinstance(expression, dict) and expression.get("constant_value") is not None:
        remember_hidden(expression["constant_value"], redactor)


def _remember_invocations(document: Document, redactor: Redactor) -> None:
    deferred = [entry.action_invocation for entry in document.deferred_action_invocations or ()]
    for invocation in [*(document.action_invocations or ()), *deferred]:
        remember_masked(invocation.config_values, invocation.config_sensitive, redactor)


def _remember_state(document: Document, redactor: Redactor) -> None:
    """Remember marked values of the state before the plan.

    It is the only place of data sources, and of other resources with -target, -refresh-only or a failed plan.
    """
    raw = document.prior_state
    if not bytes(raw):
        return
    try:
        state = msgspec.json.decode(raw, type=_State | None)
    except msgspec.ValidationError:
        _remember_anywhere(decode_exact(raw), redactor)
        return
    if state is None or state.values is None:
        return
    for output in (state.values.outputs or {}).values():
        if output.sensitive:
            _remember_raw(output.value, redactor)
    if state.values.root_module is not None:
        changed = {(entry.address, entry.deposed) for entry in document.resource_changes or ()}
        _remember_resources(state.values.root_module, changed, redactor)


def _remember_resources(module: _Module, changed: _Objects, redactor: Redactor) -> None:
    for resource in module.resources or ():
        listed = (resource.address, resource.deposed_key) in changed  # there with the same values and marks
        if resource.mode == "data" or not listed:
            remember_masked(resource.values, resource.sensitive_values, redactor)
    for child in module.child_modules or ():
        _remember_resources(child, changed, redactor)


def _remember_anywhere(value: Any, redactor: Redactor) -> None:
    """Remember marked values of a document with another structure than terraform's."""
    if isinstance(value, dict):
        for part in hidden_values(value.get("values"), value.get("sensitive_values")):
            remember_hidden(part, redactor)
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            _remember_anywhere(part, redactor)
