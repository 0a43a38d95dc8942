"""The figures in docs/explanation/delivery.md are those of the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from change_events.delivery import backoff, sender, worker
from change_events.delivery import destination_flush as flush
from change_events.journal import Retention
from change_events.journal.backlog_limits import FAILURES

PAGE = (Path(__file__).parents[2] / "docs" / "explanation" / "delivery.md").read_text()
CAPS = Retention()
FIGURES = {
    "attempts for one event in one flush": f"{sender.ATTEMPTS}",
    "back-off after the first failure": f"{backoff.FIRST / 2:g} to {backoff.FIRST:g} s",
    "at most": f"{backoff.LONGEST / 2:g} to {backoff.LONGEST:g} s",
    "one event may take": f"{worker.LONGEST:g} s",
    "events handed to a destination at once, when it works": f"{flush._BATCH}, or {flush._BATCH_BYTES:,} bytes",
    "a killed flush holds a destination up": f"{worker.SPAN + worker.LONGEST + flush._LEASE_MARGIN:g} s at most",
    "outbox of one destination": f"{CAPS.owed:,} events, {CAPS.owed_bytes:,} bytes, {CAPS.owed_days} days",
    "journal": f"{CAPS.events:,} events, {CAPS.bytes:,} bytes, {CAPS.days} days",
}


@pytest.mark.parametrize("what", FIGURES)
def test_a_figure(what):
    assert f"| {what} | {FIGURES[what]} |\n" in PAGE


def test_figures_in_sentences():
    assert f"Tried up to {sender.ATTEMPTS} times within the flush" in PAGE
    assert FAILURES == 3
    assert "failed three times in a row" in PAGE
