"""Which events are kept, and which of them go where: decided from the event and the settings alone.

For each destination two questions, and both must be answered with yes: does it get events of this sort (``report``
and ``plans``, its own before those that hold for all; what is sent on purpose always is; ``stacks``, of a run of many
stacks and its units), and does the event meet its conditions (``when``)? An event that goes anywhere is kept, and so is
what the settings say is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from change_events.destinations import get as destination_of
from change_events.destinations.shared import conditions
from change_events.model import Kind, Outcome, Phase

if TYPE_CHECKING:
    from change_events.destinations.base import DestinationSettings
    from change_events.model import ChangeEvent
    from change_events.settings import Settings

_DRY = {Phase.PLANNED, Phase.CHECKED}  # nothing was done
_BAD = {Outcome.FAILED, Outcome.PARTIAL, Outcome.UNKNOWN}


def is_worth_recording(event: ChangeEvent, settings: Settings) -> bool:
    """Whether an ended run is kept: `report: changed` (the default) keeps none that changed nothing; failures always.

    What a person or a script sends on purpose is always kept, and so is what any destination is sent.
    """
    return event.explicit or _is_kept(event, settings) or bool(destinations(event, settings))


def _is_kept(event: ChangeEvent, settings: Settings) -> bool:
    if event.phase in _DRY:
        return settings.plans != "off" and (event.outcome is not Outcome.NO_CHANGE or settings.report == "always")
    return settings.report == "always" or event.outcome is not Outcome.NO_CHANGE


def destinations(event: ChangeEvent, settings: Settings) -> list[str]:
    """Names of the destinations that an ended run or an explicit event goes to, or waits for if they are broken."""
    return [
        one.name
        for one in (*settings.destinations, *settings.broken)
        if goes_to(event, one, settings) and inapplicable(event, one) is None
    ]


def started(event: ChangeEvent, settings: Settings) -> list[str]:
    """Names of the destinations that are notified that a run has started: those that ask for it (``include_started``).

    Their conditions are asked about what is known by now. Plans and checks, and runs that are reported only if they
    fail, have no start to report.
    """
    return [
        one.name
        for one in settings.destinations
        if one.routing.include_started
        and event.phase is Phase.APPLIED
        and (event.explicit or report_of(one, settings) != "failed")
        and of_stacks(event, one)
        and conditions.hold(one.routing.when, event)
        and inapplicable(event, one) is None
    ]


def goes_to(event: ChangeEvent, destination: DestinationSettings, settings: Settings) -> bool:
    """Whether an ended run or an explicit event goes to this destination, if it can be reported there at all."""
    return is_reported_to(event, destination, settings) and conditions.hold(destination.routing.when, event)


def is_reported_to(event: ChangeEvent, destination: DestinationSettings, settings: Settings) -> bool:
    """Whether this destination gets events of this sort, its conditions aside."""
    if event.explicit:
        return True
    if not of_stacks(event, destination):
        return False
    report = report_of(destination, settings)
    if event.phase in _DRY:
        plans = destination.routing.plans or settings.plans
        return plans == "send" and (event.outcome is not Outcome.NO_CHANGE or report == "always")
    if report == "always":
        return True
    if report == "failed":
        return event.outcome in _BAD and event.backfilled is None
    return event.outcome not in {Outcome.NO_CHANGE, Outcome.DECLINED} and not _was_cancelled_untouched(event)


def of_stacks(event: ChangeEvent, destination: DestinationSettings) -> bool:
    """Whether this destination gets that part of a run of many stacks; of any other event, yes."""
    wanted = destination.routing.stacks
    if is_unit(event):
        return wanted in {"children", "both"} or (wanted == "failed" and event.outcome in _BAD)
    return event.stacks is None or wanted != "children"


def _part(event: ChangeEvent, destination: DestinationSettings) -> str:
    if not is_unit(event):
        return "the event of a run of many stacks is"
    which = " that did not fail" if destination.routing.stacks == "failed" else ""
    return f"units of a run of many stacks{which} are"


def is_unit(event: ChangeEvent) -> bool:
    """Whether the event is that of a unit of a run of many stacks: what is sent on purpose within one is not."""
    return event.trace is not None and event.trace.unit and not event.explicit


def inapplicable(event: ChangeEvent, destination: DestinationSettings) -> str | None:
    """Why nothing can be reported there about this event, as a clause; None where something may be."""
    asked = None if destination.broken else destination_of(destination.kind).inapplicable
    return asked(event, destination.options) if asked else None


def refusal(event: ChangeEvent, destination: DestinationSettings, settings: Settings) -> str | None:
    """Why an event does not go to this destination, as a clause; None where it does."""
    when = destination.routing.when
    if not event.explicit and not of_stacks(event, destination):
        return f"{_part(event, destination)} not delivered to it (`stacks: {destination.routing.stacks}`)"
    if not is_reported_to(event, destination, settings):
        if event.phase in _DRY and (destination.routing.plans or settings.plans) != "send":
            return "plans and checks are not delivered to it (`plans`)"
        return f"runs like this one are not delivered to it (`report: {report_of(destination, settings)}`)"
    if conditions.hold(when, event):
        return inapplicable(event, destination)
    failing = (", ".join(one.failing(event)) for one in when)
    return f"its conditions do not match: {'; or '.join(failing)}"


def report_of(destination: DestinationSettings, settings: Settings) -> Literal["changed", "always", "failed"]:
    """Which runs this destination receives."""
    return destination.routing.report or settings.report


def _was_cancelled_untouched(event: ChangeEvent) -> bool:
    met = event.summary.outcomes
    touched = met.applied or met.failed or met.unknown
    return event.kind is Kind.INFRASTRUCTURE and event.outcome is Outcome.CANCELLED and not touched
