# SPDX-License-Identifier: Apache-2.0
"""What `import loadstone` offers before there is a plan: new, read, check.

Apart from the library of plans, so that reading a network loads no planner, frames or figures.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadstone.adapters import files
from loadstone.apps.clock import SystemClock
from loadstone.model.fact import FactWarning
from loadstone.model.network import Network
from loadstone.model.operations.agreement import limit_of
from loadstone.model.operations.roster import machines_of
from loadstone.model.operations.terms import Operation
from loadstone.model.series import Provenance, Series

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

SERIES = (
    *("prices", "drybulb_c", "wetbulb_c", "solar", "wind", "carbon_kg_per_mwh"),
    "availability",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Checked:
    """A network that can be planned, and what a reader should know of it.

    Attributes:
        network: The network.
        warnings: Facts to doubt, of the countries and machines in it.
        operation: How its sites are run; None where there is no operate.toml.
    """

    network: Network
    warnings: tuple[FactWarning, ...]
    operation: Operation | None = None

    def __repr__(self) -> str:
        study, sites = self.network.study, len(self.network.sites)
        return f"<Checked {study.name}: sites: {sites}, facts to doubt: {len(self.warnings)}>"

    def limits(self) -> "pd.DataFrame":
        """Return a row per site: where it is and the most that may stand there."""
        return _frame(limit_rows(self.network))

    def provenance(self) -> "pd.DataFrame":
        """Return a row per series: its share of hours by where they come from."""
        return _frame(series_rows(self.network))


def limit_rows(network: Network) -> list[dict[str, Any]]:
    """Return a row per site: where it is and the most that may stand there."""
    return [
        {
            "site": site.id,
            "country": site.country,
            "zone": site.zone,
            "status": site.status,
            "existing_mw": site.connection.existing_mw,
            "max_mw": site.connection.max_mw,
            "lead_time_years": site.connection.lead_time_years,
            "standing_mw": sum(machines.mw for machines in site.standing),
            **{k: v for k, v in asdict(site.limits).items() if k.endswith("_mw")},
        }
        for site in network.sites
    ]


def series_rows(network: Network) -> list[dict[str, Any]]:
    """Return a row per series: its share of hours by where they come from."""
    rows = []
    for kind in SERIES:
        held: dict[str, Series] = getattr(network, kind)
        for zone, one in held.items():
            shares = {code.name.lower(): one.share(code) for code in Provenance}
            about = {"mean": float(one.values.mean()), "source": one.source}
            rows.append({"kind": kind, "zone": zone, **shares, **about, "note": one.note})
    return rows


def _frame(rows: list[dict[str, Any]]) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415 - takes longer to load than a network to read

    return pd.DataFrame(rows)


def read_network(folder: Path) -> Network:
    """Return the network of a folder with its series.

    Raises:
        InputErrors: All that is wrong, each with its file, field, value and rule.
    """
    # Parquet loads here, so that commands that read no series do without it
    from loadstone.adapters.sources.folder import read_series_folder  # noqa: PLC0415

    return files.read_network(folder, read_series_folder)


def new(folder: str | Path, starter: str = "campus") -> tuple[Path, ...]:
    """Copy a starter network into a new folder and return its files.

    Args:
        folder: A folder that does not exist yet.
        starter: "campus" or "brics".

    Raises:
        InputError: The folder holds something.
    """
    return files.copy_starter(starter, Path(folder))


def read(folder: str | Path) -> Network:
    """Return the network of a folder.

    Args:
        folder: A network folder.

    Raises:
        InputErrors: All that is wrong, each with its file, field, value and rule.
    """
    return read_network(Path(folder))


def check(folder: str | Path) -> Checked:
    """Read everything of a network folder and return it with the facts to doubt.

    Args:
        folder: A network folder.

    Raises:
        InputErrors: All that is wrong, each with its file, field, value and rule.
    """
    network = read(folder)
    within = {f"countries.{site.country}" for site in network.sites}
    within |= {f"miners.{model}" for model in network.study.miners}
    within |= {f"servers.{model}" for model in network.study.servers}
    for site in network.sites:
        within |= {f"miners.{model}" for model in site.miners or ()}
        within |= {f"servers.{model}" for model in site.servers or ()}
        within |= {f"cooling.{plant}" for plant in (site.mining_cooling, *site.ai_cooling)}
    today = SystemClock().now().date()
    operation = None
    if (Path(folder) / files.OPERATE).is_file():
        operation = files.read_operation(Path(folder), network, today)
        rows = [row for site in operation.sites for row in site.machines]
        within |= {f"miners.{row.model}" for row in rows}
    warnings = network.facts.warnings(today, sorted(within))
    return Checked(network=network, warnings=warnings, operation=operation)


def operation_rows(checked: Checked) -> list[dict[str, Any]]:
    """Return a row per site that is run: its limit, its machines and what steers them."""
    if checked.operation is None:
        return []
    network, today = checked.network, SystemClock().now().date()
    sites = {site.id: site for site in network.sites}
    rows = []
    for terms in checked.operation.sites:
        machines = machines_of(terms, network.facts.miners)
        rows.append(
            {
                "site": terms.site,
                "limit_mw": limit_of(terms, sites[terms.site], today),
                "machines": len(machines),
                "rated_mw": sum(machine.rated_w for machine in machines) / 1e6,
                "families": dict(sorted(Counter(one.family for one in machines).items())),
                "groups": [group.id for group in terms.groups],
                "meters": [meter.id for meter in terms.meters],
                "switches": [switch.id for switch in terms.switches],
                "signals": [signal.id for signal in terms.signals],
                "windows": len(terms.schedule),
                "safe_state": terms.safe_state,
                "meter_silent": terms.meter_silent,
            }
        )
    return rows
