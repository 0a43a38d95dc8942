"""The context shared by all steps of reading a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.redact import Redactor
    from change_events.signals.own_rules import OwnRule
    from tf_wrapper.plan.names import Names
    from tf_wrapper.stream.identity import Identity


class Reading(NamedTuple):
    """The context for reading one plan.

    Attributes:
        redactor: has remembered the plan's secrets.
        names: redacted addresses.
        ignore: globs of attribute paths to leave out.
        detailed: number of changes whose attributes are computed; all others are only listed.
        own: the user's signal rules.
        identities: receives the identity of each change, in order; None to discard them.
    """

    redactor: Redactor
    names: Names
    ignore: Sequence[str]
    detailed: int
    own: Sequence[OwnRule] = ()
    identities: list[Identity] | None = None

    def identify(self, identity: Identity) -> None:
        """Keep the raw identity of the next change's object."""
        if self.identities is not None:
            self.identities.append(identity)
