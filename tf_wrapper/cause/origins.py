"""The origin of a root variable's value by terraform's order of precedence: its name and place, without the value.

Source: https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tf_wrapper.cause.sources import Sources

_AUTOMATIC = (".auto.tfvars", ".auto.tfvars.json")
_PREFIX = "TF_VAR_"


class Origin(NamedTuple):
    """The source that sets a variable; with neither attribute, its default applies.

    Attributes:
        file: absolute path of a variable file.
        outside: any other source, as the end of a sentence about the variable.
    """

    file: str | None = None
    outside: str | None = None


class Given(NamedTuple):
    """The flags of a run in order (None if the command line is not understood), and its environment."""

    options: Sequence[tuple[str, str]] | None
    environ: Mapping[str, str]


def origin(name: str, given: Given, sources: Sources, automatic: Sequence[str]) -> Origin:
    """Return the source that sets a root variable.

    Args:
        name: name of the variable.
        given: command line and environment.
        sources: version of the configuration to search.
        automatic: names of the variable files in the root folder of this version.
    """
    if given.options is None:
        return Origin(outside="may be given by the command line, which is not understood")
    for kind, text in reversed(given.options):
        if kind == "var" and text.partition("=")[0].strip() == name:
            return Origin(outside="is given by the command line")
        path = os.path.normpath(os.path.join(sources.root, text))
        if kind == "var-file" and _sets(path, name, sources):
            return Origin(file=path)
    for file in reversed(in_order(automatic)):
        path = os.path.join(sources.root, file)
        if _sets(path, name, sources):
            return Origin(file=path)
    return Origin(outside="is given by the environment") if _PREFIX + name in given.environ else Origin()


def in_order(names: Sequence[str]) -> list[str]:
    """Return those of these names that terraform loads automatically, in order; later ones win."""
    fixed = [name for name in ("terraform.tfvars", "terraform.tfvars.json") if name in names]
    return fixed + sorted(name for name in names if name.endswith(_AUTOMATIC))


def _sets(path: str, name: str, sources: Sources) -> bool:
    from tf_wrapper.cause.sources import Spot

    return bool(sources.placed(Spot(path, (), (name,))))
