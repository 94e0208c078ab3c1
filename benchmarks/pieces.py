# SPDX-License-Identifier: Apache-2.0
"""What each piece of the model costs in time, on the starter network `campus`.

    python -m benchmarks.pieces pieces
    python -m benchmarks.pieces beside
    python -m benchmarks.pieces accounts

`pieces` plans the campus with everything on, and again without one piece at a time. `campus`
lacks some pieces; they are added with invented numbers, which are there for their time alone. A
search is a path, and a little thing turns it: so each is planned in five futures that differ by
the price of bitcoin, twice each, and the sums of the quicker are compared. `beside` measures
what is looked for beside the plan, `accounts` a year with several accounts against HiGHS. Each
prints JSON; seconds are those of the processor.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import reduce
from importlib.resources import files
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.accounts import accounts
from benchmarks.measure import exact, warm_up

from loadstone.apps.wiring import read_network
from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.lower import Lowered, lower
from loadstone.engines.plan.result import plan_of, site_hours
from loadstone.model.capital import Discount, Investor
from loadstone.model.connection import Cut, NonFirm
from loadstone.model.eligibility import Eligibility
from loadstone.model.flexibility import Flexibility
from loadstone.model.network import Network
from loadstone.model.site import Site
from loadstone.services.deciding import Found, decide

Change = Callable[[Network], Network]
Row = dict[str, Any]

GAP = 1e-4
TIMES = 2  # each is planned; the quicker counts, since others share the computer
FUTURES = (0.94, 0.97, 1.0, 1.03, 1.06)  # of the bitcoin price
INVENTED = "invented, to measure time with"
WITHOUT = {"AI only", "mine only", "wait"}


def shipped(name: str) -> Network:
    return read_network(Path(str(files("loadstone") / "data" / "networks" / name)))


def everything(network: Network) -> Network:
    """Return the campus with the pieces that the starter network leaves off."""
    (site,), study, facts = network.sites, network.study, network.facts
    curves = facts.servers["dgx-a100"].cap_curves  # of another server: for the time they take
    servers = {
        id_: replace(server, cap_curves=curves, curve_absent="")
        if id_ in study.servers
        else server
        for id_, server in facts.servers.items()
    }
    evening = Cut(months=(7, 8, 9, 10), hours=(17, 18, 19, 20, 21))
    spare = NonFirm(max_mw=30.0, cost_per_mw=60_000.0, lead_time_years=1.0, cut=(evening,))
    reserve = Flexibility(
        name="reserve", kind="reserve", group="reserve", mw=30.0, per_mw_h=20.0,
        must_be_consuming=True, activated_share=0.004, per_mwh=150.0, response_s=600.0,
        currency="BRL", source=INVENTED,
    )  # fmt: skip
    stacked = [replace(product, group="energy") for product in site.flexibility]
    return replace(
        network,
        study=replace(
            study,
            resale=True,
            used_miners=("antminer-s21-xp",),
            discount=replace(study.discount, country={"BR": 0.02}),
            investors=(
                Investor(id="own", name="Own", country="BR", capital=800e6),
                Investor(id="fund", name="Fund", country="US", capital=600e6),
            ),
            eligibility=(
                Eligibility(
                    subject="investor:fund", countries=("BR",), allowed=False,
                    effective_from=date(2026, 1, 1), effective_to=date(2028, 1, 1),
                    source=INVENTED,
                ),
            ),
        ),
        sites=(
            replace(
                site,
                connection=replace(site.connection, non_firm=spare, exit_fee_per_mw=100_000.0),
                flexibility=(*stacked, reserve),
            ),
        ),
        facts=replace(facts, servers=MappingProxyType(servers)),
    )  # fmt: skip


def of_study(**without: Any) -> Change:
    return lambda network: replace(network, study=replace(network.study, **without))


def of_offers(**without: Any) -> Change:
    return lambda network: replace(network, offers=replace(network.offers, **without))


def of_site(**without: Any) -> Change:
    return at_site(lambda site: replace(site, **without))


def of_connection(**without: Any) -> Change:
    return at_site(lambda site: replace(site, connection=replace(site.connection, **without)))


def at_site(change: Callable[[Site], Site]) -> Change:
    return lambda network: replace(network, sites=tuple(map(change, network.sites)))


def prices_as_stated(network: Network) -> Network:
    costs = {k: v for k, v in network.facts.costs.items() if k != "miner-price-elasticity"}
    return replace(network, facts=replace(network.facts, costs=costs))


def no_caps(network: Network) -> Network:
    servers = {
        k: replace(v, cap_curves=(), curve_absent=v.curve_absent or INVENTED)
        for k, v in network.facts.servers.items()
    }
    return replace(network, facts=replace(network.facts, servers=servers))


def without_deposits(site: Site) -> Site:
    free = [replace(t, deposit_per_mw=0, deposit_paid=None) for t in site.connection.tranches]
    return replace(site, connection=replace(site.connection, tranches=tuple(free)))


def whole_years(network: Network) -> Network:
    """Return the network with each second half of a year joined to the first."""
    study = network.study
    kept = [i for i, phase in enumerate(study.phases) if phase.month == 1]
    ends = [*(study.phases[i].at for i in kept[1:]), study.phases[-1].ends]
    numbers = ("btc_price", "network_eh", "fee_share", "ai_price_factor", "power_price_factor")
    return replace(
        network,
        study=replace(
            study,
            phases=tuple(
                replace(study.phases[i], years=float(end - study.phases[i].at))
                for i, end in zip(kept, ends, strict=True)
            ),
            outlook=replace(
                study.outlook,
                **{n: tuple(getattr(study.outlook, n)[i] for i in kept) for n in numbers},
            ),
            ai_demand=tuple(
                replace(demand, max_mw=tuple(demand.max_mw[i] for i in kept))
                for demand in study.ai_demand
            ),
        ),
    )


PIECES: dict[str, Change] = {
    "half-year phases": whole_years,
    "lead times, payments ahead": of_study(decided=None),
    "discount premiums": of_study(discount=Discount()),
    "investors, eligibility": of_study(investors=(), eligibility=()),
    "gates": of_site(gates=()),
    "tranches": of_connection(tranches=()),
    "deposits": at_site(without_deposits),
    "non-firm connection": of_connection(non_firm=None),
    "exit fee": of_connection(exit_fee_per_mw=None),
    "transformers, N-1": of_site(transformers=None),
    "backup": of_site(backup=None),
    "firmness rule": of_study(firmness=False),
    "conversion of halls": of_site(conversions=()),
    "leases": of_offers(leases=()),
    "hosting": of_offers(hosting=()),
    "firmware modes": of_study(firmware_modes=False),
    "cap curves of servers": no_caps,
    "prices tied to hashprice": prices_as_stated,
    "second-hand, resale": of_study(resale=False, used_miners=()),
    "flexibility, two stacked": of_site(flexibility=()),
}


def at_price(network: Network, factor: float) -> Network:
    outlook = network.study.outlook
    price = tuple(factor * one for one in outlook.btc_price)
    return replace(
        network, study=replace(network.study, outlook=replace(outlook, btc_price=price))
    )


def pieces() -> list[Row]:
    """Plan the campus without each piece; the future varies slowest, so drift is shared."""
    campus = shipped("campus")
    full = everything(campus)
    cases: dict[str, Network] = {"everything on": full}
    cases |= {f"no {name}": change(full) for name, change in PIECES.items()}
    cases["none of these"] = reduce(lambda network, out: out(network), PIECES.values(), full)
    cases["campus as shipped"] = campus
    cases["everything on, again"] = full
    made: dict[str, list[Row]] = {name: [] for name in cases}
    for factor in FUTURES:
        there = {name: at_price(network, factor) for name, network in cases.items()}
        times = [{name: searched(one) for name, one in there.items()} for _ in range(TIMES)]
        for name, rows in made.items():
            rows.append(min((time_[name] for time_ in times), key=itemgetter("cpu_s")))
    both = zip(made["everything on"], made["everything on, again"], strict=True)
    full_s = [(one["cpu_s"] + again["cpu_s"]) / 2 for one, again in both]
    return [
        {
            "name": name,
            "ratio": total(rows, "cpu_s") / sum(full_s),
            "ratios": [row["cpu_s"] / base for row, base in zip(rows, full_s, strict=True)],
            "cpu_s": total(rows, "cpu_s"),
            "lower_s": total(rows, "lower_s"),
            "rounds": total(rows, "rounds"),
            "gap": max(row["gap"] for row in rows),
        }
        | {key: rows[0][key] for key in ("columns", "segments", "accounts")}
        for name, rows in made.items()
    ]


def total(rows: list[Row], key: str) -> float:
    return sum(row[key] for row in rows)


def searched(network: Network) -> Row:
    start = time.process_time()
    problem = lower(network).problem
    lowered = time.process_time()
    found = exact(problem, GAP)
    return {
        "cpu_s": time.process_time() - lowered,
        "lower_s": lowered - start,
        "rounds": found.rounds,
        "gap": (found.bound - found.objective) / abs(found.objective),
        "columns": len(problem.columns),
        "segments": sum(len(block.segments) for block in problem.blocks),
        "accounts": sum(len(block.accounts) for block in problem.blocks),
    }


def beside() -> list[Row]:
    """Plan the campus and look for all that stands beside the plan, without a limit of time."""
    campus = shipped("campus")
    made = [beside_one(at_price(campus, factor)) for factor in FUTURES[1:-1]]
    kinds = list(dict.fromkeys(kind for steps in made for kind in steps))
    first = sum(steps["the plan"][0] for steps in made)
    rows = []
    for kind in kinds:
        seconds = [one for steps in made for one in steps.get(kind, [])]
        rows.append(
            {
                "name": kind,
                "count": len(seconds) / len(made),
                "cpu_s": sum(seconds),
                "ratio": sum(seconds) / first,
            }
        )
    return rows


def beside_one(network: Network) -> dict[str, list[float]]:
    """Return CPU seconds of each thing beside a plan, by kind."""
    lowered = lower(network)
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        start = time.process_time()
        search = Search(lowered.problem, gap=GAP, executor=executor)
        for _ in search.steps():
            pass
        steps = {"the plan": [time.process_time() - start]}
        for text, cpu_s in timed_steps(lowered, search, executor):
            steps.setdefault(kind_of(text), []).append(cpu_s)
    return steps


def kind_of(text: str) -> str:
    if text.startswith("alternatives"):
        return "alternatives within 1 %"
    if text.startswith("stress"):
        return "stresses, all plans in each"
    if text.startswith("sensitivity"):
        return "sensitivities of the plan"
    name = text.partition(": ")[2]
    return "plans without something" if name in WITHOUT else "plans with something switched"


def timed_steps(
    lowered: Lowered, search: Search, executor: ThreadPoolExecutor
) -> Iterator[tuple[str, float]]:
    """Yield what was done beside a plan, and its CPU seconds.

    The service tells of an alternative when it is found, and of all else before it begins.
    """
    solution, hours = search.solution(), search.dispatch()
    dispatch = site_hours(lowered, solution, hours)
    plan = plan_of(lowered, solution, hours, dispatch, method="exact")
    told: list[tuple[str, float]] = []
    decide(
        Found(lowered=lowered, search=search, solution=solution, hours=hours, plan=plan),
        executor=executor,
        enough=lambda: False,
        stop=lambda: False,
        tell=lambda text: told.append((text, time.process_time())),
    )
    told.append(("", time.process_time()))
    for (before, began), (after, ended) in pairwise(told):
        if after.startswith("alternatives: "):
            yield after, ended - began
        elif not before.startswith("alternatives"):
            yield before, ended - began


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.pieces", description=__doc__)
    parser.add_argument("what", choices=("pieces", "beside", "accounts"))
    given = parser.parse_args(arguments)
    warm_up("exact")
    measures = {"pieces": pieces, "beside": beside, "accounts": accounts}
    print(json.dumps(measures[given.what]()))


if __name__ == "__main__":
    main(sys.argv[1:])
