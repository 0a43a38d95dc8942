"""Routing against a naive reading of the settings: any event, any conditions, any policies.

The oracle reads the document as written in `tfevent.yaml`; the code under test reads the file.
"""

from __future__ import annotations

import os
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from change_events import routing
from change_events.cli import route_check
from change_events.model import (
    ChangeEvent,
    Counts,
    HostCounts,
    Kind,
    Outcome,
    OutcomeCounts,
    Phase,
    Playbook,
    Severity,
    Signal,
    Summary,
    Tool,
)
from change_events.summary.severity import severity
from tests.support.selection import examples
from tests.support.trusted import load

NAMES = ["dev", "prod", "prod-eu", "Prod"]
GLOBS = ["dev", "prod", "prod-*", "*", "p?od", "[dp]*", "!dev", "!prod*", "?*", ""]
SIGNALS = ["exposed_to_world", "iam_widened", "state_emergency"]
FEW = st.integers(0, 3)

counts = st.builds(Counts, create=FEW, destroy=FEW, import_=FEW, drift=FEW, change=FEW)
events = st.builds(
    ChangeEvent,
    id=st.just("x"),
    title=st.just("x"),
    started_at=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    kind=st.sampled_from(Kind),
    phase=st.sampled_from(Phase),
    outcome=st.none() | st.sampled_from(Outcome),
    severity=st.sampled_from(Severity),
    environment=st.none() | st.sampled_from(NAMES),
    service=st.none() | st.sampled_from(NAMES),
    tool=st.none() | st.builds(Tool, name=st.sampled_from(["terraform", "tofu", "prod"])),
    tags=st.dictionaries(st.sampled_from(["team", "tier"]), st.sampled_from(NAMES), max_size=2),
    signals=st.lists(st.builds(Signal, name=st.sampled_from(SIGNALS), reason=st.just("x")), max_size=2).map(tuple),
    explicit=st.booleans(),
    playbook=st.none() | st.just(Playbook()),
    summary=st.builds(
        Summary,
        counts=counts,
        applied=st.none() | counts,
        outcomes=st.builds(OutcomeCounts, applied=FEW, failed=FEW, not_attempted=FEW, unknown=FEW),
        hosts=st.none() | st.builds(HostCounts, failed=FEW, unreachable=FEW, changed=FEW),
    ),
)


def some(texts):
    return st.sampled_from(texts) | st.lists(st.sampled_from(texts), min_size=1, max_size=3)


def words(enumeration):
    plain = [word.value for word in enumeration]
    return some([*plain, f"!{plain[0]}", f"{plain[1][:2]}*", "*"])


figures = st.builds(
    lambda sign, number, gap: f"{sign}{gap}{number}" if sign else number,
    st.sampled_from(["", ">", ">=", "<", "<=", "=", "==", "!="]),
    FEW,
    st.sampled_from(["", " "]),
)
FIGURES = ["create", "destroy", "import", "drift", "change", "applied", "failed", "unknown", "hosts_failed"]
CONDITIONS = {
    "kind": words(Kind),
    "phase": words(Phase),
    "outcome": words(Outcome),
    "environment": some(GLOBS),
    "service": some(GLOBS),
    "tool": some(["terraform", "t*", "!tofu"]),
    "severity": st.sampled_from([word.value for word in Severity]),
    "signals": some([*SIGNALS, "i*", "!state_*", "*"]),
    "counts": st.dictionaries(st.sampled_from(FIGURES), figures, min_size=1, max_size=2),
    "tags": st.dictionaries(st.sampled_from(["team", "tier"]), some(GLOBS), min_size=1),
    "explicit": st.booleans(),
}
# one or two at a time: of many that must hold together, none would ever decide
conditions = st.lists(st.sampled_from(list(CONDITIONS)), min_size=1, max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: CONDITIONS[name] for name in names})
)
destinations = st.fixed_dictionaries(
    {"kind": st.just("webhook"), "url": st.just("https://hooks.example/x")},
    optional={
        "when": conditions | st.lists(conditions, min_size=1, max_size=3),
        "report": st.sampled_from(["changed", "always", "failed"]),
        "plans": st.sampled_from(["send", "off"]),
        "include_started": st.booleans(),
    },
)
documents = st.fixed_dictionaries(
    {"destinations": st.dictionaries(st.sampled_from(["a", "b", "c"]), destinations, min_size=1, max_size=3)},
    optional={
        "report": st.sampled_from(["changed", "always", "failed"]),
        "plans": st.sampled_from(["journal", "send", "off"]),
    },
)


def read(document):
    os.environ["XDG_CONFIG_HOME"] = "/nowhere"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tfevent.yaml")
        path.write_text(yaml.safe_dump(document))
        path.chmod(0o600)
        return load(Path(folder), {})


def fits(text, globs):
    """Each glob as a regular expression; with `!` it must not fit."""
    globs = globs if isinstance(globs, list) else [globs]
    hits = {glob: bool(re.fullmatch(_regex(glob.lstrip("!")), text)) for glob in globs}
    if any(hit for glob, hit in hits.items() if glob.startswith("!")):
        return False
    return any(hits.values()) or all(glob.startswith("!") for glob in globs)


def _regex(glob):
    return glob.replace(".", r"\.").replace("*", ".*").replace("?", ".")


def counted(event, name):
    summary = event.summary
    if name == "hosts_failed":
        return summary.hosts.failed if summary.hosts else 0
    if name in {"applied", "failed", "unknown"}:
        return getattr(summary.outcomes, name)
    name = {"import": "import_"}.get(name, name)
    planned, done = getattr(summary.counts, name), summary.applied and getattr(summary.applied, name)
    if name == "drift":
        return planned
    if event.phase == "applied" and event.outcome and not event.explicit and not event.playbook:
        return done or 0
    return planned if done is None else done


def compares(number, wanted):
    sign, right = re.fullmatch(r"([<>=!]*) ?(\d+)", str(wanted)).groups()
    return eval(f"{number} {({'': '==', '=': '=='}).get(sign, sign)} {right}")


def severe(event, wanted):
    order = ["info", "warning", "error"]
    return order.index(event.severity.value) >= order.index(wanted)


def signalled(event, wanted):
    globs = [wanted] if isinstance(wanted, str) else wanted
    barred, asked = [g for g in globs if g.startswith("!")], [g for g in globs if not g.startswith("!")]
    names = [signal.name for signal in event.signals]
    if any(not fits(name, barred) for name in names if barred):
        return False
    return not asked or any(fits(name, asked) for name in names)


MET = {
    "severity": severe,
    "signals": signalled,
    "counts": lambda event, wanted: all(compares(counted(event, name), number) for name, number in wanted.items()),
    "tags": lambda event, wanted: all(fits(event.tags.get(name, ""), globs) for name, globs in wanted.items()),
    "explicit": lambda event, wanted: event.explicit == wanted,
    "tool": lambda event, wanted: fits(event.tool.name if event.tool else "", wanted),
}


def met(event, name, wanted):
    return MET[name](event, wanted) if name in MET else fits(getattr(event, name) or "", wanted)


def meets(event, when):
    maps = when if isinstance(when, list) else [when]
    return any(all(met(event, name, wanted) for name, wanted in one.items()) for one in maps)


def is_delivered(event, document, one):
    report = one.get("report") or document.get("report", "changed")
    plans = one.get("plans") or document.get("plans", "journal")
    summary = event.summary.outcomes
    idle = event.kind == "infrastructure" and event.outcome == "cancelled"
    idle = idle and not (summary.applied or summary.failed or summary.unknown)
    if event.explicit:
        return True
    if event.phase in {"planned", "checked"}:
        return plans == "send" and (event.outcome != "no_change" or report == "always")
    if report == "failed":
        return event.outcome in {"failed", "partial", "unknown"}
    return report == "always" or not (event.outcome in {"no_change", "declined"} or idle)


RUN = ChangeEvent(
    id="x", kind=Kind.INFRASTRUCTURE, phase=Phase.APPLIED, title="x", started_at=datetime(2026, 1, 1, tzinfo=UTC)
)


@given(documents, st.lists(events, min_size=1, max_size=8))
@example({"destinations": {"a": {"kind": "webhook", "url": "https://x/y"}}}, [RUN])
@examples(300)
def test_an_event_goes_where_a_naive_reading_says(document, some_events):
    given_settings = read(document)
    for event in some_events:
        expected = [
            name
            for name, one in document["destinations"].items()
            if is_delivered(event, document, one) and ("when" not in one or meets(event, one["when"]))
        ]
        assert sorted(routing.destinations(event, given_settings)) == sorted(expected)
        if expected:
            assert routing.is_worth_recording(event, given_settings), "what is sent is kept"
        starts = [
            name
            for name, one in document["destinations"].items()
            if one.get("include_started")
            and event.phase == "applied"
            and (event.explicit or (one.get("report") or document.get("report")) != "failed")
            and ("when" not in one or meets(event, one["when"]))
        ]
        assert sorted(routing.started(event, given_settings)) == sorted(starts)


def plausible(event):
    """As it comes: what is observed is infrastructure and as severe as it is; what is sent was done, or checked."""
    if event.explicit:
        return event if event.phase != "planned" and event.outcome else None
    observed = msgspec.structs.replace(
        event, kind=Kind.INFRASTRUCTURE, playbook=None, outcome=event.outcome or Outcome.FAILED
    )
    return msgspec.structs.replace(observed, severity=severity(observed))


def hopeless_ones(one, given_settings):
    return [problem for problem in route_check.problems(one, given_settings) if "no event can be sent" in problem]


HOPELESS = [
    {"destinations": {"a": {"kind": "webhook", "url": "https://x/y", **one}}}
    for one in (
        {"when": {"counts": {"destroy": "<0"}}},
        {"when": {"phase": "planned"}, "plans": "off"},
        {"when": [{"counts": {"create": "< 0"}}, {"counts": {"failed": "<0"}}]},
    )
]


@pytest.mark.parametrize("document", HOPELESS)
def test_doctor_calls_hopeless_what_no_event_reaches(document):
    given_settings = read(document)
    assert all(hopeless_ones(one, given_settings) for one in given_settings.destinations)


@given(documents, st.lists(events, min_size=1, max_size=8))
@example(HOPELESS[0], [RUN])
@example(HOPELESS[1], [RUN])
@examples(200)
def test_doctor_calls_nothing_hopeless_that_an_event_can_reach(document, some_events):
    given_settings = read(document)
    for one in given_settings.destinations:
        hopeless = hopeless_ones(one, given_settings)
        for event in filter(None, map(plausible, some_events)):
            assert not (hopeless and routing.goes_to(event, one, given_settings)), (event, hopeless)
