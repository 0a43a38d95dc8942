"""Secrets that are there only while a play runs: vaulted by the ansible-vault of the machine, quoted by errors."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ansible.command import Machine, Ran

WHERE = (
    "task-vars", "include-vars", "role-vars", "argument", "in-role", "whole-role", "named", "fact", "included-file",
    "prompted", "group", "registered", "fact-in-loop", "registered-in-loop",
)  # fmt: skip
PLANTED = frozenset(f"planted-{where}-8CqQ" for where in WHERE)
SAYS = "sh -c 'echo cannot log in as {{ %s }} >&2; exit 1'"
PLAY = """\
- name: Late secrets
  hosts: web1
  gather_facts: false
  ignore_errors: true
  vars_prompt: [{name: prompted, prompt: Which}]
  tasks:
    - name: A change
      ansible.builtin.debug: {msg: x}
      changed_when: true
    - name: Variables of a task
      ansible.builtin.command: "<says what>"
      vars:
        what: <task-vars>
    - name: Variables of an include
      ansible.builtin.include_tasks: quote.yml
      vars:
        what: <include-vars>
    - name: Variables of a role
      ansible.builtin.include_role: {name: quotes}
      vars:
        what: <role-vars>
    - name: A role with variables
      ansible.builtin.include_role: {name: inline}
    - name: A role whose variables are a vaulted file
      ansible.builtin.include_role: {name: whole}
    - name: An argument
      ansible.builtin.fail:
        msg: <argument>
    - name: A name that says so
      ansible.builtin.command: "<says db_password>"
      vars: {db_password: planted-named-8CqQ}
    - name: A fact whose name says so
      ansible.builtin.set_fact: {api_password: planted-fact-8CqQ}
    - name: Quote the fact
      ansible.builtin.command: "<says api_password>"
    - name: A vaulted file
      ansible.builtin.include_vars: {file: included.yml}
    - name: Quote the file
      ansible.builtin.command: "<says innocent>"
    - name: Quote what was typed
      ansible.builtin.command: "<says prompted>"
    - name: What a command prints, registered under a name that says so
      ansible.builtin.command: echo planted-registered-8CqQ
      register: db_token
      changed_when: false
    - name: Quote that
      ansible.builtin.fail: {msg: "cannot log in as {{ db_token.stdout }}"}
    - name: Facts of a loop
      ansible.builtin.set_fact: {ci_password: "planted-fact-in-loop-8CqQ{{ item }}"}
      loop: ["", x]
    - name: Quote the last of them
      ansible.builtin.fail: {msg: "cannot log in as {{ ci_password }}"}
    - name: What commands print
      ansible.builtin.command: "echo planted-registered-in-loop-8CqQ{{ item }}"
      loop: ["", x]
      register: the_passwords
      changed_when: false
    - name: Quote the first of those
      ansible.builtin.fail: {msg: "cannot log in as {{ the_passwords.results[0].stdout }}"}
- name: The file of a group
  hosts: web1
  gather_facts: false
  ignore_errors: true
  tasks:
    - name: Quote the group
      ansible.builtin.command: "<says of_the_group>"
    - name: Another change
      ansible.builtin.debug: {msg: x}
      changed_when: true
"""


def play(machine: Machine, **environ: str) -> Ran:
    """Play them, and a second playbook that quotes the vaulted file of a group, too."""
    plant(machine)
    second = machine.playbooks / "again.yml"
    return machine.play("late", str(second), "-e", "prompted=planted-prompted-8CqQ", **environ)


def plant(machine: Machine) -> None:
    (machine.folder / "vault.key").write_text("open sesame\n")
    machine.environ["ANSIBLE_VAULT_PASSWORD_FILE"] = str(machine.folder / "vault.key")
    books = machine.playbooks
    text = PLAY
    for where in ("task-vars", "include-vars", "role-vars", "argument"):
        text = text.replace(f"<{where}>", _inline(machine, where, 10))
    for name in ("what", "db_password", "api_password", "innocent", "prompted", "of_the_group"):
        text = text.replace(f"<says {name}>", SAYS % name)
    (books / "late.yml").write_text(text)
    (books / "again.yml").write_text(text[text.index("- name: The file of a group") :])
    quote = f'- name: Quote it\n  ansible.builtin.command: "{SAYS % "what"}"\n  ignore_errors: true\n'
    (books / "quote.yml").write_text(quote)
    for role in ("quotes", "inline", "whole"):
        _file(books / "roles" / role / "tasks" / "main.yml", quote)
    _file(books / "roles" / "inline" / "vars" / "main.yml", f"what: {_inline(machine, 'in-role', 2)}\n")
    _vaulted(machine, books / "roles" / "whole" / "vars" / "main.yml", "what: planted-whole-role-8CqQ\n")
    _vaulted(machine, books / "included.yml", "innocent: planted-included-file-8CqQ\n")
    _vaulted(machine, books / "group_vars" / "all" / "vault.yml", "of_the_group: planted-group-8CqQ\n")


def _inline(machine: Machine, where: str, indent: int) -> str:
    """The value as ansible-vault writes it behind a key."""
    made = machine.run("ansible-vault", "encrypt_string", f"planted-{where}-8CqQ", "--name", "x").out
    first, *rest = made.partition(": ")[2].strip().splitlines()
    return "\n".join([first, textwrap.indent("\n".join(line.strip() for line in rest), " " * indent)])


def _vaulted(machine: Machine, path: Path, text: str) -> None:
    _file(path, text)
    assert machine.run("ansible-vault", "encrypt", str(path)).code == 0


def _file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
