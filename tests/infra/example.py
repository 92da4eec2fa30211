"""The stage `dev` of the repository, for an account that is nobody's: ``python -m tests.infra.example`` writes it."""

from pathlib import Path

from infra.policies import Installation
from infra.stage import FOLDER, Choices
from infra.stage import write as write_stage

DEV = Installation.of(
    "dev",
    {
        "TableName": "berth-dev",
        "KeyAlias": "alias/berth-dev",
        "KeyArn": "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000",
    },
)


def write(folder: Path) -> list[str]:
    """Write the stage into a folder `.chalice`, and return what was done."""
    return write_stage(
        folder, DEV, Choices("https://berth.example.org", "https://gitlab.example.org", "berth")
    )


if __name__ == "__main__":
    print(*write(FOLDER), sep="\n")  # noqa: T201 - for whoever runs it
