# SPDX-License-Identifier: Apache-2.0
"""Signals of a site, as operate.toml has them, and what their silence means."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from loadstone.model.errors import InputError
from loadstone.model.operations.terms.rules import (
    above_zero,
    at_least_zero,
    filled,
    hosts,
    ports,
    refuse,
    topics,
    web_addresses,
)

Silence = Literal["hold", "curtail", "release"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SilencePolicy:
    """What the silence of a signal means.

    Attributes:
        after_s: Silent for longer than this, s.
        then: "hold" what was last asked, "curtail" the site as if told to stop, or "release".
    """

    after_s: float = 900.0
    then: Silence = "hold"

    def __post_init__(self) -> None:
        refuse(above_zero(self, "after_s"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """When a price stops and starts machines.

    Attributes:
        stop_above: Price above which they stop, currency/MWh; None takes for each machine what
            a MWh earns in it.
        resume_below: Price below which they start again; None for `stop_above` less 5 %.
        stop_after: Consecutive prices above before they stop.
        resume_after: Consecutive prices below before they start.
    """

    stop_above: float | None = None
    resume_below: float | None = None
    stop_after: int = 1
    resume_after: int = 2

    def __post_init__(self) -> None:
        refuse(above_zero(self, "stop_after", "resume_after"), self._wrong())

    def _wrong(self) -> Iterator[InputError]:
        if self.resume_below is None:
            return
        if self.stop_above is None:
            yield InputError("resume_below", self.resume_below, "needs stop_above")
        elif self.resume_below > self.stop_above:
            rule = f"must be at most stop_above = {self.stop_above}"
            yield InputError("resume_below", self.resume_below, rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSignal:
    """A signal in a CSV file: prices, limits or a schedule. It is read again when it changes.

    Attributes:
        kind: "file".
        id: Name, unique within the site.
        means: What its values mean.
        path: Path from the network folder: a CSV with columns "start" (ISO 8601 with offset)
            and "value"; optional "end".
        strike: For prices: when they stop machines.
        silence: What it means when no value holds now.
        penalty_per_mwh: What a MWh not delivered costs, for limits; 0 unknown.
    """

    kind: Literal["file"] = "file"
    id: str
    means: Literal["price", "limit_mw", "by_mw", "run"]
    path: str
    strike: Strike = Strike()
    silence: SilencePolicy = SilencePolicy()
    penalty_per_mwh: float = 0.0

    def __post_init__(self) -> None:
        refuse(filled(self, "id", "path"), at_least_zero(self, "penalty_per_mwh"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSignal:
    """A signal over MQTT: an object {"value": ..., "timestamp": ...} on a topic.

    Attributes:
        kind: "mqtt".
        id: Name, unique within the site.
        means: What its values mean.
        host: Broker.
        port: Its port.
        topic: Topic.
        value_field: Name of the value in the object; "target" of 0 or 100 reads as run.
        strike: For prices: when they stop machines.
        silence: What its silence means.
        penalty_per_mwh: What a MWh not delivered costs, for limits; 0 unknown.
    """

    kind: Literal["mqtt"] = "mqtt"
    id: str
    means: Literal["price", "limit_mw", "by_mw", "run"]
    host: str
    port: int = 1883
    topic: str
    value_field: str = "value"
    strike: Strike = Strike()
    silence: SilencePolicy = SilencePolicy()
    penalty_per_mwh: float = 0.0

    def __post_init__(self) -> None:
        refuse(
            filled(self, "id", "value_field"),
            hosts(self, "host"),
            ports(self, "port"),
            topics(self, "topic"),
            at_least_zero(self, "penalty_per_mwh"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAdrSignal:
    """Events of an OpenADR server (VTN).

    Attributes:
        kind: "openadr3", or "openadr2" for 2.0b, which needs the extra `openadr2`.
        id: Name, unique within the site.
        url: Address of the server.
        program: Programme whose events are followed; "" for all.
        ven: Name of this site at the server.
        token_url: Where a token is fetched (OAuth 2 client credentials); "" for none.
        client: Name of the credential in the store; "" for none.
        poll_s: Between two questions, s.
        strike: For prices: when they stop machines.
        silence: What it means when the server does not answer.
        penalty_per_mwh: What a MWh not delivered costs; 0 unknown.
    """

    kind: Literal["openadr3", "openadr2"]
    id: str
    url: str
    program: str = ""
    ven: str = ""
    token_url: str = ""
    client: str = ""
    poll_s: float = 30.0
    strike: Strike = Strike()
    silence: SilencePolicy = SilencePolicy()
    penalty_per_mwh: float = 0.0

    def __post_init__(self) -> None:
        refuse(
            filled(self, "id", "url"),
            web_addresses(self, "url", "token_url"),
            above_zero(self, "poll_s"),
            at_least_zero(self, "penalty_per_mwh"),
        )


SignalTerms = FileSignal | MqttSignal | OpenAdrSignal
