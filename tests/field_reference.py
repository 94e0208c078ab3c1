# SPDX-License-Identifier: Apache-2.0
"""Pages of docs/reference, told from the dataclasses: network, facts, tariffs and run."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np
from numpy.typing import NDArray

from loadstone.adapters.files.dispatch_table import _HOURLY
from loadstone.adapters.sources.file_entry import _FILE_FIELDS
from loadstone.adapters.sources.typical_entry import _FIELDS
from loadstone.engines.series import SolarPlant, WindPlant
from loadstone.model import (
    capital,
    connection,
    country,
    decision,
    eligibility,
    flexibility,
    gate,
    hall,
    machine,
    network,
    offer,
    plan,
    rule,
    site,
    source,
    spend,
    stress,
    tariff,
)
from loadstone.model import valuation as value
from loadstone.model.cooling import CoolingPlant
from loadstone.model.finance import (
    cash,
    country_finance,
    deal,
    deals,
    debt,
    hedge,
    multiplier,
    returns,
    terms,
)
from loadstone.model.futures import correlation, events, level, mining, named, risk
from loadstone.model.futures import terms as futures
from loadstone.model.operations import event, proof
from loadstone.model.operations import terms as operate
from loadstone.model.tariff import calendar, energy, entry, tiers
from tests.shape import REFERENCE, text_of

Class = type[Any]

MADE = "Made from the dataclasses by `pytest tests/test_field_reference.py --update-golden`."
MARK = "<!-- fields -->"

NETWORK = (
    ("network.toml", network.Study),
    ("phases", network.Phase),
    ("outlook", network.Outlook),
    ("fx.CODE, costs.ID", network.Stated),
    ("ai_sales", site.AiSales),
    ("ai_demand", network.AiDemand),
    ("caps", network.Caps),
    ("discount", capital.Discount),
    ("eligibility", eligibility.Eligibility),
    ("investors", capital.Investor),
    ("stresses", stress.Stress),
    ("sites/ID.toml", site.Site),
    ("connection", site.Connection),
    ("connection.non_firm", connection.NonFirm),
    ("connection.non_firm.cut", connection.Cut),
    ("connection.tranches", connection.Tranche),
    ("transformers", connection.Transformers),
    ("backup", connection.Backup),
    ("gates", gate.Gate),
    ("opening", site.Opening),
    ("limits", site.Limits),
    ("standing", site.Standing),
    ("clauses", site.Clause),
    ("obligations", site.Obligation),
    ("flexibility", flexibility.Flexibility),
    ("halls", hall.StandingHall),
    ("conversions", hall.Conversion),
    ("offers.toml", offer.Offers),
    ("offers.toml: leases", offer.Lease),
    ("offers.toml: hosting", offer.Hosting),
)
FACTS = (
    ("a number", source.Fact),
    ("sources.toml: KEY", source.Source),
    ("countries/CODE.toml", country.Country),
    ("zones.ID", country.Zone),
    ("mining, ai", country.Treatment),
    ("duties.ID", country.ImportDuty),
    ("rules.ID", rule.MiningRule),
    ("incentives.ID", rule.Incentive),
    ("levies.ID", rule.Levy),
    ("texts.ID", rule.TextRule),
    ("machines/miners.toml: ID", machine.Miner),
    ("machines/gpus.toml: ID", machine.Server),
    ("cap_curves of a server", machine.CapCurve),
    ("cooling.toml: ID", CoolingPlant),
    ("spend.toml: KIND", spend.SpendCurve),
    ("finance of a country", country_finance.CountryFinance),
    ("finance.depreciation.KIND", country_finance.Depreciation),
)
DEALS = (
    ("deals.toml", deals.Deals),
    ("cash", terms.CashTerms),
    ("cash.inflation.CODE", terms.Inflation),
    ("debts", debt.Debt),
    ("hedges", hedge.Hedge),
    ("deals", deal.Deal),
    ("deals.tranches", deal.Tranche),
    ("deals.hurdles", deal.Hurdle),
    ("deals.fees", deal.Fees),
    ("deals.clawback", deal.Clawback),
    ("multipliers", multiplier.Multiplier),
)
FUTURES = (
    ("futures.toml", futures.Futures),
    ("levels, each with", level.Levels),
    ("a level", level.Level),
    ("wild", level.Wild),
    ("hashrate", mining.Hashrate),
    ("fees", mining.Fees),
    ("miner_prices", mining.MinerPrices),
    ("correlation", correlation.Correlation),
    ("delay", events.Delay),
    ("hazards", events.Hazard),
    ("default", events.Default),
    ("named", named.NamedFuture),
)
VALUE = (
    ("value.json", value.Valuation),
    ("cash", cash.CashTable),
    ("rows", cash.CashRow),
    ("returns", returns.Returns),
    ("costs", returns.UnitCosts),
    ("bridge", returns.BridgeStep),
    ("debts", returns.DebtResult),
    ("deals", returns.DealResult),
    ("parties", returns.PartyResult),
    ("region", returns.RegionRow),
    ("risk", risk.Risk),
    ("spreads", risk.Spread),
    ("fans", risk.Fan),
    ("drivers", risk.Driver),
    ("stresses", risk.StressCase),
    ("options", risk.OptionValue),
    ("error", risk.FastError),
)
PLAN = (
    ("plan.json", plan.Plan),
    ("builds", plan.Build),
    ("sites", plan.SiteValue),
    ("site_years", plan.SiteYear),
    ("marginals", plan.Marginal),
    ("rules", plan.RuleHit),
    ("offers", plan.OfferResult),
    ("capital", plan.CapitalYear),
    ("funding", plan.Funding),
    ("gates", plan.SiteGate),
    ("resting", plan.Resting),
    ("decision.json", decision.Decision),
    ("variants", decision.Variant),
    ("stressed", decision.Stressed),
    ("sensitivities", decision.Sensitivity),
    ("break_even", decision.BreakEven),
    ("uses", decision.UseYear),
    ("countries", decision.CountryRow),
    ("months", decision.Month),
    ("truths", decision.Truth),
)
OPERATE = (
    ("operate.toml", operate.Operation),
    ("sites", operate.SiteTerms),
    ("sites.timing", operate.Timing),
    ("sites.ramp", operate.Ramp),
    ("sites.groups", operate.Group),
    ("sites.machines", operate.MachineRow),
    ("sites.meters, kind modbus", operate.ModbusMeter),
    ("sites.meters, kind mqtt", operate.MqttMeter),
    ("sites.switches", operate.ModbusSwitch),
    ("sites.signals, kind file", operate.FileSignal),
    ("sites.signals, kind mqtt", operate.MqttSignal),
    ("sites.signals, kind openadr3 and openadr2", operate.OpenAdrSignal),
    ("strike of a signal", operate.Strike),
    ("silence of a signal", operate.SilencePolicy),
    ("sites.schedule", operate.Window),
    ("sites.method", event.Method),
)
PROOF = (
    ("proof.json", proof.Proof),
    ("event", event.Event),
    ("timeline", proof.Moment),
    ("baseline", proof.Baseline),
    ("days", proof.LikeDay),
    ("intervals", proof.ProofInterval),
)
WINDOWS = (
    ("a window of hours", calendar.Window),
    ("windows of time_of_use", energy.PricedWindow),
    ("windows of tiers", tiers.TieredWindow),
)
NAMES = {
    str: "text",
    float: "number",
    int: "whole number",
    bool: "true or false",
    date: "date",
    datetime: "time",
}
# fields that a file's name or key says, but for rows that are in a list
GIVEN = {"id", "code", "provenance"}
IN_LISTS = {"investors", "offers.toml: leases", "offers.toml: hosting"} | {
    title for page in (PLAN, DEALS, FUTURES, VALUE, OPERATE, PROOF) for title, _ in page
}


def described(class_: Class) -> tuple[str, str, dict[str, str]]:
    """Return the first line, the further text and the meaning of each field of a class."""
    text = "\n".join(line.strip() for line in (class_.__doc__ or "").splitlines())
    head, _, attributes = text.partition("Attributes:\n")
    first, _, more = head.strip().partition("\n\n")
    meanings: dict[str, str] = {}
    names: list[str] = []
    for line in attributes.splitlines():
        match = re.match(r"^((?:[a-z_0-9]+, )*[a-z_0-9]+): (.*)$", line)
        if match and all(name in class_.__dataclass_fields__ for name in match[1].split(", ")):
            names = match[1].split(", ")
            meanings |= dict.fromkeys(names, match[2])
        else:
            meanings |= {name: f"{meanings[name]} {line}".strip() for name in names}
    return first, more, meanings


def table(class_: Class, *, without: set[str] = frozenset()) -> Iterator[str]:
    """Yield the lines of a table of fields."""
    yield "| field | type | default | meaning |"
    yield "|---|---|---|---|"
    meanings = described(class_)[2]
    for field in dataclasses.fields(class_):
        if field.name in without:
            continue
        meaning = meanings[field.name].replace("|", "\\|")
        yield f"| `{field.name}` | {_type(field.type)} | {_default(field)} | {meaning} |"


def section(title: str, class_: Class, *, level: int = 3) -> Iterator[str]:
    """Yield the section of one table of a file."""
    first, more, _ = described(class_)
    yield from ("#" * level + f" {title}", "", first, "")
    if more:
        yield from (" ".join(more.split()), "")
    yield from (*table(class_, without=set() if title in IN_LISTS else GIVEN), "")


def _type(annotation: Any) -> str:
    return _written(annotation).replace("|", "\\|")


def _written(annotation: Any) -> str:
    if annotation is type(None):
        return "none"
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return _union(arguments)
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in arguments)
    if origin is tuple:
        inner = [_written(one) for one in arguments if one is not Ellipsis]
        return f"list of {inner[0]}" if Ellipsis in arguments else f"[{', '.join(inner)}]"
    if origin is Mapping:
        return f"table of {_written(arguments[1])}"
    if dataclasses.is_dataclass(annotation):
        return "table"
    if origin in (np.ndarray, NDArray):  # the alias is a type of its own from numpy 2.5 on
        return "list of number"
    return NAMES.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _union(arguments: tuple[Any, ...]) -> str:
    if all(isinstance(one, type) and issubclass(one, entry.TariffEntry) for one in arguments):
        return "[tariff](tariffs.md)"
    return " or ".join(_written(one) for one in arguments if one is not type(None))


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default_factory is not dataclasses.MISSING:
        return "empty"
    if field.default is dataclasses.MISSING:
        return "must be given"
    value = field.default
    if value is None:
        return "none"
    if dataclasses.is_dataclass(value):
        return "as below"
    if value in ((), ""):
        return "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        shown = repr(value)
        return f"`{shown}`" if len(shown) < 24 else "all"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def network_page() -> str:
    """Return the fields of a network folder."""
    lines: list[str] = []
    for title, class_ in NETWORK:
        lines += section(title, class_)
    lines += ["### series/series.toml: file", "", "One imported file. Fields:", ""]
    lines += [", ".join(f"`{name}`" for name in _FILE_FIELDS) + ".", ""]
    for kind, names in _FIELDS.items():
        common = "`zone`, `seed`, `year`, `source`, `date`"
        lines += [f"### series/series.toml: typical, kind `{kind}`", ""]
        lines += [f"{common}, " + ", ".join(f"`{name}`" for name in names) + ".", ""]
        plant = {"solar": SolarPlant, "wind": WindPlant}.get(kind)
        if plant is not None:
            lines += [*table(plant, without={"id"}), ""]
    return filled("network.md", lines)


def facts_page() -> str:
    """Return the fields of facts."""
    lines: list[str] = []
    for title, class_ in FACTS:
        lines += section(title, class_)
    return filled("facts.md", lines)


def tariffs_page() -> str:
    """Return the fields of every kind of tariff and levy."""
    common = {field.name for field in dataclasses.fields(entry.TariffEntry)}
    lines = ["### Fields of every kind", "", *table(entry.TariffEntry), ""]
    for class_ in get_args(tariff.Tariff):
        first, more, _ = described(class_)
        kind = class_.__dataclass_fields__["kind"].default
        lines += [f"### {kind}", "", first, ""]
        if more:
            lines += [more, ""] if "=" in more else [" ".join(more.split()), ""]
        own = {field.name for field in dataclasses.fields(class_)} - common - {"kind"}
        if own:
            lines += [*table(class_, without=common | {"kind"}), ""]
    for title, class_ in WINDOWS:
        lines += section(title, class_)
    return filled("tariffs.md", lines)


def run_page() -> str:
    """Return the fields of plan.json and decision.json, and the columns of dispatch.parquet."""
    lines: list[str] = []
    for title, class_ in PLAN:
        lines += section(title, class_)
    meanings = described(plan.SiteDispatch)[2]
    lines += ["### dispatch.parquet", "", "| column | meaning |", "|---|---|"]
    lines += ["| `site`, `phase` | Id of the site, year of the phase. |"]
    lines += ["| `utc` | Start of the hour. |"]
    lines += [
        f"| `{name}` | {meanings[name].removesuffix(' Shape (T,).')} |" for name in _HOURLY
    ]
    lines += ["| `mining_mw`, `ai_mw` | Power of all miners, all servers, at the bus. |"]
    lines += [f"| `miner:MODEL`, `server:MODEL` | {meanings['machine_mw']} |"]
    lines += [f"| `supply:NAME` | {meanings['supply_mw']} |", ""]
    return filled("run.md", lines)


def page(name: str, classes: tuple[tuple[str, Class], ...]) -> str:
    """Return a page whose tables are of these classes."""
    lines: list[str] = []
    for title, class_ in classes:
        lines += section(title, class_)
    return filled(name, lines)


def filled(name: str, lines: list[str]) -> str:
    """Return a page with its tables anew; what stands before the mark is written by hand."""
    head, mark, _ = text_of(REFERENCE / name).partition(MARK)
    assert mark, f"{name} has no {MARK}"
    return f"{head}{MARK}\n\n{MADE}\n\n" + "\n".join(lines)


PAGES = {
    "network.md": network_page,
    "facts.md": facts_page,
    "tariffs.md": tariffs_page,
    "run.md": run_page,
    "deals.md": lambda: page("deals.md", DEALS),
    "futures.md": lambda: page("futures.md", FUTURES),
    "value.md": lambda: page("value.md", VALUE),
    "operate.md": lambda: page("operate.md", OPERATE),
    "proof.md": lambda: page("proof.md", PROOF),
}
