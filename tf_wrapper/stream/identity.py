"""What terraform calls the objects of a run, in clear: what belongs together is found by this alone.

Redacted texts are no identities. A secret may become known after a text was redacted, so that one address or id is
rendered in two ways within a run; and two secrets are rendered alike.
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
    """One planned change's object, raw: it lives in memory for comparisons and is never recorded.

    Attributes:
        address: of the instance; None where it is not known.
        id: of the object before the run; None where there is none, or it is not known.
        type: resource type.
        name: resource name.
        trigger: of the invocation of an action; None where it is not known.
    """

    address: str | None
    id: str | None = None
    type: str | None = None
    name: str | None = None
    trigger: Trigger | None = None


def recognised(changes: Sequence[Change], addresses: Iterable[str], redactor: Redactor) -> tuple[Identity, ...]:
    """The identities of recorded changes of which the plan is gone.

    Args:
        changes: redacted, as they were recorded.
        addresses: raw ones that they may have.
        redactor: may know other secrets than the one that redacted the changes.

    A change whose address is redacted is recognised where just one raw address can be meant. Several invocations of one
    action share its address.
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
