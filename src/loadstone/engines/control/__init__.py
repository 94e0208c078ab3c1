# SPDX-License-Identifier: Apache-2.0
"""What the machines of a site are told next: pure functions of what is known and wanted."""

from loadstone.engines.control.decide import decide as decide
from loadstone.engines.control.signals import Asked as Asked
from loadstone.engines.control.signals import price_order as price_order
from loadstone.engines.control.signals import signal_orders as signal_orders
