# SPDX-License-Identifier: Apache-2.0
"""Small servers on loopback that answer as a test tells them to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from loadstone.model.operations.machine import Address

Answer = bytes | None
"""What to send back; None to close without a word, b"" to stay silent."""


@dataclass
class Peer:
    """A server, and what it has heard."""

    address: Address
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def peer(
    reply: Callable[[bytes], Answer],
    *,
    whole: Callable[[bytes], int],
    keeps: bool = False,
) -> AsyncIterator[Peer]:
    """Answer each request with `reply`, and close after it unless `keeps`."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(task := asyncio.current_task())
        here.connections += 1
        buffer = b""
        try:
            while data := await reader.read(65536):
                buffer += data
                while length := whole(buffer):
                    request, buffer = buffer[:length], buffer[length:]
                    here.heard.append(request)
                    said = reply(request)
                    if said is None:
                        return
                    writer.write(said)
                    await writer.drain()
                    if said and not keeps:
                        return
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    here = Peer(Address(host="127.0.0.1", port=server.sockets[0].getsockname()[1]))
    try:
        yield here
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def nobody() -> Address:
    """Return an address where nobody listens."""
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    address = Address(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    return address
