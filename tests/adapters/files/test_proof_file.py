# SPDX-License-Identifier: Apache-2.0
import json
import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from loadstone.adapters.files.proof_file import proof_schema, read_proof, write_proof
from loadstone.engines.measurement.intervals import Trace
from loadstone.engines.measurement.proof import Evidence, proof_of
from loadstone.model.errors import InputErrors
from loadstone.model.operations.event import Event, EventKind, EventState, Method
from loadstone.model.operations.proof import Moment, Proof
from tests.golden_text import compare
from tests.shape import REFERENCE

START = 1_800_000_000.0


def proof() -> Proof:
    event = Event(
        id="e1",
        site="campus",
        kind=EventKind.TO_MW,
        mw=2.0,
        source="operator",
        received_s=START - 60,
        starts_s=START,
        ends_s=START + 600,
        state=EventState.DONE,
        active_s=START,
        restoring_s=START + 600,
        method=Method(holidays=(date(2026, 12, 25),)),
    )
    at_s = START + np.arange(-400.0, 700.0)
    mw = np.where(at_s < START, 10.0, 1.0)
    nothing = np.full(at_s.shape, np.nan)
    trace = Trace(at_s=at_s, power_mw=mw, energy_mwh=nothing, hold_s=np.full(at_s.shape, 10.0))
    evidence = Evidence(
        timeline=(Moment(at_s=START, what="active"),),
        first_told_s=START,
        outcomes={"confirmed": 3, "unavailable": 1},
        reasons={"timeout": 1},
        event_days=frozenset(),
        simulated=False,
        record="0" * 64,
    )
    return proof_of(event, trace, evidence, meter="main", zone="UTC")


def test_a_proof_comes_back_from_its_file_as_it_was(tmp_path):
    written = write_proof(tmp_path / "e1", proof())
    assert read_proof(written) == proof()


def test_a_file_that_is_no_proof_is_refused(tmp_path):
    (tmp_path / "proof.json").write_text(json.dumps({"event": {}, "unknown": 1}))
    with pytest.raises(InputErrors):
        read_proof(tmp_path / "proof.json")


def test_the_schema_of_proof_json_is_published(request):
    update = bool(request.config.getoption("--update-golden"))
    text = json.dumps(proof_schema(), indent=2) + "\n"
    compare("proof.schema.json", text, folder=REFERENCE, update=update)


def test_programs_that_write_one_proof_at_once_do_not_meet(tmp_path, monkeypatch):
    names, replace = [], Path.replace

    def noted(self, target):
        names.append(self.name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", noted)
    for pid in (7, 8):
        monkeypatch.setattr(os, "getpid", lambda pid=pid: pid)
        write_proof(tmp_path, proof())
    assert len(set(names)) == 2
