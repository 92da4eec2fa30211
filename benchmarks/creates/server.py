"""The server: the application behind the one-process gateway, wired by its own bootstrap.

    python -m benchmarks.creates.server [--conflicts]

Writes its port as the first line, serves until its standard input ends, and then writes as JSON when
each creation was accepted and when each answer to the agent left the handler.
"""

import argparse
import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from chalice.app import Chalice, Response

from app import app
from benchmarks.creates.load import NO_OP
from berth_local.gateway import serve
from chalicelib import bootstrap
from tests.contracts.conflicts import ConflictingStore

_ID = re.compile(r'"id":"(ws-[0-9a-z]+)"')


@dataclass(slots=True)
class Stamps:
    """Seconds of the monotonic clock."""

    accepted: dict[str, float] = field(default_factory=dict)
    """By workspace."""
    answered: list[float] = field(default_factory=list)
    """To the agent, in order."""
    took: list[float] = field(default_factory=list)
    """Each of those answers, in the handler."""

    def note(self, event: Any, get_response: Callable[[Any], Response]) -> Response:
        """Note when what comes back from the handler leaves it."""
        began = time.monotonic()
        answer = get_response(event)
        now = time.monotonic()
        if event.path == "/agent/v1/reconcile" and answer.status_code == 200:
            self.answered.append(now)
            self.took.append(now - began)
        elif event.path == "/api/v1/workspaces" and answer.status_code == 201:
            found = _ID.search(str(answer.body))
            assert found is not None, "a creation was answered without an id"
            self.accepted[found[1]] = now
        return answer


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--conflicts", action="store_true")
    model = None
    if parser.parse_args().conflicts:
        ports = bootstrap.ports()
        model = ConflictingStore(ports.store)
        bootstrap.use(replace(ports, store=model))
    stamps, parent = Stamps(), sys.stdout
    _extend(app, stamps)
    server = serve(app, ("127.0.0.1", 0), None)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with Path(os.devnull).open("w", encoding="utf-8") as lines, redirect_stdout(lines):
        _say(server.server_address[1], parent)
        sys.stdin.read()
    server.shutdown()
    thread.join()
    told = asdict(stamps) | {"processor_seconds": time.process_time()}
    _say(
        told | ({} if model is None else {"writes": model.writes, "conflicts": model.conflicts}),
        parent,
    )


def _extend(extended: Chalice, stamps: Stamps) -> None:
    extended.register_middleware(stamps.note, "http")

    @extended.route(NO_OP)
    def no_op() -> Response:
        return Response("", {"Content-Type": "text/plain"}, 200)


def _say(value: object, to: TextIO) -> None:
    to.write(json.dumps(value) + "\n")
    to.flush()


if __name__ == "__main__":
    main()
