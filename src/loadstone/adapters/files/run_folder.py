# SPDX-License-Identifier: Apache-2.0
"""RUN/: a plan with its hours, its proof, its manifest and a snapshot of its inputs.

A run appears whole or not at all: it is written beside its place and then renamed.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from loadstone.adapters.files.certificate import write_certificate
from loadstone.adapters.files.dispatch_table import write_dispatch
from loadstone.adapters.json_files import read_checked, write_json
from loadstone.adapters.tables import parse_toml, schema
from loadstone.engines.plan.solution import BlockDispatch, Cut, Solution
from loadstone.model.decision import Decision
from loadstone.model.errors import InputError, InputErrors, OutsideError
from loadstone.model.plan import Plan, SiteDispatch

PLAN, DECISION, MANIFEST, INPUTS, VERIFICATION = (
    "plan.json",
    "decision.json",
    "manifest.json",
    "inputs",
    "verification.json",
)
NOT_INPUTS = ("runs",)


def write_run(
    out: Path,
    *,
    network_folder: Path,
    plan: Plan,
    dispatch: Sequence[SiteDispatch],
    evidence: tuple[Solution, Sequence[BlockDispatch], Sequence[Cut]],
    manifest: Mapping[str, Any],
    decision: Decision | None = None,
    further: Callable[[Path], Sequence[Path]],
) -> tuple[Path, ...]:
    """Write a run, whole or not at all.

    Args:
        out: The run's folder; it must not exist, or be an earlier run, which it replaces.
        network_folder: What was planned; copied into inputs/.
        plan: The plan.
        dispatch: Its hours by site.
        evidence: What proves it.
        manifest: What else the manifest says.
        decision: What stands beside the plan; None where nobody looked.
        further: Writes further files, such as the report, into the folder.

    Returns:
        The files written, without the snapshot.

    Raises:
        InputError: Something else stands where the run should be.
        OutsideError: The files cannot be written.
    """
    check_free(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".run-") as made:
            folder = Path(made) / "run"
            folder.mkdir()
            snapshot(network_folder, folder / INPUTS)
            written = [
                write_json(folder / PLAN, asdict(plan)),
                write_dispatch(folder, dispatch),
            ]
            if decision is not None:
                written.append(write_json(folder / DECISION, asdict(decision)))
            written += [write_certificate(folder, *evidence), *further(folder)]
            said = dict(manifest) | {"inputs": input_hashes(folder / INPUTS)} | _shipped()
            written.append(write_json(folder / MANIFEST, said))
            _put(folder, out, Path(made) / "earlier")
    except OSError as error:
        raise OutsideError(f"{out}: {error}; check that it can be written") from error
    return tuple(out / path.relative_to(folder) for path in written)


def _put(folder: Path, out: Path, aside: Path) -> None:
    """Rename a folder; what stands in its place goes aside, and back where that fails."""
    if out.exists():
        out.rename(aside)
    try:
        folder.rename(out)
    except OSError:
        if aside.exists():
            aside.rename(out)
        raise


def check_free(out: Path) -> None:
    """Refuse a place where something stands that is no run.

    Raises:
        InputError: Something else stands there.
    """
    if (
        out.exists()
        and not (out / MANIFEST).is_file()
        and (not out.is_dir() or any(out.iterdir()))
    ):
        raise InputError("--out", str(out), "must not exist yet, or be an earlier run")


def snapshot(network_folder: Path, target: Path) -> None:
    """Copy a network folder without its runs and hidden files."""
    shutil.copytree(
        network_folder, target, ignore=shutil.ignore_patterns(*NOT_INPUTS, ".*"), symlinks=False
    )


def read_plan(run: Path) -> Plan:
    """Return the plan of a run.

    Raises:
        InputErrors: It is no run, or its plan.json is not what this version writes.
    """
    path = run / PLAN
    if not path.is_file():
        error = InputError("RUN", str(run), f"must be a run, with a {PLAN}")
        raise InputErrors([error])
    return read_checked(path, Plan)


def read_decision(run: Path) -> Decision | None:
    """Return what stands beside the plan of a run, or None where nobody looked.

    Raises:
        InputErrors: Its decision.json is not what this version writes.
    """
    path = run / DECISION
    return read_checked(path, Decision) if path.is_file() else None


def decision_schema() -> dict[str, Any]:
    """Return the JSON Schema of decision.json."""
    return schema(Decision)


def plan_schema() -> dict[str, Any]:
    """Return the JSON Schema of plan.json."""
    return schema(Plan)


def input_hashes(folder: Path) -> list[dict[str, Any]]:
    """Return path, size and SHA-256 of every file in a folder, by path."""
    return [
        {
            "path": path.relative_to(folder).as_posix(),
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def seeds(network_folder: Path) -> dict[str, int]:
    """Return the seeds of a network's typical years, by kind and zone."""
    path = network_folder / "series" / "series.toml"
    rows = parse_toml(path).get("typical", ()) if path.is_file() else ()
    return {f"{row['kind']} {row['zone']}": row["seed"] for row in rows if "seed" in row}


def shipped_hash() -> str:
    """Return one SHA-256 of all facts and statistics that are shipped."""
    digest = hashlib.sha256()
    for name, file in sorted(_files_in(files("loadstone") / "data", "")):
        digest.update(name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _shipped() -> dict[str, Any]:
    return {"shipped_data_sha256": shipped_hash()}


def _files_in(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for item in folder.iterdir():
        name = f"{path}/{item.name}"
        if item.is_dir():
            yield from () if item.name in {"networks", "map"} else _files_in(item, name)
        else:
            yield name, item
