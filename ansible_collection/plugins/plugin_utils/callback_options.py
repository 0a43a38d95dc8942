# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The callback's options for the other plugins, so that settings in ansible.cfg apply to all of them."""

from __future__ import annotations

import configparser
import os
from typing import TYPE_CHECKING, Any

from ansible_collections.tfevent.infra.plugins.plugin_utils import explicit_document, options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

CALLBACK = "tfevent.infra.change_events"
SECTION = "callback_tfevent"
_PREFIX = "tfevent_"  # of the variables that are options


def environment(variables: Mapping[str, Any], templar: Any, say: Callable[[str], object]) -> dict[str, str]:
    """Return the environment with the callback's options added. Never raises.

    Args:
        variables: variables of the task; unlike in the callback, any of them may set an option.
        templar: Ansible's templar, to render them.
        say: takes one line for the user, for each option that cannot be read and is left out.
    """
    found = {**_options(say), **dict(_rendered(variables, templar, say))}
    return options.environment(found.get, os.environ)


def misspelt(known: Iterable[str]) -> list[str]:
    """Return a sentence for each unknown key in the callback's section of ansible.cfg, which Ansible ignores silently.

    Args:
        known: names of the options.
    """
    from ansible import constants

    parser = configparser.ConfigParser(inline_comment_prefixes=(";",), interpolation=None, default_section="")
    try:
        parser.read(constants.CONFIG_FILE or [])
        keys = parser.options(SECTION)
    except (configparser.Error, UnicodeDecodeError):  # there is none; or Ansible has reported what is wrong
        return []
    names = sorted(known)
    return [
        f"{constants.CONFIG_FILE}: [{SECTION}] {key}: no such option{_near(key, names)}"
        for key in keys
        if key not in names
    ]


def _near(key: str, names: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key, names, n=1)
    return f": did you mean {near[0]}?" if near else f": `ansible-doc -t callback {CALLBACK}` names them"


def _rendered(variables: Mapping[str, Any], templar: Any, say: Callable[[str], object]) -> Iterator[tuple[str, Any]]:
    """Return the options set by variables; other variables with the prefix are the user's own."""
    for name in options.SETTINGS:
        variable = _PREFIX + name
        if variable not in variables:
            continue
        try:
            value = explicit_document.plain(templar.template(variables[variable]))
        except Exception as error:  # noqa: BLE001 - whatever a template does; the error's text may quote a secret
            say(f"the variable {variable} cannot be used and is left out: {type(error).__name__}")
        else:
            yield name, value


def _options(say: Callable[[str], object]) -> Mapping[str, Any]:
    """Return the options set in ansible.cfg and the environment, by name."""
    from ansible import constants
    from ansible.plugins.loader import callback_loader

    try:
        callback = callback_loader.get(CALLBACK, class_only=True)
        if callback is None:
            return {}
        found: Mapping[str, Any] = constants.config.get_plugin_options("callback", callback._load_name, variables={})
    except Exception as error:  # noqa: BLE001 - an option of the wrong kind must not cost an event
        say(f"the options of ansible.cfg cannot be read and are left out: {type(error).__name__}")
        return {}
    return found
