# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation only: the action plugin of the same name does the work, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: change_event
short_description: Record and send a change event
version_added: 0.1.0
author: The tfevent authors (@tfevent)
description:
  - Records a change explicitly - a deployment, a build, a maintenance - that the run's own event does not show.
  - The event is recorded in the journal of the controller first, and then delivered to the destinations of
    C(tfevent.yaml). Undelivered events wait there for the next C(tfevent) command.
  - Runs on the controller only. Managed hosts are not contacted and need nothing.
  - A task that cannot record its event warns and goes on, unless O(required=true). Wrong arguments fail as they do in
    any module.
options:
  state:
    description:
      - V(event) is something that has happened.
      - V(started) is a change that begins now. It is recorded as under way, and the task returns the RV(id) with
        which a later task, even of another run, settles it.
      - V(finished) settles a started event, with its outcome and duration, and delivers it. Of several tasks that
        settle one event the first counts.
    type: str
    choices: [event, started, finished]
    default: event
  id:
    description:
      - The RV(id) that the task with O(state=started) returned.
      - Required by O(state=finished), and for it only.
    type: str
  kind:
    description: Kind of event. With O(state=finished), the kind of the start applies.
    type: str
    choices: [infrastructure, deployment, build, boot, start, stop, drift, custom]
    default: custom
  title:
    description:
      - Title, one line. Cut at 120 characters.
      - Required by O(state=event) and O(state=started). With O(state=finished) it replaces that of the start, which
        is otherwise kept, with a failure appended.
    type: str
  message:
    description:
      - Message in Markdown.
      - With O(state=finished) it follows that of the start.
    type: str
  severity:
    description:
      - Severity of the event. By default V(error) for what failed, partially failed or is unknown, V(warning) for what
        was cancelled, else V(info).
    type: str
    choices: [info, warning, error]
  outcome:
    description:
      - Outcome. By default V(succeeded).
      - What has just O(state=started) has none.
    type: str
    choices: [succeeded, partial, failed, cancelled, unknown]
  environment:
    description: Environment. By default from C(tfevent.yaml).
    type: str
  service:
    description: Service name. By default from C(tfevent.yaml).
    type: str
  version:
    description: Version of the service that was deployed or built.
    type: str
  tags:
    description: Tags, in addition to those in C(tfevent.yaml).
    type: dict
  data:
    description: Additional data. Values under names such as C(password) are redacted.
    type: dict
  started_at:
    description:
      - When it began, where that is not now - as ISO 8601, in the controller's time zone where it names none, or in
        seconds since 1970.
      - Not with O(state=finished), whose event has begun already.
      - A time in the future is an error; five minutes are allowed for clocks that differ.
    type: str
  ended_at:
    description:
      - When it ended, written like O(started_at). Not with O(state=started).
      - A time before the start is an error, also before that of the event that O(state=finished) settles.
    type: str
  links:
    description: Related links.
    type: list
    elements: dict
    suboptions:
      title:
        description: Title of the link.
        type: str
        required: true
      url:
        description: URL. Credentials in it are redacted.
        type: str
        required: true
  hosts:
    description:
      - Names of the hosts concerned, by which C(tfevent events list --host) and the lookup
        P(tfevent.infra.changes#lookup) find it.
      - Without them, the task's host. With C(run_once) or O(once=true), all hosts of the play's batch.
    type: list
    elements: str
  failed_hosts:
    description: Those of them on which it failed.
    type: list
    elements: str
  destinations:
    description:
      - Names of the destinations of C(tfevent.yaml) that get it, whatever their conditions, instead of all whose
        conditions hold. An empty list keeps it in the journal.
      - Belongs to the task that ends the event. Its start is delivered only to destinations with
        C(include_started).
    type: list
    elements: str
  dedup_key:
    description:
      - A key of your own. Of several events with the same key within O(dedup_window) only the first is recorded. The
        others are not changed, and return the id of the first.
      - Records a deployment once, even if the playbook is run again.
      - A key that redaction would change, such as one made of a secret, is an error, since two of them could not be
        distinguished.
    type: str
  dedup_window:
    description: Seconds in which O(dedup_key) counts. The default is a day.
    type: float
    default: 86400
  once:
    description:
      - One event for the task, whatever the number of hosts - and one an item, where it loops. The first host's
        counts.
      - Other than C(run_once) it works with every strategy, and counts all batches of C(serial) as one.
    type: bool
    default: false
  close_with_run:
    description:
      - What has O(state=started) here ends in this run of Ansible, too. If the run is over and no task has settled it
        (after C(meta=end_play), where no host can be reached any more, when Ansible was killed), the next C(tfevent)
        command or observed run settles it with O(outcome=unknown).
      - Without it a started event stays under way until a task settles it, in whichever run.
    type: bool
    default: false
  required:
    description:
      - Fail the task if the event was neither recorded nor sent.
      - A destination that is down is not a failure, since the event waits for it. See RV(waiting) and RV(parked).
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Nothing is recorded or sent. RV(event) is what would be, RV(waiting) where it would go.
  diff_mode:
    support: full
    description: Shows the event.
  platform:
    platforms: all
    support: full
    description: The managed hosts do not matter. The controller needs Python 3.11, or the C(tfevent) command.
  async:
    support: none
    description: A task with C(async) fails, as with every module that works on the controller.
  delegation:
    support: none
    description: Accepted and without effect. The event is about the task's host, and made on the controller.
  connection:
    support: none
    description: No connection is used, so the host may be down.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
requirements:
  - The C(tfevent) package in the Python of ansible-core on the controller, or the C(tfevent) command on its C(PATH)
notes:
  - Where it is recorded and sent is said by C(tfevent.yaml), looked for beside the playbook and above it, and by
    C(TFEVENT_*) variables, those in the C(environment) of the task included. Before the file go the options of
    P(tfevent.infra.change_events#callback), in ansible.cfg and as variables such as C(tfevent_environment), which may
    stand wherever variables do.
  - Vaulted values, single ones and those of files that are vaulted as a whole, and variables with names such as
    C(db_password) are hidden wherever they occur in the event, and in what the task returns. Before ansible-core 2.19,
    a vaulted file that C(include_vars) reads is known only while P(tfevent.infra.change_events#callback) is enabled.
  - With C(no_log) the event contains only title, times, outcome, environment, service, version and hosts. What
    O(message), O(data), O(tags) and O(links) hold is left out, and hidden if it also occurs in the title.
  - If the run itself is observed (by P(tfevent.infra.change_events#callback)), the event is a child of the run's
    event.
seealso:
  - plugin: tfevent.infra.change_events
    plugin_type: callback
  - plugin: tfevent.infra.changes
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Record a deployment
  tfevent.infra.change_event:
    kind: deployment
    title: shop {{ shop_version }} deployed
    service: shop
    version: "{{ shop_version }}"
    environment: production
    links:
      - title: release notes
        url: https://example.com/shop/releases/{{ shop_version }}
  run_once: true

- name: Record it once, however often the playbook is run today
  tfevent.infra.change_event:
    kind: deployment
    title: shop {{ shop_version }} deployed
    dedup_key: shop-{{ shop_version }}
    dedup_window: 86400
  run_once: true

# A change with a beginning and an end. The role tfevent.infra.change_window does the same around a file of tasks.
- name: Maintain the database
  run_once: true
  block:
    - name: Record the start
      tfevent.infra.change_event:
        state: started
        title: Reindex the database
        service: database
        close_with_run: true
      register: maintenance

    - name: Reindex
      ansible.builtin.command: reindexdb --all
      changed_when: true

    - name: Record the success
      tfevent.infra.change_event:
        state: finished
        id: "{{ maintenance.id }}"
  rescue:
    - name: Record the failure
      tfevent.infra.change_event:
        state: finished
        id: "{{ maintenance.id }}"
        outcome: failed
        message: See the run's own event for the error.

    - name: Fail as before
      ansible.builtin.fail:
        msg: The database could not be reindexed.

- name: Record a build that took place elsewhere, and fail if it cannot be recorded
  tfevent.infra.change_event:
    kind: build
    title: image shop:{{ shop_version }} built
    started_at: "{{ build.started_at }}"
    ended_at: "{{ build.finished_at }}"
    data:
      digest: "{{ build.digest }}"
    required: true
  delegate_to: localhost
"""

RETURN = r"""
id:
  description:
    - Id of the event, to be given to the task that settles it.
    - With RV(repeated) that of the event before. Without a record it is an id all the same, so that later tasks
      find one.
  returned: always
  type: str
  sample: 01a2141f-cdab-76cc-b6bf-6288ee536bdb
title:
  description: Title of the event, as it was recorded. With RV(repeated) that of the event before.
  returned: always
  type: str
  sample: shop 2.1 deployed
state:
  description: As it was given.
  returned: always
  type: str
  sample: started
recorded:
  description: The event is in the journal. Not in check mode.
  returned: always
  type: bool
repeated:
  description:
    - An event with the same key was there before, or the event had been settled before. Nothing was recorded.
  returned: always
  type: bool
delivered:
  description: Names of the destinations that have it.
  returned: always
  type: list
  elements: str
  sample: [sematext]
waiting:
  description: Names of the destinations that do not have it yet. The next C(tfevent) command tries again.
  returned: always
  type: list
  elements: str
parked:
  description: Names of the destinations that refused it. C(tfevent events list --undelivered) shows why.
  returned: always
  type: list
  elements: str
event:
  description:
    - The event as it was recorded and sent, redacted, in the form of C(tfevent events schema). In check mode as it
      would be.
  returned: when it was recorded, had been settled before, or would be
  type: dict
  sample:
    id: 01a2141f-cdab-76cc-b6bf-6288ee536bdb
    kind: deployment
    phase: applied
    outcome: succeeded
    title: shop 2.1 deployed
    service: shop
    version: "2.1"
    started_at: "2026-11-25T19:12:38.315440Z"
    ended_at: "2026-11-25T19:12:38.315440Z"
"""
