"""The snippets of examples/ci: valid by their schemas, their shell lines run with the variables of a CI system."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from change_events.destinations import get
from change_events.model import Outcome
from change_events.settings import load
from tests.examples import pages
from tests.support.pty import PIPES, Session
from tests.support.scene import Scene
from tests.support.selection import slow
from tests.support.speed import HANG
from tests.support.terraform import binaries

CI = Path(__file__).parents[2] / "examples" / "ci"
MAIN_TF = 'resource "terraform_data" "a" {\n  input = "one"\n}\n'
GITHUB = {
    "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_RUN_ID": "77", "GITHUB_WORKFLOW": "Deliver", "GITHUB_JOB": "deploy", "GITHUB_REF": "refs/heads/main",
    "GITHUB_TRIGGERING_ACTOR": "ann",
}  # fmt: skip
GITLAB = {
    "GITLAB_CI": "true", "CI_JOB_URL": "https://gitlab.example.com/acme/shop/-/jobs/5", "CI_JOB_NAME": "deploy",
    "CI_COMMIT_SHORT_SHA": "1a2b3c4d", "CI_COMMIT_BRANCH": "main", "CI_ENVIRONMENT_NAME": "production",
    "CI_PIPELINE_URL": "https://gitlab.example.com/acme/shop/-/pipelines/3", "GITLAB_USER_LOGIN": "ann",
}  # fmt: skip
JENKINS = {
    "JENKINS_URL": "https://ci.example.com/", "BUILD_URL": "https://ci.example.com/job/shop/7/", "JOB_NAME": "shop",
    "BUILD_NUMBER": "7", "BUILD_USER_ID": "ann", "BRANCH_NAME": "main",
}  # fmt: skip

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="CI systems run bash")


@pytest.fixture
def scene(tmp_path):
    """A repository with a shop in it that can be built, planned and deployed."""
    made = Scene(tmp_path)
    made.commit("Old")
    made.commit("Fix the cart")
    made.script(made.work / "deploy.sh", 'echo "deploying to $1"')
    made.script(tmp_path / "bin" / "make", 'echo "making $1"')
    (made.work / "infra").mkdir()
    (made.work / "infra" / "main.tf").write_text(MAIN_TF)
    (made.work / ".gitignore").write_text("*\n")
    return made


def before(scene):
    return scene.git("rev-parse", "HEAD~1")


def bash(scene, script, **environ):
    """Run a step as runners do: a script file, and any failing line fails it."""
    path = scene.work.parent / "step.sh"
    path.write_text(script)
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(path)],
        cwd=scene.work, env={**scene.environ, **environ}, capture_output=True, check=False, timeout=HANG, text=True,
    )  # fmt: skip


def check_page(name, scene, request):
    pages.check(CI / name / "README.md", scene, update=request.config.getoption("--update-golden"))


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("github-actions", "github/action.yml"),
        ("github-workflows", "github/workflow.yml"),
        ("github-workflows", "github/plan.yml"),
        ("github-workflows", "github/report.yml"),
        ("gitlab-ci", "gitlab/.gitlab-ci.yml"),
        ("gitlab-ci", "gitlab/plan.gitlab-ci.yml"),
        ("gitlab-ci", "gitlab/report.gitlab-ci.yml"),
    ],
)
def test_the_files_are_valid_by_their_published_schemas(schema, name):
    from check_jsonschema.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["--builtin-schema", f"vendor.{schema}", str(CI / name)])
    assert ended.value.code == 0


# -- GitHub Actions

ACTION = yaml.safe_load((CI / "github" / "action.yml").read_text())
RECORD = ACTION["runs"]["steps"][1]
WORKFLOW = yaml.safe_load((CI / "github" / "workflow.yml").read_text())


def github(scene, **inputs):
    """The action's step with these inputs, its expressions filled in as the runner does."""
    unknown = set(inputs) - {name.replace("-", "_") for name in ACTION["inputs"]}
    assert not unknown
    values = {name: inputs.get(name.replace("-", "_"), spec["default"]) for name, spec in ACTION["inputs"].items()}
    environ = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: values[found[1]], text)
        for name, text in RECORD["env"].items()
    }
    environ["TFEVENT_SEMATEXT_TOKEN"] = ""
    return bash(scene, RECORD["run"], **GITHUB, **environ, GITHUB_OUTPUT=str(scene.work.parent / "output"))


@pytest.mark.parametrize("message", ["@/etc/hostname", "-", "@ann please look", "@@twice"])
@pytest.mark.parametrize("command", ["", slow("true")])
def test_github_a_message_is_a_text_and_never_a_file(scene, message, command):
    done = github(scene, service="shop", message=message, command=command)
    assert (done.returncode, done.stdout) == (0, "")
    assert scene.only()["message"].startswith(message)


def test_github_a_file_with_the_message_has_an_input_of_its_own(scene):
    (scene.work / "notes.md").write_text("from a file")
    assert github(scene, service="shop", message_file="notes.md").returncode == 0
    assert scene.only()["message"].startswith("from a file")


def test_github_runs_and_observes_a_deployment(scene, request):
    done = github(
        scene, kind="deployment", service="shop", version="main", environment="prod", tags="team=core\nregion=eu\n",
        previous_commit=before(scene), command="./deploy.sh prod",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "deploying to prod\n")
    event = scene.only()
    assert event["title"] == "shop main deployed to prod"
    assert event["tags"] == {"team": "core", "region": "eu"}
    assert [commit["subject"] for commit in event["vcs"]["commits"]] == ["Fix the cart"]
    check_page("github", scene, request)


def test_github_steps_end_as_the_command_does(scene):
    assert github(scene, service="shop", command="echo a | grep b; echo never").returncode == 1
    assert scene.only()["outcome"] == "failed"


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        *[("success", "succeeded"), ("failure", "failed"), ("cancelled", "cancelled"), ("timed_out", "unknown")],
        *[("", "unknown"), *(slow(outcome.value, outcome.value) for outcome in Outcome)],
    ],
)
def test_github_reports_afterwards_with_the_words_of_a_job(scene, result, outcome):
    done = github(scene, service="docs", environment="prod", outcome=result)
    assert done.returncode == 0
    event = scene.only()
    assert event["outcome"] == outcome
    assert (scene.work.parent / "output").read_text() == f"id={event['id']}\n"


def test_github_reports_nothing_of_a_job_that_was_skipped(scene):
    done = github(scene, service="docs", environment="prod", outcome="skipped")
    assert (done.returncode, done.stderr, scene.recorded()) == (0, "", [])
    assert done.stdout.startswith("::notice title=tfevent::")
    assert WORKFLOW["jobs"]["announce"]["if"] == "always() && needs.deploy.result != 'skipped'"


def test_github_never_fails_a_step_that_only_reports(scene):
    done = github(scene, service="docs", kind="nonsense")
    assert done.returncode == 0
    assert "::warning title=tfevent::the change could not be recorded" in done.stdout
    assert "--kind: expected one of" in done.stderr


@pytest.mark.parametrize(
    "hostile", ["$(touch pwned)", slow("`touch pwned`"), '"; touch pwned; "', "'; touch pwned; '", slow("${IFS}")]
)
def test_github_inputs_are_never_run_by_the_shell(scene, hostile):
    done = github(scene, service=hostile, title=hostile, version=hostile, tags=f"a={hostile}", message=hostile)
    assert done.returncode == 0, done.stderr
    assert not (scene.work / "pwned").exists()
    assert scene.only()["title"] == hostile
    assert "${{" not in RECORD["run"], "an expression in a script is filled in before the shell reads it"


def test_github_workflows_give_only_inputs_that_there_are():
    steps = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
    used = [step for step in steps if step.get("uses") == "./.github/actions/tfevent"]
    assert len(used) == 4
    for step in used:
        assert set(step.get("with", {})) <= set(ACTION["inputs"])


def test_what_is_published_on_github_has_its_permissions():
    job = WORKFLOW["jobs"]["infrastructure"]
    environ = job["steps"][-1]["env"]
    options = {one.name: environ.get(one.environment) for one in get("github").options if one.environment}
    found = load(Path("/"), {f"TFEVENT_GITHUB_{name.upper()}": text for name, text in options.items() if text})
    (made,) = found.destinations
    assert made.options["publish"] == ["comment", "status"]
    assert job["permissions"] == {"contents": "read", "pull-requests": "write", "statuses": "write"}


def test_what_is_published_on_gitlab_is_named_by_variables():
    environ = {n: t for n, t in PIPELINE["infrastructure"]["variables"].items() if n.startswith("TFEVENT_GITLAB")}
    environ["TFEVENT_GITLAB_URL"] = GITLAB["CI_JOB_URL"].partition("/acme")[0]
    (made,) = load(Path("/"), environ).destinations
    assert (made.options["publish"], made.options["url"]) == (["comment", "status"], "https://gitlab.example.com")


def test_github_installs_only_where_nothing_is(scene):
    install = ACTION["runs"]["steps"][0]["run"]
    scene.script(scene.work.parent / "bin" / "pipx", 'echo "pipx $*"')
    assert bash(scene, install, INSTALL="tfevent").stdout == ""
    (scene.work.parent / "bin" / "tfevent").unlink()
    path = f"{scene.work.parent}/bin:/usr/bin:/bin"
    assert bash(scene, install, INSTALL="./here", PATH=path).stdout == "pipx install --quiet ./here\n"


@pytest.mark.skipif(not binaries(), reason="no terraform")
def test_github_a_plan_with_certain_signals_fails_the_check(scene):
    job = yaml.safe_load((CI / "github" / "plan.yml").read_text())["jobs"]["plan"]
    step = job["steps"][-1]
    summary = scene.work.parent / "summary.md"
    script = f"cd {step['working-directory']}\n{step['run']}"
    check_gate(scene, script, summary, **GITHUB, **step["env"], GITHUB_STEP_SUMMARY=str(summary))


@pytest.mark.skipif(not binaries(), reason="no terraform")
def test_github_a_report_is_the_summary_and_one_comment(scene):
    job = yaml.safe_load((CI / "github" / "report.yml").read_text())["jobs"]["plan"]
    step = job["steps"][-1]
    assert step["env"]["NUMBER"] == "${{ github.event.number }}"
    summary, said = scene.work.parent / "summary.md", scene.work.parent / "said"
    scene.script(scene.work.parent / "bin" / "gh", f'echo "$*" >> {said}\ncat comment.md >> {said}')
    environ = {"NUMBER": "41", "TFEVENT_TF_BINARY": str(binaries()[0].path), "CHECKPOINT_DISABLE": "1"}
    script = f"cd {step['working-directory']}\n{step['run']}"
    done = bash(scene, script, **GITHUB, **environ, GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 0, done.stdout + done.stderr
    command, comment = said.read_text().split("\n", 1)
    assert command == "pr comment 41 --edit-last --create-if-none --body-file comment.md"
    assert comment == summary.read_text()
    assert comment.startswith("## infra: 1 create planned\n")


def check_gate(scene, script, report, **environ):
    """A gate passes a plan, and fails with a report once the settings have a signal for it that it is to fail for."""
    environ |= {"TFEVENT_TF_BINARY": str(binaries()[0].path), "CHECKPOINT_DISABLE": "1"}
    done = bash(scene, script, **environ)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 to create" in report.read_text()
    report.unlink()
    (scene.work / "infra" / "tfevent.yaml").write_text(
        "signals:\n"
        "  add: [{signal: one_asked_for, type: terraform_data, attribute: input, change: '->one'}]\n"
        "  rank: {one_asked_for: error}\n"
    )
    done = bash(scene, script, **environ)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "1 to create" in report.read_text()
    assert "--fail-on: one_asked_for (terraform_data.a)" in done.stderr


# -- GitLab CI

PIPELINE = yaml.safe_load((CI / "gitlab" / ".gitlab-ci.yml").read_text())


def gitlab(scene, job, **environ):
    given = GITLAB | {"CI_COMMIT_BEFORE_SHA": before(scene)}
    own = {**PIPELINE["variables"], **PIPELINE[job].get("variables", {}), "TFEVENT_SEMATEXT_TOKEN": ""}
    own = {name: re.sub(r"\$(\w+)", lambda found: given.get(found[1], ""), value) for name, value in own.items()}
    lines = [*PIPELINE[".tfevent"]["before_script"], *PIPELINE[job]["script"]]
    return bash(scene, "\n".join(lines), **{**given, **own, **environ})


def test_gitlab_reports_a_build_and_a_deployment(scene, request):
    assert gitlab(scene, "build", CI_JOB_NAME="build").stdout == "making image\n"
    assert gitlab(scene, "deploy").stdout == "deploying to production\n"
    build, deployment = scene.recorded()
    assert (build["kind"], build["title"]) == ("build", "shop 1a2b3c4d built")
    assert deployment["title"] == "shop 1a2b3c4d deployed to production"
    assert [commit["subject"] for commit in deployment["vcs"]["commits"]] == ["Fix the cart"]
    assert deployment["links"][0]["url"] == GITLAB["CI_PIPELINE_URL"]
    check_page("gitlab", scene, request)


def test_gitlab_pipelines_that_no_push_started_have_zeros_before(scene):
    done = gitlab(scene, "deploy", CI_COMMIT_BEFORE_SHA="0" * 40)
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1, done.stderr
    assert "previous" not in scene.only()["vcs"]


@pytest.mark.skipif(not binaries(), reason="no terraform")
def test_gitlab_a_plan_with_certain_signals_fails_the_job(scene):
    job = yaml.safe_load((CI / "gitlab" / "plan.gitlab-ci.yml").read_text())["plan"]
    assert job["artifacts"] == {"when": "always", "expose_as": "Terraform plan", "paths": ["infra/plan.md"]}
    check_gate(scene, "\n".join(job["script"]), scene.work / "infra" / "plan.md", **GITLAB, **job["variables"])


@pytest.mark.skipif(not binaries(), reason="no terraform")
def test_gitlab_a_report_is_attached_to_the_merge_request(scene):
    job = yaml.safe_load((CI / "gitlab" / "report.gitlab-ci.yml").read_text())["report"]
    environ = {"TFEVENT_TF_BINARY": str(binaries()[0].path), "CHECKPOINT_DISABLE": "1"}
    done = bash(scene, "\n".join(job["script"]), **GITLAB, **environ)
    assert done.returncode == 0, done.stdout + done.stderr
    page, markdown = ((scene.work / path).read_text() for path in job["artifacts"]["paths"])
    assert page.startswith("<!doctype html>")
    assert all("1 create planned" in text for text in (page, markdown))


# -- Jenkins

JENKINSFILE = (CI / "jenkins" / "Jenkinsfile").read_text()


def jenkins(stage):
    """The shell script of a stage (or of `post`), with Groovy's escapes taken out."""
    script = re.search(rf"(?:stage\('{stage}'\)|{stage} \{{).*?sh '''\n(.*?)'''", JENKINSFILE, re.DOTALL)[1]
    return script.replace("\\\\", "\\")


def test_jenkins_reports_a_build_and_a_deployment(scene, request):
    environ = {**JENKINS, "TFEVENT_SERVICE": "shop", "GIT_PREVIOUS_SUCCESSFUL_COMMIT": before(scene)}
    assert bash(scene, jenkins("Build"), **environ).stdout == "making image\n"
    assert bash(scene, jenkins("Deploy"), **environ).stdout == "deploying to prod\n"
    assert bash(scene, jenkins("post"), **environ).returncode == 0
    build, deployment = scene.recorded()
    assert build["title"] == "shop 7 built"
    assert deployment["title"] == "shop 7 deployed to prod"
    assert deployment["actor"]["ci"]["system"] == "Jenkins"
    check_page("jenkins", scene, request)


def test_jenkins_first_build_has_nothing_before(scene):
    done = bash(scene, jenkins("Deploy"), **JENKINS, TFEVENT_SERVICE="shop")
    assert done.returncode == 0
    assert "previous" not in scene.only()["vcs"]


@pytest.mark.skipif(not binaries(), reason="no terraform")
@pytest.mark.parametrize("system", ["gitlab", "jenkins"])
def test_terraform_is_reported_as_ever(scene, system):
    environ = {"TFEVENT_TF_BINARY": str(binaries()[0].path), "CHECKPOINT_DISABLE": "1", "TFEVENT_ENVIRONMENT": "prod"}
    if system == "gitlab":
        done = gitlab(scene, "infrastructure", **environ)
    else:
        done = bash(scene, jenkins("Infrastructure"), **JENKINS, **environ, TFEVENT_SERVICE="shop")
    assert done.returncode == 0, done.stdout + done.stderr
    event = scene.only()
    assert (event["title"], event["tool"]["name"]) == ("prod/shop: 1 created", "terraform")
    assert event["actor"]["ci"]["system"].lower().startswith(system)


# -- Argo CD

HOOKS = list(yaml.safe_load_all((CI / "argocd" / "hooks.yaml").read_text()))


def argo(scene, hook, **environ):
    (container,) = hook["spec"]["template"]["spec"]["containers"]
    given = {item["name"]: item["value"] for item in container["env"] if "value" in item}
    return subprocess.run(
        [*container["command"], *container["args"]], cwd="/",
        env={**scene.environ, **given, "TFEVENT_STATE_DIR": str(scene.state), **environ},
        capture_output=True, check=False, timeout=HANG,
    )  # fmt: skip


def test_argo_reports_a_sync_that_went_well_and_one_that_failed(scene, request):
    kinds = [hook["metadata"]["annotations"]["argocd.argoproj.io/hook"] for hook in HOOKS]
    assert kinds == ["PostSync", "SyncFail"]
    assert [argo(scene, hook).returncode for hook in reversed(HOOKS)] == [0, 0]
    failed, well = scene.recorded()
    assert (well["title"], well["outcome"]) == ("shop 1.4.2 deployed to prod", "succeeded")
    assert (failed["title"], failed["outcome"]) == ("deployment of shop 1.4.2 to prod — failed", "failed")
    assert well["links"] == [{"title": "Argo CD", "url": "https://argocd.example.com/applications/shop"}]
    assert well["tags"] == {"cluster": "eu-1"}
    check_page("argocd", scene, request)


def test_argo_syncs_never_fail_because_of_a_hook(scene):
    assert argo(scene, HOOKS[0], TFEVENT_STATE_DIR="/proc/no").returncode == 0


def test_argo_hooks_say_the_same_but_for_the_outcome():
    def rest(hook):
        text = yaml.safe_dump(hook["spec"])
        return text.replace("succeeded", "*").replace("failed", "*")

    assert rest(HOOKS[0]) == rest(HOOKS[1])


# -- Docker

ENTRYPOINT = CI / "docker" / "entrypoint.sh"


def test_docker_reports_a_start_and_a_stop(scene, request):
    environ = {**scene.environ, "SERVICE": "shop", "VERSION": "1.4.2"}
    done = subprocess.run(
        ["sh", str(ENTRYPOINT), "sh", "-c", "read x; echo got $x; exit 3"],
        cwd=scene.work, env=environ, input=b"it\n", capture_output=True, check=False, timeout=HANG,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (3, b"got it\n")
    assert [event["kind"] for event in scene.recorded()] == ["start", "stop"]
    assert scene.recorded()[1]["outcome"] == "failed"
    check_page("docker", scene, request)


def test_docker_stop_ends_the_program_and_is_no_failure(scene):
    program = "trap 'echo bye; exit 0' TERM; touch up; while :; do sleep 0.05; done"
    argv = ["sh", str(ENTRYPOINT), "sh", "-c", program]
    with Session(argv, cwd=scene.work, env={**scene.environ, "SERVICE": "shop"}, stdio=PIPES) as session:
        session.expect_file(scene.work / "up")
        session.signal(signal.SIGTERM)
        result = session.finish()
    assert (result.code, result.stdout) == (0, b"bye\n")
    assert [event["outcome"] for event in scene.recorded()] == ["succeeded", "succeeded"]


@pytest.mark.parametrize(
    ("name", "code"), [("SIGINT", 130), slow("SIGQUIT", 131), slow("SIGHUP", 129), ("SIGUSR1", 138)]
)
def test_docker_every_signal_finds_the_program_as_without_us(scene, name, code):
    argv = ["sh", str(ENTRYPOINT), "sleep", "60"]
    with Session(argv, cwd=scene.work, env=scene.environ, stdio=PIPES) as session:
        session.expect_that(lambda: "sleep" in session.left(), "the program")
        session.signal(getattr(signal, name))
        assert session.finish().code == code


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), slow("SIGINT", 130), slow("SIGQUIT", 131)])
def test_docker_who_is_asked_to_end_while_the_start_is_recorded_starts_no_program(scene, name, code):
    tfevent = scene.work.parent / "bin" / "tfevent"
    tfevent.write_text(f'#!/bin/sh\necho "$2" >> {scene.work}/calls\n[ "$2" != start ] || sleep 1\n')
    argv = ["sh", str(ENTRYPOINT), "touch", "started"]
    with Session(argv, cwd=scene.work, env=scene.environ, stdio=PIPES) as session:
        session.expect_file(scene.work / "calls")
        session.signal(getattr(signal, name))
        assert session.finish().code == code
    assert not (scene.work / "started").exists()
    assert (scene.work / "calls").read_text().split() == ["start", "stop"]


def test_docker_a_signal_that_is_no_end_waits_for_the_program(scene):
    tfevent = scene.work.parent / "bin" / "tfevent"
    tfevent.write_text(f'#!/bin/sh\necho "$2" >> {scene.work}/calls\n[ "$2" != start ] || sleep 1\n')
    program = "trap 'echo reloaded; exit 0' HUP; while :; do sleep 0.05; done"
    argv = ["sh", str(ENTRYPOINT), "sh", "-c", program]
    with Session(argv, cwd=scene.work, env=scene.environ, stdio=PIPES) as session:
        session.expect_file(scene.work / "calls")
        session.signal(signal.SIGHUP)
        result = session.finish()
    assert (result.code, result.stdout) == (0, b"reloaded\n")


def test_docker_programs_that_do_not_care_for_sigterm_die_of_it(scene):
    argv = ["sh", str(ENTRYPOINT), "sleep", "60"]
    with Session(argv, cwd=scene.work, env=scene.environ, stdio=PIPES) as session:
        session.expect_that(lambda: "sleep" in session.left(), "the program")
        session.signal(signal.SIGTERM)
        assert session.finish().code == 143
    stop = scene.recorded()[1]
    assert (stop["service"], stop["outcome"]) == ("sleep", "succeeded")


def test_docker_runs_the_program_though_tfevent_is_missing(scene):
    (scene.work.parent / "bin" / "tfevent").unlink()
    done = subprocess.run(
        ["sh", str(ENTRYPOINT), "sh", "-c", "echo out; exit 4"],
        cwd=scene.work, env=scene.environ, capture_output=True, check=False, timeout=HANG,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (4, b"out\n")


def test_every_page_shows_its_files():
    systems = list(CI.glob("*/README.md"))
    assert {page.parent.name for page in systems} >= {"argocd", "docker", "github", "gitlab", "jenkins"}
    for page in systems:
        linked = {link.partition("#")[0] for link in re.findall(r"\]\(([^):]+)\)", page.read_text())}
        own = {path.name for path in page.parent.iterdir() if path.name != "README.md"}
        assert own <= linked, page
        assert all((page.parent / name).exists() for name in linked), page
