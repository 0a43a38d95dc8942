"""Account and region of what a plan changes: AWS account, Google project, Azure subscription.

What counts is an object's own attributes, then the configuration of the provider that makes it. What an object refers
to (the ARNs in a policy, the id of a peer) is elsewhere, and so may be what a data source reads: neither is looked at.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.diff.masks import has_true
from change_events.model import Action, Cloud
from tf_wrapper.plan.actions import action_of
from tf_wrapper.plan.document import Raw
from tf_wrapper.plan.provider_settings import (
    ACCOUNT,
    GOOGLE_REGION,
    PROJECT,
    REGION,
    SUBSCRIPTION,
    ProviderSettings,
    Settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from change_events.redact import Redactor
    from tf_wrapper.plan.document import Document, ResourceChange

MOST = 20  # accounts or regions of one cloud, those with most of the changes
_TOUCHES = {Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DESTROY, Action.FORGET, Action.IMPORT}
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z0-9-]*):([a-z0-9-]*):.+")
_AZURE_ID = re.compile(rf"/subscriptions/({SUBSCRIPTION.pattern})(?:/.*)?")
_AZURE_LOCATION = re.compile(r"[a-z]{4,30}\d?")
_MULTI_REGION = re.compile(r"EU|US|ASIA")  # of Google's storage and BigQuery
# services whose objects are in no region, though their provider has one ("Enhanced Region Support" of its guides)
_GLOBAL = (
    "aws_account_", "aws_budgets_", "aws_ce_", "aws_cloudfront_", "aws_globalaccelerator_", "aws_iam_",
    "aws_networkmanager_", "aws_organizations_", "aws_route53_", "aws_route53domains_", "aws_shield_", "aws_waf_",
)  # fmt: skip
_REGIONAL = ("aws_route53_resolver_", "aws_route53_profiles_")
_OF_ANOTHER = {"aws_config_aggregate_authorization"}  # whose `region` is that of who is authorised


class Own(Raw):
    """The attributes of an object that can say where it is."""

    arn: Any = None
    id: Any = None
    project: Any = None
    region: Any = None
    zone: Any = None
    location: Any = None
    scope: Any = None


class _Place(NamedTuple):
    account: str | None = None
    region: str | None = None


_NO_MASK = Own()
_DECODER = msgspec.json.Decoder(Own | None)  # made once: a type that is given to each call is read each time
_NAMES = Own.__struct_fields__


class Clouds:
    """Counts where changed objects are. The values are in clear until :meth:`found`."""

    def __init__(self) -> None:
        self._accounts: dict[str, Counter[str]] = {}
        self._regions: dict[str, Counter[str]] = {}

    def add(self, kind: str, own: Own, unknown: Own = _NO_MASK, settings: Settings | None = None) -> None:
        """Count one object.

        Args:
            kind: its resource type.
            own: its attributes on one side of the change, without those that are sensitive.
            unknown: which of them are known only after the apply.
            settings: of its provider.
        """
        prefix = kind.partition("_")[0]
        if prefix not in _CLOUDS:
            return
        cloud, read = _CLOUDS[prefix]
        place = read(kind, own, unknown, settings or Settings())
        for counted, value in ((self._accounts, place.account), (self._regions, place.region)):
            if value:
                counted.setdefault(cloud, Counter())[value] += 1

    def found(self, redactor: Redactor) -> tuple[Cloud, ...]:
        """What was counted, the most frequent first; a value that is a secret of the run is left out."""

        def shown(counted: Counter[str]) -> tuple[str, ...]:
            ordered = sorted(counted, key=lambda value: (-counted[value], value))
            return tuple(value for value in ordered if redactor.text(value) == value)[:MOST]

        clouds = (
            Cloud(
                name=name,
                accounts=shown(self._accounts.get(name, Counter())),
                regions=shown(self._regions.get(name, Counter())),
            )
            for name in sorted({*self._accounts, *self._regions})
        )
        return tuple(cloud for cloud in clouds if cloud.accounts or cloud.regions)


def clouds_of_plan(document: Document, redactor: Redactor) -> tuple[Cloud, ...]:
    """Where the resources are that a plan changes; nothing where that is not known.

    Args:
        document: the plan.
        redactor: has remembered the plan's secrets.
    """
    changed = [entry for entry in document.resource_changes or () if _is_told(entry)]
    if not changed:
        return ()
    clouds, providers = Clouds(), ProviderSettings(document, redactor)
    for entry in changed:
        settings = providers.of(entry.module_address, entry.type or "", entry.name or "")
        for own, unknown in _sides(entry):
            clouds.add(entry.type or "", own, unknown, settings)
    return clouds.found(redactor)


def _is_told(entry: ResourceChange) -> bool:
    kind = (entry.type or "").partition("_")[0]
    importing = bytes(entry.change.importing) not in (b"", b"null")
    touched = action_of(entry.change.actions or ()) in _TOUCHES or importing
    return entry.mode == "managed" and kind in _CLOUDS and touched


def _sides(entry: ResourceChange) -> Iterator[tuple[Own, Own]]:
    change = entry.change
    if (own := own_of(change.before, change.before_sensitive)) is not None:
        yield own, _NO_MASK
    if (own := own_of(change.after, change.after_sensitive)) is not None:
        unknown = _decoded(change.after_unknown) if b"true" in bytes(change.after_unknown) else None
        yield own, unknown or _NO_MASK


def own_of(values: msgspec.Raw, mask: msgspec.Raw) -> Own | None:
    """The attributes of one side that are not sensitive; None where there is no such side, or it cannot be read."""
    own = _decoded(values)
    if own is None or b"true" not in bytes(mask):
        return own
    hidden = _decoded(mask)
    if hidden is None:  # all of it is
        return None
    return Own(**{name: getattr(own, name) for name in _NAMES if not has_true(getattr(hidden, name))})


def _decoded(raw: msgspec.Raw) -> Own | None:
    try:
        return _DECODER.decode(raw) if bytes(raw) else None
    except (msgspec.DecodeError, RecursionError):
        return None


def _text(value: object, form: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def _aws(kind: str, own: Own, _: Own, settings: Settings) -> _Place:
    arn = _ARN.fullmatch(own.arn) if isinstance(own.arn, str) else None
    account = _text(arn.group(2), ACCOUNT) if arn else None
    region = _text(own.region, REGION) if kind not in _OF_ANOTHER else None
    if region is None and arn:
        region = _text(arn.group(1), REGION)
    elif region is None and (not kind.startswith(_GLOBAL) or kind.startswith(_REGIONAL)):
        region = settings.region
    return _Place(account or settings.account, region)


def _google(_: str, own: Own, unknown: Own, settings: Settings) -> _Place:
    # what is set nowhere is the provider's: an attribute that is not there at all is none of the type
    project = settings.account if unknown.project is True else _text(own.project, PROJECT)
    for value in (own.zone, own.region, own.location):
        if isinstance(value, str) and (found := GOOGLE_REGION.fullmatch(value)):
            return _Place(project, found.group(1))
    everywhere = _text(own.location, _MULTI_REGION)
    return _Place(project, settings.region if unknown.region is True else everywhere)


def _azure(_: str, own: Own, __: Own, settings: Settings) -> _Place:
    found = _AZURE_ID.fullmatch(own.id) if isinstance(own.id, str) else None
    account = found.group(1).lower() if found else None
    if account is None and own.scope is None and own.id is None:
        account = settings.account
    location = own.location.replace(" ", "").lower() if isinstance(own.location, str) else ""
    return _Place(account, location if location != "global" and _AZURE_LOCATION.fullmatch(location) else None)


_CLOUDS: dict[str, tuple[str, Callable[[str, Own, Own, Settings], _Place]]] = {
    "aws": ("aws", _aws),
    "google": ("google", _google),
    "azurerm": ("azure", _azure),
    "azapi": ("azure", _azure),
}
