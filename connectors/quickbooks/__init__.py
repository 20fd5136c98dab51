"""QuickBooks Desktop: purchase orders by qbXML, through the Web Connector."""

from connectors.contract import Connector
from connectors.quickbooks.connector import QuickBooks
from connectors.quickbooks.transactions import OWNER_ID

connector: Connector = QuickBooks()

__all__ = ["OWNER_ID", "QuickBooks", "connector"]
