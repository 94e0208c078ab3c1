# SPDX-License-Identifier: Apache-2.0
"""The table of rate_card.py as a linear programme: what a planner charges for a given load."""

from functools import singledispatch

import highspy
import numpy as np

from loadstone.model.tariff.terms import (
    BlockTerm,
    ConnectionTerm,
    EnergyTerm,
    FixedTerm,
    OwnGenerationTerm,
    PeakTerm,
    ProhibitionTerm,
    TakeOrPayTerm,
)


class Programme:
    """Columns are what the planner may choose freely above its rows; all costs are least."""

    def __init__(self):
        self.constant, self.costs, self.rows = 0.0, [], []

    def column(self, cost, at_least):
        self.costs.append(float(cost))
        self.rows.extend((len(self.costs) - 1, float(least)) for least in at_least)

    def solve(self):
        highs = highspy.Highs()
        highs.silent()
        for cost in self.costs:
            highs.addCol(cost, 0.0, highspy.kHighsInf, 0, [], [])
        for column, least in self.rows:
            highs.addRow(least, highspy.kHighsInf, 1, np.array([column]), np.array([1.0]))
        highs.run()
        assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return self.constant + highs.getInfo().objective_function_value


def lp_cost(card, load):
    """Return the least cost of the load over the planner's own columns."""
    programme = Programme()
    for term in card.planner_terms():
        add(term, programme, load)
    return programme.solve() if programme.costs else programme.constant


@singledispatch
def add(term, programme, load):
    raise AssertionError(f"not in the planner's table: {term}")


@add.register
def _(term: EnergyTerm, programme, load):
    if term.on == "residual":
        power = load.import_mw - sum(load.ppa_mw.values(), np.zeros(load.grid.count))
    elif term.on == "all_use":
        power = load.mining_mw + load.ai_mw + load.auxiliary_mw
    else:
        power = getattr(load, f"{term.on}_mw")
    programme.constant += float(term.per_mwh @ power) * load.grid.step_hours


@add.register
def _(term: PeakTerm, programme, load):
    for p, rate in enumerate(term.per_mw):
        inside = load.import_mw[term.periods == p]
        back = [
            share * mw
            for q, share in enumerate(term.ratchet[p])
            for mw in load.import_mw[term.periods == q]
            if share > 0
        ]
        floor = [term.floor_mw[p], term.floor_share * load.contracted_mw]
        programme.column(rate, [*inside, *back, *floor])
        programme.column(term.excess_per_mw[p], inside - min(term.contract_mw, 1e9))


@add.register
def _(term: BlockTerm, programme, load):
    power = load.import_mw - sum(load.ppa_mw.values(), np.zeros(load.grid.count))
    for p, edges in enumerate(term.edges_mwh):
        energy = power[term.periods == p].sum() * load.grid.step_hours
        for edge, adder in zip(edges, term.adders_per_mwh[p], strict=True):
            programme.column(adder, [energy - edge])


@add.register
def _(term: TakeOrPayTerm, programme, load):
    taken = load.ppa_mw.get(term.name, np.zeros(load.grid.count)) * load.grid.step_hours
    programme.constant += float(term.per_mwh @ taken)
    for p, minimum in enumerate(term.minimum_mwh):
        short = minimum - taken[term.periods == p].sum()
        programme.column(term.shortfall_per_mwh[p], [short])


@add.register
def _(term: OwnGenerationTerm, programme, load):
    own = load.own_mw.get(term.name, np.zeros(load.grid.count))
    programme.constant += float(term.per_mwh @ own) * load.grid.step_hours


@add.register
def _(term: FixedTerm, programme, load):
    programme.constant += term.amount


@add.register
def _(term: ConnectionTerm, programme, load):
    programme.constant += term.per_mw * load.contracted_mw


@add.register
def _(term: ProhibitionTerm, programme, load):
    pass
