"""A stand-in for QuickBooks Desktop and its Web Connector. It is not QuickBooks.

`CompanyFile` keeps the books and answers qbXML; `WebConnector` polls a server over SOAP and puts
what it is given to the company file. ``python -m sandbox.quickbooks`` runs both as a process.
"""

from sandbox.quickbooks.company_file import CompanyFile
from sandbox.quickbooks.faults import Faults
from sandbox.quickbooks.qwc import BadQwc, Qwc
from sandbox.quickbooks.statuses import NotParsed
from sandbox.quickbooks.views import LineView, OrderView
from sandbox.quickbooks.web_connector import SessionResult, Step, WebConnector

__all__ = [
    "BadQwc",
    "CompanyFile",
    "Faults",
    "LineView",
    "NotParsed",
    "OrderView",
    "Qwc",
    "SessionResult",
    "Step",
    "WebConnector",
]
