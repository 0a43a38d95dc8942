"""What the callback learns from variables before a play: cheap for many hosts, and complete for those that differ."""

from __future__ import annotations

from types import MappingProxyType

from ansible_collections.tfevent.infra.plugins.plugin_utils import variables
from ansible_collections.tfevent.infra.plugins.plugin_utils.learning import Learning
from ansible_collections.tfevent.infra.plugins.plugin_utils.run_reporter import RunReporter


class HostVars(dict):
    """Stands where Ansible's own does, whose every entry costs a computation of all variables of a host."""

    def values(self):
        raise AssertionError("all variables of all hosts were asked for")

    items = __iter__ = values


def test_variables_of_all_hosts_are_not_asked_for_through_each_of_them():
    given = {"hostvars": HostVars(web1={}), "groups": {"all": ["web1"]}, "db_password": "planted-one"}
    assert variables.own(given) == {"db_password": "planted-one"}


def test_facts_are_left_out_but_the_environment():
    given = {"ansible_env": {"TOKEN": "x"}, "ansible_mounts": [1], "ansible_facts": {}, "ansible_password": "planted"}
    assert variables.own(given) == {"ansible_env": {"TOKEN": "x"}, "ansible_password": "planted"}


def test_hosts_may_have_different_values_under_one_name():
    session = Kept()
    reporter = RunReporter(session, {}, lambda _identity: {})
    for password in ("one", "two", "one", {"of": "it"}, {"of": "it"}):
        reporter.learn({"vaulted": None}, {"db_password": password})
    reporter.start()
    assert session.kept["secrets"] == ["vaulted"]
    assert session.kept["variables"] == {"db_password": ["one", "two", {"of": "it"}]}
    reporter.checkpoint(soon=True)
    assert session.kept["variables"] == {}, "each is sent once"


class Kept:
    """A session that keeps the last document."""

    def start(self, document):
        self.kept = document

    checkpoint = start


class Thing:
    def __init__(self, **attributes):
        self.__dict__ |= attributes

    def __getattr__(self, name):
        if name not in self.__dict__.get("values", ()):
            raise AttributeError(name)
        value = self.__dict__["values"][name]
        return lambda *_given, **_named: value


def test_one_host_of_each_kind_is_looked_at_before_time_runs_out(monkeypatch):
    learned = {}
    web, db = Thing(values={"get_name": "web"}), Thing(values={"get_name": "db"})
    hosts = [Thing(groups=[web], at=n) for n in range(50)] + [Thing(groups=[db], at=50)]
    for host in hosts:
        host.values = {"get_groups": host.groups}
    clock = iter(range(100))

    class Manager:
        extra_vars = MappingProxyType({})
        _loader = None
        _inventory = Thing(values={"get_hosts": hosts})

        def get_vars(self, play, host=None, **_named):
            return {"db_password": f"planted-{host.at}"} if host else {}

    def learn(_secrets, named):
        for name, value in named.items():
            learned.setdefault(name, []).append(value)

    play = Thing(hosts="all", vars_prompt=None, values={"get_variable_manager": Manager(), "get_name": "all"})
    module = "ansible_collections.tfevent.infra.plugins.plugin_utils.learning"
    monkeypatch.setattr(f"{module}.VARIABLES_SECONDS", 8)  # the clock is read twice for each
    monkeypatch.setattr(f"{module}.time.monotonic", lambda: next(clock))
    Learning(learn, None).play_starts(play)
    assert learned["db_password"] == ["planted-0", "planted-50", "planted-1", "planted-2"]


def test_a_file_that_is_vaulted_as_a_whole_and_its_texts(tmp_path):
    (tmp_path / "vaulted").write_text("$ANSIBLE_VAULT;1.1;AES256\n6136\n")
    (tmp_path / "plain").write_text("a: b\n")
    found = [variables.is_vault(str(tmp_path / name)) for name in ("vaulted", "plain", "missing")]
    assert found == [True, False, False]
    content = {"greeting": "planted", "deep": [{"pin": 123456, "on": True, "none": None}], "again": "planted"}
    assert variables.texts(content) == ["planted", "123456"]


def test_files_that_are_vaulted_as_a_whole_give_all_their_texts_and_others_none(tmp_path):
    (tmp_path / "vaulted").write_text("$ANSIBLE_VAULT;1.1;AES256\n6136\n")
    (tmp_path / "plain").write_text("a: b\n")
    kept = {str(tmp_path / "vaulted"): {"greeting": "planted"}, str(tmp_path / "plain"): {"a": "b"}}
    assert variables.of_files(kept) == ["planted"]
    assert variables.kept_by(Thing(_FILE_CACHE=kept)) == kept
    assert variables.kept_by(object()) == {}, "a version of Ansible that has no such thing"


class Tagged(str):
    """A text that says which file it comes from, as those of ansible-core since 2.19 do."""

    __slots__ = ("_ansible_tags_mapping",)

    def __new__(cls, text, path):
        made = super().__new__(cls, text)
        made._ansible_tags_mapping = {object: Thing(path=path), str: Thing(path=None)}
        return made


def test_texts_that_come_from_a_vaulted_file(tmp_path):
    (tmp_path / "vaulted").write_text("$ANSIBLE_VAULT;1.1;AES256\n6136\n")
    (tmp_path / "plain").write_text("a: b\n")
    given = {"a": [Tagged("planted", str(tmp_path / "vaulted"))], "b": Tagged("b", str(tmp_path / "plain")), "c": "c"}
    assert variables.from_vaults(given) == ["planted"]
