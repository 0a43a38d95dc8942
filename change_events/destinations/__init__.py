"""Where events are sent: one file a backend, and this registry.

A backend's file is imported when its kind is first asked for. To add one: write the file with a
:class:`~change_events.destinations.base.Destination` named ``DESTINATION`` in it, and give it a line here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from change_events.destinations.base import Destination

_MODULES = {
    "sematext": "change_events.destinations.sematext",
    "webhook": "change_events.destinations.webhook",
    "cloudevents": "change_events.destinations.cloudevents",
    "otlp": "change_events.destinations.otlp",
    "datadog": "change_events.destinations.datadog",
    "grafana": "change_events.destinations.grafana",
    "pagerduty": "change_events.destinations.pagerduty",
    "newrelic": "change_events.destinations.newrelic",
    "honeycomb": "change_events.destinations.honeycomb",
    "dynatrace": "change_events.destinations.dynatrace",
    "splunk": "change_events.destinations.splunk",
    "elasticsearch": "change_events.destinations.elasticsearch",
    "slack": "change_events.destinations.slack",
    "teams": "change_events.destinations.teams",
    "googlechat": "change_events.destinations.googlechat",
    "mattermost": "change_events.destinations.mattermost",
    "discord": "change_events.destinations.discord",
    "github": "change_events.destinations.github",
    "gitlab": "change_events.destinations.gitlab",
    "loki": "change_events.destinations.loki",
    "eventbridge": "change_events.destinations.eventbridge",
    "email": "change_events.destinations.email",
    "servicenow": "change_events.destinations.servicenow",
    "jira": "change_events.destinations.jira",
    "azuremonitor": "change_events.destinations.azuremonitor",
    "command": "change_events.destinations.command",
    "ledger": "change_events.destinations.ledger",
}


def kinds() -> tuple[str, ...]:
    """All kinds of destinations, in the order of the documentation."""
    return tuple(_MODULES)


def get(kind: str) -> Destination:
    """The destination of this kind.

    Raises:
        KeyError: there is none; :func:`kinds` lists them.
    """
    found: Destination = import_module(_MODULES[kind]).DESTINATION
    return found


def named_by(variables: Iterable[str]) -> tuple[str, ...]:
    """The kinds to which one of these environment variables may belong: ``TFEVENT_KIND_…``.

    Importing all of them costs tens of milliseconds, and most runs have variables of none or one.
    """
    given = [name for name in variables if name.startswith("TFEVENT_")]
    return tuple(kind for kind in _MODULES if any(name.startswith(f"TFEVENT_{kind.upper()}_") for name in given))
