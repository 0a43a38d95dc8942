"""Finds the causes of a plan's changes: edits first, other circumstances where no edit explains a change."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from change_events.cause.bases import NO_REPOSITORY, NO_RUN, SLOW, Base, base_of
from change_events.cause.earlier_runs import last
from change_events.cause.repository import Repository
from change_events.model import Action, Cause, CauseKind, Confidence, ValueKind
from tf_wrapper.cause import circumstances
from tf_wrapper.cause.bases import Comparison
from tf_wrapper.cause.snapshot import Trees
from tf_wrapper.cause.sources import LOCK_FILE, Spot, working_tree
from tf_wrapper.cause.walk import Reached, Walk, address_of, steps_of
from tf_wrapper.configuration.files import variable_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from change_events.model import AttributeChange, Change, Drift, Inputs
    from change_events.process.deadline import Deadline
    from tf_wrapper.cause.compare import Hit
    from tf_wrapper.cause.origins import Given
    from tf_wrapper.cause.previous import Run
    from tf_wrapper.cause.walk import Address

MOST_CHANGES = 200
_MOST_ATTRIBUTES = 30  # of one change
_MOST_CAUSES = 6  # of one change
_MOST_BASES = 4
_INSTANCES = {Action.CREATE, Action.DESTROY, Action.FORGET, Action.IMPORT, Action.MOVE}
_LOOKED_AT = {*_INSTANCES, Action.UPDATE, Action.REPLACE, Action.OTHER}
_ASKED = {
    "replace_because_tainted": "it was tainted",
    "replace_by_request": "-replace asks for it",
}
_BLOCKS = {Action.MOVE: "moved", Action.IMPORT: "import", Action.FORGET: "removed"}
_DESTROY = "the destroy command asks for it"
_SAME = "no edit of what it refers to was found"


class Search(NamedTuple):
    """The inputs of a search for causes.

    Attributes:
        changes: changes of the plan.
        drift: drift found by the plan.
        directory: absolute path of the root module.
        data_dir: terraform's data directory.
        plan: absolute path of the saved plan; None if there is none.
        given: command line and environment of the run.
        runs: earlier runs of the stack, newest first.
        variables: fingerprints of the root variables.
        destroys: the run destroys everything.
        environ: environment for git.
        deadline: deadline of the whole search.
        repository: repository of the root module, if :func:`prepared` found it already.
    """

    changes: Sequence[Change]
    drift: Sequence[Drift]
    directory: str
    data_dir: str
    plan: str | None
    given: Given
    runs: list[Run]
    variables: Mapping[str, str]
    destroys: bool
    environ: Mapping[str, str]
    deadline: Deadline
    repository: Repository | None = None


class Findings(NamedTuple):
    """The causes of each change, in the order of the changes, and the inputs of the run. Not redacted yet."""

    causes: list[tuple[Cause, ...]]
    inputs: Inputs


def find_causes(search: Search) -> Findings:
    """Return the causes of each change of a plan.

    A change that was not examined has none. Failures of git are not raised.
    """
    return _Finder(search).find()


def prepared(
    directory: str, data_dir: str, runs: list[Run], environ: Mapping[str, str], deadline: Deadline
) -> Repository | None:
    """Return the repository of the root module, with most of the needed answers of git cached while terraform plans."""
    repository = Repository.around(directory, environ, deadline)
    if repository is not None:
        base = base_of(repository, last(runs, set()))
        Trees(repository, working_tree(directory, data_dir, None), base.commit)
    return repository


class _Look(NamedTuple):
    """One attribute of a change (None: the whole instance), and the result of its walk."""

    number: int
    attribute: AttributeChange | None
    path: str
    reached: Reached
    hits: list[Hit]
    is_configured: bool


class _Finder:
    def __init__(self, search: Search) -> None:
        self._search = search
        self._now = working_tree(search.directory, search.data_dir, search.plan)
        self._inputs = circumstances.inputs_of(self._now, search.data_dir, search.variables)
        self._automatic = [os.path.basename(path) for path in variable_files(search.directory)]
        self._walk = Walk(self._now, search.given, self._automatic)
        self._drift = circumstances.identified(search.drift)
        self._upstream = circumstances.Upstream.of(search.changes)
        self._repository = search.repository or Repository.around(search.directory, search.environ, search.deadline)
        if self._repository is not None:
            self._repository.deadline = search.deadline
        self._runs: dict[tuple[str, str | None], Run | None] = {}
        self._bases: dict[int, Base[Run]] = {}
        self._comparisons: dict[str, Comparison] = {}
        self._found: dict[int, list[Cause]] = {}
        self._numbers = {id(change): number for number, change in enumerate(search.changes)}

    def find(self) -> Findings:
        chosen = [i for i, change in enumerate(self._search.changes) if change.action in _LOOKED_AT][:MOST_CHANGES]
        looks = {index: list(self._look(index)) for index in chosen}
        for commit, comparison in self._comparisons.items():
            spots = [hit.spot for index in chosen if self._commit(index) == commit
                     for look in looks[index] for hit in look.hits]  # fmt: skip
            comparison.prepare(spots)
        for index in chosen:
            self._found[index] = self._judged(index, looks[index])
        causes = [tuple(self._with_upstream(index)) for index in range(len(self._search.changes))]
        return Findings(causes, self._inputs_with_edits())

    # -- looking: walks and what differs ---------------------------------------------------------------------------

    def _look(self, index: int) -> Iterator[_Look]:
        change = self._search.changes[index]
        address = address_of(change.address, change.mode)
        if address is None or self._is_asked_for(change) or self._search.deadline.is_over:
            return
        if change.action in _INSTANCES:
            yield self._looked(index, None, "", lambda walk: walk.instance(address))
            return
        before = address_of(change.previous_address, change.mode) if change.previous_address else None
        paths = [(one, one.path) for one in change.attributes[:_MOST_ATTRIBUTES]]
        if change.reason == "replace_by_triggers":
            trigger = "lifecycle.replace_triggered_by"
            yield self._looked(index, None, trigger, _of_attribute(address, trigger, before))
        for attribute, path in paths:
            yield self._looked(index, attribute, path, _of_attribute(address, path, before))
        if not paths:
            yield self._looked(index, None, "", _of_attribute(address, "", before))

    def _is_asked_for(self, change: Change) -> bool:
        return self._search.destroys and change.action is Action.DESTROY

    def _looked(
        self, index: int, attribute: AttributeChange | None, path: str, walk: Callable[[Walk], Reached]
    ) -> _Look:
        reached = walk(self._walk)
        change = self._search.changes[index]
        comparison = self._comparison(index)
        configured = any(self._now.placed(spot) for spot in reached.spots)
        hits: list[Hit] = []
        if comparison is not None and not circumstances.drift_put_back(change, attribute, self._drift):
            hits = comparison.hits(reached, walk)
        return _Look(index, attribute, path, reached, hits, configured or bool(hits))

    def _comparison(self, index: int) -> Comparison | None:
        if self._repository is None or self._search.deadline.is_over:
            return None
        commit = self._base(index).commit
        if commit not in self._comparisons:
            if len(self._comparisons) >= _MOST_BASES:
                return None
            self._comparisons[commit] = Comparison(
                self._repository, self._now, self._base(index), self._search.given, self._automatic
            )
        return self._comparisons[commit]

    def _base(self, index: int) -> Base[Run]:
        change = self._search.changes[index]
        run = self._run(change)
        key = id(run)
        if key not in self._bases and self._repository is not None:
            self._bases[key] = base_of(self._repository, run)
        return self._bases[key]

    def _run(self, change: Change) -> Run | None:
        names = (change.address, change.previous_address)
        if names not in self._runs:
            self._runs[names] = last(self._search.runs, set(filter(None, names)))
        return self._runs[names]

    def _commit(self, index: int) -> str:
        return self._base(index).commit if self._repository is not None else ""

    # -- judging: causes, in the order of their weight -------------------------------------------------------------

    def _judged(self, index: int, looks: Sequence[_Look]) -> list[Cause]:
        change = self._search.changes[index]
        if self._is_asked_for(change):
            return [_unknown(_DESTROY)]
        found: list[tuple[str, Cause]] = []
        for look in looks:
            found += [(look.path, cause) for cause in self._of_look(change, look)]
        if not found and self._search.deadline.is_over:
            return [_unknown(SLOW)]
        if not found and change.reason in _ASKED:
            return [_unknown(_ASKED[change.reason])]
        if not found:
            found += [("", cause) for cause in self._of_versions(change)]
        if not found:
            found += [("", cause) for cause in _computed(looks)]
        found.sort(key=lambda one: one[1].confidence is Confidence.LIKELY)  # stable
        return _merged(found)[:_MOST_CAUSES] or [_unknown(self._reason(index, looks))]

    def _of_look(self, change: Change, look: _Look) -> list[Cause]:
        put_back = circumstances.drift_put_back(change, look.attribute, self._drift)
        if put_back is not None:
            return [put_back]
        comparison = self._comparisons.get(self._commit(look.number)) if look.hits else None
        found = [cause for hit in look.hits if comparison for cause in comparison.causes(hit)]
        if not found and self._search.deadline.is_over:
            return []
        run = self._run(change)
        before = run.inputs if run else None
        given = circumstances.given_otherwise(look.reached, self._inputs, before)
        found = found or [self._with_place(cause, look.reached) for cause in given]
        found = found or [cause for cause, _ in self._upstream.causes(look.reached)]
        if not found and look.path and (anew := circumstances.drift_set_anew(change, look.path, self._drift)):
            found = [anew]
        if not found and before is not None and look.attribute is not None and not self._reason_of_base(look.number):
            found = list(circumstances.data_read(look.reached))
        return found

    def _with_place(self, cause: Cause, reached: Reached) -> Cause:
        """Return a cause for a given variable with the file that sets it, if git does not know that file."""
        for spot, label in reached.spots.items():
            if not spot.block and label == cause.text and (places := self._now.placed(spot)):
                file = os.path.relpath(places[0].path, self._now.root)
                return replace(cause, file=file, line=places[0].first)
        return cause

    def _of_versions(self, change: Change) -> Iterator[Cause]:
        address = address_of(change.address, change.mode)
        run = self._run(change)
        before = run.inputs if run else None
        if address is None or (before is None and self._repository is None):
            return  # nothing to compare with
        found = [*self._module_edits(change, address)]
        found = found or list(circumstances.module_versions(address, self._inputs, before))
        found = found or self._edits(
            change, [(Spot(self._now.root, ("provider", _local_name(change))), f"provider.{_local_name(change)}")]
        )
        if found:
            yield from found
            return
        locked = circumstances.provider_version(change, self._inputs, before)
        spot = Spot(os.path.join(self._now.root, LOCK_FILE), ("provider", change.provider or ""), ("version",))
        edits = self._edits(change, [(spot, change.provider or "")], CauseKind.PROVIDER_VERSION)
        if locked is not None and edits:
            yield replace(edits[0], text=locked.text)
        else:
            yield from edits[:1] or ([locked] if locked is not None else [])

    def _module_edits(self, change: Change, address: Address) -> Iterator[Cause]:
        for depth, name in enumerate(address.modules):
            folder = self._now.folders.get(".".join(address.modules[:depth]))
            if folder is None:
                return
            spots = [
                (Spot(folder, ("module", name), (word,)), f"module.{name} {word}") for word in ("version", "source")
            ]
            yield from self._edits(change, spots, CauseKind.MODULE_VERSION)
            inner = self._now.folders.get(".".join(address.modules[: depth + 1]))
            comparison = self._comparison(self._numbers[id(change)])
            moved = comparison.submodule(inner, f"module.{name}") if comparison and inner else None
            if moved is not None:
                yield moved

    def _edits(
        self, change: Change, spots: Sequence[tuple[Spot, str]], kind: CauseKind = CauseKind.EDITED_LINE
    ) -> list[Cause]:
        comparison = self._comparison(self._numbers[id(change)])
        if comparison is None:
            return []
        hits = [hit for spot, label in spots if (hit := comparison.edited(spot, label)) is not None]
        if not hits:
            return []
        comparison.prepare([hit.spot for hit in hits])
        return [cause for hit in hits for cause in comparison.causes(hit, kind)]

    def _reason_of_base(self, index: int) -> str:
        if self._search.deadline.is_over:
            return SLOW
        if self._repository is None:
            return NO_REPOSITORY
        comparison = self._comparisons.get(self._commit(index))
        return comparison.trouble if comparison is not None else NO_RUN

    def _reason(self, index: int, looks: Sequence[_Look]) -> str:
        return self._reason_of_base(index) or self._reason_of_inputs(index, looks) or _SAME

    def _reason_of_inputs(self, index: int, looks: Sequence[_Look]) -> str:
        """Return which inputs of a change have an unknown history."""
        comparison = self._comparisons.get(self._commit(index))
        run = self._run(self._search.changes[index])
        before = run.inputs.variables if run and run.inputs else {}
        for look in looks:
            for name, where in look.reached.outside.items():
                if name not in before:
                    return f"var.{name} {where}, and its value in the last run is not known"
            paths = (place.path for spot in look.reached.spots for place in self._now.placed(spot))
            for path in paths:
                if comparison is not None and not comparison.is_known(path):
                    return f"git has no history of {os.path.relpath(path, self._now.root)}"
        return ""

    def _with_upstream(self, index: int) -> list[Cause]:
        """Return the causes of a change; behind an upstream change, also the edit that caused it."""
        own = self._found.get(index, [])
        names = [cause.text for cause in own if cause.kind is CauseKind.UPSTREAM_CHANGE]
        if not names:
            return own
        behind = [
            cause
            for other, causes in self._found.items()
            if self._search.changes[other].address in names
            for cause in causes
            if cause.kind in {CauseKind.EDITED_LINE, CauseKind.UNCOMMITTED_EDIT, CauseKind.VARIABLE_GIVEN}
        ]
        return _merged([("", replace(cause, attributes=(), confidence=Confidence.LIKELY)) for cause in behind], own)[
            :_MOST_CAUSES
        ]

    def _inputs_with_edits(self) -> Inputs:
        if self._repository is None or self._search.deadline.is_over:
            return self._inputs
        comparison = next(iter(self._comparisons.values()), None)
        if comparison is None:
            return self._inputs
        files = [file.path for folder in set(self._now.folders.values()) for file in self._now.module(folder)]
        files += [os.path.join(self._now.root, name) for name in self._automatic]
        return replace(self._inputs, uncommitted=comparison.uncommitted(files))


def _of_attribute(address: Address, path: str, before: Address | None) -> Callable[[Walk], Reached]:
    steps = steps_of(path)
    return lambda walk: walk.attribute(address, steps, before)


def _local_name(change: Change) -> str:
    return (change.type or "").partition("_")[0]


def _computed(looks: Sequence[_Look]) -> Iterator[Cause]:
    """Return attributes that the configuration does not mention and the provider computes."""
    paths = [look.path for look in looks if look.attribute is not None]
    unset = [look for look in looks if look.attribute is not None and not look.is_configured]
    if paths and len(unset) == len(paths):
        for look in unset[:1]:
            unknown = look.attribute is not None and look.attribute.after.kind is ValueKind.UNKNOWN
            text = look.path + (" (known after apply)" if unknown else "")
            yield Cause(
                kind=CauseKind.PROVIDER_COMPUTED, text=text, attributes=tuple(paths), confidence=Confidence.LIKELY
            )


def _merged(found: Sequence[tuple[str, Cause]], before: Sequence[Cause] = ()) -> list[Cause]:
    """Return each cause once, with all attributes that it explains."""
    by_cause: dict[Cause, list[str]] = {replace(cause, attributes=()): list(cause.attributes) for cause in before}
    for path, cause in found:
        paths = by_cause.setdefault(replace(cause, attributes=()), [])
        paths += [one for one in (path, *cause.attributes) if one and one not in paths]
    return [replace(cause, attributes=tuple(paths)) for cause, paths in by_cause.items()]


def _unknown(reason: str) -> Cause:
    return Cause(kind=CauseKind.UNKNOWN, text=reason)
