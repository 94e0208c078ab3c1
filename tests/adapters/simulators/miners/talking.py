# SPDX-License-Identifier: Apache-2.0
"""Talking to one simulated machine without sockets."""

import json

from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.machine import Build, SimulatedMachine
from loadstone.adapters.simulators.miners import FACES
from loadstone.adapters.simulators.physics import Weather, World

MILD = Weather(mean_c=25.0)  # where nothing is added for heat


class Hands:
    """A clock that is moved by hand."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


class Talk:
    """One machine, its clock, and a way to ask it."""

    def __init__(self, family, *faults, **build):
        self.clock = Hands()
        whole = {"id": "m1", "family": family, "rated_w": 3000.0, "hashrate_th": 100.0}
        world = World(self.clock, start_s=1_800_000_000.0, weather=MILD)
        self.machine = SimulatedMachine(Build(**whole | build), world, list(map(fault, faults)))

    def bytes(self, sent, port=0):
        """Return what comes back on a new connection."""
        return FACES[self.machine.family][port].open(self.machine).feed(sent)

    def ask(self, command, parameter=None, **more):
        """Return the answer of the command port, as an object."""
        request = {"command": command} | more
        if parameter is not None:
            request["parameter"] = parameter
        return json.loads(self.bytes(json.dumps(request).encode()).rstrip(b"\0"))

    def http(self, method, path, body=None, **headers):
        """Return status, headers and object of an answer of the web port."""
        content = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: machine",
            f"Content-Length: {len(content)}",
        ]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        sent = "\r\n".join(lines).encode() + b"\r\n\r\n" + content
        return parsed(self.bytes(sent, port=1))


def fault(one):
    return one if isinstance(one, Fault) else Fault(kind=FaultKind(one))


def parsed(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, json.loads(body) if body else None
