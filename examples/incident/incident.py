"""An incident from its cause to its explanation: an edit of one line lowers a capacity, and three commands lead to it.

Run it with a folder that is made anew: ``python examples/incident/incident.py /tmp/incident``. It needs git, and
terraform (or tofu) on PATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TFEVENT = [sys.executable, "-m", "tf_wrapper"]
VALUES = "prod.auto.tfvars"
# Subject of a commit, its author, and the edit that it makes: of which text, into which.
COMMITS = (
    ("Sale banner", "Bo", ('"Welcome"', '"Sale: 20% off"')),
    ("Save money: fewer web instances", "Ada", ("web_instances = 6", "web_instances = 2")),
    ("Shorter banner", "Cy", ("Sale: 20% off", "Sale")),
)
CULPRIT = "terraform_data.web_pool"


class Stage:
    """A repository with one stack, and a journal of its own."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self.environ = {
            **environ,
            "TFEVENT_STATE_DIR": str(folder / ".state"),
            "TFEVENT_ENVIRONMENT": "prod",
            "TFEVENT_SERVICE": "shop",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_COMMITTER_NAME": "Ann",
            "GIT_COMMITTER_EMAIL": "ann@example.com",
            "GIT_AUTHOR_EMAIL": "author@example.com",
        }

    def git(self, *words: str, author: str = "Ann") -> None:
        subprocess.run(
            ["git", *words], cwd=self.folder, env={**self.environ, "GIT_AUTHOR_NAME": author}, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def commit(self, subject: str, author: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", subject, author=author)

    def tfevent(self, *words: str) -> str:
        """What it prints. Raises SystemExit if it failed."""
        done = subprocess.run(
            [*TFEVENT, *words], cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"tfevent {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout


def build(folder: Path, environ: dict[str, str]) -> Stage:
    """Four commits, each applied; the third is the culprit."""
    shutil.copytree(HERE / "stack", folder)
    (folder / ".gitignore").write_text(".terraform*\n*.tfstate*\n.state\n")
    stage = Stage(folder, environ)
    stage.git("init", "--quiet", "--initial-branch", "main")
    stage.commit("The shop", "Ann")
    stage.tfevent("init", "-no-color")
    stage.tfevent("apply", "-auto-approve", "-no-color")
    values = folder / VALUES
    for subject, author, (old, new) in COMMITS:
        values.write_text(values.read_text().replace(old, new))
        stage.commit(subject, author)
        stage.tfevent("apply", "-auto-approve", "-no-color")
    return stage


def explain(stage: Stage) -> dict[str, str]:
    """What the three commands print, by command line."""
    asked = (
        ("suspects", "--environment", "prod", "--service", "shop", "--limit", "1"),
        ("why", f"{CULPRIT}.input.desired_count", "--limit", "1"),
        ("show", "-2"),
    )
    return {" ".join(("tfevent", "events", *words)): stage.tfevent("events", *words) for words in asked}


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER")
    folder = Path(sys.argv[1]).resolve()
    if folder.exists():
        sys.exit(f"{folder} exists: expected a folder that can be made")
    for command, shown in explain(build(folder, dict(os.environ))).items():
        print(f"\n\033[1m$ {command}\033[0m\n{shown}", end="")


if __name__ == "__main__":
    main()
