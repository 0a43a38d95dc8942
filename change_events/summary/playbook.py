"""Text of a playbook run: title, sections of the message, and results of a task on its hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.model import ChangeOutcome, HostCounts, Outcome, Phase
from change_events.summary.change_text import file_place
from change_events.text.markdown import code, one_line, plain
from change_events.text.plural import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from change_events.model import Change, ChangeEvent, Failure, HostFailure, ItemCounts, Playbook, Related, TaskRun

    Show = Callable[[str], str]

_NAMED = 3  # hosts listed in a clause; of more, only the number
_THINGS = 3
_ERROR = 160  # characters of an error on one line
_BROKEN = {ChangeOutcome.FAILED, ChangeOutcome.UNKNOWN}
_HANDLED = ("rescued", "ignored")
_ENDINGS = {
    Outcome.UNKNOWN: "outcome unknown",
    Outcome.CANCELLED: "cancelled",
}


def total(counts: HostCounts) -> int:
    """Return the number of hosts."""
    return sum(getattr(counts, name) for name in counts.__struct_fields__)


# -- the title ----------------------------------------------------------------------------------------------------


def title(event: ChangeEvent, limit: int) -> str:
    """Return e.g. ``prod/shop: site.yml: 4 tasks changed 3 of 5 hosts, 1 failed``, in at most ``limit`` characters."""
    where = "/".join(part for part in (event.environment, event.service) if part)
    name = _name(event.playbook) if event.playbook else "playbook"
    return one_line(": ".join(part for part in (where, name, _what(event)) if part), limit)


def _name(playbook: Playbook) -> str:
    """Return the file name of the playbook; for an ad-hoc command, the name of its generated play."""
    if playbook.file:
        return playbook.file.rpartition("/")[2]
    return playbook.plays[0] if playbook.plays else "playbook"


def _what(event: ChangeEvent) -> str:
    hosts = event.summary.hosts or HostCounts()
    if event.outcome is None:
        return "under way"
    words = [*_changed(event, hosts), *_fallen(hosts), *_open(event)]
    if not words and event.failures and event.outcome is Outcome.FAILED:
        words = [f"failed: {event.failures[0].summary}"]
    elif not words and event.outcome in {Outcome.FAILED, Outcome.PARTIAL}:
        words = ["failed"]
    elif event.playbook and event.playbook.end and event.outcome is Outcome.PARTIAL and not any(_fallen(hosts)):
        words.append("ended early")  # no host dropped out, but not everything was done
    if event.outcome in _ENDINGS:
        words = [*(words or ["no changes"]), _ENDINGS[event.outcome]]
    figures = ", ".join(words) or _nothing(event, total(hosts))
    only_checked = event.phase is Phase.CHECKED and "would change" not in figures
    return f"{figures} (check)" if only_checked else figures


def _changed(event: ChangeEvent, hosts: HostCounts) -> Iterator[str]:
    tasks = event.summary.tasks.changed if event.summary.tasks else 0
    if tasks:
        verb = "would change" if event.phase is Phase.CHECKED else "changed"
        number = event.summary.all_hosts_changed
        whom = _of(number, total(hosts)) if number else "something"  # in older events: on hosts that dropped out later
        yield f"{number_of(tasks, 'task')} {verb} {whom}"


def _open(event: ChangeEvent) -> Iterator[str]:
    """Yield the tasks that were running when the run ended."""
    if event.outcome in _ENDINGS and (unknown := event.summary.outcomes.unknown):
        yield f"{number_of(unknown, 'task')} under way"


def _fallen(hosts: HostCounts) -> Iterator[str]:
    if hosts.failed:
        yield f"{hosts.failed} failed"
    if hosts.unreachable:
        yield f"{hosts.unreachable} unreachable"


def _nothing(event: ChangeEvent, hosts: int) -> str:
    nothing = "nothing would change" if event.phase is Phase.CHECKED else "no changes"
    return f"{nothing} on {number_of(hosts, 'host')}" if hosts else "no hosts matched"


def _of(number: int, whole: int) -> str:
    return number_of(whole, "host") if number == whole else f"{number} of {number_of(whole, 'host')}"


# -- a task -------------------------------------------------------------------------------------------------------


def became(task: TaskRun, show: Show = str) -> list[str]:
    """Return the results of a task as clauses: ``changed on 398 of 400``, ``failed on 2 (web17: no space left)``.

    Args:
        task: the task with the results of all its hosts.
        show: escapes a name or an error for the output format.
    """
    clauses = [*_changed_on(task, show), *_not_succeeded(task, show)]
    if task.unfinished:
        clauses.append(f"outcome unknown {_on(len(task.unfinished), task, task.unfinished, show)}")
    if task.items:
        clauses.append(_items(task.items))
    if task.retries:
        clauses.append(f"{task.retries} {'retry' if task.retries == 1 else 'retries'}")
    if task.delegated_to:
        clauses.append(f"done on {_some(task.delegated_to, show)}")
    return clauses


def _changed_on(task: TaskRun, show: Show) -> Iterator[str]:
    if task.hosts.changed:
        where = _on(task.hosts.changed, task, task.changed_on, show)
        yield f"would change {where.removeprefix('on ')}" if task.checked else f"changed {where}"


def _not_succeeded(task: TaskRun, show: Show) -> Iterator[str]:
    for status, words in (("failed", "failed"), ("unreachable", "unreachable:")):
        if number := getattr(task.hosts, status):
            yield _first_error(words, number, task, [f for f in task.failures if f.status == status], show)
    for status in _HANDLED:
        if number := getattr(task.hosts, status):
            yield _first_error(
                f"failed and {status}", number, task, [f for f in task.failures if f.status == status], show
            )


def _first_error(words: str, number: int, task: TaskRun, failures: Sequence[HostFailure], show: Show) -> str:
    text = f"{words} {_on(number, task, [failure.host for failure in failures], show)}"
    first = next((failure for failure in failures if failure.error), None)
    if first is None:
        return text
    host = "" if number == 1 else f"{first.host}: "
    return f"{text}: {show(one_line(host + (first.error or ''), _ERROR))}"


def _on(number: int, task: TaskRun, names: Sequence[str], show: Show) -> str:
    if task.rounds > 1:
        return _in_rounds(number, task, list(dict.fromkeys(names)), show)
    whole = total(task.hosts) + len(task.unfinished)
    if whole == number == 1 and names:
        return f"on {_some(names, show)}"  # several if a loop was delegated to them
    known = f" ({', '.join(show(name) for name in names)})" if number <= _NAMED and len(names) == number else ""
    return f"on all {number}{known}" if number == whole and number > 1 else f"on {number} of {whole}{known}"


def _in_rounds(number: int, task: TaskRun, names: Sequence[str], show: Show) -> str:
    """Return e.g. ``on web1, in 101 rounds``: counts are sums over all rounds, not numbers of hosts."""
    often = f"{'once' if number == 1 else f'{number} times'} in {task.rounds} rounds"
    if not names:
        return often
    if task.hosts_omitted:
        return f"on {', '.join(show(name) for name in names[:_NAMED])} and others, {often}"
    always = number == task.rounds * len(names)
    return f"on {_some(names, show)}, {f'in {task.rounds} rounds' if always else often}"


def _some(names: Sequence[str], show: Show) -> str:
    shown = ", ".join(show(name) for name in names[:_NAMED])
    return shown + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _items(items: ItemCounts) -> str:
    figures = (
        (items.changed, "changed"),
        (items.failed, "failed"),
        (items.skipped, "skipped"),
        (items.ok, "unchanged"),
    )
    return "items: " + (", ".join(f"{figure} {word}" for figure, word in figures if figure) or "none")


def things(task: TaskRun, show: Show = str) -> str:
    """Return what it changed, as far as its results name it; otherwise an empty text."""
    shown = ", ".join(show(thing) for thing in task.things[:_THINGS])
    more = len(task.things) - len(task.things[:_THINGS]) + task.things_omitted
    return shown + (f" and {more} more" if more else "")


# -- the message --------------------------------------------------------------------------------------------------


class RunSection(NamedTuple):
    """The parts of a section of the message; ``noun`` is the plural for omitted items."""

    heading: str
    noun: str
    items: list[str]


WRONG = 3
"""How many of the sections are about what went wrong: they come first."""


def sections(event: ChangeEvent) -> list[RunSection]:
    """Return the sections of the message of a playbook run, the most important first."""
    broken: list[Change] = []
    handled: list[Change] = []
    rest: list[Change] = []
    for change in event.changes:
        (broken if change.outcome in _BROKEN else handled if _was_handled(change) else rest).append(change)
    shown = {change.address for change in broken}
    would = event.phase is Phase.CHECKED
    end = event.playbook and event.playbook.end
    return [
        RunSection("Ended early", "reasons", [f"- {plain(end)}"] if end else []),
        RunSection(_heading(broken), "incomplete tasks", [_task(change) for change in broken]),
        RunSection(
            "Run errors",
            "errors",
            [_error(failure) for failure in event.failures if failure.address not in shown],
        ),
        RunSection("Would change" if would else "Changed", "changed tasks", [_task(change) for change in rest]),
        RunSection("Rescued or ignored", "rescued or ignored tasks", [_task(change) for change in handled]),
        RunSection("Hosts", "groups", _groups(event)),
        RunSection("Events sent during the run", "events", [_related(item) for item in event.related]),
    ]


def _heading(broken: Sequence[Change]) -> str:
    found = {change.outcome for change in broken}
    return "Not finished" if found == {ChangeOutcome.UNKNOWN} else "Failed"


def _was_handled(change: Change) -> bool:
    return change.task is not None and any(getattr(change.task.hosts, status) for status in _HANDLED)


def _task(change: Change) -> str:
    task = change.task
    if task is None:
        return f"- {code(change.address)}"
    handler = "handler " if task.handler else ""
    source = change.source
    place = f" ({code(file_place(source.file, source.line))})" if source else ""
    lines = [
        f"- {handler}**{plain(change.address)}**{place}: {'; '.join(became(task, code)) or plain(change.outcome.value)}"
    ]
    if names := things(task, code):
        lines.append(f"  - {names}")
    lines += [f"  - {plain(difference)}" for difference in task.diff[:_THINGS]]
    return "\n".join(lines)


def _error(failure: Failure) -> str:
    where = f"{code(failure.address)}: " if failure.address else ""
    place = f" ({code(failure.file)}{f' line {failure.line}' if failure.line else ''})" if failure.file else ""
    return f"- {where}{code(failure.summary)}{place}" + (f"\n  {code(failure.detail, 500)}" if failure.detail else "")


def _groups(event: ChangeEvent) -> list[str]:
    return [f"- {plain(group)}: {host_words(counts)}" for group, counts in event.summary.by_group.items()]


def _related(item: Related) -> str:
    return f"- {plain(item.title or item.id)}"


def host_words(counts: HostCounts) -> str:
    """Return the counts of hosts, the worst status first: ``5 hosts: 1 failed, 3 changed, 1 ok``."""
    order = ("failed", "unreachable", "changed", "rescued", "ignored", "ok", "skipped")
    figures = [f"{number} {name}" for name in order if (number := getattr(counts, name))]
    return number_of(total(counts), "host") + (f": {', '.join(figures)}" if figures else "")
