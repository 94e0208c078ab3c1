# SPDX-License-Identifier: Apache-2.0
"""Reads and tells machines with pyasic_rs, in a process of its own.

Run as: python reading_with_pyasic_rs.py ACTION HOST...; ACTION is "read", "stop", "resume",
"cap=WATTS" or "pools=URL". Prints a JSON object for each host.
"""

import asyncio
import json
import os
import sys

from pyasic_rs import MinerFactory, Pool, PoolGroup


async def act(action, host):
    miner = await MinerFactory().get_miner(host)
    if miner is None:
        return {"model": None}
    if action == "read":
        return read(await miner.get_data())
    try:
        return {"done": await call(miner, action)}
    except Exception as error:  # a peer may raise whatever it likes
        return {"error": repr(error)}


def call(miner, action):
    word, _, value = action.partition("=")
    if word == "stop":
        return miner.pause()
    if word == "resume":
        return miner.resume()
    if word == "cap":
        return miner.set_power_limit(float(value))
    pool = Pool(url=value, username="peer.worker", password="secret")
    return miner.set_pools_config([PoolGroup(name="default", quota=1, pools=[pool])])


def read(data):
    rate, target = data.hashrate, data.tuning_target
    return {
        "model": data.device_info.model,
        "firmware": data.device_info.firmware,
        "mac": data.mac,
        "serial": data.serial_number,
        "hashrate_th": None if rate is None else rate.value,
        "wattage": data.wattage,
        "limit": None if target is None else str(target),
        "is_mining": data.is_mining,
        "boards": len(data.hashboards),
        "fans": [one.rpm for one in data.fans],
        "pools": [[str(one.url), one.user] for group in data.pools for one in group.pools],
        "uptime": None if data.uptime is None else data.uptime.total_seconds(),
    }


async def main(action, hosts):
    for host in hosts:
        told = {"host": host} | await act(action, host)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
    os._exit(0)  # its threads abort the process when the interpreter ends
