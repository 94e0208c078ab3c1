# SPDX-License-Identifier: Apache-2.0
"""Who may see the pages of an Antminer: HTTP digest.

Source:
    RFC 7616 with MD5, as lighttpd has it.
"""

import re
from hashlib import md5

from loadstone.adapters.simulators.machine import SimulatedMachine
from loadstone.adapters.simulators.miners.http import Request
from loadstone.adapters.simulators.miners.payload import life_s
from loadstone.model.operations.machine import Credential

_REALM = "antMiner Configuration"
_DEFAULT = Credential(user="root", password="root")
_NONCE_LIVES_S = 600.0
_PARTS = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


def challenge(machine: SimulatedMachine) -> str:
    """Return what somebody must answer to be let in."""
    return (
        f'Digest realm="{_REALM}", nonce="{_nonce(machine, machine.world.now_s())}", qop="auth"'
    )


def _nonce(machine: SimulatedMachine, at_s: float) -> str:
    """Return what only this machine can have made, with the time in it, ms."""
    stamp = f"{int(1000 * at_s):x}"
    return f"{stamp}:{_md5(f'{stamp}:{machine.mac}:{machine.serial}')}"


def allowed(machine: SimulatedMachine, request: Request) -> bool:
    """Return whether a request comes from somebody who knows the password."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "digest":
        return False
    said = {name: quoted or bare for name, quoted, bare in _PARTS.findall(rest)}
    owner = machine.credential or _DEFAULT
    nonce = said.get("nonce", "")
    if said.get("username") != owner.user or not _fresh(machine, nonce):
        return False
    who = _md5(f"{owner.user}:{_REALM}:{owner.password}")
    what = _md5(f"{request.method}:{said.get('uri', '')}")
    middle = [nonce]
    if "qop" in said:
        middle += [said.get("nc", ""), said.get("cnonce", ""), said["qop"]]
    return said.get("response") == _md5(":".join([who, *middle, what]))


def _fresh(machine: SimulatedMachine, nonce: str) -> bool:
    try:
        made_s = int(nonce.partition(":")[0], 16) / 1000
    except ValueError:
        return False
    age_s = machine.world.now_s() - made_s
    if not -0.001 <= age_s <= life_s(machine, _NONCE_LIVES_S):
        return False
    return nonce == _nonce(machine, made_s + 0.0005)  # the middle of the millisecond


def _md5(text: str) -> str:
    return md5(text.encode()).hexdigest()
