# SPDX-License-Identifier: Apache-2.0
"""Running sites: which adapters are used, what is shown of a site, and how it is shown."""
