"""A stand-in for QuickBooks Desktop and its Web Connector. It is not QuickBooks.

`CompanyFile` keeps the books and answers qbXML; `WebConnector` polls a server over SOAP and puts
what it is given to the company file. ``python -m sandbox.quickbooks`` runs both as a process.
"""

from sandbox.quickbooks.company_file import CompanyFile
from sandbox.quickbooks.statuses import NotParsed
from sandbox.quickbooks.views import LineView, OrderView

__all__ = ["CompanyFile", "LineView", "NotParsed", "OrderView"]
