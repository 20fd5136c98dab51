"""What a Web Connector is set up with, and what its server hands out."""

from tests.sandbox.orders import add, line
from tests.sandbox.qbxml import message_set

OWNER = "{57F3B9B6-86F1-4FCC-B1FF-966DE1813D20}"
FILE = "{0A1B2C3D-0000-4444-8888-123456789ABC}"
VENDORS = message_set('<VendorQueryRq requestID="vendors"/>')


def addition(number: str = "PO-1", set_id: str = "PX1") -> str:
    return message_set(add(line(), number=number), newMessageSetID=set_id)
