"""One of moto's services as a server: what a process of its own, or a signed address, can reach."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from moto.core.model_instances import reset_model_data
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object, **__: object) -> None:
        """Say nothing: addresses may be secrets."""


@contextmanager
def serve(service: Literal["sqs", "ssm"]) -> Iterator[str]:
    """The address of a service that knows nothing yet."""
    reset_model_data()
    app = create_backend_app(service)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
