# SPDX-License-Identifier: Apache-2.0
"""Results for people: the page, the workbook, the terminal."""
