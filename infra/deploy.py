"""Deploys a stage of Chalice, takes it away, or names its API: the checked package, from a clean copy of the tree.

    python -m infra.deploy up dev [--release v1.2.3]
    python -m infra.deploy down dev
    python -m infra.deploy api dev

The data stack is never touched. What Chalice made is written to `.chalice/deployed/<stage>.json`:
whoever deploys next needs that file.
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from checks.package import problems, weigh
from checks.tree import ROOT
from infra import package
from infra.package import Refused

CODE = ("app.py", "chalicelib", "requirements.txt")


def up(stage: str, release: str = "", root: Path = ROOT) -> None:
    """Deploy a stage with the code of the tree, or of a release. Raises Refused, CalledProcessError."""
    architecture = package.architecture_of(root, stage)
    with project(stage, release, root) as folder:
        built = package.build(folder, stage) / package.ARCHIVE
        found = problems(weigh(built), architecture)
        if found:
            raise Refused("The package may not be deployed: " + "; ".join(found))
        print(package.chalice(folder, "deploy", "--stage", stage, environment=os.environ))


def down(stage: str, root: Path = ROOT) -> None:
    """Take the functions, the API and the roles of a stage away. Raises Refused, CalledProcessError."""
    if not _record(root, stage).is_file():
        raise Refused(f"{_record(root, stage)} is not there: Chalice does not know what it made.")
    with project(stage, "", root) as folder:
        print(package.chalice(folder, "delete", "--stage", stage, environment=os.environ))


def api(stage: str, root: Path = ROOT) -> str:
    """Return the id of the API that Chalice has made for a stage. Raises Refused."""
    record = _record(root, stage)
    if not record.is_file():
        raise Refused(f"{record} is not there: deploy the stage {stage} first.")
    made = json.loads(record.read_text(encoding="utf-8"))["resources"]
    return next(str(each["rest_api_id"]) for each in made if each["name"] == "rest_api")


@contextmanager
def project(stage: str, release: str, root: Path) -> Iterator[Path]:
    """Give a copy to run Chalice in, with what it made before; what it made then is kept, well or not."""
    with tempfile.TemporaryDirectory(prefix="berth-deploy-") as temporary:
        folder = Path(temporary)
        package.copy_project(root, folder)
        if release:
            _take_code(release, folder, root)
        ours, copied = _record(root, stage), _record(folder, stage)
        copied.parent.mkdir(exist_ok=True)
        if ours.is_file():
            shutil.copyfile(ours, copied)
        try:
            yield folder
        finally:
            ours.parent.mkdir(exist_ok=True)
            if copied.is_file():
                shutil.copyfile(copied, ours)
            else:
                ours.unlink(missing_ok=True)


def _record(root: Path, stage: str) -> Path:
    return root / ".chalice/deployed" / f"{stage}.json"


def _take_code(release: str, folder: Path, root: Path) -> None:
    """Put the code of a release in place of the tree's; the stages stay those of the tree."""
    command = ["git", "archive", "--format=tar", release, "--", *CODE]
    archived = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if archived.returncode:
        raise Refused(f"There is no release {release}: {archived.stderr.decode().strip()}")
    shutil.rmtree(folder / "chalicelib")
    with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as code:
        code.extractall(folder, filter="data")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do it; 2 when it was refused, Chalice's own code when that failed."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy")
    parser.add_argument("what", choices=("up", "down", "api"))
    parser.add_argument("stage")
    parser.add_argument("--release", default="", help="tag or commit whose code is deployed")
    asked = parser.parse_args(arguments)
    try:
        if asked.what == "up":
            up(asked.stage, asked.release)
        elif asked.what == "down":
            down(asked.stage)
        else:
            print(api(asked.stage))
    except Refused as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(error.stdout)  # Chalice said why on standard error
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
