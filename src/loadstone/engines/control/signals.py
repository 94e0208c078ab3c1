# SPDX-License-Identifier: Apache-2.0
"""What signals ask for now: prices by their strike, set-points, and what silence means."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from loadstone.engines.control.obligation import PRICE
from loadstone.model.operations.control import Alarm, Cause, Order
from loadstone.model.operations.signal import SignalKind, SignalValue
from loadstone.model.operations.terms import FileSignal, SignalTerms, Strike

RESUME_SHARE = 0.95  # of the strike: below this machines come back, unless said otherwise
RUNS_FROM = 0.5  # of a run signal: from this on the site may run


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What signals ask for now.

    Attributes:
        orders: Limits that they set.
        alarms: Signals that are silent, and what is done about it.
        baselines: Power before a reduction was asked for, MW, by signal; to be handed in again.
    """

    orders: tuple[Order, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    baselines: Mapping[str, float] = field(default_factory=dict)


def signal_orders(
    signals: Sequence[SignalTerms],
    heard: Mapping[str, Sequence[SignalValue]],
    silent_s: Mapping[str, float],
    *,
    now_s: float,
    meter_mw: float | None,
    baselines: Mapping[str, float],
    unheard: Collection[str] = (),
) -> Asked:
    """Return what signals ask for now.

    What a signal stopped in a former life of the agent stays stopped until it is heard, or its
    silence means something else.

    Args:
        signals: Terms of the signals.
        heard: What was heard of each, by id, in the order of `starts_s`, future values too.
        silent_s: For how long each was not heard, s; one never heard, since the agent began.
        now_s: The time, in the seconds in which values start and end.
        meter_mw: Power at the meter now, MW; None unknown.
        baselines: `Asked.baselines` of the last time.
        unheard: Signals that were not heard since the agent began.
    """
    orders: list[Order] = []
    alarms: list[Alarm] = []
    kept: dict[str, float] = {}
    for terms in signals:
        values = _begun(heard.get(terms.id, ()), now_s)
        if _silent(terms, values, silent_s.get(terms.id, inf), now_s):
            alarms.append(_silence_alarm(terms))
            if terms.silence.then == "curtail":
                orders.append(_curtailed(terms))
            if terms.silence.then != "hold":
                if terms.id in baselines:  # asked again, it is the same reduction
                    kept[terms.id] = baselines[terms.id]
                continue
        elif values and values[-1].over(now_s) and values[-1].kind is not SignalKind.PRICE:
            continue
        if terms.id in unheard:
            orders += _as_before(terms)
        if values:
            baseline_mw = baselines.get(terms.id, meter_mw)
            order = _order(terms, values, baseline_mw)
            if values[-1].kind is SignalKind.BY_MW and values[-1].value > 0:
                kept |= {} if baseline_mw is None else {terms.id: baseline_mw}
            orders += [] if order is None else [order]
    return Asked(orders=tuple(orders), alarms=tuple(alarms), baselines=kept)


def price_order(signal: str, strike: Strike, prices: Sequence[float]) -> Order:
    """Return what the prices heard so far ask for.

    With a strike of its own a price stops all machines or none. Without one it stops those in
    which a MWh earns less than it costs. Which machines are stopped already is known by their
    owner, so between the two prices each stays as it is.

    Args:
        signal: Id of the signal.
        strike: When it stops and starts machines.
        prices: Prices that have held, the last one last, currency/MWh; at least one.
    """
    enough_to_stop = len(prices) >= strike.stop_after
    low = min(prices[-strike.stop_after :]) if enough_to_stop else -inf
    enough_to_resume = len(prices) >= strike.resume_after
    high = max(prices[-strike.resume_after :]) if enough_to_resume else inf
    below, keep, against = low, _worth_at(high), "what a MWh earns in them"
    if strike.stop_above is not None:
        back = strike.resume_below
        if back is None:
            back = strike.stop_above - (1 - RESUME_SHARE) * abs(strike.stop_above)
        below = inf if low > strike.stop_above else -inf
        keep = -inf if high < back else inf
        against = f"the strike of {strike.stop_above:g}"
    return Order(
        owner=f"{PRICE} {signal}",
        limit_mw=inf,
        cause=Cause.PRICE,
        below_value=below,
        keep_below=max(keep, below),
        reason=f"the price is {prices[-1]:g}/MWh; machines are held against {against}",
    )


def _worth_at(price: float) -> float:
    """Return the value of a MWh from which machines come back at a price."""
    return price / RESUME_SHARE if price > 0 else price


def _begun(heard: Sequence[SignalValue], now_s: float) -> list[SignalValue]:
    """Return values that have begun, last the one that holds: an earlier one may hold again."""
    values = [value for value in heard if value.starts_s <= now_s]
    holds = [value for value in values if not value.over(now_s)]
    again = holds[-1:] if values and values[-1].over(now_s) else []
    return [*values, *again]


def _order(
    terms: SignalTerms, values: Sequence[SignalValue], baseline_mw: float | None
) -> Order | None:
    last = values[-1]
    if last.kind is SignalKind.PRICE:
        return price_order(terms.id, terms.strike, [value.value for value in values])
    if last.kind is SignalKind.RUN:
        return None if last.value >= RUNS_FROM else _limit(terms, 0.0, "the site may not run")
    if last.kind is SignalKind.LIMIT_MW:
        return _limit(terms, max(last.value, 0.0), f"at most {last.value:g} MW is asked for")
    if last.value <= 0 or baseline_mw is None:
        return None
    reason = f"{last.value:g} MW less than {baseline_mw:.3f} MW is asked for"
    return _limit(terms, max(baseline_mw - last.value, 0.0), reason)


def _limit(terms: SignalTerms, limit_mw: float, reason: str) -> Order:
    return Order(owner=_owner(terms), limit_mw=limit_mw, reason=f"{terms.id}: {reason}")


def _as_before(terms: SignalTerms) -> list[Order]:
    reason = f"{terms.id} was not heard yet: what it stopped before stays so"
    owners = {f"{PRICE} {terms.id}": Cause.PRICE, _owner(terms): Cause.EVENT}
    return [
        Order(owner=owner, limit_mw=inf, cause=cause, keep_below=inf, reason=reason)
        for owner, cause in owners.items()
    ]


def _owner(terms: SignalTerms) -> str:
    return f"signal {terms.id}"


def _curtailed(terms: SignalTerms) -> Order:
    return _limit(terms, 0.0, "it is silent, which here means stop")


def _silent(
    terms: SignalTerms, values: Sequence[SignalValue], silent_s: float, now_s: float
) -> bool:
    """Return whether a signal is silent: a file when no value of it holds, others by time."""
    if isinstance(terms, FileSignal):
        if values and not values[-1].over(now_s):
            return False
        ended_s = values[-1].ends_s if values else None
        silent_s = silent_s if ended_s is None else now_s - ended_s
    return silent_s > terms.silence.after_s


def _silence_alarm(terms: SignalTerms) -> Alarm:
    done = {
        "hold": "what it last asked for stays",
        "curtail": "all machines are stopped",
        "release": "it limits nothing",
    }[terms.silence.then]
    return Alarm(
        kind="signal silent", subject=terms.id, text=f"signal {terms.id} is silent; {done}"
    )
