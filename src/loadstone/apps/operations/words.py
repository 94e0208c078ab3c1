# SPDX-License-Identifier: Apache-2.0
"""How times, powers and money are written on the screens of operation."""

from datetime import UTC, datetime, timedelta

STEPS = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
DAY_S = 86_400.0


def span(seconds: float) -> str:
    """Return a length of time in its largest unit and the next, e.g. "2 h 5 min"."""
    left = max(0.0, seconds)
    for i, (length, unit) in enumerate(STEPS):
        if left >= length:
            whole = int(left // length)
            rest = left - whole * length
            smaller = STEPS[i + 1] if i + 1 < len(STEPS) else None
            small = int(rest // smaller[0]) if smaller else 0
            if smaller and small and whole < 10:
                return f"{whole} {unit} {small} {smaller[1]}"
            return f"{whole} {unit}"
    return "0 s"


def ago(then_s: float | None, now_s: float) -> str:
    """Return how long ago something was, "never" for None."""
    if then_s is None:
        return "never"
    if then_s > now_s + 1:
        return f"{span(then_s - now_s)} ahead"
    return f"{span(now_s - then_s)} ago"


def until(then_s: float | None, now_s: float) -> str:
    """Return in how long something is, or how long ago it was."""
    if then_s is None:
        return "until released"
    return f"in {span(then_s - now_s)}" if then_s > now_s else ago(then_s, now_s)


def clock(at_s: float | None, now_s: float) -> str:
    """Return a time, UTC, with its date where it is not of today or tomorrow's small hours."""
    if at_s is None:
        return ""
    at = datetime.fromtimestamp(at_s, UTC)
    near = abs(at_s - now_s) < DAY_S / 2
    return f"{at:%H:%M:%S}" if near else f"{at:%d %b %H:%M}"


def stamp(at_s: float) -> str:
    """Return a time whole, UTC."""
    return f"{datetime.fromtimestamp(at_s, UTC):%d %b %Y %H:%M:%S} UTC"


def iso(at_s: float | None) -> str | None:
    """Return a time for programs, ISO 8601; None for None."""
    if at_s is None:
        return None
    whole = datetime.fromtimestamp(0, UTC) + timedelta(seconds=at_s)
    return whole.isoformat(timespec="seconds").replace("+00:00", "Z")


def mw(value: float | None) -> str:
    """Return a power, "unknown" for None."""
    return "unknown" if value is None else f"{value:,.2f} MW"


def money(value: float, currency: str, per: str = "") -> str:
    """Return an amount with its currency, e.g. "1,200 USD/h"."""
    digits = 0 if abs(value) >= 100 else 2
    shown = f"{value:,.{digits}f}"
    shown = shown.removeprefix("-") if float(shown.replace(",", "")) == 0 else shown
    return f"{shown} {currency}{'/' if per else ''}{per}"


def counted(count: int, word: str) -> str:
    """Return a number of things, e.g. "1 machine", "20 machines"."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
