# SPDX-License-Identifier: Apache-2.0
"""An invented valuation of the invented plan, for tests of what people see.

Its cash, debt and returns agree with one another; its risk is drawn from normal numbers.
"""

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np

from loadstone.engines.finance.debt.cover import loan_life_cover
from loadstone.engines.finance.returns import xirr
from loadstone.engines.finance.tax import taxed
from loadstone.engines.finance.unit_costs import cost_of_mining, levelised
from loadstone.engines.value.financing.measuring import all_returns
from loadstone.engines.value.financing.scopes import placed
from loadstone.model.country import Treatment
from loadstone.model.finance.cash import CashRow, CashTable
from loadstone.model.finance.country_finance import CountryFinance
from loadstone.model.finance.deals import Deals
from loadstone.model.finance.returns import (
    BridgeStep,
    DealResult,
    DebtResult,
    PartyResult,
    RegionRow,
    UnitCosts,
)
from loadstone.model.finance.terms import CashTerms, Inflation
from loadstone.model.futures.risk import (
    Driver,
    Fan,
    FastError,
    OptionValue,
    Risk,
    Spread,
    StressCase,
)
from loadstone.model.network import Network
from loadstone.model.valuation import Valuation
from tests.apps.example_plan import DAY, example, fact

FIRST, MONTHS = date(2027, 1, 1), 84
YEARS = tuple(range(2027, 2034))
TENOR, LOAN_RATE, DSCR = range(24, 72), 0.085, 1.35
index = np.arange(MONTHS)
RUNNING = (index >= 12).astype(float)


def flat(amount: float, start: int = 12, end: int = MONTHS, growth: float = 0.0) -> np.ndarray:
    """Return an amount of money a month from one month to another."""
    return np.where(
        (index >= start) & (index < end), amount * (1 + growth) ** (index // 12), 0.0
    )


def spend(amount: float, start: int, months: int) -> np.ndarray:
    """Return money paid in equal parts."""
    return -np.where((index >= start) & (index < start + months), amount / months, 0.0)


def valued_network() -> Network:
    """Return the invented network with tax offices, and with inflation."""
    network = example()[2]
    treated = Treatment(
        rate=fact(0.25), deductible_share=fact(0.9), input_vat_recoverable_share=fact(1.0)
    )
    finance = CountryFinance(
        loss_limit=fact(0.8), loss_years=fact(3, "year"), tax_lag_months=fact(3, "month")
    )
    about = {"source": "invented", "date": DAY}
    terms = CashTerms(
        inflation={
            "USD": Inflation(value=0.02, **about), "RUB": Inflation(value=0.06, **about)
        },
        paid_after_days={"revenue": 20.0},
    )  # fmt: skip
    countries = {
        "RU": replace(
            network.facts.countries["RU"], currency="RUB", finance=finance,
            mining=replace(treated, rate=fact(0.2)), ai=treated,
            depreciation=fact(4, "year"),
            vat=fact(0.1),
        ),
        "BR": replace(
            network.facts.countries["BR"], ai=treated, depreciation=fact(6, "year")
        ),
    }  # fmt: skip
    facts = replace(network.facts, countries=network.facts.countries | countries)
    return replace(network, facts=facts, deals=Deals(cash=terms))


def operating_rows() -> list[CashRow]:
    """Return the rows of two sites before tax and debt."""
    ru = {"site": "bratsk", "country": "RU", "currency": "USD"}
    br = {"site": "para", "country": "BR", "currency": "USD"}
    swing = 1 + 0.15 * np.sin(index / 12 * 2 * np.pi)

    def row(group, line, amounts, place, **more):
        return CashRow(group=group, line=line, amounts=amounts, **place, **more)

    mined = 60.0 * 0.85 ** (index / 12) * RUNNING
    owed = {"contracted": True}
    return [
        row("revenue", "mining", 5.2e6 * 0.93 ** (index / 12) * RUNNING * swing, ru,
            driver="mining"),
        row("revenue", "ai:dgx-b200", flat(3.6e6, growth=-0.05), ru, driver="ai:blackwell"),
        row("revenue", "lease:tenant-a", flat(6.1e6, growth=0.02), br, **owed),
        row("flexibility", "reserve", flat(0.25e6), br),
        row("energy", "energy:mining", -2.1e6 * RUNNING * swing, ru, driver="power:RU-1"),
        row("energy", "energy:ai", flat(-0.6e6), ru, driver="power:RU-1"),
        row("energy", "energy:lease", flat(-1.1e6), br, **owed),
        row("direct", "staff", flat(-0.35e6, 6), ru),
        row("direct", "staff", flat(-0.3e6, 6), br),
        row("direct", "repairs", flat(-0.4e6), ru),
        row("direct", "insurance", flat(-0.15e6), br),
        row("levies", "levies:mining", flat(-0.12e6), ru),
        row("capex", "mining_hall", spend(38e6, 0, 12), ru),
        row("capex", "miner:antminer-s21-xp", spend(62e6, 8, 3), ru),
        row("capex", "server:dgx-b200", spend(70e6, 8, 3), ru),
        row("capex", "ai_hall_liquid", spend(150e6, 0, 14), br),
        row("duty", "machines", spend(4e6, 9, 2), ru),
        row("refresh", "miner:antminer-s21-xp", spend(30e6, 48, 1), ru),
        row("resale", "machines", flat(14e6, 83), ru),
        row("resale", "halls", flat(45e6, 83), br),
        row("memo", "mining", mined, ru, unit="BTC"),
        row("memo", "ai:dgx-b200", flat(1.2e6), ru, unit="GPU-h"),
        row("memo", "lease:tenant-a", flat(48_000.0), br, unit="kW-month"),
        row("memo", "in service:mining_hall", -spend(38e6, 12, 1), ru, unit="USD"),
        row("memo", "in service:miner:antminer-s21-xp", -spend(64e6, 12, 1), ru, unit="USD"),
        row("memo", "in service:server:dgx-b200", -spend(72e6, 12, 1), ru, unit="USD"),
        row("memo", "in service:ai_hall_liquid", -spend(150e6, 14, 1), br, unit="USD"),
    ]  # fmt: skip


def cash_of(rows: list[CashRow]) -> CashTable:
    return CashTable(first=FIRST, months=MONTHS, currency="USD", rows=tuple(rows))


def loan(table: CashTable) -> DebtResult:
    """Return a term loan sculpted on contracted cash from the third year."""
    contracted = table.total("revenue", "energy", contracted=True) * 0.8
    everything = table.total("revenue", "flexibility", "energy", "direct", "levies") * 0.85
    service = np.zeros(MONTHS)
    service[TENOR.start : TENOR.stop] = contracted[TENOR.start : TENOR.stop] / DSCR
    month = LOAN_RATE / 12
    sized = float(sum(service[m] / (1 + month) ** (m - TENOR.start + 1) for m in TENOR))
    draw, balance = np.zeros(MONTHS), np.zeros(MONTHS)
    interest, principal = np.zeros(MONTHS), np.zeros(MONTHS)
    draw[6:12] = sized / 6
    held = 0.0
    for m in range(MONTHS):
        interest[m] = (held + draw[m]) * month
        if m in TENOR:
            principal[m] = service[m] - interest[m]
        held += draw[m] - principal[m]
        balance[m] = held
    balance[TENOR.stop - 1 :] = 0.0
    interest[TENOR.stop :] = 0.0
    repaid = table.by_year(principal) > 0
    paid, every = table.by_year(interest + principal), table.by_year(everything)
    dscr = {str(year): float(every[i] / paid[i]) for i, year in enumerate(YEARS) if repaid[i]}
    return DebtResult(
        id="senior", kind="term", scope="portfolio", amount=sized, cost=340e6,
        gearing=sized / 340e6, by_gearing=0.6 * 340e6, by_dscr=sized, binding="dscr",
        rate=LOAN_RATE, draw=tuple(draw), interest=tuple(interest),
        principal=tuple(principal), balance=tuple(balance), service_cash=tuple(contracted),
        all_cash=tuple(everything), dscr=dscr, dscr_min=min(dscr.values()),
        dscr_mean=float(np.mean(list(dscr.values()))), contracted_dscr_min=DSCR,
        contracted_dscr_mean=DSCR,
        llcr=loan_life_cover(everything[TENOR.start : TENOR.stop], month, sized),
        last_payment=TENOR.stop - 1,
        first_payment=TENOR.start, lease_tail_months=MONTHS - TENOR.stop,
        contracted_dscr=dict.fromkeys(dscr, DSCR), currency="USD",
        room=0.6 * 340e6 - sized, cash_may_fall=1 - 1 / min(dscr.values()),
        reserve=tuple(np.where((index >= 12) & (index < 71), 6e6, 0.0)),
        breaches=("2028: contracted cash covers service 1.02 times, below the lock-up of 1.1",),
    )  # fmt: skip


def deal(table: CashTable) -> DealResult:
    """Return a deal of two funds and a sponsor, in whole cents."""
    flows = np.round(table.total() * 100)
    called, paid = np.where(flows < 0, -flows, 0.0), np.where(flows > 0, flows, 0.0)
    put_in, back = float(called.sum()), float(paid.sum())
    capital = min(put_in, back)
    preferred = min(back - capital, 0.4 * capital)
    carry = np.floor((back - capital - preferred) * 0.2)
    split = back - capital - preferred - carry
    first = np.round(0.6 * called)
    calls = {"fund-a": first, "fund-b": called - first, "sponsor": 0.0 * called}
    tiers = {
        name: {"capital": part * capital, "preferred": part * preferred, "split": part * split}
        for name, part in (("fund-a", 0.6), ("fund-b", 0.4))
    } | {"sponsor": {"carry": carry}}
    received = {name: np.round(paid * sum(row.values()) / back) for name, row in tiers.items()}
    received["fund-b"] = paid - received["fund-a"] - received["sponsor"]
    days = [table.month(m) for m in range(MONTHS)]
    parties = tuple(
        PartyResult(
            party=name, currency="USD", called=tuple(calls[name]),
            received=tuple(received[name]), by_tier=tiers[name],
            irr=xirr(days, received[name] - calls[name]).rates,
            irr_reason="" if calls[name].any() else "pays nothing in",
            multiple=float(received[name].sum() / calls[name].sum())
            if calls[name].any()
            else None,
        )
        for name in tiers
    )  # fmt: skip
    return DealResult(
        id="platform", scope="portfolio", style="european", currency="USD",
        called=tuple(called), distributed=tuple(paid), parties=parties,
        checks=("parts sum to the whole at every date",),
    )  # fmt: skip


def spread(name: str, values: np.ndarray, unit: str = "USD") -> Spread:
    at = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
    counts, edges = np.histogram(values, 40)
    ordered = np.sort(values)
    return Spread(
        name=name, unit=unit, mean=float(values.mean()), sd=float(values.std()),
        quantiles={str(p): float(np.quantile(values, p)) for p in at},
        cvar={
            str(tail): float(ordered[: int(tail * len(values))].mean()) for tail in (0.05, 0.1)
        },
        histogram=(tuple(map(float, edges)), tuple(map(float, counts / len(values)))),
    )  # fmt: skip


def fan(name: str, unit: str, base: np.ndarray, width: float) -> Fan:
    times = tuple(float(year) for year in YEARS)
    growing = width * np.sqrt(np.arange(1, len(base) + 1))
    normal = {"0.05": -1.645, "0.25": -0.674, "0.5": 0.0, "0.75": 0.674, "0.95": 1.645}
    return Fan(
        name=name, unit=unit, times=times, base=tuple(map(float, base)),
        quantiles={
            p: tuple(map(float, base + z * growing * np.abs(base).mean()))
            for p, z in normal.items()
        },
    )  # fmt: skip


def risk(table: CashTable, value: float) -> Risk:
    random = np.random.default_rng(0)
    npvs = value * 0.95 + 9e7 * random.standard_normal(5000)
    yearly = table.by_year(table.total())
    years = np.arange(len(YEARS))
    return Risk(
        futures=10_000, seed=0, seconds=0.61,
        spreads=(
            spread("npv", npvs), spread("equity_npv", npvs * 0.9 - 1e6),
            spread("equity_irr", 0.17 + 0.06 * random.standard_normal(5000), "1"),
            spread("dscr_min", 1.6 + 0.3 * random.standard_normal(5000), ""),
            spread("peak_equity", 2.6e8 + 1.5e7 * random.standard_normal(5000)),
            spread("investor:fund-a:npv", npvs * 0.4),
        ),
        loss=float((npvs < 0).mean()), breach=0.07,
        fans=(
            fan("hashprice", "USD/PH/day", 52 * 0.93**years, 0.14),
            fan("ai:blackwell", "1", 0.95**years, 0.1), fan("cash", "USD", yearly, 0.15),
        ),
        drivers=(
            Driver(factor="ai:blackwell", text="AI prices", share=0.46, low=value - 1.5e8,
                   high=value + 1.4e8),
            Driver(factor="hashprice", text="hashprice", share=0.38, low=value - 1.2e8,
                   high=value + 1.3e8),
            Driver(factor="power:RU-1", text="power, RU-1", share=0.09, low=value + 4e7,
                   high=value - 5e7),
        ),
        stresses=(
            StressCase(name="hashprice 15", text="Hashprice is 15 USD/PH/day from the start.",
                       npv=value - 1.6e8, change=-1.6e8, equity_irr=None, dscr_min=0.9,
                       exact=True),
            StressCase(name="AI price -60 %", text="AI prices are 60 % lower.",
                       npv=value - 1.1e8, change=-1.1e8, equity_irr=0.06, dscr_min=1.1,
                       exact=True),
            StressCase(name="tenant default", text="Tenant A stops paying in mid-2029.",
                       npv=value - 0.8e8, change=-0.8e8, equity_irr=0.08, dscr_min=0.6),
        ),
        options=(
            OptionValue(name="idle", text="Miners stop in hours that do not pay.",
                        value=2.1e7, used=0.83),
            OptionValue(name="retire early", text="Miners that lose money for six months go.",
                        value=0.4e7, used=0.21),
        ),
        error=FastError(samples=240, bias=-0.002, mean=0.006, worst=0.041, correlation=0.998,
                        worst_at="bratsk in 2030",
                        text="Demand charges do not follow the hours that stand still."),
        network_share=(0.002, 0.004), ai_share={"RU": 0.03, "BR": 0.11},
        source="Invented for tests.",
    )  # fmt: skip


def region() -> tuple[RegionRow, ...]:
    return (
        RegionRow(
            country="BR", phase=2028, one_off={"local building": 6e7, "duty": 0.0},
            imported=4e7, yearly={"wages": 3.1e6, "taxes and levies": 6.2e6,
                                  "depreciation": 1.4e7},
            leaving=2.2e7,
        ),
        RegionRow(
            country="RU", phase=2028, one_off={"local building": 2.2e7, "duty": 4e6},
            imported=1.3e8, yearly={"wages": 2.4e6, "taxes and levies": 9e6,
                                    "depreciation": 2.8e7},
            leaving=1.5e7, multiplier=(1.3, 1.9), multiplier_source="Example, 2025",
        ),
    )  # fmt: skip


@cache
def example_valuation() -> Valuation:
    """Return an invented valuation in which cash, debt and returns agree."""
    rows = operating_rows()
    table = cash_of(rows)
    debt = loan(table)
    amounts = {
        "draw": np.array(debt.draw), "interest": -np.array(debt.interest),
        "principal": -np.array(debt.principal),
        "reserve": -np.diff(np.array(debt.reserve), prepend=0.0),
    }  # fmt: skip
    shares = (("bratsk", "RU", 0.4), ("para", "BR", 0.6))
    owed = [
        CashRow(group=group, line="senior", amounts=share * amounts[group], site=site,
                country=country, currency="USD", contracted=True)
        for site, country, share in shares
        for group in ("draw", "interest", "principal", "reserve")
    ]  # fmt: skip
    network = valued_network()
    unlevered = taxed(cash_of(rows), network)
    table = taxed(cash_of([*rows, *owed]), network)
    returns = all_returns(placed(unlevered), placed(table), network)
    mined = cost_of_mining(placed(table), returns[0].rate)
    gpu, leased = levelised(placed(table), returns[0].rate)
    value = returns[0].npv
    return Valuation(
        network="Example", currency="USD", cash=table, returns=returns,
        costs=UnitCosts(
            btc_cash=mined.cash, btc_all_in=mined.all_in, btc_parts=mined.parts,
            break_even_power=71.0, break_even_hashprice=31.0, gpu_hour=gpu, kw_month=leased,
        ),
        bridge=(
            BridgeStep(name="plan", text="The plan's objective.", amount=value - 3.1e7),
            BridgeStep(name="inflation", text="Cash grows with prices.", amount=4.4e7),
            BridgeStep(name="tax in time", text="Losses are carried forward.", amount=-0.9e7),
            BridgeStep(name="working capital", text="Money that waits.", amount=-0.4e7),
            BridgeStep(name="value", text="Nominal cash after tax.", amount=value),
        ),
        debts=(debt,), deals=(deal(table),), region=region(),
        ceiling="One GW yields about 1 bn USD of revenue a year; this plan has 0.12 GW.",
        risk=risk(table, value), notes=("Invented for tests.",),
    )  # fmt: skip
