# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lookup changes: what changed on a host since a given time."""

from __future__ import annotations

DOCUMENTATION = r"""
name: changes
short_description: What changed on a host, from the journal of change events
version_added: 0.1.0
author: The tfevent authors (@tfevent)
description:
  - Answers what changed on a host since a time, from the journal on the controller. It knows what tfevent recorded
    there - playbook runs that P(tfevent.infra.change_events#callback) observed, events of
    M(tfevent.infra.change_event) and C(tfevent events send), and, where no host is asked for, runs of terraform.
  - Made for C(assert) before something risky, and for a look into what happened before a failure.
options:
  _terms:
    description:
      - Names of hosts, as the inventory has them, one after the other or as a list. Without any, the host of the task.
      - Of an empty list nothing is asked, and nothing is found.
      - V(*) asks for all events, also those that are about no host.
    type: list
    elements: str
  since:
    description:
      - Events that started at or after this time. An age (V(90m), V(2h), V(3d), V(1w)), an ISO 8601
        time (in the controller's time zone if it has none), or seconds since 1970.
    type: str
    default: 1d
  until:
    description: Events that started before this time, in the format of O(since).
    type: str
  environment:
    description: Filter by environment.
    type: str
  service:
    description: Filter by service.
    type: str
  tool:
    description: Filter by tool.
    type: str
  kind:
    description: Filter by kind of event.
    type: str
    choices: [infrastructure, deployment, build, boot, start, stop, drift, custom]
  outcome:
    description: Filter by outcome. V(running) selects runs in progress.
    type: str
    choices: [succeeded, partial, failed, cancelled, declined, no_change, unknown, running]
  text:
    description: Filter by text.
    type: str
  include_unchanged:
    description:
      - Also events that met the host without changing it, such as runs whose tasks were all ok, and those of plans
        and check runs.
    type: bool
    default: false
  exclude_self:
    description: Leave out the run that asks, if it is observed, and what it has sent.
    type: bool
    default: false
notes:
  - The journal is that of C(tfevent.yaml), looked for beside the playbook and above it, of C(TFEVENT_*) variables, and
    of the options of P(tfevent.infra.change_events#callback).
  - Use C(query), or C(lookup) with C(wantlist=true), to get a list.
  - It fails where there is no tfevent, or the journal cannot be read. An answer that nothing changed must not be a
    guess. A journal that is not there yet has no events.
  - A run over very many hosts keeps the names of some only. The host is found all the same, but RV(_raw[].changes)
    may lack a task.
seealso:
  - module: tfevent.infra.change_event
  - plugin: tfevent.infra.change_events
    plugin_type: callback
"""

EXAMPLES = r"""
- name: Stop if another run changed the host in the last hour
  ansible.builtin.assert:
    that: changes | length == 0
    fail_msg: "Changed lately: {{ changes | map(attribute='title') | join('; ') }}"
  vars:
    changes: "{{ query('tfevent.infra.changes', since='1h', exclude_self=true) }}"

- name: Wait for the end of another maintenance
  ansible.builtin.debug:
    msg: Nothing else is under way.
  until: query('tfevent.infra.changes', since='1d', outcome='running', exclude_self=true) | length == 0
  retries: 60
  delay: 10

- name: Show what changed anywhere in production before the incident
  ansible.builtin.debug:
    msg: "{{ item.started_at }} {{ item.title }} by {{ item.user }}"
  loop: "{{ query('tfevent.infra.changes', '*', since='2026-11-25T08:00:00Z', environment='production') }}"
  loop_control:
    label: "{{ item.id }}"
"""

RETURN = r"""
_raw:
  description: The events, newest first, for one host after the other.
  type: list
  elements: dict
  contains:
    id:
      description: ID of the event. See C(tfevent events show ID).
      type: str
      sample: 01a2141f-cdab-76cc-b6bf-6288ee536bdb
    title:
      description: Its title.
      type: str
      sample: "prod/shop: site.yml: 4 tasks changed 3 of 5 hosts"
    kind:
      description: What sort of change it is.
      type: str
      sample: infrastructure
    phase:
      description: V(applied), or with O(include_unchanged) also V(planned) and V(checked).
      type: str
      sample: applied
    outcome:
      description: How it ended, V(running) where it has not.
      type: str
      sample: succeeded
    severity:
      description: V(info), V(warning) or V(error).
      type: str
      sample: info
    started_at:
      description: When it began, in UTC.
      type: str
      sample: "2026-11-25T19:12:38.315440Z"
    ended_at:
      description: When it ended, null where it has not.
      type: str
    environment:
      description: Environment, or null.
      type: str
    service:
      description: Service, or null.
      type: str
    version:
      description: Version that was deployed or built, or null.
      type: str
    tool:
      description: What was run.
      type: str
      sample: ansible
    user:
      description: Who did it.
      type: str
    host:
      description: The host that was asked for, null for V(*).
      type: str
    host_status:
      description: The worst that happened to it, such as V(changed) or V(failed). Null for V(*).
      type: str
      sample: changed
    changes:
      description: Names of the tasks that changed the host or failed there. For V(*) everything that was changed.
      type: list
      elements: str
      sample: [Install nginx]
"""

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ansible import constants
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible_collections.tfevent.infra.plugins.plugin_utils import callback_options, explicit_document, history
from ansible_collections.tfevent.infra.plugins.plugin_utils.timestamps import age_or_moment

if TYPE_CHECKING:
    from collections.abc import Iterable

_FILTERS = ("environment", "service", "tool", "outcome", "text")


class LookupModule(LookupBase):
    """``query('tfevent.infra.changes', HOST, since='2h')``."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the events that changed each of the hosts."""
        _check_names(kwargs, self._option_names())
        self.set_options(var_options=variables, direct=kwargs)
        environ = callback_options.environment(variables or {}, self._templar, Display().warning)
        asking = (variables or {}).get("inventory_hostname") or history.EVERYWHERE
        hosts = list(explicit_document.texts(terms)) if terms else [str(asking)]
        filters = {name: self._text(name) for name in _FILTERS}
        try:
            filters |= {name: age_or_moment(text) for name in ("since", "until") if (text := self._text(name))}
            return [entry for host in hosts for entry in self._of(host, filters, environ)]
        except (ValueError, history.HistoryError) as error:
            raise AnsibleLookupError(f"tfevent.infra.changes: {error}") from error

    def _of(self, host: str, filters: dict[str, Any], environ: dict[str, str]) -> list[dict[str, Any]]:
        events = history.read(
            {**filters, "host": None if host == history.EVERYWHERE else host},
            environ=environ,
            directory=self._loader.get_basedir(),
            say=Display().warning,
        )
        kind, own = self._text("kind"), environ.get("TFEVENT_RUN_ID") if self.get_option("exclude_self") else None
        found = history.entries(
            [event for event in events if not (own and _belongs_to(event, own))],
            host,
            include_unchanged=self.get_option("include_unchanged"),
        )
        return [entry for entry in found if kind in (None, entry["kind"])]

    def _option_names(self) -> list[str]:
        definitions = constants.config.get_configuration_definitions("lookup", self._load_name)
        return [name for name in definitions if not name.startswith("_")]

    def _text(self, name: str) -> str | None:
        value = self.get_option(name)
        return None if value is None else str(value)


def _check_names(given: Iterable[str], known: list[str]) -> None:
    """Reject unknown options, which would be ignored silently."""
    if wrong := sorted(set(given).difference(known)):
        near = get_close_matches(wrong[0], known, 1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise AnsibleLookupError(
            f"tfevent.infra.changes: there is no option {', '.join(wrong)}: {meant}It has {', '.join(sorted(known))}"
        )


def _belongs_to(event: dict[str, Any], run: str) -> bool:
    trace = event.get("trace") or {}
    return run in (event.get("id"), trace.get("run_id"), trace.get("parent_run_id"))
