# SPDX-License-Identifier: Apache-2.0
"""Reads machines with pyasic, in the environment that has it, and prints what it was told.

Run as: python reading_with_pyasic.py ACTION HOST...; ACTION is "read", "stop" or "resume".
"""

import asyncio
import json
import sys
import warnings


async def act(action, host):
    from pyasic import get_miner

    miner = await get_miner(host)
    if miner is None:
        return {"host": host, "class": None}
    told = {"host": host, "class": type(miner).__name__, "bases": bases(miner)}
    if action == "read":
        return told | read(await miner.get_data())
    done = miner.stop_mining() if action == "stop" else miner.resume_mining()
    try:
        return told | {"done": await done}
    except Exception as error:  # a peer may raise whatever it likes
        return told | {"done": None, "error": repr(error)}


def bases(miner):
    return [one.__name__ for one in type(miner).__mro__]


def read(data):
    rate = data.hashrate
    return {
        "model": data.model,
        "make": data.make,
        "firmware": data.firmware,
        "fw_ver": data.fw_ver,
        "mac": data.mac,
        "serial": data.serial_number,
        "hashrate_th": None if rate is None else float(rate),
        "wattage": data.wattage,
        "wattage_limit": data.wattage_limit,
        "is_mining": data.is_mining,
        "boards": [one.missing is False for one in data.hashboards],
        "fans": [one.speed for one in data.fans],
        "pools": [str(one.url) for one in data.pools],
        "users": [one.user for one in data.pools],
        "uptime": data.uptime,
        "errors": len(data.errors),
    }


async def main(action, hosts):
    warnings.simplefilter("ignore")
    for host in hosts:
        try:
            told = await act(action, host)
        except Exception as error:
            told = {"host": host, "class": None, "error": repr(error)}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
