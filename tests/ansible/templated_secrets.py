"""Secrets that no variable holds as a plain value: templates, lookups, files that are vaulted as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.ansible.command import Machine, Ran

WHERE = (
    "file", "pipe", "env", "joined-half", "other", "task", "block", "include", "host", "group", "default", "name",
    "path", "item", "json", "no-log-register", "no-log-fact", "copied", "looked-up", "unvaulted", "nested", "indirect",
    "rendered", "many",
)  # fmt: skip
PLANTED = frozenset(f"Planted-{where}-8CqQ" for where in WHERE)
PLAY = """\
- name: Play of {{ name_password }}
  hosts: web1
  gather_facts: false
  ignore_errors: true
  vars:
    file_password: "{{ lookup('file', playbook_dir + '/pw.txt') }}"
    pipe_token: "{{ lookup('pipe', 'echo Planted-pipe-8CqQ') }}"
    env_secret: "{{ lookup('env', 'WHERE_IT_IS') }}"
    joined_secret: "{{ 'Planted-' ~ 'joined-half-8CqQ' }}"
    other: Planted-other-8CqQ
    other_password: "{{ other }}"
    name_password: "{{ lookup('pipe', 'echo Planted-name-8CqQ') }}"
    path_token: "{{ lookup('pipe', 'echo Planted-path-8CqQ') }}"
    item_token: "{{ lookup('pipe', 'echo Planted-item-8CqQ') }}"
    many_token: "{{ lookup('pipe', 'echo Planted-many-8CqQ') }}"
    nested: {db: {password: "{{ lookup('pipe', 'echo Planted-nested-8CqQ') }}"}}
    indirect_url: "https://app:{{ indirect_password }}@db.example"
    indirect_password: "{{ lookup('pipe', 'echo Planted-indirect-8CqQ') }}"
    of_a_file: "{{ lookup('file', 'looked_up.txt') }}"
  tasks:
    - name: Client
      ansible.builtin.command: "sh -c 'echo no access with {{ file_password }} >&2; exit 1'"
    - ansible.builtin.fail: {msg: "rejected {{ pipe_token }} by {{ inventory_hostname }}"}
    - ansible.builtin.fail: {msg: "env {{ env_secret }}"}
    - ansible.builtin.fail: {msg: "joined {{ joined_secret }}"}
    - ansible.builtin.fail: {msg: "other {{ other_password }}"}
    - vars: {task_password: "{{ lookup('pipe', 'echo Planted-task-8CqQ') }}"}
      ansible.builtin.fail: {msg: "task {{ task_password }}"}
    - vars: {block_password: "{{ lookup('pipe', 'echo Planted-block-8CqQ') }}"}
      block:
        - ansible.builtin.fail: {msg: "block {{ block_password | default('') }}"}
    - ansible.builtin.include_tasks: tasks/says.yml
      vars: {said_password: "{{ lookup('pipe', 'echo Planted-include-8CqQ') }}"}
    - ansible.builtin.fail: {msg: "host {{ host_password }}"}
    - ansible.builtin.fail: {msg: "group {{ group_password }}"}
    - ansible.builtin.include_role: {name: defaults}
    - name: Named {{ name_password }}
      ansible.builtin.debug: {msg: x}
      changed_when: true
    - name: At a path
      ansible.builtin.copy: {content: x, dest: "{{ out }}/{{ path_token }}.conf"}
    - name: Of items
      ansible.builtin.fail: {msg: "item {{ item }}"}
      loop: [plain, "{{ item_token }}"]
    - name: Log in
      ansible.builtin.command: >-
        echo '{"access_token": "Planted-json-8CqQ"}'
      register: login
      changed_when: false
    - ansible.builtin.fail: {msg: "refused {{ (login.stdout | from_json).access_token }} today"}
    - ansible.builtin.command: echo Planted-no-log-register-8CqQ
      register: quiet
      no_log: true
      changed_when: false
    - ansible.builtin.fail: {msg: "quiet {{ quiet.stdout }}"}
    - ansible.builtin.set_fact: {silent: Planted-no-log-fact-8CqQ}
      no_log: true
    - ansible.builtin.fail: {msg: "silent {{ silent }}"}
    - name: Copy what is vaulted
      ansible.builtin.copy: {src: copied.txt, dest: "{{ out }}/copied.txt"}
    - ansible.builtin.command: "sh -c 'cat {{ out }}/copied.txt >&2; exit 1'"
    - ansible.builtin.fail: {msg: "{{ of_a_file }}"}
    - ansible.builtin.fail: {msg: "it is {{ lookup('unvault', 'unvaulted.txt') | string }}"}
    - ansible.builtin.fail: {msg: "nested {{ nested.db.password }}"}
    - ansible.builtin.fail: {msg: "cannot reach {{ indirect_url }} as {{ indirect_password }}"}
    - name: Render what is vaulted
      ansible.builtin.template: {src: rendered.j2, dest: "{{ out }}/rendered"}
    - ansible.builtin.command: "sh -c 'cat {{ out }}/rendered >&2; exit 1'"
    - ansible.builtin.fail: {msg: "{% if true %}some {{ many_token }}{% endif %} of {{ inventory_hostname }}"}
"""


def play(machine: Machine, **environ: str) -> Ran:
    plant(machine)
    return machine.play("templates", WHERE_IT_IS="Planted-env-8CqQ", **environ)


def plant(machine: Machine) -> None:
    (machine.folder / "vault.key").write_text("open sesame\n")
    machine.environ["ANSIBLE_VAULT_PASSWORD_FILE"] = str(machine.folder / "vault.key")
    says = "- ansible.builtin.fail: {msg: 'said {{ said_password }}'}\n  ignore_errors: true\n"
    files = {
        "templates.yml": PLAY,
        "pw.txt": "Planted-file-8CqQ\n",
        "tasks/says.yml": says,
        "host_vars/web1.yml": "host_password: \"{{ lookup('pipe', 'echo Planted-host-8CqQ') }}\"\n",
        "group_vars/web.yml": "group_password: \"{{ lookup('pipe', 'echo Planted-group-8CqQ') }}\"\n",
        "roles/defaults/defaults/main.yml": "said_password: \"{{ lookup('pipe', 'echo Planted-default-8CqQ') }}\"\n",
        "roles/defaults/tasks/main.yml": says,
        "files/copied.txt": "user = app\nsecret = Planted-copied-8CqQ\n",
        "files/looked_up.txt": "Planted-looked-up-8CqQ\n",
        "files/unvaulted.txt": "Planted-unvaulted-8CqQ\n",
        "templates/rendered.j2": "it is Planted-rendered-8CqQ of {{ inventory_hostname }}\n",
    }
    for name, text in files.items():
        path = machine.playbooks / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    vaulted = ("files/copied.txt", "files/looked_up.txt", "files/unvaulted.txt", "templates/rendered.j2")
    assert machine.run("ansible-vault", "encrypt", *(str(machine.playbooks / name) for name in vaulted)).code == 0
