# SPDX-License-Identifier: Apache-2.0
"""Folders: the network folder a user writes."""

from loadstone.adapters.files.network_folder import read_network
from loadstone.adapters.files.schema import network_schema

__all__ = ["network_schema", "read_network"]
