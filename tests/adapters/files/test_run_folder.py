# SPDX-License-Identifier: Apache-2.0

import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, fields

import numpy as np
import pyarrow.parquet as pq
import pytest

from loadstone.adapters.files.certificate import read_certificate
from loadstone.adapters.files.dispatch_table import read_dispatch
from loadstone.adapters.files.run_folder import (
    decision_schema,
    plan_schema,
    read_plan,
    write_run,
)
from loadstone.engines.plan.solution import BlockDispatch, Cut, Solution
from loadstone.model.errors import InputError, InputErrors
from loadstone.model.plan import Status
from tests.apps.example_plan import example
from tests.golden_text import compare
from tests.network_folders import campus
from tests.shape import REFERENCE, ROOT

PLAN, DISPATCH, NETWORK = example()


def evidence():
    random = np.random.default_rng(1)
    solution = Solution(
        status=Status.STOPPED, objective=1.5, bound=2.5, columns=random.random(4),
        values=random.random(2), row_price=random.random(3), column_price=random.random(4),
        iterations=7,
    )  # fmt: skip
    hours = tuple(
        BlockDispatch(
            power=random.random((count, 24)), charge=random.random(24),
            discharge=random.random(24), stored=random.random(24),
            shortage=np.zeros(24), worth=random.random(24),
        )
        for count in (3, 1)
    )  # fmt: skip
    cuts = tuple(
        Cut(block=b, water=random.random(24), price=random.random(24), multipliers=m)
        for b, m in [(0, np.array([0.5])), (0, np.empty(0)), (1, np.empty(0))]
    )
    return solution, hours, cuts


def write(tmp_path, name="run", further=lambda folder: []):
    folder = tmp_path / "campus"
    return write_run(
        tmp_path / name,
        network_folder=folder if folder.exists() else campus(tmp_path),
        plan=PLAN,
        dispatch=DISPATCH,
        evidence=evidence(),
        manifest={"seeds": {"a": 1}},
        further=further,
    )


def assert_same(found, wanted):
    for field in fields(wanted):
        a, b = getattr(found, field.name), getattr(wanted, field.name)
        if isinstance(b, np.ndarray):
            np.testing.assert_array_equal(a, b)
        elif isinstance(b, dict):
            assert a.keys() == b.keys()
            for key in b:
                np.testing.assert_array_equal(a[key], b[key])
        else:
            assert a == b


def test_a_run_is_read_back_to_the_bit(tmp_path):
    files = write(tmp_path)
    run = tmp_path / "run"
    assert {path.name for path in files} == {
        "plan.json", "dispatch.parquet", "certificate.parquet", "manifest.json",
    }  # fmt: skip
    assert read_plan(run) == PLAN
    for found, wanted in zip(read_dispatch(run), DISPATCH, strict=True):
        assert_same(found, wanted)
    for found, wanted in zip(read_certificate(run), evidence(), strict=True):
        for one, other in zip(
            found if isinstance(found, tuple) else (found,),
            wanted if isinstance(wanted, tuple) else (wanted,),
            strict=True,
        ):
            assert_same(one, other)


def test_one_site_and_phase_can_be_read_alone(tmp_path):
    write(tmp_path)
    wanted = DISPATCH[-1]
    [found] = read_dispatch(tmp_path / "run", wanted.site, wanted.phase)
    assert_same(found, wanted)
    assert read_dispatch(tmp_path / "run", "nowhere") == ()


def test_the_dispatch_has_a_row_for_each_site_phase_and_hour(tmp_path):
    write(tmp_path)
    table = pq.read_table(tmp_path / "run" / "dispatch.parquet")
    assert table.num_rows == 8760 * len(DISPATCH)
    frame = table.to_pandas()
    first = DISPATCH[0]
    assert frame["site"][0] == first.site
    assert str(frame["utc"][1]) == f"{first.phase}-01-01 01:00:00+00:00"
    miners = [mw for name, mw in first.machine_mw.items() if name.startswith("miner:")]
    np.testing.assert_allclose(frame["mining_mw"][:8760], sum(miners, np.zeros(8760)))


def test_plan_json_holds_what_scripts_rely_on(tmp_path):
    write(tmp_path)
    found = json.loads((tmp_path / "run" / "plan.json").read_text())
    assert {"status", "objective", "bound", "gap", "currency", "metrics"} <= found.keys()
    assert {"site", "phase", "asset", "amount", "unit"} <= found["builds"][0].keys()
    assert {"id", "country", "npv"} <= found["sites"][0].keys()
    assert found["gap"] == pytest.approx(
        (found["bound"] - found["objective"]) / abs(found["objective"])
    )


def test_the_manifest_has_the_hash_of_every_input(tmp_path):
    write(tmp_path)
    run = tmp_path / "run"
    manifest = json.loads((run / "manifest.json").read_text())
    held = {row["path"]: row["sha256"] for row in manifest["inputs"]}
    assert {"network.toml", "sites/araguari.toml", "series/series.toml"} == held.keys()
    for name, sha256 in held.items():
        assert hashlib.sha256((run / "inputs" / name).read_bytes()).hexdigest() == sha256
    assert manifest["seeds"] == {"a": 1}
    assert len(manifest["shipped_data_sha256"]) == 64


def test_earlier_runs_are_no_input_of_the_next(tmp_path):
    folder = campus(tmp_path)
    (folder / "runs" / "old").mkdir(parents=True)
    write(tmp_path)
    assert not (tmp_path / "run" / "inputs" / "runs").exists()


def test_a_run_that_fails_half_way_leaves_nothing(tmp_path):
    def fail(folder):
        (folder / "report.html").write_text("half")
        raise InputError("report", 1, "must fail")

    with pytest.raises(InputError, match="must fail"):
        write(tmp_path, further=fail)
    assert {path.name for path in tmp_path.iterdir()} == {"campus"}


# a programme that writes a run and is killed when all but the report is there
KILLED = """
import os, signal, sys
from pathlib import Path
from tests.adapters.files.test_run_folder import write

def killed(folder):
    assert (folder / "plan.json").is_file()
    (folder / "report.html").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)

write(Path(sys.argv[1]), further=killed)
"""


def held(folder):
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder): path.read_bytes() for path in paths}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no process can be killed so here")
def test_a_process_that_is_killed_while_writing_leaves_the_earlier_run_whole(tmp_path):
    write(tmp_path)
    before = held(tmp_path / "run")
    words = [sys.executable, "-c", KILLED, str(tmp_path)]
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert held(tmp_path / "run") == before
    assert read_plan(tmp_path / "run") == PLAN
    write(tmp_path)  # what was left behind keeps nobody from planning again
    assert read_plan(tmp_path / "run") == PLAN


def test_a_run_takes_the_place_of_an_earlier_one_only(tmp_path):
    write(tmp_path)
    write(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    with pytest.raises(InputError, match="must not exist yet"):
        write(tmp_path, "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "dear"


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(InputErrors, match="must be a run"):
        read_plan(tmp_path)
    with pytest.raises(InputError, match="must hold"):
        read_certificate(tmp_path)
    with pytest.raises(InputError, match="must hold"):
        read_dispatch(tmp_path)


@pytest.mark.parametrize(
    ("name", "read"),
    [("dispatch.parquet", read_dispatch), ("certificate.parquet", read_certificate)],
)
def test_hours_that_somebody_broke_are_refused(name, read, tmp_path):
    write(tmp_path)
    (tmp_path / "run" / name).write_bytes(b"PAR1")
    with pytest.raises(InputError, match=f"must hold {name} as it was written"):
        read(tmp_path / "run")


def test_a_plan_that_somebody_broke_is_refused(tmp_path):
    write(tmp_path)
    path = tmp_path / "run" / "plan.json"
    path.write_text(json.dumps(asdict(PLAN) | {"objective": "much"}))
    with pytest.raises(InputErrors, match=r"plan\.json: objective"):
        read_plan(tmp_path / "run")
    path.write_text("{")
    with pytest.raises(InputErrors, match="must be JSON"):
        read_plan(tmp_path / "run")


def test_the_schema_of_plan_json_is_published(request):
    update = bool(request.config.getoption("--update-golden"))
    text = json.dumps(plan_schema(), indent=2) + "\n"
    compare("plan.schema.json", text, folder=REFERENCE, update=update)


def test_the_schema_of_decision_json_is_published(request):
    update = bool(request.config.getoption("--update-golden"))
    text = json.dumps(decision_schema(), indent=2) + "\n"
    compare("decision.schema.json", text, folder=REFERENCE, update=update)
