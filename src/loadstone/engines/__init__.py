# SPDX-License-Identifier: Apache-2.0
"""Pure computation: values in, values out. No clock, no files, no hidden randomness."""
