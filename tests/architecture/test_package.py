import importlib.util
import json
import subprocess
import sys
import zipfile
from base64 import b64encode
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from checks.package import LIMIT_MB, Library, library, problems, weigh
from infra.package import write_alike
from tests.packages import Built, build

ROOT = Path(__file__).parents[2]
ASK = """
import app, json, sys
answer = app.app({
    "httpMethod": "GET", "headers": {}, "multiValueQueryStringParameters": None,
    "requestContext": {"resourcePath": "/healthz", "httpMethod": "GET"},
    "pathParameters": None, "stageVariables": None, "body": None, "isBase64Encoded": False,
}, None)
print(json.dumps([answer["statusCode"], sorted({
    module.__file__ for module in sys.modules.values() if getattr(module, "__file__", None)
})]))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The package of this tree."""
    return build(tmp_path_factory.mktemp("package"), 1)


def test_package_is_small_and_holds_the_control_plane_alone(built: Built) -> None:
    """The package of this tree is at most 12 MB: no clients, no other program, nothing too new."""
    names = built.package.folders.keys()

    assert problems(built.package) == []
    assert len(built.package.libraries) > 3
    assert {"app.py", "chalicelib", "pydantic", "jwt", "yaml", "jsonschema"} <= names
    assert {name for name in names if name.startswith(("berth_", "tests", "images"))} == set()


def test_two_builds_of_one_tree_are_one_package(built: Built, tmp_path: Path) -> None:
    """Built again, in another folder and by a process with other hashes, the package has the same bytes."""
    assert build(tmp_path, 2).package.digest == built.package.digest


def test_package_for_the_other_architecture_holds_no_other(tmp_path: Path) -> None:
    """The package for arm64 keeps the same limits, with machine code for arm64 alone."""
    package = build(tmp_path, 1, "arm64").package

    assert problems(package, "arm64") == []
    assert {each.machine for each in package.libraries} == {"EM_AARCH64"}


def test_package_answers_from_its_folder_alone(built: Built, tmp_path: Path) -> None:
    """Unpacked, with Python's own library beside it and no other, it answers a request of the gateway."""
    with zipfile.ZipFile(built.archive) as package:
        package.extractall(tmp_path / "task")
    ran = subprocess.run(
        [sys.executable, "-S", "-B", "-c", ASK],
        cwd=tmp_path / "task",
        env={
            "BERTH_PUBLIC_URL": "https://berth.test",
            "BERTH_PEPPER": b64encode(bytes(32)).decode(),
            "BERTH_STORE": "sqlite::memory:",
            "BERTH_KEYS": f"file:{tmp_path / 'master.key'}",
            "BERTH_OIDC_ISSUER": "https://issuer.test",
            "BERTH_OIDC_CLIENT_ID": "berth",
            "BERTH_OIDC_CLIENT_SECRET": "none",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    status, loaded = json.loads(ran.stdout.splitlines()[-1])

    assert status == 200
    assert not [path for path in loaded if "site-packages" in path]
    assert [path for path in loaded if path.startswith(str(tmp_path / "task"))]


def test_byte_code_asks_for_no_look_at_its_source(built: Built) -> None:
    """Each of our modules has byte code of this Python that is valid by itself; no other byte code ships."""
    with zipfile.ZipFile(built.archive) as package:
        names = set(package.namelist())
        compiled = {name for name in names if name.endswith(".pyc")}
        headers = {package.read(name)[:8] for name in compiled}
    ours = {
        name for name in names if name.startswith(("app.", "chalicelib/")) and name[-3:] == ".py"
    }

    assert headers == {importlib.util.MAGIC_NUMBER + b"\x01\0\0\0"}
    assert {importlib.util.cache_from_source(name) for name in ours} <= compiled


def test_archive_is_written_alike_whatever_its_order_and_time(tmp_path: Path) -> None:
    """The same files, in another order, of another time, with stale byte code, make the same archive."""
    digests = set()
    for year, names in ((1999, ("a.py", "b/c.py")), (2026, ("b/c.py", "a.py", "a.pyc"))):
        archive = tmp_path / "deployment.zip"
        with zipfile.ZipFile(archive, "w") as package:
            for name in names:
                package.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), "NAME = 1\n")
        write_alike(archive)
        digests.add(weigh(archive).digest)

    assert len(digests) == 1


def test_a_forbidden_or_heavy_package_is_refused(tmp_path: Path) -> None:
    """The scales name each fault of a package."""
    archive = tmp_path / "deployment.zip"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("boto3/__init__.py", "x")
    weighed = weigh(archive)._replace(zipped=LIMIT_MB * 1_000_000 + 1)

    found = problems(weighed)

    assert found == ["boto3 is in the package", "12.0 MB zipped, at most 12 MB are allowed"]


def test_machine_code_that_lambda_cannot_load_is_refused(built: Built) -> None:
    """A library that asks for a newer C library is found, and so is one for another machine."""
    with zipfile.ZipFile(built.archive) as package:
        name = next(n for n in package.namelist() if n.endswith(EXTENSION_SUFFIXES[0]))
        content = package.read(name)
    asked = library(name, content).glibc
    word = f"GLIBC_{asked[0]}.{asked[1]}\0".encode()
    assert word in content

    planted = library(name, content.replace(word, b"GLIBC_2.99\0"))

    assert asked < (2, 26)
    assert problems(built.package._replace(libraries=(planted,))) == [
        f"{name} asks for glibc 2.99, Lambda has 2.26"
    ]
    assert problems(built.package._replace(libraries=(Library(name, "EM_AARCH64", asked),))) == [
        f"{name} is for EM_AARCH64, not for x86_64"
    ]
