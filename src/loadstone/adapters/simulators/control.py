# SPDX-License-Identifier: Apache-2.0
"""A port of a simulated fleet where faults are set and the truth is told: a line in JSON each.

It is for tests and for people who try things out: no machine of the field has it.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from loadstone.adapters.simulators.faults import Fault
from loadstone.adapters.simulators.machine import SimulatedMachine
from loadstone.adapters.simulators.site import SimulatedSite
from loadstone.adapters.tables import checked
from loadstone.model.errors import InputError, InputErrors, OutsideError

Answer = dict[str, Any]
_LARGEST = 1_000_000  # bytes of a line


@asynccontextmanager
async def serving_control(site: SimulatedSite, port: int) -> AsyncIterator[None]:
    """Answer on 127.0.0.1 until the block ends.

    Raises:
        OutsideError: The port is taken.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(answered(site, line)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):  # it hung up, or its line is too long
            pass
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(talk, "127.0.0.1", port, limit=_LARGEST)
    except OSError as error:
        raise OutsideError(f"cannot listen on 127.0.0.1:{port}: {error.strerror}") from error
    try:
        yield
    finally:
        server.close()


def answered(site: SimulatedSite, line: bytes) -> Answer:
    """Return the answer to one request: {"do": ..., ...}."""
    try:
        request = json.loads(line)
        act = _ACTS.get(request.get("do", "")) if isinstance(request, dict) else None
        if act is None:
            raise InputError("do", line[:80].decode("latin-1"), f"must be {', '.join(_ACTS)}")
        return {"ok": True} | act(site, request)
    except (InputError, InputErrors) as error:
        return {"ok": False, "error": str(error)}
    except (ValueError, TypeError, KeyError) as error:
        return {"ok": False, "error": f"cannot be read: {error}"}


def truth(site: SimulatedSite, request: Mapping[str, Any] | None = None) -> Answer:
    """Return what is true of the site now."""
    phases = Counter(str(one.phase) for one in site.machines.values())
    return {
        "simulated": True,
        "now_s": site.world.now_s(),
        "utc_s": site.world.utc_s(),
        "ambient_c": site.world.ambient_c(),
        "power_mw": site.true_power_mw(),
        "meter_mw": site.power_mw(),
        "energy_mwh": site.energy_mwh(),
        "phases": dict(phases),
        "switches": {id_: site.is_on(id_) for id_ in site.switches},
        "accidents": [one._asdict() for one in site.accidents],
    }


def _machines(site: SimulatedSite, request: Mapping[str, Any]) -> Answer:
    return {"machines": [_truth_of(one) for one in _chosen(site, request)]}


def _fault(site: SimulatedSite, request: Mapping[str, Any]) -> Answer:
    said = {"from_s": site.world.now_s()} | dict(request["fault"])
    fault: Fault = checked(Fault, said)
    hit = [
        machine
        for machine in site.machines.values()
        if fault.selects(
            id_=machine.id,
            group=machine.build.group,
            family=machine.family,
            seed=site.world.seed,
        )
    ]
    for machine in hit:
        machine.add(fault)
    site.add(fault)
    return {"fault": str(fault), "machines": len(hit)}


def _clear(site: SimulatedSite, request: Mapping[str, Any]) -> Answer:
    kind = request.get("kind")
    chosen = _chosen(site, request)
    for machine in chosen:
        machine.clear(kind)
    if not request.get("machines"):
        site.clear()
    return {"machines": len(chosen)}


def _switch(site: SimulatedSite, request: Mapping[str, Any]) -> Answer:
    id_ = request["switch"]
    if id_ not in site.switches:
        raise InputError("switch", id_, f"must be one of {', '.join(site.switches)}")
    site.turn(id_, bool(request["on"]))
    return {"on": site.is_on(id_)}


def _chosen(site: SimulatedSite, request: Mapping[str, Any]) -> list[SimulatedMachine]:
    ids = request.get("machines") or list(site.machines)
    for id_ in ids:
        if id_ not in site.machines:
            raise InputError("machines", id_, "must be the id of a simulated machine")
    return [site.machines[id_] for id_ in ids]


def _truth_of(machine: SimulatedMachine) -> Answer:
    return {
        "id": machine.id,
        "family": machine.family,
        "address": str(machine.address),
        "mac": machine.mac,
        "phase": str(machine.phase),
        "power_w": machine.true_power_w(),
        "limit_w": machine.limit_w,
        "pools": [pool.url for pool in machine.pools],
        "told": [{"at_s": at_s, "what": what} for at_s, what in machine.told],
        "faults": [str(fault) for fault in machine.faults()],
    }


_ACTS: dict[str, Callable[[SimulatedSite, Mapping[str, Any]], Answer]] = {
    "truth": truth,
    "machines": _machines,
    "fault": _fault,
    "clear": _clear,
    "switch": _switch,
}
