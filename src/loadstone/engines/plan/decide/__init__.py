# SPDX-License-Identifier: Apache-2.0
"""What stands beside a plan: counts of other plans, stresses, months, what must be true."""
