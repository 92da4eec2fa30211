import zipfile
from pathlib import Path

from checks.package import LIMIT_MB, build, problems, weigh


def test_package_is_small_and_holds_the_control_plane_alone() -> None:
    """The package that Chalice builds of this tree is at most 12 MB: no clients, no other program."""
    package = build()

    names = package.folders.keys()

    assert problems(package) == []
    assert {"app.py", "chalicelib", "pydantic", "jwt", "yaml", "jsonschema"} <= names
    assert {name for name in names if name.startswith(("berth_", "tests", "images"))} == set()


def test_a_forbidden_or_heavy_package_is_refused(tmp_path: Path) -> None:
    """The scales name each fault of a package."""
    archive = tmp_path / "deployment.zip"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("boto3/__init__.py", "x")
    weighed = weigh(archive)._replace(zipped=LIMIT_MB * 1_000_000 + 1)

    found = problems(weighed)

    assert found == ["boto3 is in the package", "12.0 MB zipped, at most 12 MB are allowed"]
