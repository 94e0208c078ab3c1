# SPDX-License-Identifier: Apache-2.0
"""What a valuation says, in sentences."""

from collections.abc import Sequence
from math import isfinite

from loadstone.apps.charts.value.flows import contracted_share
from loadstone.apps.charts.words import listed, money, number, percent
from loadstone.model.finance.returns import DebtResult, RegionRow, Returns
from loadstone.model.futures.risk import FastError, Risk, Spread
from loadstone.model.valuation import Valuation

BINDING = {
    "gearing": "the cap on gearing",
    "dscr": "the cover that contracted cash must give",
    "ltv": "the loan-to-value of the machines",
    "stated": "the amount that is stated",
    "none": "nothing",
}
_FANS = {
    "cash": "Owners' cash by year",
    "hashprice": "Hashprice",
    "btc_price": "Price of bitcoin",
    "network_eh": "Hashrate of the network",
    "fee_share": "Fees over subsidy",
    "miner_price": "Price of new miners",
    "used_miner_price": "Price of used miners",
    "lease": "Rents of new leases",
}
_LEAST_SHARE = 0.005
_MOST = 10.0  # a year: beyond it a rate says no more than that it is large
_KINDS = {"ai": "AI price", "power": "Power price", "fx": "Exchange rate"}


def returns_of(valuation: Valuation, scope: str, flow: str) -> Returns | None:
    """Return the returns of one scope and flow; None where there are none."""
    for one in valuation.returns:
        if (one.scope, one.flow) == (scope, flow):
            return one
    return None


def spread_of(risk: Risk, name: str) -> Spread | None:
    """Return the spread of one number; None where it was not counted."""
    for one in risk.spreads:
        if one.name == name:
            return one
    return None


def rate_words(rates: Sequence[float], reason: str = "") -> str:
    """Return rates of return in words: one, all of several, or why there is none."""
    if not rates:
        return "none" + (f": {reason}" if reason else "")
    words = listed([percent(rate, 1) if rate <= _MOST else "over 1,000%" for rate in rates])
    return words if len(rates) == 1 else f"several: {words}"


def years_words(years: float | None) -> str:
    """Return a payback in words."""
    return "never" if years is None else f"{number(years, 1)} years"


def scope_name(scope: str) -> str:
    """Return a scope in words."""
    kind, _, name = scope.partition(":")
    return f"{kind} {name}" if name else kind


def fan_title(name: str) -> str:
    """Return what a factor or number is called over a picture."""
    if name in _FANS:
        return _FANS[name]
    kind, _, of = name.partition(":")
    return f"{_KINDS.get(kind, kind.replace('_', ' '))}, {of}" if of else name


def value_headline(valuation: Valuation) -> str:
    """Return what the plan returns to its owners, in a few sentences."""
    currency = valuation.currency
    project = returns_of(valuation, "portfolio", "project")
    equity = returns_of(valuation, "portfolio", "equity")
    said = []
    if project is not None:
        said.append(
            f"Nominal cash after tax is worth {money(project.npv, currency)} at "
            f"{percent(project.rate, 1)} a year; its rate of return is "
            f"{rate_words(project.irr, project.irr_reason)}."
        )
    if equity is not None:
        said.append(
            f"Owners have {money(equity.peak, currency)} out at most, and it is back after "
            f"{years_words(equity.payback_years)}."
            if equity.payback_years is not None
            else f"Owners have {money(equity.peak, currency)} out at most, and never see all "
            "of it again."
        )
        said.append(
            f"Their rate of return is {rate_words(equity.irr, equity.irr_reason)}, "
            f"worth {money(equity.npv, currency)}."
        )
    return " ".join(said)


def debt_words(debt: DebtResult, currency: str) -> str:
    """Return a loan in a sentence: how much, what holds it, what covers it."""
    held = BINDING.get(debt.binding, debt.binding)
    cover = (
        f" Cash covers service {debt.dscr_min:.2f} times in the worst year."
        if debt.dscr_min is not None
        else ""
    )
    tail = ""
    if debt.lease_tail_months is not None:
        tail = (
            f" Contracts run {debt.lease_tail_months} months beyond its last payment."
            if debt.lease_tail_months > 0
            else " No contract runs beyond its last payment."
        )
    limit = "Nothing limits it" if debt.binding == "none" else f"{held[0].upper()}{held[1:]} "
    limit += "" if debt.binding == "none" else "limits it"
    return (
        f"{debt.id}: {money(debt.amount, currency)}, {percent(debt.gearing)} of what it "
        f"finances, at {percent(debt.rate, 1)}. {limit}.{cover}{tail}"
    )


def contracted_words(valuation: Valuation) -> str:
    """Return how much of the revenue is contracted, at the start and at the end."""
    shares = contracted_share(valuation.cash)
    found = [
        (year, float(share))
        for year, share in zip(valuation.cash.years, shares, strict=True)
        if isfinite(share)
    ]
    if not found:
        return "There is no revenue."
    (first, at_first), (last, at_last) = found[0], found[-1]
    if first == last:
        return f"Contracts promise {percent(at_first)} of the revenue of {first}."
    return (
        f"Contracts promise {percent(at_first)} of the revenue of {first} and "
        f"{percent(at_last)} of that of {last}."
    )


def futures_words(risk: Risk, currency: str) -> str:
    """Return in how many futures it goes wrong, and how badly."""
    npv = spread_of(risk, "npv")
    said = [
        f"In {percent(risk.loss, 1)} of {number(risk.futures)} futures the plan is worth less "
        "than nothing."
    ]
    if npv is not None:
        low, high = npv.quantiles.get("0.05"), npv.quantiles.get("0.95")
        if low is not None and high is not None and npv.mean is not None:
            said.append(
                f"Nine in ten lie between {money(low, currency)} and {money(high, currency)}; "
                f"the mean is {money(npv.mean, currency)}."
            )
        worst = npv.cvar.get("0.05")
        if worst is not None:
            said.append(f"The worst twentieth is worth {money(worst, currency)} on average.")
    if risk.breach is not None:
        said.append(f"A covenant breaks in {percent(risk.breach, 1)} of them.")
    return " ".join(said)


def error_words(error: FastError) -> str:
    """Return how far the fast valuation is from exact dispatch, in a sentence."""
    return (
        f"These futures were valued by a fast approximation. Against {number(error.samples)} "
        f"site-years that were dispatched exactly, it is {percent(error.mean, 1)} off on "
        f"average, {percent(error.worst, 1)} at worst ({error.worst_at}), with a bias of "
        f"{percent(error.bias, 2)}; changes from the base case correlate at "
        f"{error.correlation:.3f}. {error.text}"
    )


def share_words(risk: Risk) -> str:
    """Return how large the plan is beside the network and beside AI markets."""
    mean, most = risk.network_share
    said = []
    if most > 0:
        said.append(
            f"The plan's hashrate is {percent(mean, 2)} of the network's in its largest year "
            f"on average, {percent(most, 2)} at most."
        )
    parts = [
        f"{name} {percent(share)}"
        for name, share in sorted(risk.ai_share.items(), key=lambda item: -item[1])
        if share >= _LEAST_SHARE
    ]
    if parts:
        said.append(f"Its AI power against what a region can sell: {listed(parts)}.")
    return " ".join(said)


def region_words(row: RegionRow) -> str:
    """Return the multiplier that a user states for a region; nothing without one."""
    if row.multiplier is None:
        return ""
    low, high = row.multiplier
    return (
        f"{row.country}: {row.multiplier_source} puts the gross multiplier between "
        f"{low:g} and {high:g}."
    )
