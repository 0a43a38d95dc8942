"""Which CI system runs us, by its documented variables. THE TABLE is ordered: what runs inside another comes first.

Sources, one page a system:
    Atlantis: runatlantis.io/docs/custom-workflows (environment of ``run`` steps)
    Spacelift: docs.spacelift.io/concepts/configuration/environment (computed values)
    HCP Terraform: developer.hashicorp.com/terraform/cloud-docs/run/run-environment
    GitHub Actions: docs.github.com/actions/reference/variables-reference
        (the page of one attempt is linked, since that of the run shows the newest one)
    Gitea, Forgejo Actions: docs.gitea.com/usage/actions/faq, forgejo.org/docs/latest/user/actions/reference
    GitLab CI: docs.gitlab.com/ci/variables/predefined_variables
    CircleCI: circleci.com/docs/reference/variables
    Azure Pipelines: learn.microsoft.com/azure/devops/pipelines/build/variables
    Bitbucket Pipelines: support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets
    Buildkite: buildkite.com/docs/pipelines/configure/environment-variables
    AWS CodeBuild: docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
    Woodpecker: woodpecker-ci.org/docs/usage/environment
    Drone: docs.drone.io/pipeline/environment/reference
    TeamCity: jetbrains.com/help/teamcity/predefined-build-parameters.html
    Jenkins: a controller's /env-vars.html (core, branch-api and build-user-vars plugins)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.model import Ci
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FIELD = lazy_pattern(r"\{(\w+)\}")
_PULL_REQUEST = lazy_pattern(r"(?:refs/pull/|pr/)(\d+)(?:/(?:merge|head))?")


class System(NamedTuple):
    """One CI system: ``marker`` is the variable that only it sets, the rest are templates of ``{VARIABLE}``.

    Of several templates, the first whose variables are all set and not empty is taken. A marker ``NAME=value``
    must have that value.
    """

    name: str
    marker: str
    run_url: tuple[str, ...] = ()
    job: tuple[str, ...] = ()
    pull_request: tuple[str, ...] = ()
    actor: tuple[str, ...] = ()
    branch: tuple[str, ...] = ()
    run_id: tuple[str, ...] = ()
    attempt: tuple[str, ...] = ()
    server: tuple[str, str] | None = None  # the variable that holds its forge's address, and the kind of forge


class Found(NamedTuple):
    """The system we run in, and the branch it says it builds."""

    ci: Ci
    branch: str | None


_RUN_OF_GITHUB = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"
_RUN_OF_GITEA = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_NUMBER}"
_OF_GITHUB = (
    ("{GITHUB_WORKFLOW} / {GITHUB_JOB}", "{GITHUB_JOB}"), ("{GITHUB_REF}",),
    ("{GITHUB_TRIGGERING_ACTOR}", "{GITHUB_ACTOR}"), ("{GITHUB_HEAD_REF}", "{GITHUB_REF}"),
)  # fmt: skip
SYSTEMS = (
    System("Atlantis", "ATLANTIS_TERRAFORM_VERSION", (), ("{PROJECT_NAME}", "{REPO_REL_DIR}"),
           ("{PULL_URL}", "{PULL_NUM}"), ("{USER_NAME}", "{PULL_AUTHOR}"), ("{HEAD_BRANCH_NAME}",)),
    System("Spacelift", "TF_VAR_spacelift_run_id", (), ("{TF_VAR_spacelift_stack_id}",), (), (),
           ("{TF_VAR_spacelift_commit_branch}",), ("{TF_VAR_spacelift_run_id}",)),
    System("HCP Terraform", "TFC_RUN_ID", (), ("{TFC_WORKSPACE_SLUG}", "{TFC_WORKSPACE_NAME}"), (), (),
           ("{TFC_CONFIGURATION_VERSION_GIT_BRANCH}",), ("{TFC_RUN_ID}",)),
    *(System(f"{name.capitalize()} Actions", f"{name.upper()}_ACTIONS=true", (_RUN_OF_GITEA,), *_OF_GITHUB,
             ("{GITHUB_RUN_ID}",), server=("GITHUB_SERVER_URL", "gitea")) for name in ("gitea", "forgejo")),
    System("GitHub Actions", "GITHUB_ACTIONS=true", (f"{_RUN_OF_GITHUB}/attempts/{{GITHUB_RUN_ATTEMPT}}",
           _RUN_OF_GITHUB), *_OF_GITHUB, ("{GITHUB_RUN_ID}",), ("{GITHUB_RUN_ATTEMPT}",),
           ("GITHUB_SERVER_URL", "github")),
    System("GitLab CI", "GITLAB_CI", ("{CI_JOB_URL}", "{CI_PIPELINE_URL}"), ("{CI_JOB_NAME}",),
           ("{CI_MERGE_REQUEST_PROJECT_URL}/-/merge_requests/{CI_MERGE_REQUEST_IID}", "{CI_MERGE_REQUEST_IID}"),
           ("{GITLAB_USER_LOGIN}",), ("{CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}", "{CI_COMMIT_BRANCH}"),
           ("{CI_PIPELINE_ID}",), server=("CI_SERVER_URL", "gitlab")),
    System("CircleCI", "CIRCLECI", ("{CIRCLE_BUILD_URL}",), ("{CIRCLE_JOB}",),
           ("{CIRCLE_PULL_REQUEST}", "{CIRCLE_PR_NUMBER}"), ("{CIRCLE_USERNAME}",), ("{CIRCLE_BRANCH}",),
           ("{CIRCLE_WORKFLOW_ID}",)),
    System("Azure Pipelines", "TF_BUILD",
           ("{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",),
           ("{BUILD_DEFINITIONNAME}",),
           ("{SYSTEM_PULLREQUEST_PULLREQUESTNUMBER}", "{SYSTEM_PULLREQUEST_PULLREQUESTID}", "{BUILD_SOURCEBRANCH}"),
           ("{BUILD_REQUESTEDFOR}",), ("{SYSTEM_PULLREQUEST_SOURCEBRANCH}", "{BUILD_SOURCEBRANCH}"),
           ("{BUILD_BUILDID}",), ("{SYSTEM_JOBATTEMPT}",)),
    System("Bitbucket Pipelines", "BITBUCKET_BUILD_NUMBER",
           ("https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}",),
           (), ("https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pull-requests/{BITBUCKET_PR_ID}",
                "{BITBUCKET_PR_ID}"), (), ("{BITBUCKET_BRANCH}",),
           ("{BITBUCKET_BUILD_NUMBER}",), ("{BITBUCKET_STEP_RUN_NUMBER}",)),
    System("Buildkite", "BUILDKITE", ("{BUILDKITE_BUILD_URL}#{BUILDKITE_JOB_ID}", "{BUILDKITE_BUILD_URL}"),
           ("{BUILDKITE_LABEL}", "{BUILDKITE_PIPELINE_SLUG}"), ("{BUILDKITE_PULL_REQUEST}",),
           ("{BUILDKITE_BUILD_CREATOR}",), ("{BUILDKITE_BRANCH}",), ("{BUILDKITE_BUILD_ID}",)),
    System("AWS CodeBuild", "CODEBUILD_BUILD_ID", ("{CODEBUILD_PUBLIC_BUILD_URL}", "{CODEBUILD_BUILD_URL}"),
           ("{CODEBUILD_BUILD_ID}",), ("{CODEBUILD_WEBHOOK_TRIGGER}", "{CODEBUILD_SOURCE_VERSION}"),
           ("{CODEBUILD_WEBHOOK_ACTOR_ACCOUNT_ID}", "{CODEBUILD_INITIATOR}"), ("{CODEBUILD_WEBHOOK_HEAD_REF}",),
           ("{CODEBUILD_BUILD_ID}",)),
    System("Woodpecker", "CI=woodpecker", ("{CI_PIPELINE_URL}",), ("{CI_WORKFLOW_NAME}",),
           ("{CI_COMMIT_PULL_REQUEST}",), ("{CI_COMMIT_AUTHOR}",),
           ("{CI_COMMIT_SOURCE_BRANCH}", "{CI_COMMIT_BRANCH}"), ("{CI_PIPELINE_NUMBER}",)),
    System("Drone", "DRONE", ("{DRONE_BUILD_LINK}",), ("{DRONE_STAGE_NAME}",), ("{DRONE_PULL_REQUEST}",),
           ("{DRONE_BUILD_TRIGGER}", "{DRONE_COMMIT_AUTHOR}"), ("{DRONE_SOURCE_BRANCH}", "{DRONE_BRANCH}"),
           ("{DRONE_BUILD_NUMBER}",)),
    System("TeamCity", "TEAMCITY_VERSION", ("{BUILD_URL}",),
           ("{TEAMCITY_PROJECT_NAME} / {TEAMCITY_BUILDCONF_NAME}", "{TEAMCITY_BUILDCONF_NAME}"),
           run_id=("{BUILD_NUMBER}",)),
    System("Jenkins", "JENKINS_URL", ("{BUILD_URL}",), ("{JOB_NAME}",), ("{CHANGE_URL}", "{CHANGE_ID}"),
           ("{BUILD_USER_ID}", "{BUILD_USER}", "{CHANGE_AUTHOR}"), ("{CHANGE_BRANCH}", "{BRANCH_NAME}"),
           ("{BUILD_NUMBER}",)),
)  # fmt: skip


def detect(environ: Mapping[str, str]) -> Found | None:
    """The CI system of this environment, or None."""
    for system in SYSTEMS:
        if _marked(system.marker, environ):
            found = Ci(
                system=system.name,
                run_url=_first(system.run_url, environ, lambda url: url.replace(" ", "%20")),
                job=_fill(system.job, environ),
                pull_request=_first(system.pull_request, environ, _pull_request),
                actor=_fill(system.actor, environ),
                run_id=_fill(system.run_id, environ),
                attempt=_fill(system.attempt, environ),
            )
            return Found(found, _first(system.branch, environ, _branch))
    return None


def servers(environ: Mapping[str, str]) -> dict[str, str]:
    """What the CI systems of this environment say of their forges: kinds by the server's address."""
    addresses = (system.server for system in SYSTEMS if system.server and _marked(system.marker, environ))
    by_host: dict[str, str] = {}
    for variable, kind in addresses:
        if address := environ.get(variable):
            by_host.setdefault(address, kind)
    return by_host


def _marked(marker: str, environ: Mapping[str, str]) -> bool:
    name, equals, value = marker.partition("=")
    return environ.get(name) == value if equals else bool(environ.get(name))


def _fill(templates: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    return _first(templates, environ, lambda text: text)


def _first(templates: tuple[str, ...], environ: Mapping[str, str], meaning: Callable[[str], str | None]) -> str | None:
    """What the first template says that can be filled and means something."""
    for template in templates:
        if all(environ.get(name) for name in _FIELD.findall(template)):
            text = meaning(_FIELD.sub(lambda match: environ[match[1]], template))
            if text:
                return text
    return None


def _pull_request(text: str) -> str | None:
    """A number or an address; some systems give a ref that may also be a branch, Buildkite ``false`` for none."""
    if match := _PULL_REQUEST.fullmatch(text):
        return match[1]
    return text if text.isdecimal() or text.startswith(("https://", "http://")) else None


def _branch(text: str) -> str | None:
    """The branch of a full ref or of a plain name; tags and pull request refs are no branch."""
    if text.startswith("refs/heads/"):
        return text.removeprefix("refs/heads/")
    return None if text.startswith("refs/") else text
