"""The raw identities of a run's objects, which alone link related data.

Redacted texts do not identify: a secret may become known after a text was redacted, so that one address or ID is
rendered in two ways; and two secrets are rendered alike.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from change_events.redact.spans import is_marked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from change_events.model import Change
    from change_events.redact import Redactor
    from tf_wrapper.stream.trigger import Trigger


class Identity(NamedTuple):
    """The raw identity of one planned change's object, kept in memory for comparison and never recorded.

    Attributes:
        address: of the instance; None if unknown.
        id: of the object before the run; None if there is none or it is unknown.
        type: resource type.
        name: resource name.
        trigger: trigger of an action's invocation; None if unknown.
    """

    address: str | None
    id: str | None = None
    type: str | None = None
    name: str | None = None
    trigger: Trigger | None = None


def recognised(changes: Sequence[Change], addresses: Iterable[str], redactor: Redactor) -> tuple[Identity, ...]:
    """Return the identities of recorded changes whose plan is gone.

    Args:
        changes: the recorded, redacted changes.
        addresses: raw addresses they may have.
        redactor: may know other secrets than the one that redacted the changes.

    A redacted address is recognised if only one raw address matches. Several invocations of an action share its
    address.
    """
    rendered: dict[str, list[str]] = {}
    for raw in dict.fromkeys(addresses):
        rendered.setdefault(redactor.text(raw), []).append(raw)
    times = Counter((change.address, change.deposed) for change in changes if change.mode != "action")
    return tuple(
        Identity(
            address=_address(change, rendered, times[change.address, change.deposed]),
            id=change.id if change.id and not is_marked(change.id) else None,
            type=change.type,
            name=change.name,
        )
        for change in changes
    )


def _address(change: Change, rendered: dict[str, list[str]], times: int) -> str | None:
    found = rendered.get(change.address, [])
    if not found and not is_marked(change.address):
        return change.address
    return found[0] if len(found) == 1 and times <= 1 else None
