"""Follows a changed attribute along references to all places where its value is written, in one version."""

from __future__ import annotations

import re
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.cause.origins import origin
from tf_wrapper.cause.references import references
from tf_wrapper.cause.sources import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tf_wrapper.cause.origins import Given, Origin
    from tf_wrapper.cause.parts import Part, Step
    from tf_wrapper.cause.references import Reference
    from tf_wrapper.cause.sources import Placed, Sources

_MOST_SPOTS = 80
_SCOPES = {"path", "terraform", "self", "provider"}
_STEP = lazy_pattern(r'\.?([^\W\d][\w-]*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')
_ESCAPED = lazy_pattern(r"\\(.)", re.DOTALL)


class Address(NamedTuple):
    """A parsed resource address.

    Attributes:
        modules: names of the enclosing module calls, outermost first.
        keys: instance key of each enclosing module, by module key (``a.b``).
        block: kind and labels of the block.
        key: instance key of the resource.
    """

    modules: tuple[str, ...]
    keys: Mapping[str, Step]
    block: tuple[str, ...]
    key: Step | None

    @property
    def module(self) -> str:
        """The key of the module."""
        return ".".join(self.modules)


@lru_cache(maxsize=1024)
def steps_of(path: str) -> tuple[Step, ...]:
    """Return the steps of an attribute path or an address: names and keys as text, indices as numbers."""
    found: list[Step] = []
    for name, index, key in _STEP.findall(path):
        found.append(name or (int(index) if index else _ESCAPED.sub(r"\1", key)))
    return tuple(found)


@lru_cache(maxsize=1024)
def address_of(text: str, mode: str = "managed") -> Address | None:
    """Parse an address such as ``module.a["x"].aws_instance.web[0]``; None if it is not one."""
    modules: list[str] = []
    keys: dict[str, Step] = {}
    words = _STEP.findall(text)
    at = 0
    while at + 1 < len(words) and words[at][0] == "module":
        modules.append(words[at + 1][0])
        at += 2
        if at < len(words) and not words[at][0]:
            keys[".".join(modules)] = int(words[at][1]) if words[at][1] else _ESCAPED.sub(r"\1", words[at][2])
            at += 1
    if at < len(words) and words[at][0] == "data":
        mode, at = "data", at + 1
    rest = words[at:]
    if len(rest) < 2 or not all(word[0] for word in rest[:2]):  # noqa: PLR2004 - type and name
        return None
    key: Step | None = None
    if len(rest) > 2:  # noqa: PLR2004 - an instance key
        key = int(rest[2][1]) if rest[2][1] else _ESCAPED.sub(r"\1", rest[2][2])
    kind = "data" if mode == "data" else "resource"
    return Address(tuple(modules), keys, (kind, rest[0][0], rest[1][0]), key)


class Reached(NamedTuple):
    """The result of a walk.

    Attributes:
        spots: the places, nearest first, each with its name for readers.
        upstream: resources it depends on: module key, type and name, and the steps into them.
        outside: names of root variables set outside of the files, with their source.
        variables: names of all root variables that were reached.
        wide: those of ``spots`` that may concern another part of a value than the requested one.
    """

    spots: dict[Spot, str]
    upstream: dict[tuple[str, tuple[str, ...]], tuple[Step, ...]]
    outside: dict[str, str]
    variables: dict[str, None]
    wide: set[Spot]


class _Stand(NamedTuple):
    spot: Spot
    label: str
    module: str
    each: Step | None
    keys: Mapping[str, Step]
    is_narrow: bool = True


class Walk:
    """Walks in one version of the configuration.

    Args:
        sources: the version.
        given: command line and environment of the run.
        automatic: names of the variable files in the root folder.
    """

    def __init__(self, sources: Sources, given: Given, automatic: Sequence[str]) -> None:
        self.sources = sources
        self._given = given
        self._automatic = automatic
        self._was: Mapping[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}
        self._origins: dict[str, Origin] = {}

    def attribute(self, address: Address, path: Sequence[Step], before: Address | None = None) -> Reached:
        """Return all places where the value of an attribute is written.

        Args:
            address: address of the resource.
            path: path of the attribute.
            before: address before a move.
        """
        self._was = _former_names(address, before)
        name = ".".join((*address.block[1:], *(step for step in path if isinstance(step, str))))
        spot = self._spot(address.module, address.block, tuple(path))
        return self._from([] if spot is None else [_Stand(spot, name, address.module, address.key, address.keys)])

    def instance(self, address: Address) -> Reached:
        """Return all places that decide whether this instance exists: blocks, ``count`` and ``for_each``."""
        self._was = {}
        stands: list[_Stand] = []
        for depth, name in enumerate(address.modules):
            above, below = ".".join(address.modules[:depth]), ".".join(address.modules[: depth + 1])
            stands += self._existence(address, above, ("module", name), address.keys.get(below))
        stands += self._existence(address, address.module, address.block, address.key)
        return self._from(stands)

    def _existence(self, address: Address, module: str, block: tuple[str, ...], key: Step | None) -> Iterator[_Stand]:
        whole = self._spot(module, block, ())
        if whole is None:
            return
        label = _joined(block)
        yield _Stand(whole._replace(exists=True), label, module, None, address.keys)
        if isinstance(key, str):
            spot = whole._replace(path=("for_each", key), exists=True)
            yield _Stand(spot, f"{label}.for_each", module, key, address.keys)
        else:
            yield _Stand(whole._replace(path=("count",)), f"{label}.count", module, key, address.keys)

    def _spot(self, module: str, block: tuple[str, ...], path: tuple[Step, ...]) -> Spot | None:
        folder = self.sources.folders.get(module)
        return None if folder is None else Spot(folder, block, path, was=self._was.get((module, block), ()))

    def _from(self, stands: list[_Stand]) -> Reached:
        reached = Reached({}, {}, {}, {}, set())
        queue = deque(stands)
        narrow: set[Spot] = set()
        while queue and len(reached.spots) < _MOST_SPOTS:
            stand = queue.popleft()
            spot = stand.spot
            if spot in reached.spots and (spot in narrow or not stand.is_narrow):
                continue
            reached.spots.setdefault(spot, stand.label)
            if spot.exists and not spot.path:
                continue
            places = self.sources.placed(spot)
            if stand.is_narrow:
                narrow.add(spot)
                reached.wide.discard(spot)
            else:
                reached.wide.add(spot)
            for placed in places:
                if placed.part is not None:
                    if placed.part.is_wide:
                        reached.wide.add(spot)
                    queue.extend(self._beyond(stand, placed, placed.part, reached))
        return reached

    def _beyond(self, stand: _Stand, placed: Placed, part: Part, reached: Reached) -> Iterator[_Stand]:
        """Follow the references of one part."""
        exists = stand.spot.exists
        if exists and not part.rest:
            return  # it is there: what its value is made of does not matter
        key = (stand.each, self.sources.folders.get(stand.module, self.sources.root), exists)
        found = placed.references.get(key)  # many attributes lead to the same local or variable
        if found is None:
            each, folder, _ = key
            found = placed.references[key] = references(part, each, folder, self.sources.root, exists=exists)
        for path, is_narrow in found.files.items():
            spot = Spot(path, ("file",))
            yield stand._replace(spot=spot, label="", each=None, is_narrow=is_narrow and stand.is_narrow)
        for reference in found.references:
            for further in self._follow(reference, stand, reached):
                spot = further.spot
                if exists and reference.is_itself and not spot.exists:
                    spot = spot._replace(exists=True)
                is_narrow = further.is_narrow and reference.is_narrow and stand.is_narrow
                yield _Stand(spot, further.label, further.module, further.each, further.keys, is_narrow)

    def _follow(self, reference: Reference, stand: _Stand, reached: Reached) -> Iterator[_Stand]:
        root, steps = reference.root, reference.steps
        if root == "each":
            if steps[:1] == ("value",):
                yield self._each(stand, steps[1:])
        elif not steps or root in _SCOPES:
            return
        elif root == "var":
            yield from self._variable(str(steps[0]), steps[1:], stand, reached)
        elif root == "local":
            yield from self._stands(stand.module, ("locals",), steps, f"local.{steps[0]}", stand)
        elif root == "module":
            yield from self._output(steps, stand)
        elif root != "data":
            reached.upstream.setdefault((stand.module, ("resource", root, str(steps[0]))), steps[1:])
        elif len(steps) > 1:
            block = ("data", str(steps[0]), str(steps[1]))
            reached.upstream.setdefault((stand.module, block), steps[2:])
            yield from self._stands(stand.module, block, (), ".".join(block), stand)  # what it is asked for

    @staticmethod
    def _each(stand: _Stand, steps: tuple[Step, ...]) -> _Stand:
        narrowed = ("for_each", stand.each, *steps) if stand.each is not None else ("for_each",)
        spot = stand.spot._replace(path=narrowed, exists=False)
        label = f"{_joined(stand.spot.block)}.for_each"
        return stand._replace(spot=spot, label=label, is_narrow=stand.each is not None)

    def _stands(
        self, module: str, block: tuple[str, ...], path: tuple[Step, ...], label: str, stand: _Stand
    ) -> Iterator[_Stand]:
        spot = self._spot(module, block, path)
        if spot is not None:
            yield _Stand(spot, label, module, stand.keys.get(module) if block[0] == "module" else None, stand.keys)

    def _variable(self, name: str, steps: tuple[Step, ...], stand: _Stand, reached: Reached) -> Iterator[_Stand]:
        module = stand.module
        if not module:
            yield from self._root_variable(name, steps, stand, reached)
            return
        above, _, call = module.rpartition(".")
        label = f"module.{call}.{name}"
        argument = self._spot(above, ("module", call), (name,))
        each = stand.keys.get(module)
        if argument is not None and self.sources.placed(argument):
            yield _Stand(argument._replace(path=(name, *steps)), label, above, each, stand.keys)
            return
        if argument is not None:  # not there now: another version may have it
            yield _Stand(argument, label, above, each, stand.keys)
        yield from self._stands(module, ("variable", name), ("default", *steps), f"var.{name}", stand)

    def _root_variable(self, name: str, steps: tuple[Step, ...], stand: _Stand, reached: Reached) -> Iterator[_Stand]:
        reached.variables[name] = None
        found = self._origins.get(name)
        if found is None:
            found = self._origins[name] = origin(name, self._given, self.sources, self._automatic)
        if found.outside:
            reached.outside[name] = found.outside
        elif found.file:
            yield _Stand(Spot(found.file, (), (name, *steps)), f"var.{name}", "", None, stand.keys)
        else:
            yield from self._stands("", ("variable", name), ("default", *steps), f"var.{name}", stand)

    def _output(self, steps: tuple[Step, ...], stand: _Stand) -> Iterator[_Stand]:
        """Follow ``module.x.out`` or ``module.x["key"].out``."""
        child = f"{stand.module}.{steps[0]}" if stand.module else str(steps[0])
        folder = self.sources.folders.get(child)
        for at in (1, 2):
            if folder is None or at >= len(steps):
                return
            name = steps[at]
            if self.sources.placed(Spot(folder, ("output", str(name)), exists=True)):
                keys = {**stand.keys, child: steps[1]} if at > 1 else stand.keys
                spot = Spot(folder, ("output", str(name)), ("value", *steps[at + 1 :]))
                yield _Stand(spot, f"module.{steps[0]}.{name}", child, None, keys)
                return


def _former_names(address: Address, before: Address | None) -> dict[tuple[str, tuple[str, ...]], tuple[str, ...]]:
    """Return the former names of moved resources: module key and block → the name before the move."""
    found: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}
    if before is None or len(before.modules) != len(address.modules):
        return found
    for depth, (name, old) in enumerate(zip(address.modules, before.modules, strict=True)):
        if name != old:
            found[".".join(address.modules[:depth]), ("module", name)] = ("module", old)
    if before.block != address.block:
        found[address.module, address.block] = before.block
    return found


def _joined(block: tuple[str, ...]) -> str:
    return ".".join(block[1:] if block[0] == "resource" else block)
