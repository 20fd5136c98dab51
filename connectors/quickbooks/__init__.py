"""QuickBooks Desktop through its Web Connector: purchase orders, estimates, lists, job costs."""

from connectors.contract import Connector
from connectors.quickbooks.connector import QuickBooks
from connectors.quickbooks.transactions import OWNER_ID

connector: Connector = QuickBooks()

__all__ = ["OWNER_ID", "QuickBooks", "connector"]
