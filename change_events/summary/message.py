"""The message in Markdown: sections by importance, within a size, with omissions counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.context.repository import change_number
from change_events.model import Action, ChangeOutcome
from change_events.summary import causes, history, playbook, stacks, state_edit
from change_events.summary.change_text import attribute_lines, change, fenced, outputs_heading, partial, value
from change_events.summary.fitting import Section, fitted
from change_events.summary.title import title
from change_events.text.markdown import clip, code, link, page, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import Change, ChangeEvent, CheckResult, Drift, Failure, OutputChange, Stacks

_STATE_ONLY = {Action.IMPORT: "imported", Action.MOVE: "moved", Action.FORGET: "forgotten", Action.NO_OP: "unchanged"}
_UNDONE = {ChangeOutcome.NOT_ATTEMPTED: " (not attempted)", ChangeOutcome.PLANNED: " (planned)"}
_MOST_OF_DRIFT = 5  # attributes
_DETAIL = 10  # lines of an error's detail
_LONGEST = 300  # characters of such a line
_BROKEN = {ChangeOutcome.FAILED, ChangeOutcome.UNKNOWN}


def message(event: ChangeEvent, limit_bytes: int) -> str:
    """Return the message of an event in at most ``limit_bytes`` bytes of UTF-8.

    Whole items are omitted, the least important first; actor, commit and links are kept as long as possible.
    """
    head = f"**{plain(title(event))}**\n" + (f"\n{words}\n" if (words := partial(event)) else "")
    foot = "".join(f"\n{line}" for line in context_lines(event))
    room = limit_bytes - len(head.encode()) - len(foot.encode()) - 1
    body = fitted(sections(event), room)
    return clip(head + body + (f"{foot}\n" if foot else ""), limit_bytes)


def sections(event: ChangeEvent) -> list[Section]:
    """Return all sections, the most important first."""
    if event.playbook is not None:
        return [Section(*section) for section in playbook.sections(event)]
    if event.stacks is not None:
        return _of_stacks(event, event.stacks)
    broken = [c for c in event.changes if c.outcome in _BROKEN]
    rest = [c for c in event.changes if c.outcome not in _BROKEN]
    listed = {c.address for c in broken if c.error}
    return [
        Section("Failed", "failures", [_failure(f) for f in event.failures if f.address not in listed]),
        Section("Not completed", "incomplete changes", _changes(broken)),
        Section("Risk signals", "risk signals", risk_signals(event)),
        Section("Causes", "causes", [f"- {causes.shared_words(cause)}" for cause in causes.known(event.causes)]),
        Section("Destroy or replace", "destroys and replaces", _by(rest, Action.DESTROY, Action.REPLACE)),
        Section("Update", "updates", _by(rest, Action.UPDATE)),
        Section("Create", "creates", _by(rest, Action.CREATE)),
        Section("Other actions", "other actions", _by(rest, Action.INVOKE, Action.OTHER, Action.READ)),
        Section("State only", "state-only changes", [*_state_version(event), *_state_changes(rest)]),
        Section("Drift", "drifted resources", [_drift(d) for d in event.drift]),
        Section(outputs_heading(event), "outputs", [
            _output(o) for o in event.outputs
        ]),
        Section("Checks not passed", "checks", [
            _check(c) for c in event.checks
        ]),
    ]  # fmt: skip


def _of_stacks(event: ChangeEvent, run: Stacks) -> list[Section]:
    return [
        Section("Message", "messages", [run.message] if run.message else []),
        Section("Failed", "failures", [_failure(f) for f in event.failures]),
        *(Section(*section) for section in stacks.broken(run)),
        Section("Risk signals", "risk signals", risk_signals(event)),
        Section("Causes", "causes", [f"- {causes.shared_words(cause)}" for cause in causes.known(event.causes)]),
        *(Section(*section) for section in stacks.others(event, run)),
    ]


def risk_signals(event: ChangeEvent) -> list[str]:
    """Return an item for each risk signal: its reason and location."""
    return [f"- {plain(signal.reason)}" + _at(signal.address) for signal in event.signals]


def _by(changes: list[Change], *actions: Action) -> list[str]:
    return _changes([c for c in changes if c.action in actions])


def _changes(changes: list[Change]) -> list[str]:
    return [change(c) for c in changes]


def _at(address: str | None) -> str:
    return f": {code(address)}" if address else ""


def _failure(failure: Failure) -> str:
    place = f" ({code(failure.file)}{f' line {failure.line}' if failure.line else ''})" if failure.file else ""
    address = f"{code(failure.address)}: " if failure.address else ""
    lines = [line[:_LONGEST] for line in (failure.detail or "").splitlines() if line.strip()]
    detail = fenced(lines[:_DETAIL], "  ", total=len(lines))
    return "\n".join([f"- {address}{plain(failure.summary)}{place}", *detail])


def _output(item: OutputChange) -> str:
    return f"- {item.action.value} {code(item.name)}: {value(item.before)} → {value(item.after, item.before)}"


def _check(item: CheckResult) -> str:
    return f"- {code(item.address)}: {plain(item.status)}" + "".join(f"; {code(text)}" for text in item.problems)


def _state_changes(changes: list[Change]) -> list[str]:
    return [_state_only(c) for c in changes if c.action in _STATE_ONLY or c.action is Action.EDIT]


def _state_version(event: ChangeEvent) -> list[str]:
    """Return the version of the state after a command, and what is unknown about it."""
    state = event.state
    if state is None:
        return []
    words = [text for text in (state_edit.version_words(state), state.note) if text]
    return [f"- {plain('; '.join(words))}"] if words else []


def _state_only(item: Change) -> str:
    forgotten = item.action is Action.FORGET
    name = code(item.address) + (f" (deposed {code(item.deposed)})" if item.deposed else "")
    old = f" from {code(item.previous_address)}" if item.previous_address and not forgotten else ""
    if item.previous_address and forgotten:
        name += f" (was {code(item.previous_address)})"
    outcome = {ChangeOutcome.NOT_ATTEMPTED: " (not attempted)", ChangeOutcome.PLANNED: " (planned)"}.get(
        item.outcome, ""
    )
    verb = _STATE_ONLY.get(item.action, "")
    if item.action in {Action.EDIT, Action.MOVE} and item.raw_actions:
        what = "; ".join(text for text in (f"{verb}{old}" if verb else "", state_edit.entry_words(item)) if text)
        head = f"- {name}: {what}{f' ({plain(item.note)})' if item.note else ''}{outcome}"
        return "\n".join([head, *attribute_lines(item.attributes, item.attributes_omitted, _MOST_OF_DRIFT)])
    if item.note:
        return f"- {name}: {verb}{old} ({plain(item.note)}){outcome}"
    if item.action is Action.NO_OP and (item.previous_address or item.importing):
        verb = "moved" if item.previous_address else "imported"
    return f"- {name}: {verb}{old} in the state{outcome}; the resource itself is unchanged"


def _drift(item: Drift) -> str:
    if item.action is Action.DESTROY:
        return f"- {code(item.address)} has been deleted"
    lines = attribute_lines(item.attributes, item.attributes_omitted, _MOST_OF_DRIFT)
    return "\n".join([f"- {code(item.address)} has changed", *lines])


def _change(event: ChangeEvent) -> str:
    """Return the pull request of the run, as a link if its URL is known."""
    ci = event.actor.ci if event.actor else None
    if not (ci and ci.pull_request):
        return ""
    number = change_number(ci.pull_request)
    name = f"Pull request {number}" if number else "Pull request"
    if ci.pull_request_url:
        return link(name, ci.pull_request_url)
    return plain(name) if number else ""


def context_lines(event: ChangeEvent) -> Iterator[str]:
    """Yield actor, commit and links, one line each."""
    if event.actor and (event.actor.user or event.actor.ci):
        ci = event.actor.ci
        name = (ci.actor if ci else None) or event.actor.user or (ci.system if ci else "")
        yield f"By {plain(name)}" + (f" on {plain(event.actor.host)}" if event.actor.host else "")
    if event.vcs and event.vcs.commit:
        dirty = " with uncommitted changes" if event.vcs.dirty else ""
        branch = f" on {code(event.vcs.branch)}" if event.vcs.branch else ""
        subject = f": {plain(event.vcs.subject, 120)}" if event.vcs.subject else ""
        name = code(event.vcs.commit[:12])
        shown = f"[{name}]({page(event.vcs.commit_url)})" if event.vcs.commit_url else name
        yield f"Commit {shown}{branch}{dirty}{subject}"
    if event.backfilled:
        yield f"Backfilled from {plain(history.words(event.backfilled))}"
    if change := _change(event):
        yield change
    for item in event.links[:5]:
        yield link(item.title, item.url)
