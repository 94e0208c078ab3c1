# SPDX-License-Identifier: Apache-2.0
"""The committee page in sentences."""

from collections.abc import Sequence

from loadstone.apps.charts.decision import outlook_hashprices
from loadstone.apps.charts.months import Fill, ai_starts, fills
from loadstone.apps.charts.words import figures, listed, money, number, percent
from loadstone.apps.reports.sentences import (
    capex_of,
    gap_words,
    power_at_end,
    powers,
    running_sites,
)
from loadstone.model.decision import Decision, Month
from loadstone.model.network import Network
from loadstone.model.plan import Plan, phase_name

_EXACT = 1e-9
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_LEAST_MW = 0.5


def named(name: str) -> str:
    """Return the name of a variant as the first cell of a row."""
    return "The plan" if name == "plan" else f"{name[:1].upper()}{name[1:]}"


def answer(plan: Plan) -> str:
    """Return what to do, what it costs and what it is worth, in one sentence."""
    count, looked_at = len(running_sites(plan)), len(plan.sites)
    sites = f"{count} of {looked_at} sites" if count < looked_at else f"all {count} sites"
    if looked_at == 1:
        sites = "the site" if count else "nothing"
    proven = (
        "and no plan is worth more"
        if plan.gap <= _EXACT
        else f"proven within {gap_words(plan.gap)} of the best possible"
    )
    return (
        f"By {phase_name(plan.phases[-1])}, run {sites} with {powers(power_at_end(plan))}: "
        f"{money(capex_of(plan), plan.currency)} of capital for a value of "
        f"{money(plan.objective, plan.currency)}, {proven}."
    )


def _tried(decision: Decision, factor: str) -> tuple[list[float], list[float]]:
    """Return the numbers that were tried, from low to high, and the values there."""
    points = sorted((s.at, s.value) for s in decision.sensitivities if s.factor == factor)
    return [at for at, _ in points], [value for _, value in points]


def hashprice_words(decision: Decision) -> tuple[str, str]:
    """Return the hashprice at which the plan is worth nothing: a figure, and a sentence."""
    found, name = decision.break_even.hashprice, "Break-even hashprice"
    if found is not None:
        return figures(found), f"{name}: {figures(found)} USD/PH/day, flat over all years."
    at, values = _tried(decision, "hashprice")
    if not at:
        return "–", f"{name}: no other hashprice was tried."
    if min(values) > 0:
        return f"below {at[0]:g}", (
            f"{name}: none down to {at[0]:g} USD/PH/day, where the plan is still worth "
            "something."
        )
    return f"above {at[-1]:g}", (
        f"{name}: none up to {at[-1]:g} USD/PH/day, where the plan is worth nothing yet."
    )


def power_words(decision: Decision) -> tuple[str, str]:
    """Return the rise of energy prices at which the plan is worth nothing, as above."""
    found, name = decision.break_even.power_factor, "Break-even power price"
    if found is not None:
        change = f"{'+' if found >= 1 else ''}{percent(found - 1)}"
        where = "above" if found >= 1 else "below"
        share = percent(abs(found - 1))
        return change, f"{name}: energy prices {share} {where} the outlook's."
    at, values = _tried(decision, "power_price")
    if not at:
        return "–", f"{name}: no other power price was tried."
    if min(values) > 0:
        return f"over +{percent(at[-1] - 1)}", (
            f"{name}: none up to {at[-1]:g} times the outlook's energy prices, where the plan "
            "is still worth something."
        )
    return "none", (
        f"{name}: none down to {at[0]:g} times the outlook's energy prices, where the plan is "
        "worth nothing yet."
    )


def mining_words(decision: Decision, currency: str) -> str:
    """Return what pays the power of the miners' mean hour; "" where nothing mines."""
    found = decision.break_even
    if found.mining_hashprice is None or found.mining_power is None:
        return ""
    return (
        f"Mining pays its own power down to a hashprice of {figures(found.mining_hashprice)} "
        f"USD/PH/day, or up to {figures(found.mining_power)} {currency}/MWh at the meter, in "
        "the mean hour of the first year it runs."
    )


def outlook_words(network: Network) -> str:
    """Return the hashprices of the outlook."""
    prices = outlook_hashprices(network)
    if len(prices) == 1:
        return f"the outlook has {figures(prices[0], 2)}"
    return f"the outlook has {figures(prices[0], 2)} to {figures(prices[-1], 2)}"


def worst_stress(decision: Decision) -> tuple[str, float] | None:
    """Return the stress in which the plan is worth least, and its value there."""
    known = [(s.values["plan"], s.name) for s in decision.stressed if "plan" in s.values]
    values = [(value, name) for value, name in known if value is not None]
    if not values:
        return None
    value, name = min(values)
    return name, value


def month_name(month: str) -> str:
    """Return "March 2027" for "2027-03"."""
    return f"{_MONTHS[int(month[5:7]) - 1]} {month[:4]}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def filled(months: Sequence[Month]) -> str:
    """Return what miners fill at a site, gap by gap, in mean MW.

    Args:
        months: Months of one site in their order.
    """
    start, rows = ai_starts(months), fills(months)
    if start is None:
        mined = _mean([row.free_mw for row in rows])
        return (
            f"No tenant and no server of its own draws power here in these years; miners draw "
            f"{number(mined)} MW in the mean hour."
        )
    before = [row for row, month in zip(rows, months, strict=True) if month.month < start]
    after = rows[len(before) :]
    early = months[: len(before)]
    words = ""
    if before and _mean([row.before_mw for row in before]) >= _LEAST_MW:
        words = (
            f"Until AI draws its first power in {month_name(start)}, miners draw "
            f"{number(_mean([row.before_mw for row in before]))} of the "
            f"{number(_mean([month.energised_mw for month in early]))} MW that are energised "
            "on average. "
        )
    elif before:
        words = f"Nothing mines here before AI draws its first power in {month_name(start)}. "
    return words + _afterwards(after)


def _afterwards(rows: Sequence[Fill]) -> str:
    gaps = (
        ("{} MW in the reserve that is energised but not firm", [r.reserve_mw for r in rows]),
        ("{} MW in the part of the lease that the tenant does not draw",
         [r.undrawn_mw for r in rows]),
        ("{} MW in firm power that nobody has reserved", [r.free_mw for r in rows]),
    )  # fmt: skip
    parts = [
        text.format(number(_mean(values)))
        for text, values in gaps
        if _mean(values) >= _LEAST_MW
    ]
    if not parts:
        return "From then on nothing is mined."
    return f"From then on they draw {listed(parts)}."
