"""QuickBooks Desktop: purchase orders, estimates and job costs by qbXML, through its Web Connector."""

from connectors.contract import Connector
from connectors.quickbooks.connector import QuickBooks
from connectors.quickbooks.transactions import OWNER_ID

connector: Connector = QuickBooks()

__all__ = ["OWNER_ID", "QuickBooks", "connector"]
