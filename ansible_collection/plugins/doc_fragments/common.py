# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that the plugins of this collection share: the settings of ``tfevent.yaml``, under the same names."""

from __future__ import annotations


class ModuleDocFragment:
    """``extends_documentation_fragment: tfevent.infra.common``.

    All are raw and without a default here: a list where Ansible expects a text makes it leave the plugin out, and what
    is not given must not hide what ``tfevent.yaml`` says.
    """

    DOCUMENTATION = r"""
notes:
  - These options take precedence over C(tfevent.yaml), which is searched in the playbook's directory and above it,
    and in C(~/.config/tfevent).
  - Variables of a play reach them from ansible-core 2.21 on, and only extra variables (C(-e)).
options:
  environment:
    description: >-
      Environment the events belong to, such as V(prod). May hold C({directory}), the name of the playbook's
      directory.
    type: raw
    env: [{name: TFEVENT_ENVIRONMENT}]
    ini: [{section: callback_tfevent, key: environment}]
    vars: [{name: tfevent_environment}]
  service:
    description: Service the events belong to. May hold C({directory}).
    type: raw
    env: [{name: TFEVENT_SERVICE}]
    ini: [{section: callback_tfevent, key: service}]
    vars: [{name: tfevent_service}]
  tags:
    description: Tags of every event, as V(name=value), separated by commas.
    type: raw
    env: [{name: TFEVENT_TAGS}]
    ini: [{section: callback_tfevent, key: tags}]
    vars: [{name: tfevent_tags}]
  report:
    description: >-
      Which runs are reported, V(changed), V(always) or V(failed). By default V(changed), which leaves out runs
      that changed nothing.
    type: raw
    env: [{name: TFEVENT_REPORT}]
    ini: [{section: callback_tfevent, key: report}]
    vars: [{name: tfevent_report}]
  plans:
    description: >-
      How events of check-mode runs are handled: V(journal), V(send) or V(off). By default V(journal), which
      keeps them on the controller.
    type: raw
    env: [{name: TFEVENT_PLANS}]
    ini: [{section: callback_tfevent, key: plans}]
    vars: [{name: tfevent_plans}]
  budget:
    description: Time limit for delivery after the run, in seconds. By default V(3).
    type: raw
    env: [{name: TFEVENT_BUDGET}]
    ini: [{section: callback_tfevent, key: budget}]
    vars: [{name: tfevent_budget}]
  values:
    description: How much of a value is shown, V(none), V(names) or V(safe). By default V(safe).
    type: raw
    env: [{name: TFEVENT_VALUES}]
    ini: [{section: callback_tfevent, key: values}]
    vars: [{name: tfevent_values}]
  redact_names:
    description: Globs of additional names whose values are redacted, separated by commas.
    type: raw
    env: [{name: TFEVENT_REDACT_NAMES}]
    ini: [{section: callback_tfevent, key: redact_names}]
    vars: [{name: tfevent_redact_names}]
  redact_patterns:
    description: Regular expressions of additional secrets, separated by commas.
    type: raw
    env: [{name: TFEVENT_REDACT_PATTERNS}]
    ini: [{section: callback_tfevent, key: redact_patterns}]
    vars: [{name: tfevent_redact_patterns}]
  journal:
    description: The journal's file. By default C(journal.db) in tfevent's state folder.
    type: path
    env: [{name: TFEVENT_JOURNAL}]
    ini: [{section: callback_tfevent, key: journal}]
    vars: [{name: tfevent_journal}]
  quiet:
    description: Do not print the report line after a run. By default V(false).
    type: raw
    env: [{name: TFEVENT_QUIET}]
    ini: [{section: callback_tfevent, key: quiet}]
    vars: [{name: tfevent_quiet}]
  causes:
    description:
      - Look for the cause of each change when the run has ended, for two seconds at most. By default V(true).
      - A cause is an edited line with its commits, or a changed version of a role or collection.
    type: raw
    env: [{name: TFEVENT_CAUSES}]
    ini: [{section: callback_tfevent, key: causes}]
    vars: [{name: tfevent_causes}]
  title_template:
    description:
      - Jinja template of the title.
      - In a variable of Ansible's, what is not for Ansible to render stands between C({% raw %}) and C({% endraw %}).
    type: raw
    env: [{name: TFEVENT_TITLE_TEMPLATE}]
    ini: [{section: callback_tfevent, key: title_template}]
    vars: [{name: tfevent_title_template}]
  title_template_file:
    description: File that holds O(title_template).
    type: path
    env: [{name: TFEVENT_TITLE_TEMPLATE_FILE}]
    ini: [{section: callback_tfevent, key: title_template_file}]
    vars: [{name: tfevent_title_template_file}]
  message_template:
    description: Jinja template of the message. In a variable of Ansible's it is written as O(title_template) is.
    type: raw
    env: [{name: TFEVENT_MESSAGE_TEMPLATE}]
    ini: [{section: callback_tfevent, key: message_template}]
    vars: [{name: tfevent_message_template}]
  message_template_file:
    description: File that holds O(message_template).
    type: path
    env: [{name: TFEVENT_MESSAGE_TEMPLATE_FILE}]
    ini: [{section: callback_tfevent, key: message_template_file}]
    vars: [{name: tfevent_message_template_file}]
  message_bytes:
    description: Maximum size of a message, in bytes. By default V(8000).
    type: raw
    env: [{name: TFEVENT_MESSAGE_BYTES}]
    ini: [{section: callback_tfevent, key: message_bytes}]
    vars: [{name: tfevent_message_bytes}]
  keep_events:
    description: Maximum number of events in the journal; the oldest are removed first. By default V(100000).
    type: raw
    env: [{name: TFEVENT_KEEP_EVENTS}]
    ini: [{section: callback_tfevent, key: keep_events}]
    vars: [{name: tfevent_keep_events}]
  keep_days:
    description: Retention of events in the journal, in days. By default V(730).
    type: raw
    env: [{name: TFEVENT_KEEP_DAYS}]
    ini: [{section: callback_tfevent, key: keep_days}]
    vars: [{name: tfevent_keep_days}]
  keep_mib:
    description: Maximum size of the events in the journal, in MiB. By default V(512).
    type: raw
    env: [{name: TFEVENT_KEEP_MIB}]
    ini: [{section: callback_tfevent, key: keep_mib}]
    vars: [{name: tfevent_keep_mib}]
  outbox_events:
    description: Maximum number of waiting events per destination; the oldest are dropped first. By default V(50000).
    type: raw
    env: [{name: TFEVENT_OUTBOX_EVENTS}]
    ini: [{section: callback_tfevent, key: outbox_events}]
    vars: [{name: tfevent_outbox_events}]
  outbox_days:
    description: Retention of waiting events of a failing destination, and of parked events, in days. By default V(30).
    type: raw
    env: [{name: TFEVENT_OUTBOX_DAYS}]
    ini: [{section: callback_tfevent, key: outbox_days}]
    vars: [{name: tfevent_outbox_days}]
  outbox_mib:
    description: Maximum size of waiting events per destination, in MiB. By default V(256).
    type: raw
    env: [{name: TFEVENT_OUTBOX_MIB}]
    ini: [{section: callback_tfevent, key: outbox_mib}]
    vars: [{name: tfevent_outbox_mib}]
  sematext_token:
    description: Token of the Sematext App that gets the events.
    type: raw
    env: [{name: TFEVENT_SEMATEXT_TOKEN}]
    ini: [{section: callback_tfevent, key: sematext_token}]
    vars: [{name: tfevent_sematext_token}]
  sematext_token_file:
    description: File that holds O(sematext_token).
    type: raw
    env: [{name: TFEVENT_SEMATEXT_TOKEN_FILE}]
    ini: [{section: callback_tfevent, key: sematext_token_file}]
    vars: [{name: tfevent_sematext_token_file}]
  sematext_token_command:
    description: Command that prints O(sematext_token).
    type: raw
    env: [{name: TFEVENT_SEMATEXT_TOKEN_COMMAND}]
    ini: [{section: callback_tfevent, key: sematext_token_command}]
    vars: [{name: tfevent_sematext_token_command}]
  sematext_region:
    description: Region of the Sematext account, V(us) or V(eu). By default V(us).
    type: raw
    env: [{name: TFEVENT_SEMATEXT_REGION}]
    ini: [{section: callback_tfevent, key: sematext_region}]
    vars: [{name: tfevent_sematext_region}]
  sematext_receiver:
    description: Base address of another receiver (Sematext Enterprise).
    type: raw
    env: [{name: TFEVENT_SEMATEXT_RECEIVER}]
    ini: [{section: callback_tfevent, key: sematext_receiver}]
    vars: [{name: tfevent_sematext_receiver}]
  webhook_url:
    description: Address of a webhook that gets the events.
    type: raw
    env: [{name: TFEVENT_WEBHOOK_URL}]
    ini: [{section: callback_tfevent, key: webhook_url}]
    vars: [{name: tfevent_webhook_url}]
  webhook_url_file:
    description: File that holds O(webhook_url).
    type: raw
    env: [{name: TFEVENT_WEBHOOK_URL_FILE}]
    ini: [{section: callback_tfevent, key: webhook_url_file}]
    vars: [{name: tfevent_webhook_url_file}]
  webhook_url_command:
    description: Command that prints O(webhook_url).
    type: raw
    env: [{name: TFEVENT_WEBHOOK_URL_COMMAND}]
    ini: [{section: callback_tfevent, key: webhook_url_command}]
    vars: [{name: tfevent_webhook_url_command}]
  webhook_secret:
    description: Key that requests to the webhook are signed with.
    type: raw
    env: [{name: TFEVENT_WEBHOOK_SECRET}]
    ini: [{section: callback_tfevent, key: webhook_secret}]
    vars: [{name: tfevent_webhook_secret}]
  webhook_secret_file:
    description: File that holds O(webhook_secret).
    type: raw
    env: [{name: TFEVENT_WEBHOOK_SECRET_FILE}]
    ini: [{section: callback_tfevent, key: webhook_secret_file}]
    vars: [{name: tfevent_webhook_secret_file}]
  webhook_secret_command:
    description: Command that prints O(webhook_secret).
    type: raw
    env: [{name: TFEVENT_WEBHOOK_SECRET_COMMAND}]
    ini: [{section: callback_tfevent, key: webhook_secret_command}]
    vars: [{name: tfevent_webhook_secret_command}]
"""
