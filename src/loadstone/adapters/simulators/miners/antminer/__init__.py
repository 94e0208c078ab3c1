# SPDX-License-Identifier: Apache-2.0
"""Stock Antminer firmware: the command port, and pages behind HTTP digest."""
