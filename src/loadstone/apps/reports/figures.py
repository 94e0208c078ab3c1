# SPDX-License-Identifier: Apache-2.0
"""The figures of the report as JSON, ready to be put into the page."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from loadstone.apps.charts import (
    Figure,
    build_timeline,
    capacity_by_phase,
    map_figure,
    merit_order_figure,
    provenance_bars,
    year_heatmap,
)
from loadstone.apps.charts.standing import names_of
from loadstone.apps.charts.words import country_name, number
from loadstone.apps.reports.decision import decision_figures
from loadstone.apps.reports.sentences import running, standing_at_end
from loadstone.apps.reports.value import uncertain_figures, value_figures
from loadstone.model.decision import Decision
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteDispatch
from loadstone.model.uncertainty import Uncertainty
from loadstone.model.valuation import Valuation

_CROWD = 8  # sites


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Figures as JSON text.

    Attributes:
        single: Figures of the whole network, by name.
        by_site: Maps from site id to a figure or a text, by name.
    """

    single: Mapping[str, str]
    by_site: Mapping[str, str]


def crowded_countries(network: Network) -> list[str]:
    """Return the countries with so many sites that they get a map of their own."""
    counts = Counter(site.country for site in network.sites)
    return [code for code, n in sorted(counts.items()) if n >= _CROWD and len(counts) > 1]


def last_dispatch(plan: Plan, dispatch: Iterable[SiteDispatch]) -> list[SiteDispatch]:
    """Return the hours of each site's last phase, the largest site first."""
    last = {hours.site: hours for hours in sorted(dispatch, key=lambda hours: hours.phase)}
    powers = standing_at_end(plan)
    size = {site: power.size_mw for site, power in powers.items()}
    return sorted(last.values(), key=lambda hours: (-size.get(hours.site, 0.0), hours.site))


def site_choices(
    plan: Plan, dispatch: Iterable[SiteDispatch], network: Network
) -> dict[str, str]:
    """Return what each site is called in a list to choose from, by id, the largest first."""
    names, powers = names_of(network), standing_at_end(plan)
    countries = {site.id: country_name(site.country, network.facts) for site in network.sites}
    choices = {}
    for hours in last_dispatch(plan, dispatch):
        size = f" ({number(powers[hours.site].size_mw)} MW)" if hours.site in powers else ""
        name = names.get(hours.site, hours.site)
        choices[hours.site] = f"{name}, {countries.get(hours.site, '')}{size}"
    return choices


def _object(parts: Iterable[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in parts) + "}"


def embedded(
    plan: Plan,
    dispatch: Iterable[SiteDispatch],
    network: Network,
    *,
    decision: Decision | None = None,
    valuation: Valuation | None = None,
    uncertainty: Uncertainty | None = None,
) -> Embedded:
    """Return all figures of the report.

    Args:
        plan: The plan.
        dispatch: Its hours.
        network: Its network.
        decision: What stands beside the plan; None where nobody looked.
        valuation: What it is worth as cash; None where nobody has valued it.
        uncertainty: What is decided over futures; None where it was planned for one.
    """
    beside = dict(() if decision is None else decision_figures(plan, decision, network))
    beside |= {} if valuation is None else value_figures(valuation)
    beside |= {} if uncertainty is None else uncertain_figures(uncertainty)
    shown = last_dispatch(plan, dispatch)

    def by_site(draw: Callable[[Plan, Network, SiteDispatch], Figure]) -> str:
        return _object((hours.site, draw(plan, network, hours).to_json()) for hours in shown)

    crowded = crowded_countries(network)
    return Embedded(
        single={
            "map": map_figure(plan, network).to_json(),
            **{f"map-{code}": map_figure(plan, network, code).to_json() for code in crowded},
            "timeline": build_timeline(plan, network).to_json(),
            "capacity": capacity_by_phase(plan, network).to_json(),
            "provenance": provenance_bars(plan).to_json(),
            **{name: figure.to_json() for name, figure in beside.items()},
        },
        by_site={
            "merit": by_site(merit_order_figure),
            "year": by_site(year_heatmap),
            "names": json.dumps(site_choices(plan, shown, network)),
            "findings": json.dumps(
                {hours.site: running(plan, network, hours) for hours in shown}
            ),
        },
    )
