"""Every case of the story: the edited line is named, with its commit, and never another commit."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from change_events.process.deadline import Deadline
from change_events.redact import Redactor
from tests.support import git_history
from tests.support.terraform import binaries, clean_env
from tests.tf_wrapper.cause.story import EXPECTED, commits
from tf_wrapper.cause import find_causes
from tf_wrapper.cause.circumstances import variables_of
from tf_wrapper.cause.find import Search
from tf_wrapper.cause.origins import Given
from tf_wrapper.cause.previous import Run
from tf_wrapper.plan.reader import read_plan

if TYPE_CHECKING:
    from pathlib import Path

    from change_events.model import Plan

KEY = b"k" * 32


@dataclass
class Scenario:
    """A repository after its last commit, what terraform plans for it, and what the first run was given."""

    folder: Path
    ids: dict[str, str]
    plan: Plan
    saved: Path
    before: dict[str, str]
    now: dict[str, str]
    options: list[tuple[str, str]]
    environ: dict[str, str]

    def search(self, folder: Path | None = None, **fields) -> Search:
        """What is known of the second run, in this repository or a clone of it."""
        from change_events.model import Inputs

        run = Run(
            self.ids["first"], dirty=False, whole=True, applied=frozenset(), open=frozenset(),
            inputs=Inputs(variables=self.before),
        )  # fmt: skip
        directory = (folder or self.folder) / "infra"
        found = Search(
            changes=self.plan.changes,
            drift=self.plan.drift,
            directory=str(directory),
            data_dir=str(directory / ".terraform"),
            plan=str(self.saved),
            given=Given(self.options, self.environ),
            runs=[run],
            variables=self.now,
            destroys=False,
            environ=git_history.clean(),
            deadline=Deadline(60),
        )
        return found._replace(**fields)

    def causes(self, **fields):
        """Causes by address."""
        found = find_causes(self.search(**fields)).causes
        return {change.address: causes for change, causes in zip(self.plan.changes, found, strict=True)}

    def subject(self, commit):
        return next(subject for subject, name in self.ids.items() if name == commit)


def played(binary, tmp_path):
    folder = tmp_path / "repository"
    story = commits()
    ids = git_history.write(folder, story)
    directory = folder / "infra"
    base = {"TF_VAR_by_environment": "one", "CHECKPOINT_DISABLE": "1"}

    def terraform(*words, **extra):
        done = subprocess.run(
            [binary.path, *words], cwd=directory, env=clean_env(tmp_path / "home", {**base, **extra}),
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def shown(name, flag, **extra):
        words = ("-var-file=prod.tfvars", f"-var=by_flag={flag}")
        terraform("plan", "-input=false", "-no-color", f"-out={name}", *words, **extra)
        return terraform("show", "-json", name)

    git_history.git(folder, "checkout", "-q", ids["first"])
    (directory / "local.auto.tfvars").write_text('ignored = "one"\n')
    terraform("init", "-no-color")
    redactor = Redactor(key=KEY)
    before = variables_of(shown("saved.plan", "one"), redactor.fingerprint)
    terraform("apply", "-no-color", "saved.plan")
    git_history.git(folder, "checkout", "-q", "main")
    (directory / "local.auto.tfvars").write_text('# a comment\nignored = "two"\n')
    terraform("init", "-no-color")
    data = shown("saved.plan", "two", TF_VAR_by_environment="two")
    return Scenario(
        folder=folder,
        ids=ids,
        plan=read_plan(data, name="plan", redactor=redactor),
        saved=directory / "saved.plan",
        before=before,
        now=variables_of(data, redactor.fingerprint),
        options=[("var-file", "prod.tfvars"), ("var", "by_flag=two")],
        environ={"TF_VAR_by_environment": "two"},
    )


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    return played(binaries()[0], tmp_path_factory.mktemp("story"))


def line_of(scenario, expected):
    """The number of the line on which a text stands; None where it is gone."""
    if expected.line is None:
        return None
    text = (scenario.folder / "infra" / expected.file).read_text()
    return text[: text.index(expected.line)].count("\n") + 1


def place(scenario, cause):
    return (cause.kind.value, cause.file, cause.line, tuple(scenario.subject(one.id) for one in cause.commits))


def wanted(scenario, expected):
    """The place; of what is gone, any line will do that the file still has."""
    return (expected.kind, expected.file, line_of(scenario, expected), expected.subjects)


def is_it(scenario, cause, expected):
    kind, file, line, subjects = wanted(scenario, expected)
    found = place(scenario, cause)
    return (kind, file, subjects) == (found[0], found[1], found[3]) and (line is None or line == found[2])


def report(scenario, found):
    lines = []
    for expected in EXPECTED:
        causes = found.get(expected.address, ())
        if not any(is_it(scenario, cause, expected) for cause in causes[:1]):
            lines.append(f"{expected.address}: {wanted(scenario, expected)}")
            lines += [f"    {place(scenario, cause)} {cause.text}" for cause in causes]
    return "\n".join(lines)


def test_the_edited_line_is_first_and_no_wrong_commit_is_named(scenario):
    judge(scenario)


@pytest.mark.e2e
@pytest.mark.parametrize("binary", binaries()[1:], ids=str)
def test_the_same_with_another_terraform(binary, tmp_path):
    judge(played(binary, tmp_path))


def test_the_same_from_the_working_tree(scenario):
    judge(scenario, plan=None)


def test_a_clone_of_depth_20_names_nothing_older_and_nothing_wrong(scenario, tmp_path):
    """The last run was made from the newest commit but 15: what was edited before is no cause, nor is the boundary."""
    subjects = list(scenario.ids)
    base = subjects[-16]
    git_history.git(tmp_path, "clone", "-q", "--depth=20", f"file://{scenario.folder}", "clone")
    (tmp_path / "clone/infra/local.auto.tfvars").write_text('# a comment\nignored = "two"\n')
    run = scenario.search().runs[0]._replace(commit=scenario.ids[base])
    found = scenario.causes(folder=tmp_path / "clone", runs=[run])
    newer = subjects[-15:]
    for expected in EXPECTED:
        named = {scenario.subject(one.id) for cause in found[expected.address] for one in cause.commits}
        assert named <= set(newer), expected.address
        if set(expected.subjects) & set(newer):
            assert named == set(expected.subjects) & set(newer), expected.address


def judge(scenario, **fields):
    found = scenario.causes(**fields)
    assert len(EXPECTED) >= 40
    first = [one for one in EXPECTED if any(is_it(scenario, c, one) for c in found.get(one.address, ())[:1])]
    among = [one for one in EXPECTED if any(is_it(scenario, c, one) for c in found.get(one.address, ())[:3])]
    wrong = [
        (one.address, scenario.subject(commit.id))
        for one in EXPECTED
        for cause in found.get(one.address, ())
        for commit in cause.commits
        if one.kind == "edited_line" and scenario.subject(commit.id) not in one.subjects
    ]
    assert not wrong, report(scenario, found)
    assert len(among) >= 0.98 * len(EXPECTED), report(scenario, found)
    assert len(first) >= 0.9 * len(EXPECTED), report(scenario, found)


def test_every_change_that_was_looked_at_has_a_cause(scenario):
    assert all(scenario.causes().values())
