"""Which events are kept, and which of them go where: decided from the event and the settings alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import Kind, Outcome, Phase

if TYPE_CHECKING:
    from change_events.model import ChangeEvent
    from change_events.settings import Settings

_BAD = {Outcome.FAILED, Outcome.PARTIAL, Outcome.UNKNOWN}


def is_worth_recording(event: ChangeEvent, settings: Settings) -> bool:
    """Whether an ended run is kept: `report: changed` (the default) keeps none that changed nothing; failures always.

    What a person or a script sends on purpose is always kept.
    """
    if event.explicit:
        return True
    if event.phase is Phase.PLANNED:
        return settings.plans != "off" and (event.outcome is not Outcome.NO_CHANGE or settings.report == "always")
    return settings.report == "always" or event.outcome is not Outcome.NO_CHANGE


def destinations(event: ChangeEvent, settings: Settings) -> list[str]:
    """Names of the destinations that an ended run or an explicit event goes to."""
    everything = [destination.name for destination in settings.destinations]
    return everything if _is_sent(event, settings) else []


def _is_sent(event: ChangeEvent, settings: Settings) -> bool:
    if event.explicit:
        return True
    if event.phase is Phase.PLANNED:
        return settings.plans == "send"
    if settings.report == "always":
        return True
    if settings.report == "failed":
        return event.outcome in _BAD
    return not (event.outcome is Outcome.DECLINED or _was_cancelled_untouched(event))


def _was_cancelled_untouched(event: ChangeEvent) -> bool:
    met = event.summary.outcomes
    touched = met.applied or met.failed or met.unknown
    return event.kind is Kind.INFRASTRUCTURE and event.outcome is Outcome.CANCELLED and not touched
