# SPDX-License-Identifier: Apache-2.0
"""Reads and tells machines with pyasic, in the environment that has it.

Run as: python reading_with_pyasic.py ACTION HOST...; ACTION is "read", "stop", "resume" or
"cap=WATTS". Prints a JSON object for each host.
"""

import asyncio
import json
import sys
import warnings


async def act(action, host):
    from pyasic import get_miner

    miner = await get_miner(host)
    if miner is None:
        return {"class": None}
    told = {
        "class": type(miner).__name__,
        "bases": [one.__name__ for one in type(miner).__mro__],
    }
    try:
        if action == "read":
            return told | read(await miner.get_data())
        return told | {"done": await call(miner, action)}
    except Exception as error:  # a peer may raise whatever it likes
        return told | {"error": repr(error)} | await single_fields(miner)


def call(miner, action):
    if action == "stop":
        return miner.stop_mining()
    if action == "resume":
        return miner.resume_mining()
    return miner.set_power_limit(int(action.partition("=")[2]))


async def single_fields(miner):
    """Return what can be read by itself where reading all at once fails."""
    rate = await miner.get_hashrate()
    return {
        "hashrate_th": None if rate is None else float(rate),
        "is_mining": await miner.is_mining(),
        "uptime": await miner.get_uptime(),
    }


def read(data):
    rate = data.hashrate
    return {
        "model": data.model,
        "firmware": data.firmware,
        "mac": data.mac,
        "serial": data.serial_number,
        "hashrate_th": None if rate is None else float(rate),
        "wattage": data.wattage,
        "limit": data.wattage_limit,
        "is_mining": data.is_mining,
        "boards": sum(not one.missing for one in data.hashboards),
        "fans": [one.speed for one in data.fans],
        "pools": [[str(one.url), one.user] for one in data.pools],
        "uptime": data.uptime,
    }


async def main(action, hosts):
    warnings.simplefilter("ignore")
    for host in hosts:
        told = {"host": host} | await act(action, host)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
