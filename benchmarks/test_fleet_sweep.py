# SPDX-License-Identifier: Apache-2.0
"""Sweeps of a simulated fleet, and the same fleet read by independent programs."""

import socket

import pytest
from benchmarks.fleet import FAMILIES, Served
from benchmarks.fleet_ratios import compare
from benchmarks.fleet_sweep import measure

from loadstone.model.errors import OutsideError

COUNT = 2000


def served(count, families, **what):
    try:
        return Served(count, families, **what)
    except OutsideError:
        pytest.skip(f"{count} machines cannot be served here: see what stands above")


@pytest.mark.parametrize("families", [FAMILIES, *((one,) for one in FAMILIES)], ids="-".join)
def test_a_sweep_hears_every_machine(families, tell):
    with served(COUNT, families) as fleet:
        told = measure(fleet, what="read", repeats=3)
    best = min(told["rows"], key=lambda row: row["cpu_ms_each"])
    assert [row["said"] for row in told["rows"]] == [{"running": COUNT}] * 3
    tell(
        f"sweep of {COUNT:,} ({told['mode']} sockets) {'+'.join(families)}: "
        f"{best['cpu_ms_each']:.3f} ms CPU each, simulator {best['sim_cpu_ms_each']:.3f}, "
        f"{best['wall_s']:.2f} s, {best['rss_mb']:.0f} MB, load {best['load']:.1f}"
    )


@pytest.mark.parametrize("processes", [1, 2])
def test_two_processes_read_a_half_each(processes, tell):
    with served(COUNT, FAMILIES) as fleet:
        told = measure(fleet, what="read", repeats=3, processes=processes)
    best = min(told["rows"], key=lambda row: row["wall_s"])
    assert best["said"] == {"running": COUNT}
    tell(
        f"{processes} processes read {COUNT:,}: {best['wall_s']:.2f} s, "
        f"{best['cpu_ms_each']:.3f} ms CPU each, load {best['load']:.1f}"
    )


def why_not():
    """Return why the ports of real machines cannot be had; None where they can."""
    for port in (80, 4028, 4433):
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                door.bind(("0.0.0.0", port))
            except OSError as error:
                return f"port {port} cannot be had on loopback: {error.strerror}"
    return None


@pytest.mark.parametrize("family", FAMILIES)
def test_peers_read_the_same_fleet(family, tell):
    reason = why_not()
    if reason:
        pytest.skip(reason)
    told = compare(50, family, 2)
    named = [name for name in told if name.startswith("pyasic")]
    if not named:
        pytest.skip("neither pyasic_rs nor an environment with pyasic is here")
    for name in named:
        ours = told["ours read" if name.endswith("cheap") else "ours detail"]
        tell(
            f"{family}: {name} {told[name]['cpu_ms']:.2f} ms CPU, ours {ours['cpu_ms']:.2f}, "
            f"ratio {told[name]['cpu_ms'] / ours['cpu_ms']:.1f}, "
            f"{told[name]['read']} of 50 read"
        )
