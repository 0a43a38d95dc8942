"""The base commit of each change, and one comparison per base."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from change_events.cause.bases import LACKS, SLOW
from change_events.model import Cause, CauseKind, Confidence
from tf_wrapper.cause.compare import Hit, edits, in_order, texts
from tf_wrapper.cause.history import Found, History, commits_of
from tf_wrapper.cause.snapshot import Trees
from tf_wrapper.cause.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from change_events.cause.bases import Base
    from change_events.cause.repository import Repository
    from tf_wrapper.cause.origins import Given
    from tf_wrapper.cause.previous import Run
    from tf_wrapper.cause.sources import Sources, Spot
    from tf_wrapper.cause.walk import Reached


class Comparison:
    """The configuration of this run beside that of one base.

    Args:
        repository: repository of the root module.
        now: configuration of this run.
        base: the run to compare with.
        given: command line and environment of this run.
        automatic: names of the variable files in the root folder now.
    """

    def __init__(
        self, repository: Repository, now: Sources, base: Base[Run], given: Given, automatic: Sequence[str]
    ) -> None:
        self.base = base
        self._now = now
        self._trees = Trees(repository, now, base.commit)
        self._before = Walk(self._trees.base, given, self._trees.automatic(list(automatic)))
        self._history: History | None = None
        self._dirty = set(base.run.inputs.uncommitted) if base.run and base.run.inputs else None

    def hits(self, reached: Reached, again: Callable[[Walk], Reached]) -> list[Hit]:
        """Return the edited places of a walk.

        Args:
            reached: the places reached in the configuration of this run.
            again: repeats the walk in another version.
        """
        return in_order(reached, list(edits(self._now, self._trees.base, reached, again(self._before))))

    def edited(self, spot: Spot, label: str) -> Hit | None:
        """Return one place if it was edited."""
        from tf_wrapper.cause.walk import Reached

        alone = Reached({spot: label}, {}, {}, {}, set())
        return next(edits(self._now, self._trees.base, alone, alone), None)

    def prepare(self, spots: Iterable[Spot]) -> None:
        """Read the history of these places with one call of git."""
        committed = [spot for spot in dict.fromkeys(spots) if self._is_committed(spot)]
        if committed and not self.base.reason:
            self._history = History(self._trees, self.base.commit, committed)

    def _is_committed(self, spot: Spot) -> bool:
        return texts(self._trees.head.placed(spot)) != texts(self._trees.base.placed(spot))

    def causes(self, hit: Hit, kind: CauseKind = CauseKind.EDITED_LINE) -> list[Cause]:
        """Return the causes for an edit: uncommitted, committed, or both."""
        cause = Cause(
            kind=kind,
            text=hit.label,
            file=os.path.relpath(hit.path, self._now.root),
            line=hit.line,
            confidence=Confidence.EXACT if self._is_sure(hit) else Confidence.LIKELY,
        )
        found = []
        if texts(self._now.placed(hit.spot)) != texts(self._trees.head.placed(hit.spot)):
            found.append(_replace(cause, kind=CauseKind.UNCOMMITTED_EDIT))
        if self._is_committed(hit.spot):
            commits = self._history.of(hit.spot).commits if self._history else Found().commits
            found.append(_replace(cause, commits=commits if self._was_clean(hit) else commits[:1]))
        return found

    def _is_sure(self, hit: Hit) -> bool:
        return self.base.run is not None and not hit.is_wide and self._was_clean(hit)

    def _was_clean(self, hit: Hit) -> bool:
        """Return whether the last run used the committed file; otherwise it may have had later edits."""
        run = self.base.run
        if run is None:
            return True
        if self._dirty is None:
            return not run.dirty
        return self._trees.repository.relative(hit.path) not in self._dirty

    def submodule(self, folder: str, label: str) -> Cause | None:
        """Return the folder of a module in a submodule whose commit differs from the last run."""
        link = self._trees.submodule(folder)
        if link is None:
            return None
        return Cause(
            kind=CauseKind.MODULE_VERSION,
            text=f"{label} (submodule {link.path})",
            commits=commits_of(self._trees, self.base.commit, link.path),
            confidence=Confidence.LIKELY,
        )

    def is_known(self, path: str) -> bool:
        """Return whether git knows the history of a file."""
        return self._trees.is_known(path)

    def uncommitted(self, files: Iterable[str]) -> tuple[str, ...]:
        """Return those of these files that differ from HEAD, as paths in the repository."""
        return tuple(self._trees.uncommitted(files))

    @property
    def trouble(self) -> str:
        """Return why an edit may have been missed; empty if none was."""
        if self._trees.failed or (self._history is not None and self._history.failed):
            return SLOW
        return LACKS if self._trees.lacks else self.base.reason


def _replace(cause: Cause, **fields: object) -> Cause:
    from msgspec.structs import replace

    return replace(cause, **fields)
