# SPDX-License-Identifier: Apache-2.0
"""Folders: the network folder a user writes, and the run that a plan leaves."""

from loadstone.adapters.files.certificate import read_certificate, write_certificate
from loadstone.adapters.files.dispatch_table import read_dispatch, write_dispatch
from loadstone.adapters.files.network_folder import read_network
from loadstone.adapters.files.operate_file import OPERATE, operation_schema, read_operation
from loadstone.adapters.files.run_folder import (
    check_free,
    decision_schema,
    input_hashes,
    plan_schema,
    read_decision,
    read_json,
    read_plan,
    seeds,
    write_json,
    write_run,
)
from loadstone.adapters.files.schema import network_schema
from loadstone.adapters.files.starter import STARTERS, copy_starter
from loadstone.adapters.files.uncertainty_file import (
    read_uncertainty,
    uncertainty_schema,
    write_uncertainty,
)
from loadstone.adapters.files.value_file import (
    read_valuation,
    valuation_schema,
    write_valuation,
)

__all__ = [
    "OPERATE",
    "STARTERS",
    "check_free",
    "copy_starter",
    "decision_schema",
    "input_hashes",
    "network_schema",
    "operation_schema",
    "plan_schema",
    "read_certificate",
    "read_decision",
    "read_dispatch",
    "read_json",
    "read_network",
    "read_operation",
    "read_plan",
    "read_uncertainty",
    "read_valuation",
    "seeds",
    "uncertainty_schema",
    "valuation_schema",
    "write_certificate",
    "write_dispatch",
    "write_json",
    "write_run",
    "write_uncertainty",
    "write_valuation",
]
