"""The callback's options count for the module, too."""

from __future__ import annotations

from tests.collection.controller import Controller

OPTIONS = """
- name: options
  tfevent.infra.change_event: {title: x}
- name: variables
  tfevent.infra.change_event: {title: x}
  vars: {tfevent_environment: "{{ 'st' ~ 'aging' }}"}
- name: environment
  tfevent.infra.change_event: {title: x}
  vars: {tfevent_environment: staging}
  environment: {TFEVENT_ENVIRONMENT: test}
- name: argument
  tfevent.infra.change_event: {title: x, environment: prod}
"""


def test_options_of_the_callback_count_in_the_order_of_nearness(tmp_path):
    controller = Controller(tmp_path, hosts=["web1"])
    (tmp_path / "tfevent.yaml").write_text("environment: from-the-file\nservice: shop\n")
    (tmp_path / "ansible.cfg").write_text("[callback_tfevent]\nenvironment = from-the-cfg\n")
    done = controller.play(OPTIONS)
    assert done.code == 0, done.out
    assert [event.environment for event in controller.events()] == ["from-the-cfg", "staging", "test", "prod"]
    assert {event.service for event in controller.events()} == {"shop"}


def test_a_template_in_a_variable_keeps_its_braces_from_ansible(tmp_path):
    controller = Controller(tmp_path, hosts=["web1"])
    task = """
- name: x
  tfevent.infra.change_event: {title: x, service: shop}
  vars: {tfevent_title_template: "{{ 'web' ~ 1 }}: {% raw %}{{ event.service }}{% endraw %}"}
"""
    done = controller.play(task)
    assert done.code == 0, done.out
    assert [event.title for event in controller.events()] == ["web1: shop"]
