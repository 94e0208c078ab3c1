# SPDX-License-Identifier: Apache-2.0
"""What an agent remembers: the store of what was decided, and the history of readings.

The history is imported from `telemetry`, so that who needs only the store loads no Parquet.
"""

from loadstone.adapters.store.sql_store import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
