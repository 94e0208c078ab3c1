# SPDX-License-Identifier: Apache-2.0
"""The signals of a site, opened from their terms."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from loadstone.adapters.signals.file_signal import FileFeed
from loadstone.adapters.signals.mqtt_signal import MqttFeed
from loadstone.adapters.signals.openadr2 import OpenAdr2Feed
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.terms import FileSignal, MqttSignal, SignalTerms
from loadstone.model.ports import SignalFeed


def open_feeds(
    signals: Iterable[SignalTerms],
    *,
    folder: Path,
    credentials: Mapping[str, Credential],
    now_s: Callable[[], float],
    utc_s: Callable[[], float],
) -> Mapping[str, SignalFeed]:
    """Return a feed for each signal, by id. Nothing is dialled before its values are asked for.

    Args:
        signals: Signals of operate.toml.
        folder: The network folder, from which paths of files are counted.
        credentials: What servers ask for, by the id of the signal or the name in its terms.
        now_s: Seconds of the agent, which never go back.
        utc_s: Seconds since 1970, UTC.
    """

    def feed(terms: SignalTerms) -> SignalFeed:
        if isinstance(terms, FileSignal):
            return FileFeed(terms, folder, now_s=now_s, utc_s=utc_s)
        known = credentials.get(terms.id)
        if isinstance(terms, MqttSignal):
            return MqttFeed(terms, known, now_s=now_s, utc_s=utc_s)
        known = credentials.get(terms.client, known)
        if terms.kind == "openadr3":
            # HTTP loads here, so that sites without such a server do without it
            from loadstone.adapters.signals.openadr3 import OpenAdr3Feed  # noqa: PLC0415

            return OpenAdr3Feed(terms, known, now_s=now_s, utc_s=utc_s)
        return OpenAdr2Feed(terms, now_s=now_s, utc_s=utc_s)

    return {terms.id: feed(terms) for terms in signals}
