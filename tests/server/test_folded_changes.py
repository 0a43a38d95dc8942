"""Siblings by `count` and `for_each` on the page of an event: those to which the same was done are one entry."""

from __future__ import annotations

from tests.history.past import change, run
from tests.server.team import NOW, html, recorded


def node(key, before="t3.large", **more):
    return change(f"module.web.aws_instance.node{key}", attributes={"instance_type": (before, "t3.small")}, **more)


def test_siblings_that_are_alike_are_one_entry_and_each_leads_to_its_history(tmp_path):
    changes = [
        *(node(f"[{place}]", duration=float(place + 1)) for place in range(12)),
        node("[12]", before="t3.xlarge"),
        node("[13]", outcome="failed", error="no capacity"),
        node('["a]b"]'),
        change("module.web.aws_instance.other[0]", attributes={"instance_type": ("t3.large", "t3.small")}),
        change("module.web.aws_instance.single", attributes={"instance_type": ("t3.large", "t3.small")}),
    ]
    event = run(5, *changes, now=NOW)
    with recorded(tmp_path, [event]) as journal:
        text = html(journal, "event", {"id": event.id})
    assert text.count('<article class="change">') == 5
    assert "<summary>and 12 alike</summary>" in text
    assert text.count("<details") == 1
    assert "17, worst first" in text
    for place in range(14):
        assert text.count(f"<bdi>module.web.aws_instance.node[{place}]</bdi>") == 1
    assert "at=module.web.aws_instance.node%5B11%5D" in text
    assert "12 s" in text.partition("<details")[2]
