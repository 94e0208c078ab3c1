# SPDX-License-Identifier: Apache-2.0
"""What the machines of a site are told next: pure functions of what is known and wanted."""
