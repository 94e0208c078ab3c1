# SPDX-License-Identifier: Apache-2.0
"""Read machines with an independent program and print what it took, as JSON.

    .venv-peers/bin/python benchmarks/fleet_peers.py pyasic full 50 5 HOST...
    .venv/bin/python benchmarks/fleet_peers.py pyasic_rs cheap 50 5 HOST...

It needs no other file, because pyasic 0.79 cannot stand in one environment with the rest. The
machines answer at the ports they are shipped with, for these programs dial no others.
"cheap" reads hashrate, power and whether the machine hashes, and nothing else, as far as a
program lets itself be told so. Recognising the machines is apart (`known_ms_each`).
"""

import asyncio
import json
import os
import sys
import time
import warnings
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

try:
    import uvloop
except ModuleNotFoundError:  # pyasic brings none along
    uvloop = None

CHEAP = ("hashrate", "wattage", "is_mining")


async def pyasic(hosts: Sequence[str], what: str, at_once: int) -> tuple[Any, Any]:
    from pyasic import get_miner  # noqa: PLC0415

    async def read(miner: Any) -> bool:
        if what == "cheap":
            await miner.get_data(include=list(CHEAP))
        else:
            await miner.get_data()
        return True

    return await _all(get_miner, hosts, at_once), read


async def pyasic_rs(hosts: Sequence[str], what: str, at_once: int) -> tuple[Any, Any]:
    from pyasic_rs import MinerFactory  # noqa: PLC0415
    from pyasic_rs.data import DataField  # noqa: PLC0415

    factory = MinerFactory()
    wanted = {"Hashrate", "Wattage", "IsMining"}
    rest = [getattr(DataField, name) for name in dir(DataField) if name[0].isupper()]
    rest = [one for one in rest if str(one).rpartition(".")[2] not in wanted]

    async def read(miner: Any) -> bool:
        if what == "cheap":
            await miner.get_data(exclude=rest)
        else:
            await miner.get_data()
        return True

    async def known(host: str) -> Any:
        return await factory.get_miner(host)

    return await _all(known, hosts, at_once), read


async def _all(
    call: Callable[[Any], Awaitable[Any]], items: Sequence[Any], at_once: int
) -> list[Any]:
    waiting, done = iter(enumerate(items)), [None] * len(items)

    async def work() -> None:
        for n, item in waiting:
            try:
                done[n] = await call(item)
            except Exception as error:  # a peer may raise whatever it likes
                done[n] = repr(error)[:100]

    await asyncio.gather(*(work() for _ in range(at_once)))
    return done


async def main(peer: str, what: str, at_once: int, repeats: int, hosts: Sequence[str]) -> None:
    warnings.simplefilter("ignore")
    wall, cpu = time.perf_counter(), time.process_time()
    begin = {"pyasic": pyasic, "pyasic_rs": pyasic_rs}[peer]
    miners, read = await begin(hosts, what, at_once)
    known = {
        "known_wall_s": round(time.perf_counter() - wall, 3),
        "known_ms_each": round(1e3 * (time.process_time() - cpu) / len(hosts), 3),
    }
    found = [one for one in miners if one is not None and not isinstance(one, str)]
    print("known", flush=True)
    sys.stdin.readline()  # whoever counts calls looks now
    rows = []
    for _ in range(repeats + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        said = await _all(read, found, at_once)
        rows.append(
            {
                "wall_s": round(time.perf_counter() - wall, 3),
                "cpu_ms_each": round(1e3 * (time.process_time() - cpu) / max(len(found), 1), 3),
                "read": sum(one is True for one in said),
                "errors": sorted({one for one in said if one is not True})[:2],
            }
        )
    print(
        json.dumps(
            {
                "peer": peer,
                "what": what,
                "found": len(found),
                **known,
                "first": rows[0],
                "rows": rows[1:],
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    begin = uvloop.run if uvloop else asyncio.run
    begin(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]))
    os._exit(0)  # threads of pyasic_rs abort the process when the interpreter ends
