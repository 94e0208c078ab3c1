# SPDX-License-Identifier: Apache-2.0
"""OpenADR 3: events of a server (VTN), asked for by this site (VEN).

Source: OpenADR 3.0.1 and 3.1 definition and API documents of the OpenADR Alliance: events with
intervals, payloads by type, OAuth 2 client credentials.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from math import isfinite
from typing import Any

import httpx

from loadstone.adapters.signals.moments import seconds_of, seconds_since_1970
from loadstone.model.errors import OutsideError
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.signal import SignalKind, SignalValue
from loadstone.model.operations.terms import OpenAdrSignal
from loadstone.model.ports import SignalFeed

PAGE = 50  # most events that a server gives at once
MOST_EVENTS = 5_000
MOST_BYTES = 8 << 20  # of one answer
DEADLINE_S = 10.0  # for one answer, whole
_POWER_MW = {"W": 1e-6, "KW": 1e-3, "MW": 1.0}
_PER_MWH = {"WH": 1e6, "KWH": 1e3, "MWH": 1.0}
_POWER = {
    "IMPORT_CAPACITY_LIMIT": SignalKind.LIMIT_MW,
    "DISPATCH_SETPOINT": SignalKind.LIMIT_MW,
    "DISPATCH_SETPOINT_RELATIVE": SignalKind.BY_MW,
}


class OpenAdr3Feed:
    """Asks the server at an interval and tells what its events ask of the site.

    PRICE is a price; IMPORT_CAPACITY_LIMIT and DISPATCH_SETPOINT are limits; a negative
    DISPATCH_SETPOINT_RELATIVE is a reduction; SIMPLE levels 1 to 3 are a stop. Other payloads
    say nothing to a site. An event that is gone from the server ends now, and so does what
    one asked before it was modified. When nothing holds,
    each answer of the server still tells that the site may run, so that its silence is heard.
    """

    def __init__(
        self,
        terms: OpenAdrSignal,
        credential: Credential | None,
        *,
        now_s: Callable[[], float],
        utc_s: Callable[[], float],
    ) -> None:
        self._terms, self._credential = terms, credential
        self._now_s, self._utc_s = now_s, utc_s
        self._token = ""
        self._told: dict[str, SignalValue] = {}

    async def values(self) -> AsyncIterator[SignalValue]:
        """Tell what holds or will hold, at each poll; raise `OutsideError` on failure."""
        async with httpx.AsyncClient(timeout=DEADLINE_S, trust_env=False) as client:
            while True:
                values, unread = self._values(await self._events(client))
                utc_s = self._utc_s()
                now = {one.reference: one for one in values}
                for reference in self._told.keys() - now.keys():
                    old = self._told[reference]
                    if any(reference.startswith((f"{one}/", f"{one}@")) for one in unread):
                        now[reference] = old  # it is there, and what it asks now is not known
                    elif not old.over(utc_s):
                        yield old.ended(utc_s, heard_s=self._now_s())
                self._told = now
                for value in values:
                    yield value
                if unread:
                    raise self._error("; ".join(unread.values()))
                if not any(one.starts_s <= utc_s for one in values):
                    yield self._heard(SignalKind.RUN, 1.0, utc_s, None, "")
                await asyncio.sleep(self._terms.poll_s)

    async def _events(self, client: httpx.AsyncClient) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        known: set[str] = set()
        while True:
            asked: dict[str, Any] = {"skip": len(found), "limit": PAGE}
            if self._terms.program:
                asked["programID"] = self._terms.program
            page = await self._get(client, asked)
            # a server that knows no pages gives the same events again
            fresh = [event for event in page if _name(event) not in known]
            found += fresh
            known.update(map(_name, fresh))
            if len(page) < PAGE or not fresh:
                return found
            if len(found) > MOST_EVENTS:
                raise self._error(f"more than {MOST_EVENTS} events")

    async def _get(self, client: httpx.AsyncClient, asked: dict[str, Any]) -> list[Any]:
        url = f"{self._terms.url.rstrip('/')}/events"
        try:
            answer = await self._ask(
                client, "GET", url, params=asked, headers=await self._headers(client)
            )
            if answer.status_code == httpx.codes.UNAUTHORIZED and self._token:
                self._token = ""  # it has expired: one new one, once
                answer = await self._ask(
                    client, "GET", url, params=asked, headers=await self._headers(client)
                )
            answer.raise_for_status()
            page = answer.json()
        except TimeoutError as error:
            raise self._error(f"no whole answer within {DEADLINE_S:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            raise self._error(str(error)) from error
        if not isinstance(page, list):
            raise self._error("events are no list")
        return page

    async def _ask(
        self, client: httpx.AsyncClient, method: str, url: str, **sent: Any
    ) -> httpx.Response:
        """Return an answer that came whole within the deadline."""
        body = bytearray()
        async with asyncio.timeout(DEADLINE_S), client.stream(method, url, **sent) as answer:
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > MOST_BYTES:
                    raise self._error(f"more than {MOST_BYTES} bytes")
        return httpx.Response(answer.status_code, content=bytes(body), request=answer.request)

    def _error(self, message: str) -> OutsideError:
        return OutsideError(f"OpenADR server {self._terms.url}: {message}")

    async def _headers(self, client: httpx.AsyncClient) -> dict[str, str]:
        terms, known = self._terms, self._credential
        if not terms.token_url or known is None:
            return {}
        if not self._token:
            form = {
                "grant_type": "client_credentials",
                "client_id": known.user,
                "client_secret": known.password,
            }
            answer = await self._ask(client, "POST", terms.token_url, data=form)
            answer.raise_for_status()
            said = answer.json()
            token = said.get("access_token") if isinstance(said, dict) else None
            if not token or not isinstance(token, str):
                raise OutsideError(f"OpenADR server {terms.token_url}: gave no token")
            self._token = token
        return {"Authorization": f"Bearer {self._token}"}

    def _values(self, events: list[Any]) -> tuple[list[SignalValue], dict[str, str]]:
        """Return what the events ask from now on, and what is wrong with those not read."""
        utc_s = self._utc_s()
        found: list[SignalValue] = []
        unread: dict[str, str] = {}
        for event in events:
            try:
                values = list(self._of_event(event))
            except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
                name = _name(event)
                unread[name] = f"event {name} cannot be read: {error!r}"
                continue
            found += [one for one in values if not one.over(utc_s)]
        return found, unread

    def _of_event(self, event: dict[str, Any]) -> Iterator[SignalValue]:
        name, modified = f"{event['id']}", event.get("modificationDateTime")
        if modified and modified != event.get("createdDateTime"):
            name = f"{name}@{modified}"  # else it would be the same event again
        units = {one["payloadType"]: one for one in event.get("payloadDescriptors") or ()}
        period = event.get("intervalPeriod") or {}
        following_s: float | None = None
        for number, interval in enumerate(event["intervals"]):
            own = interval.get("intervalPeriod") or {}
            if own.get("start") or following_s is None:
                starts_s = seconds_since_1970(own.get("start") or period["start"])
                starts_s += self._spread_s(event, own or period)
            else:
                starts_s = following_s
            length = own.get("duration") or period.get("duration")
            seconds = seconds_of(length) if length else None
            ends_s = following_s = None if seconds is None else starts_s + seconds
            for payload in interval["payloads"]:
                read = _read(payload, units.get(payload["type"], {}))
                if read is not None:
                    reference = f"{name}/{interval.get('id', number)}/{payload['type']}"
                    yield self._heard(*read, starts_s, ends_s, reference)
            if following_s is None:
                return

    def _spread_s(self, event: dict[str, Any], period: dict[str, Any]) -> float:
        """Return the delay of the start that a server asks for, s: sites do not move as one.

        It follows from the names of site and event, so that it is the same at every poll.
        """
        spread = seconds_of(period["randomizeStart"]) if period.get("randomizeStart") else 0.0
        share = zlib.crc32(f"{self._terms.ven}/{event['id']}".encode()) / 2**32
        return share * (spread or 0.0)

    def _heard(
        self, kind: SignalKind, value: float, starts_s: float, ends_s: float | None, name: str
    ) -> SignalValue:
        return SignalValue(
            signal=self._terms.id,
            kind=kind,
            value=value,
            heard_s=self._now_s(),
            starts_s=starts_s,
            ends_s=ends_s,
            reference=name,
        )


def _name(event: Any) -> str:
    return str(event.get("id", "?")) if isinstance(event, dict) else "?"


def _read(
    payload: dict[str, Any], descriptor: dict[str, Any]
) -> tuple[SignalKind, float] | None:
    """Return what a payload asks; None for one that asks nothing of a site.

    Raises:
        ValueError: Its value or its unit cannot be read.
    """
    kind, unit = payload["type"], str(descriptor.get("units") or "").upper()
    if kind not in {"PRICE", "SIMPLE", *_POWER}:
        return None
    value = float(payload["values"][0])
    if not isfinite(value):
        raise ValueError(f"{kind} is {value}")
    if kind == "SIMPLE":
        return SignalKind.RUN, float(value <= 0)
    units = _PER_MWH if kind == "PRICE" else _POWER_MW
    unit = unit or ("KWH" if kind == "PRICE" else "KW")
    if unit not in units:
        raise ValueError(f"{kind} in {unit}, must be one of {', '.join(units)}")
    value *= units[unit]
    if kind == "PRICE":
        return SignalKind.PRICE, value
    if _POWER[kind] is SignalKind.BY_MW:
        value = -value
    return _POWER[kind], max(0.0, value)


_: type[SignalFeed] = OpenAdr3Feed
