# SPDX-License-Identifier: Apache-2.0
"""Running a site: machines, what was read of them, what is wanted of them, and events."""
