"""Account and region in a plan's provider configurations, by resource.

Source: `configuration` of "JSON Output Format" in the Terraform documentation. The plan has the value of a constant
expression, otherwise only its references. A variable is used if it is the whole expression and its value has the
expected form; computed values and those of the environment are unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.plan.document import Raw

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping

    from change_events.redact import Redactor
    from tf_wrapper.plan.document import Document

_ACCOUNT = r"\d{12}"
ACCOUNT = lazy_pattern(_ACCOUNT)
REGION = lazy_pattern(r"[a-z]{2}(?:-[a-z]+){1,3}-\d{1,2}")
PROJECT = lazy_pattern(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
GOOGLE_REGION = lazy_pattern(r"([a-z]+-[a-z]+\d{1,2})(?:-[a-z])?")
SUBSCRIPTION_ID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
SUBSCRIPTION = lazy_pattern(SUBSCRIPTION_ID)
_ROLE = lazy_pattern(rf"arn:aws[a-z-]*:iam::({_ACCOUNT}):role/.+")
_INDEX = lazy_pattern(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')
_ONE_ROOT_VARIABLE = lazy_pattern(r"var\.([\w-]+)")


class Settings(NamedTuple):
    """The location in one provider configuration; None where it is not set, or not certain."""

    account: str | None = None
    region: str | None = None


_NOTHING = Settings()


class _Variable(Raw):
    sensitive: Any = None
    ephemeral: Any = None


class _Provider(Raw):
    name: str = ""
    module_address: str | None = None
    expressions: dict[str, Any] | None = None


class _Resource(Raw):
    mode: str = "managed"
    type: str = ""
    name: str = ""
    provider_config_key: str | None = None


class _Module(Raw):
    resources: list[_Resource] | None = None
    module_calls: dict[str, _Call] | None = None
    variables: dict[str, _Variable] | None = None


class _Call(Raw):
    module: _Module | None = None


class _Configuration(Raw):
    provider_config: dict[str, _Provider] | None = None
    root_module: _Module | None = None


class ProviderSettings:
    """The provider configurations of one plan.

    Args:
        document: the plan.
        redactor: knows by name which variables are secret.
    """

    def __init__(self, document: Document, redactor: Redactor) -> None:
        configuration = _decoded(document.configuration)
        root = configuration.root_module or _Module()
        self._keys = dict(_keys(root, ""))
        self._values = dict(_public_values(document, root, redactor))
        self._providers = {key: self._read(provider) for key, provider in (configuration.provider_config or {}).items()}

    def of(self, module: str | None, kind: str, name: str) -> Settings:
        """Return the settings of the provider of a managed resource.

        Args:
            module: address of its module, with or without instance keys.
            kind: resource type.
            name: resource name.
        """
        if not self._providers:
            return _NOTHING
        key = self._keys.get(f"{_INDEX.sub('', module)}.{kind}.{name}" if module else f"{kind}.{name}")
        return self._providers.get(key, _NOTHING) if key is not None else _NOTHING

    def _read(self, provider: _Provider) -> Settings:
        expressions = provider.expressions or {}
        values = {} if provider.module_address else self._values  # a module's `var` is not the root's

        def text(expression: object, form: re.Pattern[str]) -> re.Match[str] | None:
            value = _value(expression, values)
            return form.fullmatch(value) if isinstance(value, str) else None

        if provider.name == "aws":
            region = text(expressions.get("region"), REGION)
            return Settings(_aws_account(expressions, values), region.group() if region else None)
        if provider.name in {"google", "google-beta"}:
            project = text(expressions.get("project"), PROJECT)
            region = text(expressions.get("region"), GOOGLE_REGION)
            return Settings(project.group() if project else None, region.group(1) if region else None)
        if provider.name in {"azurerm", "azapi"}:
            account = text(expressions.get("subscription_id"), SUBSCRIPTION)
            return Settings(account.group().lower() if account else None)
        return _NOTHING


def _decoded(raw: msgspec.Raw) -> _Configuration:
    try:
        return msgspec.json.decode(raw, type=_Configuration | None) or _Configuration()
    except (msgspec.DecodeError, RecursionError):
        return _Configuration()


def _keys(module: _Module, path: str) -> Iterator[tuple[str, str]]:
    for resource in module.resources or ():
        if resource.mode == "managed" and resource.provider_config_key:
            yield f"{path}{resource.type}.{resource.name}", resource.provider_config_key
    for name, call in (module.module_calls or {}).items():
        if call.module is not None:
            yield from _keys(call.module, f"{path}module.{name}.")


def _public_values(document: Document, root: _Module, redactor: Redactor) -> Iterator[tuple[str, Any]]:
    """Return the declared root variables that are not sensitive or ephemeral, by mark or by name."""
    for name, variable in (root.variables or {}).items():
        given = (document.variables or {}).get(name)
        if given is None or variable.sensitive or variable.ephemeral or redactor.is_sensitive_name(name):
            continue
        if bytes(given.value)[:1] == b'"':
            yield name, msgspec.json.decode(given.value)


def _value(expression: object, values: Mapping[str, Any]) -> object:
    if not isinstance(expression, dict):
        return None
    if "constant_value" in expression:
        return expression["constant_value"]
    references = expression.get("references")
    if not isinstance(references, list) or len(references) != 1 or not isinstance(references[0], str):
        return None
    variable = _ONE_ROOT_VARIABLE.fullmatch(references[0])
    return values.get(variable.group(1)) if variable else None


def _aws_account(expressions: Mapping[str, Any], values: Mapping[str, Any]) -> str | None:
    """Return the account of the last assumed role, or the only allowed account."""
    for name in ("assume_role", "assume_role_with_web_identity"):
        if name in expressions:
            roles = expressions[name] if isinstance(expressions[name], list) else [expressions[name]]
            last = roles[-1] if roles and isinstance(roles[-1], dict) else {}
            arn = _value(last.get("role_arn"), values)
            role = _ROLE.fullmatch(arn) if isinstance(arn, str) else None
            return role.group(1) if role else _only_allowed(expressions)
    return _only_allowed(expressions)


def _only_allowed(expressions: Mapping[str, Any]) -> str | None:
    allowed = _value(expressions.get("allowed_account_ids"), {})
    if isinstance(allowed, list) and len(allowed) == 1 and ACCOUNT.fullmatch(str(allowed[0])):
        return str(allowed[0])
    return None
