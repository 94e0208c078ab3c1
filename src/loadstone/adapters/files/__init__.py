# SPDX-License-Identifier: Apache-2.0
"""Folders: the network folder a user writes, and the run that a plan leaves.

Here is what reads a network folder. What reads and writes a run is imported from its module,
since Parquet loads with it.
"""

from loadstone.adapters.files.network_folder import read_network
from loadstone.adapters.files.operate_file import OPERATE, operation_schema, read_operation
from loadstone.adapters.files.schema import network_schema
from loadstone.adapters.files.starter import STARTERS, copy_starter

__all__ = [
    "OPERATE",
    "STARTERS",
    "copy_starter",
    "network_schema",
    "operation_schema",
    "read_network",
    "read_operation",
]
