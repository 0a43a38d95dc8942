"""Account and region of a plan's changes: AWS account, Google project, Azure subscription.

They come from an object's own attributes, then from the configuration of its provider. References (ARNs in a policy,
the ID of a peer) and data sources are ignored, since they may be in other accounts.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.diff.masks import has_true
from change_events.model import Action, Cloud
from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.plan.actions import action_of
from tf_wrapper.plan.document import Raw
from tf_wrapper.plan.provider_settings import (
    ACCOUNT,
    GOOGLE_REGION,
    PROJECT,
    REGION,
    SUBSCRIPTION_ID,
    ProviderSettings,
    Settings,
)

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from change_events.redact import Redactor
    from tf_wrapper.plan.document import Body, Document, ResourceChange

MOST = 20  # accounts or regions of one cloud, those with most of the changes
_MOST_MASKS, _MOST_TYPES = 512, 4096
_TOUCHES = {Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DESTROY, Action.FORGET, Action.IMPORT}
_ARN = lazy_pattern(r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z0-9-]*):([a-z0-9-]*):.")  # the start of one
_AZURE_ID = lazy_pattern(rf"/subscriptions/({SUBSCRIPTION_ID})(?:/|\Z)")
_AZURE_LOCATION = lazy_pattern(r"[a-z]{4,30}\d?")
_MULTI_REGION = lazy_pattern(r"EU|US|ASIA")  # of Google's storage and BigQuery
# services whose objects are in no region, though their provider has one ("Enhanced Region Support" of its guides)
_GLOBAL = (
    "aws_account_", "aws_budgets_", "aws_ce_", "aws_cloudfront_", "aws_globalaccelerator_", "aws_iam_",
    "aws_networkmanager_", "aws_organizations_", "aws_route53_", "aws_route53domains_", "aws_shield_", "aws_waf_",
)  # fmt: skip
_REGIONAL = ("aws_route53_resolver_", "aws_route53_profiles_")
_OF_ANOTHER = {"aws_config_aggregate_authorization"}  # whose `region` is that of who is authorised


class Own(Raw):
    """The attributes of an object that locate it."""

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


_Signs = tuple[Any, ...]  # what a place is read from, the same for the objects of one place


class _Provider(NamedTuple):
    """How to locate the objects of one provider.

    Attributes:
        cloud: name of the cloud.
        signs: selects the attributes, known and unknown, that locate an object.
        place: computes the location from type, signs and provider settings.
    """

    cloud: str
    signs: Callable[[Own, Own], _Signs]
    place: Callable[[str, _Signs, Settings], _Place]


_NO_MASK = Own()
_NO_SETTINGS = Settings()
_DECODER = msgspec.json.Decoder(Own | None)  # made once: a type that is given to each call is read each time
_NAMES = Own.__struct_fields__


class _Counted(Raw):
    """A location, and the number of objects there."""

    cloud: str
    place: _Place
    number: int = 0


class Clouds:
    """Counts the locations of changed objects. Values are in clear until :meth:`found`."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, _Signs, Settings], _Counted] = {}  # most objects are in the same few places

    def add(self, kind: str, own: Own, unknown: Own = _NO_MASK, settings: Settings = _NO_SETTINGS) -> _Counted | None:
        """Count one object, and return the counter of its location; None for types of unknown providers.

        Args:
            kind: resource type.
            own: attributes on one side of the change, without sensitive ones.
            unknown: attributes known only after the apply.
            settings: settings of its provider.
        """
        provider = _provider(kind)
        if provider is None:
            return None
        key = (kind, provider.signs(own, unknown), settings)
        counted = self._counted.get(key)
        if counted is None:
            counted = self._counted[key] = _Counted(provider.cloud, provider.place(*key))
        counted.number += 1
        return counted

    def found(self, redactor: Redactor) -> tuple[Cloud, ...]:
        """Return the locations, the most frequent first, without values that are secrets of the run."""
        accounts: dict[str, Counter[str]] = {}
        regions: dict[str, Counter[str]] = {}
        for counted in self._counted.values():
            for counters, value in ((accounts, counted.place.account), (regions, counted.place.region)):
                counter = counters.setdefault(counted.cloud, Counter())
                if value:
                    counter[value] += counted.number

        def shown(counter: Counter[str]) -> tuple[str, ...]:
            ordered = sorted(counter, key=lambda value: (-counter[value], value))
            return tuple(value for value in ordered if redactor.text(value) == value)[:MOST]

        clouds = (
            Cloud(name=name, accounts=shown(accounts[name]), regions=shown(regions[name])) for name in sorted(accounts)
        )
        return tuple(cloud for cloud in clouds if cloud.accounts or cloud.regions)


def clouds_of_plan(document: Document, redactor: Redactor) -> tuple[Cloud, ...]:
    """Return the locations of the resources that a plan changes, as far as they are known.

    Args:
        document: the plan.
        redactor: has remembered the plan's secrets.
    """
    changed = [entry for entry in document.resource_changes or () if _counts(entry)]
    if not changed:
        return ()
    clouds, providers = Clouds(), ProviderSettings(document, redactor)
    for entry in changed:
        kind = entry.type or ""
        _add(clouds, kind, entry.change, providers.of(entry.module_address, kind, entry.name or ""))
    return clouds.found(redactor)


def _counts(entry: ResourceChange) -> bool:
    if entry.mode != "managed" or _provider(entry.type or "") is None:
        return False
    return action_of(entry.change.actions or ()) in _TOUCHES or bytes(entry.change.importing) not in (b"", b"null")


def _add(clouds: Clouds, kind: str, change: Body, settings: Settings) -> None:
    own = own_of(change.before, change.before_sensitive)
    if own is not None:
        counted = clouds.add(kind, own, settings=settings)
        if counted and change.actions == ("update",) and all(counted.place):  # an update in place does not move it
            counted.number += 1
            return
    own = own_of(change.after, change.after_sensitive)
    if own is not None:
        unknown = _decoded(change.after_unknown) if b"true" in bytes(change.after_unknown) else None
        clouds.add(kind, own, unknown or _NO_MASK, settings)


def own_of(values: msgspec.Raw, mask: msgspec.Raw) -> Own | None:
    """Return the non-sensitive attributes of one side; None if the side does not exist or cannot be read."""
    own = _decoded(values)
    marks = bytes(mask)
    if own is None or b"true" not in marks:
        return own
    hidden = _hidden(marks)
    if hidden is None:
        return None
    for name in hidden:
        setattr(own, name, None)
    return own


@lru_cache(_MOST_MASKS)
def _hidden(mask: bytes) -> tuple[str, ...] | None:
    """Return the attributes that a mask covers, even partly; None if it covers all.

    Most objects of a type share a mask.
    """
    marks = _decoded(mask)
    return None if marks is None else tuple(name for name in _NAMES if has_true(getattr(marks, name)))


def _decoded(raw: msgspec.Raw | bytes) -> Own | None:
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, RecursionError):  # or there is nothing
        return None


def _text(value: object, form: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _aws_signs(own: Own, _: Own) -> _Signs:
    arn = _ARN.match(own.arn) if isinstance(own.arn, str) else None
    return arn and arn.groups(), _string(own.region)


def _aws(kind: str, signs: _Signs, settings: Settings) -> _Place:
    arn, own_region = signs
    account = _text(arn[1], ACCOUNT) if arn else None
    region = _text(own_region, REGION) if kind not in _OF_ANOTHER else None
    if region is None and arn:
        region = _text(arn[0], REGION)
    elif region is None and (not kind.startswith(_GLOBAL) or kind.startswith(_REGIONAL)):
        region = settings.region
    return _Place(account or settings.account, region)


def _google_signs(own: Own, unknown: Own) -> _Signs:
    places = (_string(own.zone), _string(own.region), _string(own.location))
    return unknown.project is True, unknown.region is True, _string(own.project), places


def _google(_: str, signs: _Signs, settings: Settings) -> _Place:
    # what is set nowhere is the provider's: an attribute that is not there at all is none of the type
    unknown_project, unknown_region, own_project, places = signs
    project = settings.account if unknown_project else _text(own_project, PROJECT)
    for value in places:
        if value is not None and (found := GOOGLE_REGION.fullmatch(value)):
            return _Place(project, found.group(1))
    return _Place(project, settings.region if unknown_region else _text(places[-1], _MULTI_REGION))


def _azure_signs(own: Own, _: Own) -> _Signs:
    found = _AZURE_ID.match(own.id) if isinstance(own.id, str) else None
    return found and found.group(1), own.scope is None and own.id is None, _string(own.location)


def _azure(_: str, signs: _Signs, settings: Settings) -> _Place:
    account, by_provider, own_location = signs
    account = account.lower() if account else settings.account if by_provider else None
    location = (own_location or "").replace(" ", "").lower()
    return _Place(account, location if location != "global" and _AZURE_LOCATION.fullmatch(location) else None)


_AZURE = _Provider("azure", _azure_signs, _azure)
_PROVIDERS = {
    "aws": _Provider("aws", _aws_signs, _aws),
    "google": _Provider("google", _google_signs, _google),
    "azurerm": _AZURE,
    "azapi": _AZURE,
}


@lru_cache(_MOST_TYPES)
def _provider(kind: str) -> _Provider | None:
    return _PROVIDERS.get(kind.partition("_")[0])
