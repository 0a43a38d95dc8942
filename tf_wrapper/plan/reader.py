"""Reads plan JSON (`terraform show -json PLANFILE`) as changes.

Everything is redacted on the way: the plan's secrets are remembered first, then every value is rendered through the
redactor. Unchanged values are never decoded, and attributes are compared for the most important changes only; counts
are exact in any case.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from change_events.errors import InputError
from change_events.model import Plan
from tf_wrapper.plan.actions import Tally
from tf_wrapper.plan.clouds import clouds_of_plan
from tf_wrapper.plan.document import Document, decode_document
from tf_wrapper.plan.drift import read_drift
from tf_wrapper.plan.names import Names
from tf_wrapper.plan.reading import Reading
from tf_wrapper.plan.resources import read_changes, read_deferred
from tf_wrapper.plan.rest import read_checks, read_invocations, read_outputs
from tf_wrapper.plan.secrets import remember_document
from tf_wrapper.stream.encodings import split_documents, to_utf8

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.redact import Redactor
    from change_events.signals.own_rules import OwnRule
    from tf_wrapper.stream.identity import Identity

DETAILED = 2000
_OPENTOFU = "registry.opentofu.org/"
_TERRAFORM = "registry.terraform.io/"


def read_plan(
    data: bytes,
    *,
    name: str,
    redactor: Redactor,
    ignore: Sequence[str] = (),
    detailed: int = DETAILED,
    own: Sequence[OwnRule] = (),
    identities: list[Identity] | None = None,
) -> Plan:
    """Read one plan.

    Args:
        data: the JSON as stored (UTF-8 or UTF-16, with or without a byte order mark).
        name: name of the file in errors.
        redactor: remembers the plan's secrets and renders its values.
        ignore: globs of attribute paths to leave out.
        detailed: number of changes whose attributes are compared, the most important ones; the rest are listed and
            counted.
        own: the user's signal rules.
        identities: receives the raw identity of each change's object, in the order of the changes.

    Raises:
        InputError: it is not a plan, or of an unknown major format version.
    """
    text = to_utf8(data)
    with _readable(name):
        try:
            document = decode_document(text, name)
        except msgspec.DecodeError:
            number = len(list(_documents(text, name)))
            raise InputError(f"{name}: {number} plans in one file where one is expected") from None
        remember_document(document, redactor)
        return _plan(document, Reading(redactor, Names(redactor), ignore, detailed, own, identities), name)


def read_plans(
    data: bytes,
    *,
    name: str,
    redactor: Redactor,
    ignore: Sequence[str] = (),
    detailed: int = DETAILED,
    own: Sequence[OwnRule] = (),
) -> list[Plan]:
    """Read a file of one or more concatenated plans, as Terragrunt writes them.

    Raises:
        InputError: as :func:`read_plan`; one unreadable plan rejects the whole file.
    """
    with _readable(name):
        documents = list(_documents(to_utf8(data), name))
        for document in documents:
            remember_document(document, redactor)
        reading = Reading(redactor, Names(redactor), ignore, detailed, own)
        several = len(documents) > 1
        return [
            _plan(document, reading, f"{name} (plan {number})" if several else name)
            for number, document in enumerate(documents, 1)
        ]


def remember_secrets(data: bytes, redactor: Redactor, *, name: str = "plan") -> None:
    """Remember all values that a plan marks as sensitive, to scrub them from the run's output.

    Raises:
        InputError: as :func:`read_plan`.
    """
    with _readable(name):
        for document in _documents(to_utf8(data), name):
            remember_document(document, redactor)


def _documents(text: bytes, name: str) -> Iterator[Document]:
    try:
        yield decode_document(text, name)
    except msgspec.DecodeError:
        parts = list(split_documents(text, name))
    else:
        return
    for number, part in enumerate(parts, 1):
        yield decode_document(part, f"{name} (plan {number} of {len(parts)})")


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Convert errors of parts that are decoded late into an error of the whole plan."""
    try:
        yield
    except msgspec.ValidationError as error:
        raise InputError(
            f"{name}: not a plan ({error}); create it again with `terraform show -json PLANFILE`"
        ) from error
    except msgspec.DecodeError as error:
        raise InputError(f"{name}: not JSON ({error}); create it again with `terraform show -json PLANFILE`") from error
    except RecursionError as error:
        raise InputError(f"{name}: nested too deeply to be a plan") from error


def _plan(document: Document, reading: Reading, name: str) -> Plan:
    tally = Tally()
    changes = read_changes(document.resource_changes or (), tally, reading)
    changes += read_deferred(document.deferred_changes or (), tally, reading)
    deferred = document.deferred_action_invocations or ()
    changes += read_invocations(document.action_invocations or (), deferred, tally, reading)
    drift = read_drift(document, tally, reading)
    outputs = read_outputs(document.output_changes or {}, tally, reading)
    return Plan(
        changes=tuple(changes),
        outputs=tuple(outputs),
        drift=tuple(drift),
        checks=tuple(read_checks(document.checks or (), document.condition_results or (), reading)),
        counts=tally.counts(),
        by_type={reading.names.text(name): number for name, number in tally.by_type.most_common()},
        by_module={reading.names.text(name): number for name, number in tally.by_module.most_common()},
        clouds=clouds_of_plan(document, reading.redactor),
        name=reading.names.text(name),
        tool_name=_tool(document),
        tool_version=reading.names.maybe(document.terraform_version),
        format_version=reading.names.maybe(document.format_version),
        errored=bool(document.errored),
        complete=document.complete,
        applyable=document.applyable,
    )


def _tool(document: Document) -> str:
    """Return `tofu` or `terraform`: both store their version under the same key, and differ in the registry.

    A plan with built-in providers only is OpenTofu's if it lacks `applyable`, which Terraform writes from 1.8 on.
    """
    providers = {change.provider_name or "" for change in document.resource_changes or ()}
    if any(provider.startswith(_OPENTOFU) for provider in providers):
        return "tofu"
    if any(provider.startswith(_TERRAFORM) for provider in providers) or document.applyable is not None:
        return "terraform"
    builtin = any(provider.startswith("terraform.io/builtin/") for provider in providers)
    return "tofu" if builtin and _minor(document.terraform_version) >= (1, 8) else "terraform"


def _minor(version: str | None) -> tuple[int, ...]:
    parts = (version or "").split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else (0, 0)
