# SPDX-License-Identifier: Apache-2.0
"""What `import loadstone` offers of value: cash, returns and futures of a run, as frames."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd  # type: ignore[import-untyped]
from rich.console import RenderableType

from loadstone.apps.reports.value import value_text
from loadstone.apps.wiring import valuing_doors
from loadstone.model.network import Network
from loadstone.model.valuation import Valuation
from loadstone.services.planning import silent
from loadstone.services.valuing import Order, value_run

if TYPE_CHECKING:
    from loadstone.services.valuing import ReportAgain


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Valued:
    """What the plan of a run is worth.

    Attributes:
        folder: The run's folder.
        valuation: Cash, returns, debt, deals and risk.
        network: What was planned.
        files: Files that were written.
        seconds: Wall time that it took.
    """

    folder: Path
    valuation: Valuation
    network: Network
    files: tuple[Path, ...]
    seconds: float

    def __repr__(self) -> str:
        project = self.valuation.returns[0]
        risk = self.valuation.risk
        over = f", {risk.futures:,} futures" if risk else ", base case"
        amount = f"{self.valuation.currency} {project.npv / 1e6:,.2f} million"
        return f"<Valued {self.folder}: {amount}{over}>"

    def summary(self) -> Iterator[RenderableType]:
        """Yield the summary that a terminal shows."""
        yield from value_text(self.valuation)

    def cash(self) -> pd.DataFrame:
        """Return a column per row of cash, a row per month."""
        table = self.valuation.cash
        named = ("group", "line", "site", "country", "currency", "contracted", "unit")
        keys = [tuple(getattr(row, name) for name in named) for row in table.rows]
        months = pd.DatetimeIndex([table.month(m) for m in range(table.months)], name="month")
        columns = pd.MultiIndex.from_tuples(keys, names=named)
        amounts = [row.amounts for row in table.rows]
        return pd.DataFrame(list(zip(*amounts, strict=True)), index=months, columns=columns)

    def years(self) -> pd.DataFrame:
        """Return cash by group, a row per calendar year."""
        table = self.valuation.cash
        groups = dict.fromkeys(row.group for row in table.select())
        sums = {group: table.by_year(table.total(group)) for group in groups}
        return pd.DataFrame(sums, index=pd.Index(table.years, name="year"))

    def returns(self) -> pd.DataFrame:
        """Return a row per scope and flow: value, rates of return, payback, peak."""
        return _frame(self.valuation.returns)

    def debts(self) -> pd.DataFrame:
        """Return a row per loan."""
        return _frame(self.valuation.debts)

    def parties(self) -> pd.DataFrame:
        """Return a row per deal and party."""
        rows = [
            {"deal": deal.id, "scope": deal.scope, **asdict(party)}
            for deal in self.valuation.deals
            for party in deal.parties
        ]
        return pd.DataFrame(rows)

    def bridge(self) -> pd.DataFrame:
        """Return the steps from the plan's objective to the value of its cash."""
        return _frame(self.valuation.bridge)

    def region(self) -> pd.DataFrame:
        """Return what is added where, a row per country and phase."""
        return pd.json_normalize([asdict(row) for row in self.valuation.region])

    def spreads(self) -> pd.DataFrame:
        """Return how each number is spread over futures; empty without futures."""
        risk = self.valuation.risk
        rows = [asdict(one) for one in (risk.spreads if risk else ())]
        for row in rows:
            del row["histogram"]
        return pd.json_normalize(rows)

    def drivers(self) -> pd.DataFrame:
        """Return what explains the spread, most first; empty without futures."""
        return _frame(self.valuation.risk.drivers if self.valuation.risk else ())

    def stresses(self) -> pd.DataFrame:
        """Return the named cases that go wrong; empty without futures."""
        return _frame(self.valuation.risk.stresses if self.valuation.risk else ())

    def options(self) -> pd.DataFrame:
        """Return what owners' freedom is worth; empty without futures."""
        return _frame(self.valuation.risk.options if self.valuation.risk else ())


def _frame(values: Sequence[Any]) -> pd.DataFrame:
    return pd.DataFrame([asdict(one) for one in values])


def value_folder(
    folder: str | Path,
    futures: int | None,
    seed: int,
    write_report: "ReportAgain",
    tell: Callable[[str], None] = silent,
) -> Valued:
    """Return what the plan of a run is worth, and keep it in the run.

    Args:
        folder: The run's folder.
        futures: Over how many futures; None for 10,000 where the network states any.
        seed: What they are drawn with.
        write_report: Writes the report of a run again.
        tell: Told what is done.
    """
    order = Order(futures=futures, seed=seed)
    found = value_run(Path(folder), valuing_doors(write_report), order=order, tell=tell)
    return Valued(
        folder=found.run,
        valuation=found.valuation,
        network=found.network,
        files=found.files,
        seconds=found.seconds,
    )
