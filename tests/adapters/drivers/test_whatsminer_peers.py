# SPDX-License-Identifier: Apache-2.0
"""What pyasic makes of a password, a token and a seal, and what we make of them."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from loadstone.adapters.drivers.miners.whatsminer.crypt import seal, session, unseal

ROOT = Path(__file__).parents[3]
PYTHON = Path(os.environ.get("LOADSTONE_PEERS_PYTHON", ROOT / ".venv-peers" / "bin" / "python"))
GRANT = {"time": "5626", "salt": "BQ5hoXV9", "newsalt": "jbzkfQls"}
COMMAND = {"cmd": "power_off", "respbefore": "true"}

PEER = """
import asyncio, json, sys
from pyasic.rpc.btminer import BTMinerRPCAPI, create_privileged_cmd
from pyasic.rpc.btminer import parse_btminer_priviledge_data

asked = json.load(sys.stdin)
api = BTMinerRPCAPI("127.0.0.1")
api.pwd = asked["password"]

async def answer(command, **_):
    return {"Msg": asked["grant"]}

api.send_command = answer
token = asyncio.run(api.get_token())
sealed = json.loads(create_privileged_cmd(token, dict(asked["command"])))
told = parse_btminer_priviledge_data(token, {"enc": asked["enc"]})
print(json.dumps({"sign": token.host_sign, "data": sealed["data"], "told": told}))
"""


@pytest.mark.skipif(not PYTHON.exists(), reason="no environment with pyasic")
def test_pyasic_makes_the_same_session_and_opens_what_we_seal():
    ours = session("correct horse", GRANT, ends_s=0.0)
    answer = {"STATUS": "S", "Code": 131, "Msg": "API command OK"}
    asked = {
        "password": "correct horse",
        "grant": GRANT,
        "command": COMMAND,
        "enc": seal(ours.key, json.dumps(answer).encode()),
    }
    told = json.loads(
        subprocess.run(
            [PYTHON, "-c", PEER],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    assert told["sign"] == ours.sign
    assert told["told"] == answer
    assert json.loads(unseal(ours.key, told["data"])) == COMMAND | {"token": ours.sign}
