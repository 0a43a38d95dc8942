"""The folder of a running run: found again only when nobody lives in it any more."""

import os
import subprocess
import sys

from change_events import rundir


def test_a_live_run_is_no_leftover_and_a_dead_one_is(tmp_path):
    run = rundir.create(str(tmp_path), "one")
    run.write_facts(id="one", stage="planning")
    assert [found.path for found in rundir.leftovers(str(tmp_path))] == []
    os.close(run._lock)  # what the kernel does when we are killed
    (found,) = rundir.leftovers(str(tmp_path))
    assert found.read_facts() == {"id": "one", "stage": "planning"}
    assert rundir.leftovers(str(tmp_path)) == [], "it is locked by the first who found it"
    found.remove()
    assert rundir.count(str(tmp_path)) == 0


def test_a_run_whose_terraform_still_writes_is_no_leftover(tmp_path):
    run = rundir.create(str(tmp_path), "one")
    run.write_facts(id="one")
    stream = run.create_stream()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=stream)
    os.close(stream)
    os.close(run._lock)
    assert rundir.leftovers(str(tmp_path)) == []
    child.communicate(b"\n")
    assert len(rundir.leftovers(str(tmp_path))) == 1


def test_everything_in_it_is_private(tmp_path):
    run = rundir.create(str(tmp_path / "state"), "one")
    run.write_facts(id="one")
    os.close(run.create_stream())
    assert os.stat(run.path).st_mode & 0o777 == 0o700
    assert {os.stat(run.file(name)).st_mode & 0o777 for name in os.listdir(run.path)} == {0o600}


def test_a_folder_that_others_can_write_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "state").mkdir(mode=0o777)
    (tmp_path / "state").chmod(0o777)
    run = rundir.create(str(tmp_path / "state"), "one")
    assert run.path.startswith(str(tmp_path / "tmp"))
    run.remove()


def test_a_half_written_fact_file_is_no_fact(tmp_path):
    run = rundir.create(str(tmp_path), "one")
    for text in ('{"id": "on', "__import__('os')", "[1]", ""):
        with open(run.file("facts"), "w") as file:
            file.write(text)
        assert run.read_facts() == {}, text


def test_facts_come_back_as_they_were_written(tmp_path):
    run = rundir.create(str(tmp_path), "one")
    facts = {"argv": ["plan", "-var=ä\n'\"\udcff"], "none": None, "number": 1.5, "selected": {"A": "b"}, "yes": True}
    run.write_facts(**facts)
    assert rundir.RunDirectory(run.path).read_facts() == facts


def test_nobody_takes_a_run_for_killed_that_is_being_removed(tmp_path, monkeypatch):
    run = rundir.create(str(tmp_path), "one")
    run.write_facts(id="one")
    seen = []
    unlink = os.unlink

    def slowly(path):
        unlink(path)
        seen.append([found.path for found in rundir.leftovers(str(tmp_path))])

    monkeypatch.setattr(os, "unlink", slowly)
    run.remove()
    assert seen == [[], []]
    assert rundir.count(str(tmp_path)) == 0
