# SPDX-License-Identifier: Apache-2.0
"""Hours dispatched anew: what the plan's own capacities earn under other prices, exactly.

What was decided is held, with the demand that was booked; each hour's use of it is free.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.books import SiteBooks
from loadstone.engines.plan.lower import Lowered, lower
from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.plan.lower.site import SiteLowering
from loadstone.engines.plan.oracle import Oracle
from loadstone.engines.plan.problem import SHORTAGE_PRICE, Label
from loadstone.engines.plan.solution import BlockDispatch, Solution
from loadstone.model.errors import InputError
from loadstone.model.grid import HOURS_PER_YEAR
from loadstone.model.network import Network, Outlook
from loadstone.model.plan import Plan, SiteYear, Status

Floats = NDArray[np.float64]
SiteTimeKey = tuple[str, int]
"""Id of a site, and index of a phase."""

NO_CASH = ("tax", "risk_premium", "held_demand")
_Key = tuple[str, str, int, str, str]


def margin_of(year: SiteYear) -> float:
    """Return revenue less running costs of a site-year, before tax, network currency."""
    paid = sum(amount for line, amount in year.cost.items() if line not in NO_CASH)
    return sum(year.revenue.values()) - paid


class Redispatch:
    """A plan whose sites can be dispatched anew under other prices."""

    def __init__(self, network: Network, plan: Plan, columns: Floats) -> None:
        """Find what the plan holds at each site.

        Args:
            network: What was planned.
            plan: The plan.
            columns: Its columns in the problem of the network. Shape (C,).

        Raises:
            InputError: The columns are not of this network.
        """
        labels = lower(network).problem.columns
        if len(labels) != len(columns):
            rule = "must come from these inputs, read by this version of loadstone"
            raise InputError("certificate", len(columns), rule)
        self.network = network
        index = {phase.at: p for p, phase in enumerate(network.study.phases)}
        self.before = {
            (year.site, index[year.phase]): margin_of(year) for year in plan.site_years
        }
        self._held: dict[str, dict[_Key, float]] = {}
        counts: dict[_Key, int] = {}
        for label, amount in zip(labels, columns.tolist(), strict=True):
            if label.subject:
                self._held.setdefault(label.subject, {})[_key(label, counts)] = amount

    def changes(
        self,
        outlook: Outlook,
        wanted: Iterable[SiteTimeKey],
        executor: Executor | None = None,
    ) -> dict[SiteTimeKey, float]:
        """Return how margins of site-years change under an outlook, real, a year.

        Args:
            outlook: The outlook.
            wanted: Which site-years.
            executor: Runs sites side by side.
        """
        network = replace(self.network, study=replace(self.network.study, outlook=outlook))
        by_site: dict[str, list[int]] = {}
        for site, phase in wanted:
            by_site.setdefault(site, []).append(phase)
        run = map if executor is None else executor.map
        found = run(lambda item: list(self._site(network, *item)), sorted(by_site.items()))
        return {key: change for rows in found for key, change in rows}

    def _site(
        self, network: Network, name: str, phases: Sequence[int]
    ) -> Iterator[tuple[SiteTimeKey, float]]:
        economy, draft = Economy(network), Draft(HOURS_PER_YEAR)
        site = next(one for one in network.sites if one.id == name)
        here = SiteLowering(network, economy, draft, site).lower()
        missing = economy.from_usd(SHORTAGE_PRICE)
        problem = draft.problem(network.study.currency, missing)
        held = self._held.get(name, {})
        counts: dict[_Key, int] = {}
        columns = np.array([held.get(_key(one, counts), 0.0) for one in problem.columns])
        columns = np.clip(columns, problem.lower, problem.upper)
        lowered = Lowered(network=network, economy=economy, problem=problem, sites=(here,))
        oracle = Oracle(problem)
        values = np.zeros(len(problem.blocks))
        hours: dict[int, BlockDispatch] = {}
        for p in phases:
            b = here.blocks[p]
            x = columns[problem.blocks[b].columns]
            valued = oracle.evaluate(b, x)
            values[b], hours[b] = valued.value, oracle.dispatch(b, x, valued)
        solution = Solution(
            status=Status.STOPPED,
            objective=0.0,
            bound=0.0,
            columns=columns,
            values=values,
            row_price=np.zeros(len(problem.rows)),
            column_price=np.zeros(len(columns)),
        )
        first = next(iter(hours.values()))
        every = [hours.get(b, first) for b in range(len(problem.blocks))]
        books = SiteBooks(lowered, here, solution, every)
        for p in phases:
            margin = margin_of(books.site_year(p))
            yield (name, p), margin - self.before[name, p]


def _key(label: Label, counts: dict[_Key, int]) -> _Key:
    """Return what a column is known by in the problem of one site and in that of all.

    Columns that are alike are told apart by their order, which is the same in both.
    """
    plain = (label.kind, label.subject, label.phase, label.asset, label.text)
    counts[plain] = counts.get(plain, 0) + 1
    return (*plain[:4], f"{label.text}#{counts[plain]}")
