"""What a report on one event with 1,000 changes costs: CPU in the process, and its size.

Run: ``python -m benchmarks.report``.
On an idle machine of 2024 both take less than 200 ms. CPU is compared with json.dumps of the same event, in one run.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from benchmarks.limits import enforce
from change_events.model import (
    Action,
    AttributeChange,
    Change,
    ChangeEvent,
    ChangeOutcome,
    Kind,
    Outcome,
    Phase,
    Value,
    ValueKind,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CHANGES = 1_000
LIMITS = {"HTML, megabytes": 1.0, "HTML, CPU of json.dumps": 12.0, "Markdown, CPU of json.dumps": 18.0}


def event(changes: int = CHANGES) -> ChangeEvent:
    """One run that updated so many instances, five attributes each, the last one failed."""
    before, after = (Value(kind=ValueKind.VALUE, text=f'"{text}"') for text in ("ami-0a1b2c3d4e", "ami-4e5f6a7b8c"))
    names = (
        "ami",
        "user_data_base64",
        "tags.release",
        "root_block_device[0].volume_id",
        "metadata_options[0].http_tokens",
    )
    attributes = tuple(AttributeChange(path=name, before=before, after=after) for name in names)
    found = tuple(
        Change(
            address=f'module.web["eu-central-1"].aws_instance.node[{number}]',
            action=Action.UPDATE,
            outcome=ChangeOutcome.APPLIED if number < changes - 1 else ChangeOutcome.FAILED,
            duration=61.5,
            attributes=attributes,
        )
        for number in range(changes)
    )
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    return ChangeEvent(
        id="019ab0f1-5e00-7aaa-8bbb-000000000001", kind=Kind.INFRASTRUCTURE, phase=Phase.APPLIED, started_at=now,
        title=f"prod/shop: {changes - 1} updated, 1 failed", outcome=Outcome.PARTIAL, changes=found,
    )  # fmt: skip


def cpu(work: Callable[[], object]) -> float:
    """The best CPU seconds of five runs; the first one, which compiles the template, is left out."""
    work()
    taken = []
    for _ in range(5):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def measured() -> dict[str, float]:
    """Measure and print; the figures by the names of :data:`LIMITS`."""
    from change_events.report.page import page
    from change_events.report.sizes import WHOLE, sizes
    from change_events.summary.document import document

    one = event()
    plain = msgspec.to_builtins(one)
    dumped = cpu(lambda: json.dumps(plain))
    html, markdown, comment = (
        cpu(work)
        for work in (
            lambda: page([one]),
            lambda: document([one], WHOLE),
            lambda: document([one], sizes()["github"]),
        )
    )
    size = len(page([one]).encode())
    print(f"{CHANGES} changes of five attributes each; json.dumps of the event: {dumped * 1000:.0f} ms CPU")
    print(f"  HTML                 {html * 1000:4.0f} ms CPU   {size / 1000:5.0f} kB")
    print(
        f"  Markdown             {markdown * 1000:4.0f} ms CPU   {len(document([one], WHOLE).encode()) / 1000:5.0f} kB"
    )
    print(f"  Markdown for github  {comment * 1000:4.0f} ms CPU")
    return {
        "HTML, megabytes": size / 1e6,
        "HTML, CPU of json.dumps": html / dumped,
        "Markdown, CPU of json.dumps": markdown / dumped,
    }


def main() -> None:
    enforce(measured(), LIMITS)


if __name__ == "__main__":
    main()
