# SPDX-License-Identifier: Apache-2.0
"""Running a site: the agent that carries decisions out, and its watchdog."""
