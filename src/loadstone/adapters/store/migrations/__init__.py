# SPDX-License-Identifier: Apache-2.0
"""Migrations of the store, run by Alembic when a store is opened."""
