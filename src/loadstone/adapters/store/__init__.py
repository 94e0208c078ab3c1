# SPDX-License-Identifier: Apache-2.0
"""What an agent remembers: the store of what was decided, and the history of readings."""

from loadstone.adapters.store.sql_store import SqlStore, open_store
from loadstone.adapters.store.telemetry import History, ParquetTelemetry, open_telemetry

__all__ = ["History", "ParquetTelemetry", "SqlStore", "open_store", "open_telemetry"]
