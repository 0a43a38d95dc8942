"""Which CI system runs us, by its documented variables: THE TABLE, most specific systems first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from change_events.model import Ci

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIELD = re.compile(r"\{(\w+)\}")
_PULL_REF = re.compile(r"refs/pull/(\d+)/")


class System(NamedTuple):
    """One CI system: ``marker`` is the variable that only it sets, the rest are templates of ``{VARIABLE}``.

    Of several templates, the first whose variables are all set is taken.
    """

    name: str
    marker: str
    run_url: tuple[str, ...] = ()
    job: tuple[str, ...] = ()
    pull_request: tuple[str, ...] = ()
    actor: tuple[str, ...] = ()
    branch: tuple[str, ...] = ()


class Found(NamedTuple):
    """The system we run in, and the branch it says it builds."""

    ci: Ci
    branch: str | None


SYSTEMS = (
    System("Atlantis", "ATLANTIS_TERRAFORM_VERSION", (), ("{PROJECT_NAME}",), ("{PULL_URL}", "{PULL_NUM}"),
           ("{USER_NAME}", "{PULL_AUTHOR}"), ("{HEAD_BRANCH_NAME}",)),
    System("Spacelift", "SPACELIFT_RUN_ID", ("{TF_VAR_spacelift_run_url}",), ("{TF_VAR_spacelift_stack_id}",), (), (),
           ("{TF_VAR_spacelift_commit_branch}",)),
    System("HCP Terraform", "TFC_RUN_ID", (), ("{TFC_WORKSPACE_SLUG}", "{TFC_WORKSPACE_NAME}"), (), (),
           ("{TFC_CONFIGURATION_VERSION_GIT_BRANCH}",)),
    System("GitHub Actions", "GITHUB_ACTIONS",
           ("{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",),
           ("{GITHUB_WORKFLOW} / {GITHUB_JOB}", "{GITHUB_JOB}"), ("{GITHUB_REF}",), ("{GITHUB_ACTOR}",),
           ("{GITHUB_HEAD_REF}", "{GITHUB_REF_NAME}")),
    System("GitLab CI", "GITLAB_CI", ("{CI_JOB_URL}", "{CI_PIPELINE_URL}"), ("{CI_JOB_NAME}",),
           ("{CI_MERGE_REQUEST_IID}",), ("{GITLAB_USER_LOGIN}",),
           ("{CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}", "{CI_COMMIT_BRANCH}")),
    System("CircleCI", "CIRCLECI", ("{CIRCLE_BUILD_URL}",), ("{CIRCLE_JOB}",), ("{CIRCLE_PULL_REQUEST}",),
           ("{CIRCLE_USERNAME}",), ("{CIRCLE_BRANCH}",)),
    System("Azure Pipelines", "TF_BUILD",
           ("{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",),
           ("{BUILD_DEFINITIONNAME}",),
           ("{SYSTEM_PULLREQUEST_PULLREQUESTNUMBER}", "{SYSTEM_PULLREQUEST_PULLREQUESTID}"),
           ("{BUILD_REQUESTEDFOR}",), ("{BUILD_SOURCEBRANCHNAME}",)),
    System("Bitbucket Pipelines", "BITBUCKET_BUILD_NUMBER",
           ("https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}",),
           (), ("{BITBUCKET_PR_ID}",), (), ("{BITBUCKET_BRANCH}",)),
    System("Buildkite", "BUILDKITE", ("{BUILDKITE_BUILD_URL}",), ("{BUILDKITE_LABEL}", "{BUILDKITE_PIPELINE_SLUG}"),
           ("{BUILDKITE_PULL_REQUEST}",), ("{BUILDKITE_BUILD_CREATOR}",), ("{BUILDKITE_BRANCH}",)),
    System("TeamCity", "TEAMCITY_VERSION", ("{BUILD_URL}",), ("{TEAMCITY_BUILDCONF_NAME}",)),
    System("Jenkins", "JENKINS_URL", ("{BUILD_URL}",), ("{JOB_NAME}",), ("{CHANGE_URL}", "{CHANGE_ID}"),
           ("{BUILD_USER}", "{CHANGE_AUTHOR}"), ("{CHANGE_BRANCH}", "{BRANCH_NAME}")),
)  # fmt: skip


def detect(environ: Mapping[str, str]) -> Found | None:
    """The CI system of this environment, or None."""
    for system in SYSTEMS:
        if environ.get(system.marker):
            found = Ci(
                system=system.name,
                run_url=_fill(system.run_url, environ),
                job=_fill(system.job, environ),
                pull_request=_pull_request(_fill(system.pull_request, environ)),
                actor=_fill(system.actor, environ),
            )
            return Found(found, _fill(system.branch, environ))
    return None


def _fill(templates: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    for template in templates:
        if all(environ.get(name) for name in _FIELD.findall(template)):
            return _FIELD.sub(lambda match: environ[match[1]], template)
    return None


def _pull_request(text: str | None) -> str | None:
    """GitHub has only the ref, Buildkite says ``false`` where there is none."""
    if text is None or text == "false":
        return None
    if text.startswith("refs/"):
        return match[1] if (match := _PULL_REF.match(text)) else None
    return text
