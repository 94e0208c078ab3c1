# SPDX-License-Identifier: Apache-2.0
"""What a person asks of a site by hand, checked before it is written to the store."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from loadstone.model.errors import InputError
from loadstone.model.operations.event import MOST_S, Event, EventKind
from loadstone.model.operations.terms import SiteTerms

UNITS_S = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|min|m|h|d)")
OPERATOR = "operator"
LATE_S = 60.0  # a time that passed while the command was typed
AHEAD_S = 366 * 86_400.0  # further ahead it is a slip of the hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was typed.

    Attributes:
        to_mw: Most that the meter may show, MW; None when not asked.
        by_mw: Reduction, MW; None when not asked.
        stop: Whether everything is to stop.
        at: When the reduction must be there; "" for now.
        lasts: How long; "" until released.
        notice: Warning given to the site; "" for none.
    """

    to_mw: float | None = None
    by_mw: float | None = None
    stop: bool = False
    at: str = ""
    lasts: str = ""
    notice: str = ""


def event_of(asked: Asked, terms: SiteTerms, now: datetime, id_: str) -> Event:
    """Return the event that was asked for.

    Args:
        asked: What was typed.
        terms: The site's part of operate.toml, its limit resolved.
        now: The time, UTC.
        id_: Name of the event, never used before.

    Raises:
        InputError: It cannot be, or says nothing.
    """
    kind, power_mw = _what(asked, terms)
    now_s = now.timestamp()
    notice_s = seconds(asked.notice, "--notice") if asked.notice else 0.0
    starts_s = moment(asked.at, now) if asked.at else now_s + notice_s
    if starts_s - now_s > AHEAD_S:
        field, value = ("--at", asked.at) if asked.at else ("--notice", asked.notice)
        raise InputError(field, value, "must be at most a year ahead")
    if asked.at and starts_s - now_s < notice_s:
        rule = f"must leave {asked.notice} of notice before --at {asked.at}"
        raise InputError("--notice", asked.notice, rule)
    ends_s = None
    if asked.lasts:
        lasts_s = seconds(asked.lasts, "--for")
        if not 0 < lasts_s <= MOST_S:
            raise InputError("--for", asked.lasts, "must be above 0, a week at most")
        ends_s = starts_s + lasts_s
    return Event(
        id=id_,
        site=terms.site,
        kind=kind,
        mw=power_mw,
        source=OPERATOR,
        reference=id_,
        received_s=now_s,
        starts_s=starts_s,
        ends_s=ends_s,
        notice_s=notice_s,
        method=terms.method,
    )


def _what(asked: Asked, terms: SiteTerms) -> tuple[EventKind, float]:
    given = [asked.to_mw is not None, asked.by_mw is not None, asked.stop]
    if sum(given) != 1:
        rule = "must be one of --to-mw, --by-mw and --stop"
        raise InputError("what", "nothing" if not any(given) else "several", rule)
    if asked.stop:
        return EventKind.STOP, 0.0
    limit_mw = terms.limit_mw or 0.0
    if asked.to_mw is not None:
        if not 0 <= asked.to_mw < limit_mw:
            rule = f"must be at least 0 and below the site's limit, {limit_mw:g} MW"
            raise InputError("--to-mw", asked.to_mw, rule)
        return EventKind.TO_MW, asked.to_mw
    by_mw = asked.by_mw or 0.0
    if not 0 < by_mw <= limit_mw:
        rule = f"must be above 0 and at most the site's limit, {limit_mw:g} MW"
        raise InputError("--by-mw", by_mw, rule)
    return EventKind.BY_MW, by_mw


def moment(text: str, now: datetime) -> float:
    """Return a time in seconds since 1970, UTC.

    Args:
        text: ISO 8601 with its offset, or "+15min" from now.
        now: The time, UTC.

    Raises:
        InputError: It is neither, or has passed.
    """
    if text.startswith("+"):
        return now.timestamp() + seconds(text[1:].strip(), "--at")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        rule = "must be a time such as 2027-01-15T18:00Z, or +15min from now"
        raise InputError("--at", text, rule) from None
    if at.utcoffset() is None:
        whole = at.isoformat(timespec="minutes")
        rule = f"must have its offset from UTC, e.g. {whole}Z or {whole}+03:00"
        raise InputError("--at", text, rule)
    at_s = at.timestamp()
    if at_s < now.timestamp() - LATE_S:
        rule = f"must not have passed; it is {now.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
        raise InputError("--at", text, rule)
    return max(at_s, now.timestamp())


def seconds(text: str, field: str) -> float:
    """Return a length of time such as "90s", "15min", "2h" or "1d", s.

    Raises:
        InputError: It is none.
    """
    match = SPAN.fullmatch(text.strip())
    if match is None:
        raise InputError(field, text, "must be a length of time such as 90s, 15min, 2h or 1d")
    return float(match[1]) * UNITS_S[match[2]]
