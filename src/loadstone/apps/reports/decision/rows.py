# SPDX-License-Identifier: Apache-2.0
"""The tables of the committee page, as rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadstone.apps.charts.words import MINUS, country_name, number
from loadstone.apps.reports.decision.sentences import named
from loadstone.apps.reports.tables import Table, millions
from loadstone.model.decision import Decision, Stressed, Variant
from loadstone.model.network import Network

MILLION = 1e6
_STEPS = (0.05, 0.2, 0.5)  # of the plan's value: from these on a regret is darker
_LEAST_MW = 0.05
NOT_POSSIBLE = "not possible"


def change(value: float, base: float) -> str:
    """Return how much more one value is than another, percent with its sign."""
    if not base:
        return "–"
    share = 100 * (value - base) / abs(base)
    text = number(share, 1)
    return f"+{text}" if share > 0 and text != "0.0" else text.replace(f"{MINUS}0.0", "0.0")


def signed(value: float) -> str:
    """Return a difference of money in millions with its sign."""
    text = number(value / MILLION, 1)
    return f"+{text}" if value > 0 and text != "0.0" else text


def amount_of(variant: Variant, amount: float | None) -> str:
    """Return what an alternative has most or least of, with its unit."""
    if amount is None:
        return ""
    if variant.unit == "1":
        return number(amount)
    if variant.unit in {"MW", "MWh"}:
        return f"{number(amount, 1)} {variant.unit}"
    return f"{number(amount / MILLION, 1)} m"


def _mw(value: float) -> str:
    return number(value, 1) if abs(value) >= _LEAST_MW else "–"


def groups(decision: Decision) -> Iterator[tuple[str, tuple[Variant, ...]]]:
    """Yield the variants by their kind, with what the kind is called."""
    titles = {
        "plan": "",
        "alternative": f"Worth within {number(100 * decision.slack, 1).removesuffix('.0')}% "
        "of the plan",
        "restricted": "The best without something",
        "switch": "The best with a rule or a layer switched",
    }
    for kind, title in titles.items():
        own = tuple(one for one in decision.variants if one.kind == kind)
        if own:
            yield title, own


def variants_table(decision: Decision) -> Table:
    """Return the plan beside other plans."""
    plan = decision.variants[0]
    hosted = any(one.hosted_mw >= _LEAST_MW for one in decision.variants)
    largest = {row.name: _largest(row) for row in regrets(decision)}
    rows: list[tuple[str, ...]] = []
    for title, own in groups(decision):
        if title:
            rows.append((title,))
        for one in own:
            first = one is plan
            cells = (
                named(one.name), millions(one.value),
                "" if first else signed(one.value - plan.value),
                "" if first else change(one.value, plan.value),
                amount_of(one, one.amount), amount_of(one, one.amount_bound),
                _mw(one.mining_mw), *((_mw(one.hosted_mw),) if hosted else ()),
                _mw(one.ai_mw), _mw(one.leased_mw), number(one.sites), millions(one.capex),
                *((largest.get(one.name, ""),) if largest else ()),
            )  # fmt: skip
            rows.append(cells)
    columns = (
        "Plan", "Value", "Against the plan", "in %", "Most or least", "Proven limit",
        "Mining MW", *(("Hosted MW",) if hosted else ()), "AI MW", "Leased MW", "Sites",
        "Capital", *(("Largest regret",) if largest else ()),
    )  # fmt: skip
    return Table(
        columns=columns, numeric=(False, *[True] * (len(columns) - 1)), rows=tuple(rows)
    )


def short_variants(decision: Decision, *, narrow: bool = False) -> Table:
    """Return the plan beside other plans in whole MW, for a terminal.

    Args:
        decision: What stands beside the plan.
        narrow: Without hosting and the proven limits.
    """
    plan = decision.variants[0]
    hosted = not narrow and any(one.hosted_mw >= _LEAST_MW for one in decision.variants)
    rows: list[tuple[str, ...]] = []
    for title, own in groups(decision):
        if title:
            rows.append((title,))
        for one in own:
            cells = (
                named(one.name), millions(one.value),
                "" if one is plan else change(one.value, plan.value),
                number(one.mining_mw), *((number(one.hosted_mw),) if hosted else ()),
                number(one.ai_mw), number(one.leased_mw), number(one.sites),
                millions(one.capex),
                *(() if narrow else (amount_of(one, one.amount_bound),)),
            )  # fmt: skip
            rows.append(cells)
    columns = (
        "Plan", "Value", "%", "Mining MW", *(("Hosted MW",) if hosted else ()), "AI MW",
        "Leased MW", "Sites", "Capital", *(() if narrow else ("Proven limit",)),
    )  # fmt: skip
    return Table(
        columns=columns, numeric=(False, *[True] * (len(columns) - 1)), rows=tuple(rows)
    )


def _largest(row: "RegretRow") -> str:
    return NOT_POSSIBLE if row.largest is None else number(row.largest / MILLION, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Regret:
    """What one plan is worth less than the best beside it, in one stress.

    Attributes:
        stress: Name of the stress.
        value: Value of the plan in it, network currency; None where it is not possible.
        regret: What it is worth less than the best; None as above.
        step: How dark it is shown: 0 for none to 3 for most.
        worst: Whether it is the largest regret of its plan.
    """

    stress: str
    value: float | None
    regret: float | None
    step: int
    worst: bool

    @property
    def text(self) -> str:
        """Return it in millions."""
        return NOT_POSSIBLE if self.regret is None else number(self.regret / MILLION, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegretRow:
    """A plan with its regret in each stress.

    Attributes:
        name: Name of the plan.
        cells: Its regrets, in the order of the stresses.
        largest: Its largest regret; None where a stress makes it impossible.
        least: Whether no other plan's largest regret is smaller.
    """

    name: str
    cells: tuple[Regret, ...]
    largest: float | None
    least: bool


def regret_of(stress: Stressed, name: str) -> float | None:
    """Return the regret of a plan; None where it, or every plan, is not possible."""
    return None if stress.values[name] is None else stress.regret(name)


def _cells(name: str, stressed: Sequence[Stressed], base: float) -> tuple[Regret, ...]:
    regrets = [regret_of(one, name) for one in stressed]
    most = max((r for r in regrets if r is not None), default=0.0)
    found = []
    for one, regret in zip(stressed, regrets, strict=True):
        share = 1.0 if regret is None else regret / abs(base) if base else 0.0
        found.append(
            Regret(
                stress=one.name, value=one.values[name], regret=regret,
                step=sum(share >= step for step in _STEPS),
                worst=regret is None or (regret == most > 0),
            )
        )  # fmt: skip
    return tuple(found)


def regrets(decision: Decision) -> tuple[RegretRow, ...]:
    """Return the regret of each plan in each stress, in the order of the variants."""
    stressed = decision.stressed
    if not stressed:
        return ()
    base = decision.variants[0].value
    found = []
    for variant in decision.variants:
        if any(variant.name not in one.values for one in stressed):
            continue
        cells = _cells(variant.name, stressed, base)
        known = [cell.regret for cell in cells if cell.regret is not None]
        whole = max(known, default=0.0) if len(known) == len(cells) else None
        found.append((variant.name, cells, whole))
    least = min((whole for _, _, whole in found if whole is not None), default=None)
    return tuple(
        RegretRow(
            name=name, cells=cells, largest=whole, least=whole is not None and whole == least
        )
        for name, cells, whole in found
    )


def countries_table(decision: Decision, network: Network) -> Table:
    """Return the countries of the plan side by side."""
    currency = network.study.currency
    hosted = any(row.hosted_mw >= _LEAST_MW for row in decision.countries)
    columns = (
        "Country", "Value", "Capital", "Revenue a year", "Connected MW", "Mining MW",
        *(("Hosted MW",) if hosted else ()), "AI MW", "Leased MW", f"Power {currency}/MWh",
        "Discount rate",
    )  # fmt: skip
    rows = tuple(
        (
            country_name(row.code, network.facts), millions(row.value), millions(row.capex),
            millions(row.revenue), _mw(row.connected_mw), _mw(row.mining_mw),
            *((_mw(row.hosted_mw),) if hosted else ()), _mw(row.ai_mw), _mw(row.leased_mw),
            "–" if row.power_cost is None else number(row.power_cost, 1),
            f"{number(100 * row.discount_rate, 1)}%",
        )
        for row in decision.countries
    )  # fmt: skip
    return Table(columns=columns, numeric=(False, *[True] * (len(columns) - 1)), rows=rows)
