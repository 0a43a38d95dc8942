"""`removed` blocks that forget and `import` blocks: hand-overs that change no resource.

Used for runs without a plan, whose states show that an entry is gone or new, but not why.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.configuration import inputs, syntax
from tf_wrapper.configuration.files import holds, module_files
from tf_wrapper.configuration.secrets import module_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

_KEY = lazy_pattern(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]')  # an instance key as addresses have it
_ANY_KEY = lazy_pattern(r"\[[^\]]*\]")  # of a block, where it may be an expression


class HandOvers(NamedTuple):
    """The addresses in these blocks of a configuration.

    Attributes:
        forgotten: resources and modules that are not destroyed, without instance keys.
        imported: single objects, with their keys.
        maybe_imported: resources without keys, whose imported objects only an evaluator knows.
    """

    forgotten: frozenset[str] = frozenset()
    imported: frozenset[str] = frozenset()
    maybe_imported: frozenset[str] = frozenset()

    def forgets(self, address: str) -> bool:
        """Return whether a missing object was forgotten, not destroyed."""
        plain = _KEY.sub("", address)
        return any(plain == one or plain.startswith(f"{one}.") for one in self.forgotten)

    def may_import(self, address: str) -> bool:
        """Return whether a new object may have been imported."""
        return _KEY.sub("", address) in self.maybe_imported


class _Block(NamedTuple):
    """An `import` or `removed` block.

    Attributes:
        kind: ``import`` or ``removed``.
        address: the value of ``to`` or ``from``, without blanks.
        repeated: it has ``for_each``.
        destroys: ``destroy`` of its ``lifecycle``; None if it is not set.
    """

    kind: str
    address: str
    repeated: bool
    destroys: bool | None


def find_hand_overs(directory: str, data_dir: str, *, tofu: bool | None = None) -> HandOvers:
    """Return the blocks of the root module, and the `removed` blocks of the modules it calls.

    Args:
        directory: the root module.
        data_dir: terraform's data directory, which lists the modules.
        tofu: whether OpenTofu reads the configuration, where `removed` alone destroys nothing.
    """
    forgotten: set[str] = set()
    imported: set[str] = set()
    maybe: set[str] = set()
    for key, folder in {**module_folders(data_dir, directory), "": directory}.items():
        prefix = "".join(f"module.{name}." for name in key.split(".") if name)
        for block in _blocks(folder, tofu=tofu):
            if block.kind == "removed" and not (block.destroys if block.destroys is not None else not tofu):
                forgotten.add(prefix + _ANY_KEY.sub("", block.address))
            elif block.kind == "import" and not key:
                is_one = not block.repeated and not _ANY_KEY.search(_KEY.sub("", block.address))
                (imported if is_one else maybe).add(block.address if is_one else _ANY_KEY.sub("", block.address))
    return HandOvers(frozenset(forgotten), frozenset(imported), frozenset(maybe))


def _blocks(folder: str, *, tofu: bool | None) -> Iterator[_Block]:
    for path in module_files(folder, tofu=tofu):
        data, is_json = inputs.read(path), path.endswith(".json")
        if data and any(holds(data, word, is_json=is_json) for word in ("removed", "import")):
            yield from _of_json(data) if is_json else _of_hcl(data)


def _of_hcl(data: bytes) -> Iterator[_Block]:
    for block in syntax.blocks(syntax.body_of(syntax.parse(data))):
        if block.kind not in _ADDRESS:
            continue
        found = syntax.attributes(block.body)
        if (node := found.get(_ADDRESS[block.kind])) is not None:
            destroys = [
                _flag(inner["destroy"])
                for one in syntax.blocks(block.body)
                if one.kind == "lifecycle" and "destroy" in (inner := syntax.attributes(one.body))
            ]
            yield _Block(block.kind, _squeezed(syntax.text_of(node)), "for_each" in found, next(iter(destroys), None))


_ADDRESS = {"import": "to", "removed": "from"}


def _flag(node: Node) -> bool:
    return syntax.text_of(node).strip() != "false"


def _squeezed(text: str) -> str:
    """Return an address without the blanks that HCL allows, except inside keys."""
    return "".join(part if part.startswith('"') else "".join(part.split()) for part in _QUOTED.split(text))


_QUOTED = lazy_pattern(r'("(?:[^"\\]|\\.)*")')


def _of_json(data: bytes) -> Iterator[_Block]:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return
    for kind, name in _ADDRESS.items():
        for body in _bodies(content.get(kind) if isinstance(content, dict) else None):
            if isinstance(address := body.get(name), str):
                cycles = [one["destroy"] for one in _bodies(body.get("lifecycle")) if "destroy" in one]
                destroys = next((one is not False for one in cycles), None)
                yield _Block(kind, _squeezed(address), "for_each" in body, destroys)


def _bodies(value: Any) -> list[dict[str, Any]]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]
