"""What names the thing that a task changed: the table, its default, and what is never looked at."""

import pytest
from ansible_collections.tfevent.infra.plugins.plugin_utils import module_targets
from ansible_collections.tfevent.infra.plugins.plugin_utils.diffs import LONGEST_BODY, differences
from ansible_collections.tfevent.infra.plugins.plugin_utils.module_targets import KINDS, thing
from ansible_collections.tfevent.infra.plugins.plugin_utils.records import no_arguments

SECRET = "correct-horse-battery"


def given(**arguments):
    """A task's arguments, of which no more is seen than was asked for."""
    return lambda names: {name: arguments[name] for name in names if name in arguments}


CASES = [
    ("ansible.builtin.copy", {"dest": "/etc/motd", "checksum": "x"}, {"content": SECRET}, "/etc/motd"),
    ("ansible.builtin.file", {"path": "/srv", "state": "directory"}, {}, "/srv (directory)"),
    ("ansible.builtin.file", {"path": "/srv", "state": "absent"}, {"state": "absent"}, "/srv (absent)"),
    ("ansible.builtin.lineinfile", {"msg": "line added"}, {"path": "/etc/hosts", "line": SECRET}, "/etc/hosts"),
    ("ansible.builtin.apt", {"cache_updated": False}, {"name": ["nginx", "curl"], "state": "present"},
     "package nginx, curl (present)"),
    ("ansible.builtin.apt", {}, {"pkg": "nginx=1.18"}, "package nginx=1.18"),
    ("ansible.builtin.dnf", {"results": ["Installed: x"]}, {"name": list("abcdefg")},
     "package a, b, c, d, e and 2 more"),
    ("ansible.builtin.pip", {"name": ["flask"], "version": "3.0"}, {}, "package flask (3.0)"),
    ("ansible.builtin.service", {"name": "nginx", "state": "started"}, {"state": "restarted"},
     "service nginx (started)"),
    ("ansible.builtin.systemd", {"name": "nginx", "enabled": True}, {}, "service nginx (enabled)"),
    ("ansible.builtin.user", {"name": "ann", "state": "present"}, {"password": SECRET}, "user ann (present)"),
    ("ansible.builtin.git", {"after": "0123456789abcdef", "before": None}, {"dest": "/srv/app"},
     "/srv/app (0123456789)"),
    ("ansible.posix.sysctl", {}, {"name": "vm.swappiness", "value": "10"}, "sysctl vm.swappiness (10)"),
    ("community.docker.docker_container", {"container": {"Env": [SECRET]}}, {"name": "web", "image": "nginx:1"},
     "container web (nginx:1)"),
    ("kubernetes.core.k8s", {"result": {"kind": "Secret", "metadata": {"name": "db"}, "data": {"p": SECRET}}}, {},
     "db (Secret)"),
    ("amazon.aws.ec2_instance", {"instance_ids": ["i-1", "i-2"], "instances": [{"x": SECRET}]}, {},
     "instance i-1, i-2"),
    ("ansible.builtin.command", {"cmd": ["mysql", f"-p{SECRET}"], "rc": 0}, {"_raw_params": SECRET, "name": "x"}, None),
    ("ansible.builtin.uri", {"url": f"https://x/{SECRET}", "path": "/x"}, {}, None),
    ("some.cloud.widget", {"id": "w-17", "token": SECRET}, {}, "w-17"),
    ("some.cloud.widget", {}, {"name": "blue", "state": "running", "secret": SECRET}, "blue (running)"),
    ("some.cloud.widget", {"anything": "else"}, {"api": SECRET}, None),
]  # fmt: skip


@pytest.mark.parametrize(("action", "data", "arguments", "expected"), CASES)
def test_what_a_module_changed(action, data, arguments, expected):
    assert thing(action, data, given(**arguments)) == expected


def test_older_cores_have_the_arguments_in_the_result():
    data = {"invocation": {"module_args": {"path": "/etc/hosts", "line": SECRET}}}
    assert thing("ansible.builtin.lineinfile", data, no_arguments) == "/etc/hosts"


@pytest.mark.parametrize("value", ["{{ item }}", "", "x" * 301, "two\nlines", {"a": 1}, None, True])
def test_what_is_no_name_is_left_out(value):
    assert thing("ansible.builtin.copy", {"dest": value}, no_arguments) is None


def test_no_row_asks_for_what_may_hold_a_secret():
    risky = ("content", "password", "token", "secret", "key_data", "cmd", "argv", "raw", "body", "env", "line", "block")
    for action, kind in KINDS.items():
        for name in (*kind.names, *kind.details):
            assert not any(word == name.rpartition(".")[2] for word in risky), (action, name)


DIFFS = [
    ([], []),
    ({"before": "a\n", "after": "a\nb\n", "after_header": "/etc/x"}, ["/etc/x: +1 -0 lines"]),
    ([{"before": "a\n", "after": "b\n", "before_header": "/x (content)"}], ["/x: +1 -1 lines"]),
    ({"before": {"mode": "0644", "path": "/x"}, "after": {"mode": "0600", "path": "/x"}}, ["/x: mode 0644 → 0600"]),
    ({"before": {"owner": "a", "note": SECRET}, "after": {"owner": "b", "note": "x"}}, ["owner a → b, note"]),
    ({"before": {"state": "absent"}, "after": {"state": "directory"}}, ["state absent → directory"]),
    ({"before": "same", "after": "same"}, []),
    ({"prepared": f"diff of {SECRET}", "after_header": "index"}, ["index: changed"]),
    ({"before": "", "after": SECRET + "\n", "after_header": "x" * 400}, ["+1 -0 lines"]),
    ({"before": "", "after": "line\n" * LONGEST_BODY, "after_header": "/big"}, [f"/big: 0 → {LONGEST_BODY} lines"]),
    ({"before": 7, "after": ["x"]}, []),
    ("no diff at all", []),
    (
        {"before": "a", "after": "b", "before_header": "/etc/t", "after_header": "/home/ann/t.j2"},
        ["/etc/t: +1 -1 lines"],
    ),
    (
        {"before": "", "after": "b", "before_header": "/dev/null", "after_header": "/etc/apt/x.list"},
        ["/etc/apt/x.list: +1 -0 lines"],
    ),
    (
        {"before": "", "after": "b", "after_header": "/home/ann/.ansible/tmp/ansible-local-1x/tmpy/t.j2"},
        ["+1 -0 lines"],
    ),
    ({"before": "a\nb\n", "before_header": "/etc/t", "src_binary": 1}, ["/etc/t: changed"]),
    ({"dst_binary": 1, "after": "a\n", "after_header": "/home/ann/t"}, ["/home/ann/t: changed"]),
    ({"before": "a\n", "before_header": "/etc/t", "src_larger": 104448}, ["/etc/t: changed"]),
    ({"dst_larger": 104448, "src_binary": 1}, ["changed"]),
]


@pytest.mark.parametrize(("diff", "expected"), DIFFS)
def test_what_a_difference_says(diff, expected):
    assert list(differences(diff)) == expected


NEW_FILES = [
    ({"dest": "/etc/t"}, {}, "/etc/t"),
    ({}, {"dest": "/etc/t", "src": "t.j2"}, "/etc/t"),
    ({"path": "/etc/t"}, {"line": SECRET}, "/etc/t"),
    ({}, {"dest": "/etc/{{ item }}"}, "/home/ann/t.j2"),
]


@pytest.mark.parametrize(("data", "arguments", "expected"), NEW_FILES)
def test_a_new_file_is_named_by_what_the_task_is_about(data, arguments, expected):
    diff = [{"before": "", "after": "a\nb\n", "after_header": "/home/ann/t.j2"}]
    path = module_targets.path(data, given(**arguments))
    assert list(differences(diff, path=path)) == [f"{expected}: +2 -0 lines"]


def test_a_header_of_what_was_there_goes_before_the_path_of_the_task():
    diff = {"before": "a", "after": "b", "before_header": "/srv/site/a.html", "after_header": "/home/ann/a.html"}
    assert list(differences(diff, path="/srv/site/")) == ["/srv/site/a.html: +1 -1 lines"]


def test_lines_are_reported_only_where_they_are_asked_for():
    diff = {"before": "a\nb\n", "after": "a\nc\n", "after_header": "/x"}
    (expected,) = differences(diff, contents=True)
    assert expected == "/x: +1 -1 lines\n@@ -2 +2 @@\n-b\n+c"
