"""Carries TCP connections between the machine and a cluster's network namespace.

`python -m berth_local.cluster.forward RUN_FOLDER INIT in|out LISTEN TARGET`: with `in` it listens on the machine and
connects inside, with `out` the other way. It prints the address that it listens on, and ends when the process INIT ends.
"""

import asyncio
import os
import socket
import sys

from berth_local.cluster import kernel

CHUNK = 65536


def main() -> None:
    """Run until the cluster ends."""
    _run_folder, init, direction, listen, target = sys.argv[1:]
    # Opened first: the number may be taken by another process once the cluster has ended.
    cluster = os.pidfd_open(int(init))
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    inside = os.open(f"/proc/{init}/ns/net", os.O_RDONLY)
    listens, connects = (here, inside) if direction == "in" else (inside, here)
    kernel.enter(listens, kernel.CLONE_NEWNET)
    server = socket.create_server(address_of(listen), backlog=256)
    kernel.enter(connects, kernel.CLONE_NEWNET)
    host, port = server.getsockname()
    print(f"{host}:{port}", flush=True)
    asyncio.run(serve(server, address_of(target), cluster))


def address_of(text: str) -> tuple[str, int]:
    """Read `host:port`."""
    host, _, port = text.rpartition(":")
    return host, int(port)


async def serve(server: socket.socket, target: tuple[str, int], cluster: int) -> None:
    """Carry connections until the process behind the pid descriptor `cluster` has ended."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(cluster, ended.set)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(*target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pipe(reader, back), pipe(there, writer))
        writer.close()
        back.close()

    await asyncio.start_server(carry, sock=server)
    await ended.wait()
    # Connections under way end here too: nothing is left on the other side.
    os._exit(0)


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction, and pass its end on."""
    try:
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    except (OSError, RuntimeError):
        # One side has closed both directions.
        writer.close()


if __name__ == "__main__":
    main()
