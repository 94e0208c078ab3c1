# SPDX-License-Identifier: Apache-2.0
"""What `import loadstone` offers of plans: plan, value, verify, report, frames and figures.

Results are frozen values; frames are made here, figures in charts.
"""

import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
from rich.console import RenderableType

from loadstone.adapters.files.dispatch_table import read_dispatch
from loadstone.adapters.files.run_folder import read_decision, read_plan
from loadstone.adapters.files.uncertainty_file import read_uncertainty
from loadstone.adapters.files.value_file import read_valuation
from loadstone.adapters.json_files import read_json, write_json
from loadstone.apps import charts
from loadstone.apps.reading import read_network
from loadstone.apps.reports import summary_text, write_report
from loadstone.apps.valued import Valued, value_folder
from loadstone.apps.wiring import planning_doors
from loadstone.engines.plan.exact import Progress
from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.verify import Verification
from loadstone.model.decision import Decision
from loadstone.model.errors import InputError, InputErrors, OutsideError
from loadstone.model.grid import TimeGrid
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteDispatch, Year
from loadstone.model.uncertainty import Uncertainty
from loadstone.model.valuation import Valuation
from loadstone.services.over_futures import Doubts
from loadstone.services.planning import (
    INPUTS,
    Method,
    Order,
    Place,
    plan_network,
    silent,
    verification_table,
    verify_run,
)
from loadstone.services.uncertain import plan_over_futures

MANIFEST, VERIFICATION = "manifest.json", "verification.json"
GAP = 1e-4
STAMP = "%Y-%m-%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Run:
    """A plan that was found, in its folder.

    Attributes:
        folder: The run's folder.
        plan: The plan.
        network: What it is a plan of, from the snapshot of its inputs.
        decision: What stands beside the plan; None where nobody looked.
        files: Files of the run.
        manifest: How it was made: inputs, versions, seeds, times, what counting it again found.
        uncertainty: What is decided over futures; None where it was planned for one.
    """

    folder: Path
    plan: Plan
    network: Network
    decision: Decision | None
    files: tuple[Path, ...]
    manifest: Mapping[str, Any]
    uncertainty: Uncertainty | None = None

    def __repr__(self) -> str:
        plan = self.plan
        return (
            f"<Run {self.folder}: {plan.network}, {plan.status.value}, "
            f"{plan.currency} {plan.objective / 1e6:,.2f} million, gap {plan.gap:.1e}>"
        )

    def builds(self) -> pd.DataFrame:
        """Return a row per site, phase and asset that is added."""
        return pd.DataFrame([asdict(build) for build in self.plan.builds])

    def sites(self) -> pd.DataFrame:
        """Return a row per site: its part of the value and when it opens."""
        return pd.DataFrame([asdict(site) for site in self.plan.sites])

    def years(self) -> pd.DataFrame:
        """Return a row per open site and phase: what stands, energy, revenue and cost."""
        rows = [asdict(year) for year in self.plan.site_years]
        return pd.json_normalize(rows)

    def limits(self) -> pd.DataFrame:
        """Return what limits the plan, dearest first."""
        return pd.DataFrame([asdict(marginal) for marginal in self.plan.marginals])

    def variants(self) -> pd.DataFrame:
        """Return a row per plan beside the plan; empty where nobody looked."""
        found = self.decision.variants if self.decision else ()
        return pd.DataFrame([asdict(replace(one, builds=())) for one in found])

    def stresses(self) -> pd.DataFrame:
        """Return the value of every plan in every stress; empty where nobody looked."""
        found = self.decision.stressed if self.decision else ()
        return pd.DataFrame({one.name: dict(one.values) for one in found})

    def months(self) -> pd.DataFrame:
        """Return a row per month of each site that leases halls."""
        found = self.decision.months if self.decision else ()
        return pd.DataFrame([asdict(one) for one in found])

    def dispatch(self, site: str, phase: Year) -> SiteDispatch:
        """Return a year of hours of one site.

        Args:
            site: Id of the site.
            phase: Year of the phase.

        Raises:
            InputError: The plan has no such hours.
        """
        found = read_dispatch(self.folder, site, phase)
        if not found:
            raise InputError(
                "site, phase", (site, phase), "must be of an open site of the plan"
            )
        return found[0]

    def hours(self, site: str, phase: Year) -> pd.DataFrame:
        """Return a row per hour of one site in one phase, indexed by its start in UTC.

        Args:
            site: Id of the site.
            phase: Year of the phase.
        """
        one = self.dispatch(site, phase)
        columns = asdict(one)
        named = {f"supply:{k}": v for k, v in columns.pop("supply_mw").items()}
        named |= columns.pop("machine_mw")
        held = {k: v for k, v in columns.items() if k not in {"site", "phase"}}
        index = pd.DatetimeIndex(TimeGrid.planning_year(int(phase)).utc(), tz="UTC", name="utc")
        return pd.DataFrame({**held, **named}, index=index)

    def summary(self) -> RenderableType:
        """Return the summary that a terminal shows."""
        return summary_text(self.plan, self.network, self.decision)

    def value(self, futures: int | None = None, *, seed: int = 0) -> Valued:
        """Find what the plan is worth as cash, and keep it in the run.

        Args:
            futures: Over how many futures; None for 10,000 where the network states any.
            seed: What they are drawn with.
        """
        return value(self.folder, futures, seed=seed)

    def map(self) -> charts.Figure:
        """Return the map of the plan."""
        return charts.map_figure(self.plan, self.network)

    def timeline(self) -> charts.Figure:
        """Return what runs where and when."""
        return charts.build_timeline(self.plan, self.network)

    def capacity(self) -> charts.Figure:
        """Return what stands in each phase."""
        return charts.capacity_by_phase(self.plan, self.network)

    def provenance(self) -> charts.Figure:
        """Return what the result rests on."""
        return charts.provenance_bars(self.plan)

    def merit_order(self, site: str, phase: Year) -> charts.Figure:
        """Return the merit order of one site over its price-duration curve."""
        hours = self.dispatch(site, phase)
        return charts.merit_order_figure(self.plan, self.network, hours)

    def year(self, site: str, phase: Year) -> charts.Figure:
        """Return a year of one site at a glance, by hour and day."""
        return charts.year_heatmap(self.plan, self.network, self.dispatch(site, phase))


def plan(
    folder: str | Path,
    out: str | Path | None = None,
    *,
    method: Method = "exact",
    gap: float = GAP,
    time_limit_s: float | None = None,
    beside: bool = True,
    on: Place = "threads",
    workers: int | None = None,
    futures: int | None = None,
    risk: float | None = None,
    tail: float | None = None,
    seed: int = 0,
    show: Callable[[Progress], None] | None = None,
    tell: Callable[[str], None] = silent,
) -> Run:
    """Find the best plan of a network folder, count it again and keep the run.

    Args:
        folder: The network folder.
        out: The run's folder; None for a new one in the network's runs/.
        method: "exact" or "lp".
        gap: Proven gap at which the search ends, as a share of the objective.
        time_limit_s: Seconds after which the best plan so far is taken; None for no limit.
        beside: Whether to look for what stands beside the plan: alternatives, stresses,
            sensitivities.
        on: Where blocks are valued: "threads", "processes" or "ray"; the plan is the same.
        workers: How many at once; None for one a processor.
        futures: Futures to plan over, which stand for many drawn as futures.toml says; None
            plans for the outlook.
        risk: What the worst of them count, 0 to 1; None takes what network.toml says.
        tail: Share of them that are the worst; None takes what network.toml says.
        seed: What they are drawn with.
        show: Told how far the search is.
        tell: Told what is done after it.

    Raises:
        InputErrors: All that is wrong with the network.
        InfeasibleError: No plan exists; it says which rules collide.
        OutsideError: The solver failed, or the run cannot be written.
    """
    doors = planning_doors(write_report)
    stamp = doors.clock.now().strftime(STAMP)
    target = Path(folder) / "runs" / stamp if out is None else Path(out)
    order = Order(
        method=method, gap=gap, time_limit_s=time_limit_s, beside=beside, on=on,
        workers=workers,
    )  # fmt: skip
    uncertainty = None
    if futures is None:
        for name, given in (("--risk", risk), ("--tail", tail)):
            if given is not None:
                raise InputError(name, given, "needs --futures")
        found = plan_network(Path(folder), target, doors, order=order, show=show, tell=tell)
    else:
        doubts = Doubts(futures=futures, risk=risk, tail=tail, seed=seed)
        over = plan_over_futures(
            Path(folder), target, doors, doubts, order=order, show=show, tell=tell
        )
        found, uncertainty = over.planned, over.uncertainty
    return Run(
        folder=found.run, plan=found.plan, network=found.network, decision=found.decision,
        files=found.files, manifest=found.manifest, uncertainty=uncertainty,
    )  # fmt: skip


def open_run(folder: str | Path) -> Run:
    """Return a run that was made earlier.

    Args:
        folder: The run's folder.

    Raises:
        InputErrors: It is no run, or its inputs are wrong.
    """
    run = Path(folder)
    found = read_plan(run)
    network = read_network(run / INPUTS)
    files = tuple(path for path in sorted(run.iterdir()) if path.is_file())
    return Run(
        folder=run,
        plan=found,
        network=network,
        decision=read_decision(run),
        files=files,
        manifest=read_json(run / MANIFEST),
        uncertainty=read_uncertainty(run),
    )


def verify(folder: str | Path, level: int = 0, seed: int = 0) -> Verification:
    """Prove the plan of a run again, and keep what was found in verification.json.

    Args:
        folder: The run's folder.
        level: 0 to 3.
        seed: Draws the site of level 1.

    Raises:
        InputErrors: It is no run, or its inputs are wrong.
        OutsideError: The solver failed.
    """
    run = Path(folder)
    found, _ = verify_run(run, planning_doors(write_report), level=level, seed=seed)
    write_json(run / VERIFICATION, verification_table(found))
    return found


def report(folder: str | Path) -> tuple[Path, ...]:
    """Write the report and the workbook of a run again and return the files.

    Args:
        folder: The run's folder.

    Raises:
        InputErrors: It is no run, or its inputs are wrong.
    """
    run = open_run(folder)
    hours = read_dispatch(run.folder)
    valuation = read_valuation(run.folder)
    return _report(run.folder, run.plan, hours, run.network, valuation)


def _report(
    run: Path,
    plan: Plan,
    dispatch: tuple[SiteDispatch, ...],
    network: Network,
    valuation: Valuation | None,
) -> tuple[Path, ...]:
    """Write the report of a run again, with what was verified and decided of it."""
    file = VERIFICATION if (run / VERIFICATION).is_file() else MANIFEST
    try:
        kept = read_json(run / file)
        verified = str(kept["text"] if file == VERIFICATION else kept["verification"]["text"])
    except (KeyError, TypeError) as error:
        rule = "must say what was verified; `loadstone verify` writes it again"
        raise InputErrors([InputError("RUN", str(run / file), rule)]) from error
    decision = read_decision(run)
    return tuple(
        write_report(
            plan,
            dispatch,
            network,
            run,
            verification=verified,
            decision=decision,
            valuation=valuation,
            uncertainty=read_uncertainty(run),
        )
    )


def value(
    folder: str | Path,
    futures: int | None = None,
    *,
    seed: int = 0,
    tell: Callable[[str], None] = silent,
) -> Valued:
    """Find what the plan of a run is worth as cash, keep it in value.json, report it.

    Args:
        folder: The run's folder.
        futures: Over how many futures; None for 10,000 where the network states any.
        seed: What they are drawn with.
        tell: Told what is done.

    Raises:
        InputErrors: It is no run, or its inputs are wrong.
        InputError: Futures are asked for and the network states none.
    """
    return value_folder(folder, futures, seed, _report, tell)


def export(folder: str | Path, out: str | Path) -> tuple[str, ...]:
    """Write the model of a run as a PyPSA network, and say what of it PyPSA cannot hold.

    Args:
        folder: The run's folder.
        out: The netCDF file to write.

    Raises:
        InputErrors: It is no run, or its inputs are wrong.
        OutsideError: PyPSA is not installed.
    """
    try:
        exporting = import_module("loadstone.engines.plan.export")
    except ModuleNotFoundError as error:
        raise OutsideError("PyPSA is not installed: pip install 'loadstone[pypsa]'") from error
    problem = lower(read_network(Path(folder) / INPUTS)).problem
    logging.getLogger("pypsa").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # PyPSA tells of its own next version, of which a user of Loadstone can change nothing
        warnings.simplefilter("ignore", FutureWarning)
        lacking: tuple[str, ...] = exporting.export_pypsa(problem, Path(out))
    return lacking
