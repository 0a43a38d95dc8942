"""The folder of a running run: found again only when nobody lives in it any more, and nothing else is touched."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import change_events
from change_events.files import rundir, unsettled_runs
from change_events.ids import new_id

ONE = "0190c8f0-0000-7000-8000-000000000001"
OTHER = 65534  # nobody
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of another user")


@pytest.fixture(autouse=True)
def _corners(tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


def create(state, run_id=ONE):
    return rundir.create(str(state), run_id)


def leftovers(state, journal=None):
    return unsettled_runs.leftovers(str(state), str(journal or state / "journal.db"))


def killed(state, run_id=ONE):
    """A run whose tfevent has been killed: the path of its folder."""
    run = create(state, run_id)
    run.write_facts(id=run_id, stage="planning")
    run.release()
    return Path(run.path)


def swept(state):
    """What the next command does with what it finds: the paths of the folders that it removed."""
    found = leftovers(state)
    for run in found:
        run.remove()
    return [Path(run.path) for run in found]


def test_a_live_run_is_no_leftover_and_a_dead_one_is(state):
    run = create(state)
    run.write_facts(id=ONE, stage="planning")
    assert [found.path for found in leftovers(state)] == []
    os.close(run._lock)  # what the kernel does when we are killed
    (found,) = leftovers(state)
    assert found.read_facts() == {"id": ONE, "stage": "planning"}
    assert leftovers(state) == [], "it is locked by the first who found it"
    found.remove()
    assert unsettled_runs.count(str(state)) == 0
    assert not Path(run.path).exists()


def test_a_run_whose_terraform_still_writes_is_no_leftover(state):
    run = create(state)
    run.write_facts(id=ONE)
    stream = run.create_stream()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=stream)
    os.close(stream)
    os.close(run._lock)
    assert leftovers(state) == []
    child.communicate(b"\n")
    assert len(leftovers(state)) == 1


def test_everything_in_it_is_private(state):
    run = create(state)
    run.write_facts(id=ONE)
    run.write_journal("journal.db")
    os.close(run.create_stream())
    assert os.stat(run.path).st_mode & 0o777 == 0o700
    assert {os.stat(run.file(name)).st_mode & 0o777 for name in os.listdir(run.path)} == {0o600}


def test_a_folder_that_others_can_write_is_not_used(tmp_path, state):
    state.mkdir(mode=0o777)
    state.chmod(0o777)
    run = create(state)
    assert run.path.startswith(str(tmp_path / "tmp"))
    run.remove()


@pytest.mark.parametrize("name", ["one", "", "..", "../../x", ONE.upper(), ONE + "/..", "0190c8f0" * 4])
def test_only_an_id_names_a_folder(state, name):
    assert create(state, name) is None
    assert rundir.find(str(state), name) is None


def test_a_half_written_fact_file_is_no_fact(state):
    run = create(state)
    for text in ('{"id": "on', "__import__('os')", "[1]", "", "(" * 100_000, "\udcff"):
        Path(run.file("facts")).write_bytes(text.encode("utf-8", "surrogateescape"))
        assert run.read_facts() == {}, text[:20]


def test_facts_come_back_as_they_were_written(state):
    run = create(state)
    facts = {"argv": ["plan", "-var=ä\n'\"\udcff"], "none": None, "number": 1.5, "selected": {"A": "b"}, "yes": True}
    run.write_facts(**facts)
    assert rundir.find(str(state), ONE).read_facts() == facts


def test_nobody_takes_a_run_for_killed_that_is_being_removed(state, monkeypatch):
    run = create(state)
    run.write_facts(id=ONE)
    seen = []
    unlink = os.unlink

    def slowly(name, *, dir_fd=None):
        unlink(name, dir_fd=dir_fd)
        seen.append([found.path for found in leftovers(state)])

    monkeypatch.setattr(os, "unlink", slowly)
    run.remove()
    assert seen == [[], []]
    assert unsettled_runs.count(str(state)) == 0


def test_whoever_waited_for_the_lock_of_a_removed_run_does_not_get_it(state):
    path = killed(state)
    first = rundir.find(str(state), ONE)
    second = rundir.find(str(state), ONE)
    assert first.acquire()
    first.remove()
    path.mkdir(mode=0o700)
    assert not second.acquire(), "the folder it opened is gone, whatever has its name now"


# -- what is not ours --------------------------------------------------------------------------------------------------


def test_a_project_with_a_folder_of_runs_keeps_its_files(state):
    """The state folder was set to a project that has a folder ``runs`` of its own."""
    for name in ("exp1", ONE, ".new-exp2", f".new-{new_id()}"):
        folder = state / "runs" / name
        folder.mkdir(parents=True)
        for file in ("model.bin", "facts", "plan", "lock"):
            (folder / file).write_text("mine")
        os.utime(folder, (1, 1))
    before = sorted(state.rglob("*"))
    assert swept(state) == []
    assert sorted(state.rglob("*")) == before


def test_of_a_folder_with_the_mark_only_our_files_go(state):
    path = killed(state)
    (path / "notes.txt").write_text("mine")
    (path / "checkpoint.new").mkdir()
    assert swept(state) == [path]
    assert sorted(os.listdir(path)) == ["checkpoint.new", "notes.txt"]
    assert swept(state) == [], "without its mark it is nobody's"


def test_the_mark_of_another_run_is_none(state):
    path = killed(state)
    moved = path.with_name(new_id())
    path.rename(moved)
    assert swept(state) == []
    assert (moved / "facts").exists()


@pytest.mark.parametrize("where", ["tmp/tfevent-{uid}", "tmp/tfevent-{uid}/runs", "state/runs"])
def test_a_link_in_the_place_of_our_folder_is_not_followed(tmp_path, state, where):
    victim = tmp_path / "victim"
    for folder in (victim, victim / "runs"):
        folder.mkdir(exist_ok=True)
        target = folder / ONE
        target.mkdir()
        (target / "lock").write_text(f"tfevent run {ONE}\n{state}\n")
        (target / "facts").write_text("mine")
    state.mkdir()
    link = tmp_path / where.format(uid=os.getuid())
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(victim, target_is_directory=True)
    assert swept(state) == []
    assert unsettled_runs.count(str(state)) == 0
    assert rundir.find(str(state), ONE) is None
    assert len(list(victim.rglob("facts"))) == 2


def test_a_link_in_the_place_of_a_run_is_not_followed(state, tmp_path):
    path = killed(state)
    elsewhere = tmp_path / "elsewhere" / ONE
    elsewhere.parent.mkdir()
    path.rename(elsewhere)
    path.symlink_to(elsewhere, target_is_directory=True)
    assert swept(state) == []
    assert (elsewhere / "facts").exists()
    assert path.is_symlink()


def test_links_in_the_place_of_files_are_neither_read_nor_written(state, tmp_path):
    """Hard and symbolic ones: the names go, what they lead to stays as it was."""
    mine = tmp_path / "mine"
    path = killed(state)
    for name, make in (("facts", os.symlink), ("facts.new", os.symlink), ("plan", os.link), ("journal", os.symlink)):
        (path / name).unlink(missing_ok=True)
        target = mine.with_name(f"mine-{name}")
        target.write_text("{'id': 'mine'}")
        make(target, path / name)
    (run,) = leftovers(state)
    assert run.read_facts() == {}, "a link is no fact"
    run.write_facts(id=ONE)
    run.remove()
    assert not path.exists()
    assert {file.read_text() for file in tmp_path.glob("mine-*")} == {"{'id': 'mine'}"}


def test_a_folder_that_is_put_there_between_check_and_use_is_left_alone(state, tmp_path):
    path = killed(state)
    (run,) = leftovers(state)
    path.rename(tmp_path / "moved")
    path.mkdir(mode=0o700)
    for name in ("lock", "facts", "plan"):
        (path / name).write_text("mine")
    run.remove()
    assert sorted(os.listdir(path)) == ["facts", "lock", "plan"]
    assert os.listdir(tmp_path / "moved") == []


def test_a_link_that_is_put_there_between_check_and_use_is_not_followed(state, tmp_path):
    path = killed(state)
    (run,) = leftovers(state)
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "plan").write_text("mine")
    path.rename(tmp_path / "moved")
    path.symlink_to(victim, target_is_directory=True)
    run.write_facts(id="late")
    run.remove()
    assert (victim / "plan").exists()
    assert sorted(os.listdir(victim)) == ["plan"]


def test_a_stale_folder_that_was_being_made_goes_if_it_is_ours(state):
    path = killed(state)
    fresh = path.with_name(f".new-{ONE}")
    path.rename(fresh)
    assert swept(state) == []
    assert fresh.exists(), "it may be being made just now"
    os.utime(fresh, (1, 1))
    swept(state)
    assert not fresh.exists()


@as_root
@pytest.mark.parametrize("what", ["folder", "lock", "facts", "runs", "state"])
def test_what_belongs_to_somebody_else_is_left_alone(state, what):
    path = killed(state)
    places = {"folder": path, "lock": path / "lock", "facts": path / "facts", "runs": path.parent, "state": state}
    os.chown(places[what], OTHER, OTHER)
    found = leftovers(state)
    if what == "facts":
        assert [run.read_facts() for run in found] == [{}]
    else:
        assert found == []


@as_root
def test_a_link_of_somebody_else_on_the_way_is_not_followed(state, tmp_path):
    killed(state)
    link = tmp_path / "link"
    link.symlink_to(state, target_is_directory=True)
    assert len(leftovers(link)) == 1, "our own link is our own doing"
    os.lchown(link, OTHER, OTHER)
    assert leftovers(link) == []


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_folder_that_others_can_write_is_no_leftover(state, mode):
    path = killed(state)
    path.chmod(mode)
    assert swept(state) == []
    assert (path / "facts").exists()


def test_a_temporary_folder_that_all_can_write_needs_its_sticky_bit(state, tmp_path):
    (tmp_path / "tmp").chmod(0o777)
    state.mkdir()
    state.chmod(0o777)
    run = create(state)
    assert run is None or not run.path.startswith(str(tmp_path))
    if run is not None:
        run.remove()
    (tmp_path / "tmp").chmod(0o1777)
    run = create(state)
    assert run.path.startswith(str(tmp_path / "tmp"))


# -- which journal -----------------------------------------------------------------------------------------------------


def test_a_run_is_left_to_the_commands_that_use_its_journal(state, tmp_path):
    journal = tmp_path / "one.db"
    journal.touch()
    run = create(state)
    run.write_journal(str(journal))
    run.release()
    assert leftovers(state) == []
    (tmp_path / "link.db").symlink_to(journal)
    (found,) = leftovers(state, tmp_path / "link.db")
    found.release()
    journal.unlink()
    assert len(leftovers(state)) == 1, "its journal is gone: its state folder's other commands may have it"


def test_in_a_shared_corner_a_run_is_left_to_its_state_folder(state, tmp_path):
    state.write_text("no folder")
    run = create(state)
    assert run.path.startswith(str(tmp_path / "tmp"))
    run.release()
    assert leftovers(tmp_path / "another") == []
    assert len(leftovers(state)) == 1


def test_every_name_that_is_written_is_one_that_is_removed():
    root = Path(change_events.__file__).parent.parent
    named = set()
    for package in ("change_events", "tf_wrapper"):
        for path in (root / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and re.search(
                    r"\b(run|folder|_run|_folder)\.file$", ast.unparse(node.func)
                ):
                    named.add(ast.literal_eval(node.args[0]))
    assert {"plan", "stream"} <= named <= set(rundir.FILES)


def test_only_runs_of_this_state_folder_are_counted(state, tmp_path):
    """A corner such as /tmp is shared by all state folders of a user, and a folder named ``runs`` may be anybody's."""
    other = tmp_path / "other"
    other.write_text("no folder: its runs are kept in the shared corner")
    run = create(other)
    assert str(tmp_path / "tmp") in run.path
    (state / "runs" / "0190c8f0-0000-7000-8000-00000000000f").mkdir(parents=True)
    for folder in (state, state / "runs"):
        folder.chmod(0o700)
    assert unsettled_runs.count(str(state)) == 0
    create(state, "0190c8f0-0000-7000-8000-000000000002")
    assert unsettled_runs.count(str(state)) == 1
    run.release()
