# SPDX-License-Identifier: Apache-2.0
"""What things are: frozen values, errors and ports. Imports nothing of ours."""
