# SPDX-License-Identifier: Apache-2.0
"""What the product does, each told in a page."""
