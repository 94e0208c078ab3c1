# SPDX-License-Identifier: Apache-2.0
"""Signals of the outside world: files, MQTT, OpenADR 3, OpenADR 2.0b."""

from loadstone.adapters.signals.opening import open_feeds

__all__ = ["open_feeds"]
