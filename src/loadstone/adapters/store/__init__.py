# SPDX-License-Identifier: Apache-2.0
"""What an agent remembers: the store of what was decided, and the history of readings."""

from loadstone.adapters.store.sql_store import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
