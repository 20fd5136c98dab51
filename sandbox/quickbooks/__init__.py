"""A stand-in for QuickBooks Desktop and its Web Connector. It is not QuickBooks.

`CompanyFile` keeps the books and answers qbXML; `WebConnector` polls a server over SOAP and puts
what it is given to the company file. ``python -m sandbox.quickbooks`` runs both as a process.

What it keeps to is what Intuit documents or what was recorded from QuickBooks. Where neither says
anything, it assumes, and a live QuickBooks may do otherwise:

* a line named twice in a Mod is refused as out of order (3290);
* when quantity, rate and amount disagree the amount wins and the rate follows from it;
* an order needs a vendor, a line with an amount needs an item (3150);
* a received line cannot be deleted, nor its quantity (or lump sum) lowered below what came (3170);
* an inactive entry is refused like one that is not there (3140);
* a subtotal shows the sum of the lines above it, from the subtotal before it on, without a quantity
  or rate, and does not count in the total;
* an entry that was merged into another one is gone like a deleted one, and what named it names that
  one without having been saved;
* the company's default mark-up acts on estimate lines that bring none;
* characters outside Windows-1252 become question marks, raw non-ASCII is not read at all;
* message sets are remembered until they are cleared, as ids and statuses without the records;
* the texts of statuses are its own: only the codes are QuickBooks';
* a report lists what was posted as the published schema says; no recording of one was found.

Bills are entered by hand only, so that jobs have costs. Not played: other reports, requests about
bills, receipts of goods as transactions, item groups, custom fields, several currencies, units of
measure, sites; such requests are refused by name.
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
