"""A table of CI environments, with the traps of each."""

import pytest

from change_events.context import ci

GITHUB = {
    "CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://ghe.example.com", "GITHUB_REPOSITORY": "a/b",
    "GITHUB_RUN_ID": "7", "GITHUB_WORKFLOW": "deploy", "GITHUB_JOB": "apply", "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main", "GITHUB_HEAD_REF": "", "GITHUB_ACTOR": "ada", "GITHUB_TRIGGERING_ACTOR": "grace",
}  # fmt: skip
GITHUB_PULL = {"GITHUB_REF": "refs/pull/42/merge", "GITHUB_REF_NAME": "42/merge", "GITHUB_HEAD_REF": "fix"}
RUN = "https://ghe.example.com/a/b/actions/runs/7"
AZURE = {
    "TF_BUILD": "True", "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/", "SYSTEM_TEAMPROJECT": "my infra",
    "BUILD_BUILDID": "9", "BUILD_DEFINITIONNAME": "apply", "BUILD_REQUESTEDFOR": "Ada", "BUILD_SOURCEBRANCHNAME": "x",
    "BUILD_SOURCEBRANCH": "refs/heads/feature/x",
}  # fmt: skip
AZURE_RUN = "https://dev.azure.com/acme/my%20infra/_build/results?buildId=9"
GITLAB = {
    "GITLAB_CI": "true", "CI_JOB_URL": "https://g/1", "CI_JOB_NAME": "apply", "GITLAB_USER_LOGIN": "ada",
    "CI_MERGE_REQUEST_PROJECT_URL": "https://g/a/b", "CI_MERGE_REQUEST_IID": "3",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "fix",
}  # fmt: skip
JENKINS = {
    "JENKINS_URL": "https://j/", "BUILD_URL": "https://j/1/", "JOB_NAME": "infra/PR-5", "BRANCH_NAME": "PR-5",
    "CHANGE_ID": "5", "CHANGE_URL": "", "CHANGE_BRANCH": "fix", "CHANGE_AUTHOR": "ada",
}  # fmt: skip
ATLANTIS = {
    "ATLANTIS_TERRAFORM_VERSION": "1.11.4", "PROJECT_NAME": "", "REPO_REL_DIR": "net", "PULL_NUM": "2",
    "HEAD_BRANCH_NAME": "fix", "USER_NAME": "ada",
}  # fmt: skip
BUILDKITE = {
    "BUILDKITE": "true", "BUILDKITE_BUILD_URL": "https://b/1", "BUILDKITE_JOB_ID": "j", "BUILDKITE_LABEL": "",
    "BUILDKITE_PIPELINE_SLUG": "infra", "BUILDKITE_PULL_REQUEST": "false", "BUILDKITE_BRANCH": "main",
}  # fmt: skip
RETRIED = GITHUB | {"GITHUB_RUN_ATTEMPT": "2"}
GITEA = GITHUB | {"GITHUB_RUN_NUMBER": "5", "GITHUB_RUN_ATTEMPT": "1"}
CASES = [
    (RETRIED, ("GitHub Actions", f"{RUN}/attempts/2", "deploy / apply", None, "grace", "main")),
    (RETRIED | {"GITHUB_RUN_ATTEMPT": "1"},
     ("GitHub Actions", f"{RUN}/attempts/1", "deploy / apply", None, "grace", "main")),
    (GITEA | {"GITEA_ACTIONS": "true"}, ("Gitea Actions", RUN[:-1] + "5", "deploy / apply", None, "grace", "main")),
    (GITEA | {"FORGEJO_ACTIONS": "true"}, ("Forgejo Actions", RUN[:-1] + "5", "deploy / apply", None, "grace", "main")),
    (GITHUB, ("GitHub Actions", RUN, "deploy / apply", None, "grace", "main")),
    (GITHUB | GITHUB_PULL, ("GitHub Actions", RUN, "deploy / apply", "42", "grace", "fix")),
    (GITHUB | {"GITHUB_REF": "refs/tags/v1"}, ("GitHub Actions", RUN, "deploy / apply", None, "grace", None)),
    (GITLAB, ("GitLab CI", "https://g/1", "apply", "https://g/a/b/-/merge_requests/3", "ada", "fix")),
    (JENKINS, ("Jenkins", "https://j/1/", "infra/PR-5", "5", "ada", "fix")),
    (AZURE, ("Azure Pipelines", AZURE_RUN, "apply", None, "Ada", "feature/x")),
    (AZURE | {"BUILD_SOURCEBRANCH": "refs/pull/17/merge", "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/fix"},
     ("Azure Pipelines", AZURE_RUN, "apply", "17", "Ada", "fix")),
    (BUILDKITE, ("Buildkite", "https://b/1#j", "infra", None, None, "main")),
    (BUILDKITE | ATLANTIS, ("Atlantis", None, "net", "2", "ada", "fix")),
    ({"CIRCLECI": "true", "CIRCLE_BUILD_URL": "https://c/1", "CIRCLE_JOB": "apply", "CIRCLE_PULL_REQUEST": "",
      "CIRCLE_PR_NUMBER": "8", "CIRCLE_USERNAME": "ada", "CIRCLE_BRANCH": "pull/8"},
     ("CircleCI", "https://c/1", "apply", "8", "ada", "pull/8")),
    ({"BITBUCKET_BUILD_NUMBER": "4", "BITBUCKET_REPO_FULL_NAME": "a/b", "BITBUCKET_PR_ID": "6",
      "BITBUCKET_BRANCH": "fix"},
     ("Bitbucket Pipelines", "https://bitbucket.org/a/b/pipelines/results/4", None,
      "https://bitbucket.org/a/b/pull-requests/6", None, "fix")),
    ({"CODEBUILD_BUILD_ID": "p:1", "CODEBUILD_BUILD_URL": "https://cb/1", "CODEBUILD_WEBHOOK_TRIGGER": "pr/12",
      "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/fix", "CODEBUILD_INITIATOR": "GitHub-Hookshot"},
     ("AWS CodeBuild", "https://cb/1", "p:1", "12", "GitHub-Hookshot", "fix")),
    ({"CI": "woodpecker", "CI_PIPELINE_URL": "https://w/1", "CI_COMMIT_PULL_REQUEST": "5",
      "CI_COMMIT_SOURCE_BRANCH": "fix", "CI_COMMIT_BRANCH": "main"},
     ("Woodpecker", "https://w/1", None, "5", None, "fix")),
    ({"DRONE": "true", "DRONE_BUILD_LINK": "https://d/1", "DRONE_PULL_REQUEST": "", "DRONE_BRANCH": "main"},
     ("Drone", "https://d/1", None, None, None, "main")),
    ({"TEAMCITY_VERSION": "2025.11", "BUILD_URL": "https://t/1", "TEAMCITY_BUILDCONF_NAME": "apply"},
     ("TeamCity", "https://t/1", "apply", None, None, None)),
    ({"TFC_RUN_ID": "run-1", "TFC_WORKSPACE_SLUG": "acme/net", "TFC_CONFIGURATION_VERSION_GIT_BRANCH": "main"},
     ("HCP Terraform", None, "acme/net", None, None, "main")),
    ({"TF_VAR_spacelift_run_id": "1", "TF_VAR_spacelift_stack_id": "net", "TF_VAR_spacelift_commit_branch": "main"},
     ("Spacelift", None, "net", None, None, "main")),
]  # fmt: skip


@pytest.mark.parametrize(("environ", "expected"), CASES)
def test_ci_systems(environ, expected):
    found = ci.detect(environ)
    got = found.ci
    assert (got.system, got.run_url, got.job, got.pull_request, got.actor, found.branch) == expected


@pytest.mark.parametrize(
    ("environ", "run", "attempt"),
    [
        (GITHUB, "7", None),
        (RETRIED, "7", "2"),
        (GITLAB | {"CI_PIPELINE_ID": "12"}, "12", None),
        (AZURE | {"SYSTEM_JOBATTEMPT": "3"}, "9", "3"),
        (JENKINS | {"BUILD_NUMBER": "4"}, "4", None),
        (BUILDKITE | {"BUILDKITE_BUILD_ID": "0190"}, "0190", None),
        (BUILDKITE, None, None),
    ],
)
def test_a_run_has_the_systems_own_id(environ, run, attempt):
    found = ci.detect(environ).ci
    assert (found.run_id, found.attempt) == (run, attempt)


@pytest.mark.parametrize(
    ("environ", "servers"),
    [
        ({}, {}),
        ({"CI_SERVER_URL": "https://g.example"}, {}),
        (GITLAB | {"CI_SERVER_URL": "https://g.example/lab"}, {"https://g.example/lab": "gitlab"}),
        (GITHUB, {"https://ghe.example.com": "github"}),
        (GITEA | {"GITEA_ACTIONS": "true"}, {"https://ghe.example.com": "gitea"}),
    ],
)
def test_a_system_reports_what_forge_its_server_is(environ, servers):
    assert ci.servers(environ) == servers


def test_every_system_of_the_table_has_a_case():
    assert {case[1][0] for case in CASES} == {system.name for system in ci.SYSTEMS}


@pytest.mark.parametrize("environ", [{}, {"CI": "true"}, {"GITHUB_ACTIONS": ""}, {"BUILDKITE": ""}])
def test_no_ci(environ):
    assert ci.detect(environ) is None
