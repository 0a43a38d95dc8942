"""A playbook run: the results of each task over all its hosts, and of each host."""

from change_events.model.base import Struct


class HostCounts(Struct, frozen=True):
    """Hosts by what happened to them, each counted once, by the worst that did.

    For a task: what it did there. For a whole run: ``failed`` and ``unreachable`` hosts fell out of it; ``changed``
    ones were changed by at least one task (would be, in check mode); ``rescued`` and ``ignored`` ones had an error
    that the playbook handled and no change; ``skipped`` ones had nothing but skipped tasks.
    """

    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0
    skipped: int = 0
    rescued: int = 0
    ignored: int = 0


class TaskCounts(Struct, frozen=True):
    """Tasks of a run by the worst they did on any host; ``total`` is how many were run at all."""

    total: int = 0
    changed: int = 0
    failed: int = 0
    rescued: int = 0
    ignored: int = 0


class ItemCounts(Struct, frozen=True):
    """Loop items over all hosts of a task."""

    ok: int = 0
    changed: int = 0
    failed: int = 0
    skipped: int = 0


class HostFailure(Struct, frozen=True):
    """One host on which a task did not succeed: status ``failed``, ``unreachable``, ``rescued`` or ``ignored``."""

    host: str
    error: str | None = None
    status: str = "failed"


class TaskRun(Struct, frozen=True):
    """One task (or handler) of a playbook, over all the hosts it ran on.

    Attributes:
        play: name of the play.
        role: role it belongs to, with its collection where it has one.
        rounds: rounds aggregated for a task that is repeated very often; counts are sums over them.
        hosts: every host it had a result for, by status.
        changed_on: names of hosts that it changed; ``failures`` those on which it did not succeed, with the error.
        hosts_omitted: names left out of both.
        delegated_to: the hosts that it was delegated to.
        items: figures of its loop, where it has one.
        retries: attempts beyond the first, over all hosts.
        things: changed objects, if results name them: a path, a package and its version, a service and its state.
        things_omitted: how many more.
        diff: what ``--diff`` says, as paths and attributes, never as contents.
        checked: it ran in check mode: its changes are those that would have happened.
        censored: ``no_log`` keeps its details.
        unfinished: hosts on which it was started and whose result is unknown.
    """

    play: str | None = None
    role: str | None = None
    handler: bool = False
    rounds: int = 1
    hosts: HostCounts = HostCounts()
    changed_on: tuple[str, ...] = ()
    failures: tuple[HostFailure, ...] = ()
    hosts_omitted: int = 0
    delegated_to: tuple[str, ...] = ()
    items: ItemCounts | None = None
    retries: int = 0
    things: tuple[str, ...] = ()
    things_omitted: int = 0
    diff: tuple[str, ...] = ()
    checked: bool = False
    censored: bool = False
    unfinished: tuple[str, ...] = ()


class HostRun(Struct, frozen=True):
    """One host of a run: its worst status and how many tasks ended how there, as the recap counts them.

    ``status`` is a field name of :class:`HostCounts`.
    """

    name: str
    status: str
    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0
    skipped: int = 0
    rescued: int = 0
    ignored: int = 0


class Playbook(Struct, frozen=True):
    """Files, options and inventory of a playbook run.

    Attributes:
        file: the playbook, relative to its repository where it lies in one.
        plays: names of the plays that began.
        tags: ``--tags``; ``skip_tags`` likewise; ``limit`` is ``--limit``.
        inventory: sources of the inventory.
        check: the run was made with ``--check``; ``diff`` with ``--diff``.
        variables: names of the extra variables, never their values.
        collections: versions of the collections whose plugins were used, by name; None where it is not known.
        roles: likewise for roles.
        end: what ended the run early: a signal, an error between plays; None if it reached its recap.
    """

    file: str | None = None
    plays: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    limit: str | None = None
    inventory: tuple[str, ...] = ()
    check: bool = False
    diff: bool = False
    start_at_task: str | None = None
    forks: int | None = None
    variables: tuple[str, ...] = ()
    collections: dict[str, str | None] = {}
    roles: dict[str, str | None] = {}
    end: str | None = None
