# SPDX-License-Identifier: Apache-2.0
"""The history of readings: files of Parquet by site and day, queried with DuckDB."""

from loadstone.adapters.store.telemetry.history import History
from loadstone.adapters.store.telemetry.parquet import ParquetTelemetry, open_telemetry

__all__ = ["History", "ParquetTelemetry", "open_telemetry"]
