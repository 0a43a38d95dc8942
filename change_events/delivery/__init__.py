"""Delivery: what the outbox holds goes out, inside a time budget, and what does not get through waits.

Whoever calls waits for the budget and no longer: sending happens on daemon threads, one per destination, and
only the calling thread touches the journal. One process at a time sends to a destination; the others wait for it, and
do not even import httpx.
"""

from __future__ import annotations

from change_events.delivery.backoff import left_alone
from change_events.delivery.flush import deliver, deliver_directly
from change_events.delivery.probe import Probe, ProbeResult, probe
from change_events.delivery.report import DeliveryReport

__all__ = ["DeliveryReport", "Probe", "ProbeResult", "deliver", "deliver_directly", "left_alone", "probe"]
