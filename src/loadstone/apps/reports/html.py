# SPDX-License-Identifier: Apache-2.0
"""The report: one HTML file that needs no network and nothing beside it."""

import json
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files

from loadstone.apps.charts import drawing_script
from loadstone.apps.reports.figures import Embedded, embedded
from loadstone.apps.reports.proof import proof_body, proof_figures
from loadstone.apps.reports.sections import Subject, sections
from loadstone.apps.reports.value import lender_body, lender_figures
from loadstone.model.decision import Decision
from loadstone.model.network import Network
from loadstone.model.operations.proof import Proof
from loadstone.model.plan import Plan, SiteDispatch
from loadstone.model.uncertainty import Uncertainty
from loadstone.model.valuation import Valuation

# The browser itself refuses whatever would leave this file.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)


@cache
def _part(name: str) -> str:
    return (files("loadstone.apps.reports") / name).read_text(encoding="utf-8")


def _data(id_: str, json_text: str) -> str:
    """Return JSON in a form that no text in it can end early."""
    safe = json_text.replace("<", "\\u003c").replace("\u2028", "\\u2028")
    return f'<script type="application/json" id="{id_}">{safe}</script>'


def _object(parts: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in parts.items()) + "}"


def _scripts(figures: Embedded) -> str:
    return "\n".join(
        (
            _data("figures", _object(figures.single)),
            _data("sites", _object(figures.by_site)),
            f"<script>{drawing_script()}</script>",
            f"<script>{_part('report.js')}</script>",
        )
    )


def _document(title: str, body: str, foot: str, figures: Embedded) -> str:
    """Return a page that holds all it shows."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title)}</title>
<style>
{_part("report.css")}</style>
</head>
<body>
<div class="page">
{body}
<footer>{foot}</footer>
</div>
{_scripts(figures)}
</body>
</html>
"""


def report_html(
    plan: Plan,
    dispatch: tuple[SiteDispatch, ...],
    network: Network,
    verification: str | None = None,
    *,
    decision: Decision | None = None,
    valuation: Valuation | None = None,
    uncertainty: Uncertainty | None = None,
) -> str:
    """Return the report of a plan as one self-contained page.

    Args:
        plan: The plan.
        dispatch: Its hours; the last phase of each site is drawn.
        network: The network it is a plan of.
        verification: What `loadstone verify` found, as text; None where it has not run.
        decision: What stands beside the plan; None where nobody looked.
        valuation: What the plan is worth as cash; None where nobody has valued it.
        uncertainty: What is decided over futures; None where it was planned for one.
    """
    figures = embedded(
        plan, dispatch, network, decision=decision, valuation=valuation,
        uncertainty=uncertainty,
    )  # fmt: skip
    subject = Subject(
        plan=plan, dispatch=dispatch, network=network, verification=verification,
        decision=decision, valuation=valuation, uncertainty=uncertainty,
    )  # fmt: skip
    foot = """Made by Loadstone. Everything shown is in this file: it fetches nothing. The same
tables, with live formulas, are in plan.xlsx beside it. Coastlines: Natural Earth."""
    return _document(f"{network.study.name}: plan", sections(subject), foot, figures)


def lender_html(valuation: Valuation, network: Network, verification: str | None = None) -> str:
    """Return the lender's page, self-contained, without what owners earn.

    Args:
        valuation: What a plan is worth as cash.
        network: The network, for the terms of the loans.
        verification: What `loadstone verify` found of the plan; None where it has not run.
    """
    drawn = lender_figures(valuation, network)
    figures = Embedded(
        single={name: figure.to_json() for name, figure in drawn.items()}, by_site={}
    )
    foot = "Made by Loadstone. Model output, no advice and no offer. It fetches nothing."
    body = lender_body(valuation, network, verification)
    return _document(f"{valuation.network}: for the lender", body, foot, figures)


def proof_html(proof: Proof) -> str:
    """Return the proof of an event as one self-contained page."""
    drawn = proof_figures(proof)
    figures = Embedded(
        single={name: figure.to_json() for name, figure in drawn.items()}, by_site={}
    )
    foot = "Made by Loadstone from the record alone. It fetches nothing."
    title = f"{proof.event.site}: event {proof.event.id}"
    return _document(title, proof_body(proof), foot, figures)
