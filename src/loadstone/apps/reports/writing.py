# SPDX-License-Identifier: Apache-2.0
"""Write the report's files into a run."""

import tempfile
from pathlib import Path

from loadstone.apps.reports.html import lender_html, report_html
from loadstone.apps.reports.workbook import write_workbook
from loadstone.model.decision import Decision
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteDispatch
from loadstone.model.uncertainty import Uncertainty
from loadstone.model.valuation import Valuation

LENDER = "lender.html"


def write_report(
    plan: Plan,
    dispatch: tuple[SiteDispatch, ...],
    network: Network,
    out_dir: Path,
    *,
    verification: str | None = None,
    decision: Decision | None = None,
    valuation: Valuation | None = None,
    uncertainty: Uncertainty | None = None,
) -> list[Path]:
    """Write report.html and plan.xlsx, each whole or not at all, and return their paths.

    Where the valuation has debts, lender.html is written as well.

    Args:
        plan: The plan.
        dispatch: Its hours.
        network: The network it is a plan of.
        out_dir: An existing folder.
        verification: What `loadstone verify` found, as text; None where it has not run.
        decision: What stands beside the plan; None where nobody looked.
        valuation: What the plan is worth as cash; None where nobody has valued it.
        uncertainty: What is decided over futures; None where it was planned for one.
    """
    with tempfile.TemporaryDirectory(dir=out_dir, prefix=".report-") as made:
        paths = [Path(made) / "report.html", Path(made) / "plan.xlsx"]
        html = report_html(
            plan, dispatch, network, verification, decision=decision, valuation=valuation,
            uncertainty=uncertainty,
        )  # fmt: skip
        paths[0].write_text(html, encoding="utf-8", newline="\n")
        write_workbook(plan, network, paths[1], decision=decision, valuation=valuation)
        if valuation is not None and valuation.debts:
            paths.append(Path(made) / LENDER)
            lender = lender_html(valuation, network, verification)
            paths[-1].write_text(lender, encoding="utf-8", newline="\n")
        else:
            (out_dir / LENDER).unlink(missing_ok=True)
        return [path.replace(out_dir / path.name) for path in paths]
