"""What every step of reading one plan needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.redact import Redactor
    from change_events.signals.own_rules import OwnRule
    from tf_wrapper.plan.names import Names
    from tf_wrapper.stream.identity import Identity


class Reading(NamedTuple):
    """What the reading of one plan needs everywhere.

    Attributes:
        redactor: it has remembered the plan's secrets already.
        names: redacted addresses.
        ignore: globs of attribute paths to leave out.
        detailed: how many changes get their attributes computed; all others are only listed.
        own: signals of the user's own.
        identities: receives one of each change, in their order; None where no one asks.
    """

    redactor: Redactor
    names: Names
    ignore: Sequence[str]
    detailed: int
    own: Sequence[OwnRule] = ()
    identities: list[Identity] | None = None

    def identify(self, identity: Identity) -> None:
        """Keep what terraform calls the object of the next change."""
        if self.identities is not None:
            self.identities.append(identity)
