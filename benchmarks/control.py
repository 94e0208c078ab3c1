# SPDX-License-Identifier: Apache-2.0
"""Decide for a site and print what it took, as JSON: our engine, and clear Python beside it.

    python -m benchmarks.control 10000

Situations: nothing to do; a limit at 60 % of the draw; a full stop; half of the machines told
and half of those confirmed; all to be started again under a ramp. The Python beside it does a
part of the same: it tells by readings who has done as told, and picks machines of least value
until the limit is kept. It knows no ramps, caps, groups, fans, retries, owners or events.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np

from loadstone.engines.control import decide
from loadstone.model.operations.control import Cause, MeterView, Order, SiteView
from loadstone.model.operations.fleet import Fleet, Seen, Step, Want
from loadstone.model.operations.terms import Group, Ramp, SiteTerms

NOW_S, HALL, REPEATS = 1000.0, 500, 15
RATED_W, IDLE_W = 3250.0, 25.0


def fleet_of(count: int, seed: int = 5) -> Fleet:
    """Return a fleet that runs, each machine with a value and an efficiency of its own."""
    rng = np.random.default_rng(seed)
    j_per_th = rng.uniform(15.0, 38.0, count)

    def full(value: float, kind: type = float) -> Any:
        return np.full(count, value, dtype=kind)

    return Fleet(
        ids=tuple(f"m{number:05d}" for number in range(count)),
        group=np.arange(count) // HALL,
        rated_w=full(RATED_W),
        idle_w=full(IDLE_W),
        value_per_mwh=2200.0 / j_per_th,
        j_per_th=j_per_th,
        restart_cost=full(0.05),
        starts=full(0, np.int64),
        can_cap=full(0, np.bool_),
        min_cap_w=full(np.nan),
        want=full(Want.RUN, np.int8),
        want_w=full(np.nan),
        owner=full(-1, np.int64),
        held_elsewhere=full(0, np.bool_),
        step=full(Step.CONFIRMED, np.int8),
        dispatched_s=full(-np.inf),
        attempts=full(0, np.int64),
        not_before_s=full(-np.inf),
        stopped_s=full(-np.inf),
        resumed_s=full(-np.inf),
        seen=full(Seen.RUNNING, np.int8),
        read_began_s=full(NOW_S - 3),
        tried_s=full(NOW_S - 3),
        power_w=rng.normal(RATED_W, 30.0, count),
        limit_w=full(np.nan),
        full_w=full(RATED_W),
    )


def view_of(
    fleet: Fleet, *, limit_mw: float | None = None, up_kw: float | None = None
) -> SiteView:
    count = len(fleet)
    halls = tuple(Group(id=f"hall-{number:02d}") for number in range((count - 1) // HALL + 1))
    terms = SiteTerms(
        site="bench",
        limit_mw=2 * count * RATED_W / 1e6,
        margin=0.0,
        ramp=Ramp(up_kw_per_min=up_kw),
        groups=halls,
    )
    orders = (
        [] if limit_mw is None else [Order(owner="ev", limit_mw=limit_mw, cause=Cause.EVENT)]
    )
    draw_mw = float(np.nan_to_num(fleet.power_w).sum()) / 1e6
    return SiteView(
        now_s=NOW_S,
        utc_s=NOW_S,
        terms=terms,
        fleet=fleet,
        owners=("ev",),
        orders=tuple(orders),
        meter=MeterView(power_mw=draw_mw, began_s=NOW_S - 0.5, low_mw=draw_mw),
    )


def situations(count: int) -> dict[str, SiteView]:
    """Return what is decided on, by name."""
    fleet = fleet_of(count)
    draw_mw = float(fleet.power_w.sum()) / 1e6
    half, quarter = np.arange(count) % 2 == 0, np.arange(count) % 4 == 0
    told = replace(
        fleet,
        want=np.where(half, Want.STOP, Want.RUN).astype(np.int8),
        owner=np.where(half, 0, -1),
        step=np.where(half, Step.DISPATCHED, Step.CONFIRMED).astype(np.int8),
        attempts=half.astype(np.int64),
        dispatched_s=np.where(half, NOW_S - 8, -np.inf),
        stopped_s=np.where(half, NOW_S - 8, -np.inf),
        seen=np.where(quarter, Seen.STOPPED, Seen.RUNNING).astype(np.int8),
        power_w=np.where(quarter, IDLE_W, fleet.power_w),
    )
    asleep = replace(
        fleet,
        want=np.full(count, Want.STOP, dtype=np.int8),
        owner=np.zeros(count, dtype=np.int64),
        step=np.full(count, Step.CONFIRMED, dtype=np.int8),
        dispatched_s=np.full(count, NOW_S - 600),
        stopped_s=np.full(count, NOW_S - 600),
        seen=np.full(count, Seen.STOPPED, dtype=np.int8),
        power_w=np.full(count, IDLE_W),
    )
    return {
        "nothing to do": view_of(fleet),
        "limit at 60 %": view_of(fleet, limit_mw=0.6 * draw_mw),
        "full stop": view_of(fleet, limit_mw=0.0),
        "half told": view_of(told, limit_mw=0.55 * draw_mw),
        "all start again": view_of(asleep, up_kw=2000.0),
    }


def rows_of(view: SiteView) -> list[dict[str, float]]:
    """Return a fleet as somebody would hold it in plain Python."""
    fleet = view.fleet
    names = ("want", "step", "seen", "dispatched_s", "read_began_s")
    names += ("power_w", "full_w", "idle_w", "value_per_mwh", "j_per_th")
    columns = {name: getattr(fleet, name).tolist() for name in names}
    return [
        dict(zip(columns, values, strict=True))
        for values in zip(*columns.values(), strict=True)
    ]


def plainly(rows: list[dict[str, float]], limit_mw: float | None) -> tuple[set[int], set[int]]:
    """Return which machines are to be stopped, and which have done as told."""
    confirmed, running, expected_w = set(), [], 0.0
    for i, row in enumerate(rows):
        fresh = row["read_began_s"] > row["dispatched_s"]
        wants = Seen.STOPPED if row["want"] == Want.STOP else Seen.RUNNING
        if row["seen"] == wants and fresh:
            confirmed.add(i)
        if row["want"] == Want.STOP:
            expected_w += row["idle_w"]
        else:
            expected_w += row["power_w"] if row["seen"] == Seen.RUNNING else row["full_w"]
            running.append(i)
    stops = {i for i, row in enumerate(rows) if row["want"] == Want.STOP}
    if limit_mw is not None:
        running.sort(key=lambda i: (rows[i]["value_per_mwh"], -rows[i]["j_per_th"]))
        for i in running:
            if expected_w <= limit_mw * 1e6:
                break
            stops.add(i)
            expected_w -= rows[i]["power_w"] - rows[i]["idle_w"]
    return stops, confirmed


def _ms(call: Callable[[], object]) -> dict[str, float]:
    costs = []
    for _ in range(REPEATS):
        began = time.process_time()
        call()
        costs.append(1e3 * (time.process_time() - began))
    return {"best_ms": round(min(costs), 2), "median_ms": round(median(costs), 2)}


def measure(count: int) -> dict[str, Any]:
    told: dict[str, Any] = {"count": count, "load": round(os.getloadavg()[0], 1)}
    for name, view in situations(count).items():
        decision, rows = decide(view), rows_of(view)
        limit_mw = view.orders[0].limit_mw if view.orders else None
        stops, _ = plainly(rows, limit_mw)
        ours = _ms(lambda view=view: decide(view))
        plain = _ms(lambda rows=rows, limit_mw=limit_mw: plainly(rows, limit_mw))
        told[name] = {
            **ours,
            "stops": int((decision.want == Want.STOP).sum()),
            "sent": len(decision.order),
        }
        if view.terms.ramp.up_kw_per_min is None:  # it knows no ramps
            told[name] |= {
                "plain_ms": plain["best_ms"],
                "ratio": round(plain["best_ms"] / ours["best_ms"], 1),
                "plain_stops": len(stops),
            }
    return told


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.control", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    print(json.dumps(measure(parser.parse_args(arguments).count)))


if __name__ == "__main__":
    main(sys.argv[1:])
