"""The real parts that the contract suites run on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from berth_local.aws import stacks
from berth_local.aws.emulator import Emulator
from berth_local.aws.installation import install
from berth_local.site.steps import Steps
from chalicelib.adapters.stores.dynamodb import DynamoStore
from chalicelib.adapters.stores.sqlite import SqliteStore
from chalicelib.ports.store import Store
from tests.contracts.dynamodb_local import DynamoDbLocal
from tests.doubles import SteppedClock

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def clock() -> SteppedClock:
    """The stores' clock."""
    return SteppedClock()


@pytest.fixture
def advance(clock: SteppedClock) -> Callable[[float], None]:
    """Set the stores' clock to a moment."""

    def move(moment: float) -> None:
        clock.at = moment

    return move


@pytest.fixture(scope="session")
def dynamodb(tmp_path_factory: pytest.TempPathFactory) -> Iterator["DynamoDBClient"]:
    """A client of DynamoDB Local with the table of ``infra/stack.yaml``."""
    with DynamoDbLocal(tmp_path_factory.mktemp("dynamodb")) as local:
        yield local.client("berth")


@pytest.fixture(scope="session")
def emulated() -> Iterator[Emulator]:
    """The AWS that deployed functions meet in `make test-deploy`, with the table and the key of ``infra/stack.yaml``."""
    with Emulator(install(Steps())) as aws:
        stacks.create_data(aws, "dev")
        yield aws


@pytest.fixture(
    params=[
        "memory",
        "file",
        pytest.param("dynamodb", marks=pytest.mark.dynamodb),
        pytest.param("emulated", marks=pytest.mark.deploy),
    ]
)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: SteppedClock) -> Iterator[Store]:
    """Each adapter in turn."""
    if request.param == "dynamodb":
        yield DynamoStore(request.getfixturevalue("dynamodb"), "berth", now=clock.now)
        return
    if request.param == "emulated":
        client = request.getfixturevalue("emulated").client("dynamodb")
        yield DynamoStore(client, "berth-dev", now=clock.now)
        return
    path = ":memory:" if request.param == "memory" else str(tmp_path / "berth.sqlite")
    sqlite = SqliteStore(path, now=clock.now)
    yield sqlite
    sqlite.close()
