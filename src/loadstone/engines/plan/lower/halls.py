# SPDX-License-Identifier: Apache-2.0
"""The halls of a site become columns and rows, and mining halls may become AI halls.

What is converted leaves the mining hall at the start of a phase, cohort by cohort, so that
nothing is converted twice or after its life; it comes back as AI hall in the first phase that
begins after the months out. The capital that is bound in between bears interest.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from loadstone.engines.plan.lower.assets import Assets, Leaving, Terms
from loadstone.engines.plan.lower.economy import annuity
from loadstone.engines.plan.lower.eligibility import may_build
from loadstone.engines.plan.lower.lowered_site import Built
from loadstone.model.hall import LIQUID_HALL, MINING_HALL, Conversion, ai_hall

MONTHS = 12
LIFE = {"mining": "life-mining-site", "ai": "life-ai-hall"}
LEAD = {"mining": "lead-mining-hall", "ai": "lead-ai-hall"}


@dataclass(slots=True)
class _Converted:
    """The columns of conversions: by the phase in which they begin, and by hall and phase."""

    begun: dict[int, list[int]] = field(default_factory=dict)
    stands: dict[tuple[str, int], Terms] = field(default_factory=dict)


def use_of(hall: str) -> str:
    """Return the use of a kind of hall: "mining" or "ai"."""
    return "mining" if hall == MINING_HALL else "ai"


def halls_of(assets: Assets) -> tuple[str, ...]:
    """Return the kinds of hall that a site can cool."""
    return (MINING_HALL, *(ai_hall(plant) for plant in assets.site.ai_cooling))


def largest(assets: Assets, use: str) -> float:
    """Return the most MW of halls of a use that may stand at a site."""
    limits, known = assets.site.limits, assets.network.facts
    most = limits.mining_mw if use == "mining" else limits.ai_mw
    models = known.miners if use == "mining" else known.servers
    here = sum(one.mw for one in assets.site.standing if one.model in models)
    stands = sum(one.mw for one in assets.site.halls if use_of(one.kind) == use)
    return max(assets.site.connection.most_mw if most is None else most, here, stands)


def add_halls(assets: Assets, wanted: Collection[str], in_use: dict[str, float]) -> None:
    """Add the halls of a site that stand or that something could be in.

    Args:
        assets: The site's assets.
        wanted: Kinds of hall that something could be in.
        in_use: Machines that stand today by kind of hall, MW.
    """
    converted = _Converted()
    kinds = [one for one in halls_of(assets) if one in wanted or _stands(assets, one, in_use)]
    targets = {ai_hall(plant) for plant in assets.site.ai_cooling} & set(wanted)
    plans = [one for one in assets.site.conversions if one.into in targets]
    for one in plans if MINING_HALL in kinds else ():
        _convert(assets, one, converted)
    for kind in kinds:
        if largest(assets, use_of(kind)) > 0:
            _add(assets, kind, in_use.get(kind, 0.0), converted)
    _leave_for_conversion(assets, converted)
    _share_limit(assets, [kind for kind in kinds if kind != MINING_HALL])


def _stands(assets: Assets, kind: str, in_use: dict[str, float]) -> bool:
    given = sum(one.mw for one in assets.site.halls if one.kind == kind)
    return given > 0 or in_use.get(kind, 0.0) > 0


def _standing(assets: Assets, kind: str, in_use: float) -> list[float]:
    """Return what stands of a kind of hall in each phase, MW."""
    economy, life = assets.economy, assets.economy.cost(LIFE[use_of(kind)])
    return [
        max(
            in_use,
            sum(
                one.mw
                for one in assets.site.halls
                if one.kind == kind and economy.still_stands(life, one.built, p)
            ),
        )
        for p in range(len(assets.phases))
    ]


def _add(assets: Assets, kind: str, in_use: float, converted: _Converted) -> None:
    """Add a kind of hall."""
    economy, use, count = assets.economy, use_of(kind), len(assets.phases)
    taxation = assets.mining_tax if use == "mining" else assets.ai_tax
    lead = economy.cost(LEAD[use]) if economy.study.decided else 0.0

    def leaving(_built: int | None, phase: int) -> Leaving | None:
        return Leaving(price=0.0) if phase in converted.begun else None

    leaves = kind == MINING_HALL and bool(converted.begun)
    assets.add(
        kind,
        "MW",
        largest=largest(assets, use),
        price=[economy.cost(_price(assets, kind))] * count,
        life=economy.cost(LIFE[use]),
        relief=[taxation.shield] * count,
        taxation=taxation,
        standing=_standing(assets, kind, in_use),
        from_phase=assets.phase_from(lead) if economy.study.decided else 0,
        leaving=leaving if leaves else None,
        further=[converted.stands.get((kind, p), []) for p in range(count)],
    )


def _price(assets: Assets, kind: str) -> str:
    """Return the id of what a MW of a kind of hall costs."""
    if kind == MINING_HALL:
        hydro = assets.site.mining_cooling != "mining-air"
        return "mining-site-hydro" if hydro else "mining-site-air"
    return "ai-hall-liquid" if kind == LIQUID_HALL else "ai-hall-air"


def _convert(assets: Assets, one: Conversion, converted: _Converted) -> None:
    """Add what may be converted at the start of each phase, and what it costs."""
    economy, draft, out, phases = assets.economy, assets.draft, assets.out, assets.phases
    asset, life = f"conversion:{one.into}", economy.cost(LIFE["ai"])
    kind = "liquid" if one.into == LIQUID_HALL else "air"
    price, months = one.cost_per_mw, one.months_out
    price = economy.cost(f"conversion-ai-{kind}") if price is None else price
    months = economy.cost("conversion-months") if months is None else months
    columns: Terms = []
    for p, phase in enumerate(phases):
        back = phase_at(assets, phase.at + months / MONTHS)
        if back == len(phases) or not may_build(out, asset, p):
            continue
        stands = economy.stands(life, back)
        interest = (1 + economy.rate) ** (phases[back].at - phase.at)
        paid = annuity(economy.rate, life) * sum(economy.weights[q] for q in stands)
        column = draft.column(
            out.label("build", p, asset),
            cost=price * (1 - assets.ai_tax.shield) * float(interest) * paid,
            upper=one.max_mw,
        )
        out.builds[asset, p] = Built(column, price, stands)
        columns.append((column, 1.0))
        converted.begun.setdefault(p, []).append(column)
        for q in stands:
            converted.stands.setdefault((one.into, q), []).append((column, 1.0))
    if len(columns) > 1:
        text = f"mining hall that may be converted at {assets.site.name}"
        label = out.label("convertible", asset=asset, text=text)
        draft.row(label, columns, upper=one.max_mw)


def phase_at(assets: Assets, at: float) -> int:
    """Return the first phase that begins no earlier than a time, in calendar years."""
    late = [p for p, phase in enumerate(assets.phases) if phase.at >= at - 1e-9]
    return late[0] if late else len(assets.phases)


def _leave_for_conversion(assets: Assets, converted: _Converted) -> None:
    """Let what leaves the mining hall be what is converted."""
    out = assets.out
    for p, columns in converted.begun.items():
        gone = [
            (one.column, -1.0)
            for (asset, q, _), one in out.left.items()
            if asset == MINING_HALL and q == p
        ]
        label = out.label("converted", p, MINING_HALL)
        assets.draft.row(label, [*((c, 1.0) for c in columns), *gone], lower=0.0, upper=0.0)


def _share_limit(assets: Assets, kinds: Sequence[str]) -> None:
    """Hold AI halls of all kinds together to the site's limit."""
    if len(kinds) <= 1:  # one kind is held by its own bound
        return
    for p in range(len(assets.phases)):
        found = [assets.out.amounts.get((kind, p)) for kind in kinds]
        terms = [(column, 1.0) for column in found if column is not None]
        text = f"AI halls at {assets.site.name}"
        label = assets.out.label("limit", p, kinds[0], text=text)
        assets.draft.row(label, terms, upper=largest(assets, "ai"))
