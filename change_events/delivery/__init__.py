"""Delivery: sends the events of the outbox within a time budget; what cannot be delivered waits.

A caller waits for the budget and no longer: daemon threads send, one per destination, and only the calling thread uses
the journal. One process at a time sends to a destination; others wait for it without importing httpx.
"""

from __future__ import annotations

from change_events.delivery.backoff import left_alone
from change_events.delivery.flush import deliver, deliver_directly
from change_events.delivery.probe import Probe, ProbeResult, probe
from change_events.delivery.report import DeliveryReport

__all__ = ["DeliveryReport", "Probe", "ProbeResult", "deliver", "deliver_directly", "left_alone", "probe"]
