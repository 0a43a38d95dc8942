"""The files of a module, in terraform's merge order.

Source: hashicorp/terraform internal/configs/parser_config_dir.go; opentofu/opentofu the same file, for ``.tofu``.
"""

from __future__ import annotations

import os

_TERRAFORM = (".tf", ".tf.json")
_TOFU = (".tofu", ".tofu.json")
_SHADOWED = {".tf": ".tofu", ".tf.json": ".tofu.json"}


def module_files(directory: str, *, tofu: bool | None) -> list[str]:
    """Return the paths of the configuration files, override files last.

    Args:
        directory: the module.
        tofu: whether OpenTofu reads it, which prefers ``x.tofu`` to ``x.tf``; None if unknown, for all files of both
            kinds.
    """
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    endings = _TERRAFORM if tofu is False else (*_TERRAFORM, *_TOFU)
    files = [name for name in names if name.endswith(endings) and not _is_ignored(name)]
    if tofu:
        there = set(files)
        files = [name for name in files if _shadow(name) not in there]
    files.sort(key=is_override)  # stable: within each kind the order of names stays
    return [os.path.join(directory, name) for name in files]


def is_configuration(path: str) -> bool:
    """Return whether terraform or OpenTofu reads a file of this name as configuration."""
    name = os.path.basename(path)
    return name.endswith((*_TERRAFORM, *_TOFU)) and not _is_ignored(name)


def is_override(name: str) -> bool:
    """Return whether a file is merged into the others instead of adding to them."""
    if "override" not in name:
        return False
    stem = os.path.basename(name)
    for ending in (*_TERRAFORM, *_TOFU):
        stem = stem.removesuffix(ending)
    return stem == "override" or stem.endswith("_override")


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name.endswith("~") or (name.startswith("#") and name.endswith("#"))


def _shadow(name: str) -> str:
    for ending, other in _SHADOWED.items():
        if name.endswith(ending):
            return name.removesuffix(ending) + other
    return ""


def variable_files(directory: str) -> list[str]:
    """Return the paths of the variable files that terraform loads automatically, in order; later ones win."""
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    fixed = [name for name in ("terraform.tfvars", "terraform.tfvars.json") if name in names]
    automatic = [name for name in names if name.endswith((".auto.tfvars", ".auto.tfvars.json"))]
    return [os.path.join(directory, name) for name in (*fixed, *automatic)]


def holds(data: bytes, word: str, *, is_json: bool) -> bool:
    r"""Whether a file's text may hold a word of letters; JSON may write each of them as ``\u0065``."""
    return word.encode() in data or (is_json and b"\\u" in data)
