"""A port of this machine that leads into a cluster, by the way that every administrator of one has."""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_LISTENING = re.compile(rb"Forwarding from 127\.0\.0\.1:(\d+) ")


@contextmanager
def port_forward(kubectl: Sequence[str], namespace: str, target: str, ports: str) -> Iterator[int]:
    """Run ``kubectl port-forward`` until the context ends, and give the port that listens.

    :param kubectl: the command line that reaches the cluster.
    :param target: as kubectl names it: ``service/berth-proxy``.
    :param ports: as kubectl names them: ``8443:443``, or ``:443`` for any free port.
    :raises RuntimeError: with what kubectl said, when it does not start.
    """
    words = [*kubectl, "-n", namespace, "port-forward", target, ports]
    # It remarks on every connection that a browser drops: to a file, not to the terminal.
    with (
        tempfile.TemporaryFile() as remarks,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=remarks) as process,
    ):
        assert process.stdout is not None
        try:
            listening = _LISTENING.match(process.stdout.readline())
            if listening is None:
                remarks.seek(0)
                said = remarks.read().decode(errors="replace").strip()
                raise RuntimeError(f"kubectl port-forward to {target} did not start: {said}")
            yield int(listening[1])
        finally:
            process.terminate()
