# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The callback's options, for the other plugins: what is set once in ansible.cfg counts for all of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ansible_collections.tfevent.infra.plugins.plugin_utils import options

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLBACK = "tfevent.infra.change_events"
_PREFIX = "tfevent_"  # of the variables that are options


def environment(variables: Mapping[str, Any], templar: Any) -> dict[str, str]:
    """The variables of this process with the callback's options laid over them.

    Args:
        variables: those of the task; here, other than in the callback, any of them may set an option.
        templar: Ansible's, to render them.
    """
    found = _options({name: templar.template(value) for name, value in variables.items() if name.startswith(_PREFIX)})
    return options.environment(found.get, os.environ)


def _options(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    from ansible import constants
    from ansible.plugins.loader import callback_loader

    callback = callback_loader.get(CALLBACK, class_only=True)
    if callback is None:
        return {}
    found: Mapping[str, Any] = constants.config.get_plugin_options(
        "callback", callback._load_name, variables=dict(variables)
    )
    return found
