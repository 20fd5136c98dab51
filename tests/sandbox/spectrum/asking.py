"""An application that asks the stand-in for Spectrum, written down by hand for these tests."""

from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from sandbox.spectrum import SpectrumCompany
from sandbox.spectrum.layouts import SERVICES

AUTHORIZATION = "LIVE-0001"
GUID = "7c9a1d2e-0000-4000-8000-000000000001"
TYPES = "http://www.northgate-is.com/proiv/webservices/types"


def envelope(
    service: str, /, *, guid: str = GUID, who: str = AUTHORIZATION, **values: str
) -> bytes:
    """The request with every element of the layout, blank where nothing is given."""
    given = {"Authorization_ID": who, "GUID": guid, **values}
    unknown = set(given) - {field.name for field in SERVICES[service].fields}
    assert not unknown, unknown
    elements = "".join(
        f"<{field.name}>{escape(given.get(field.name, ''))}</{field.name}>"
        for field in SERVICES[service].fields
    )
    return (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<n:{service} xmlns:n="{TYPES}">{elements}</n:{service}>'
        "</soap:Body></soap:Envelope>"
    ).encode()


@dataclass
class Application:
    """Asks one company, in this process."""

    company: SpectrumCompany

    def send(self, service: str, content: bytes, **headers: str) -> tuple[int, bytes]:
        """Status and content of the answer."""
        status, _, answer = self.company.answer(
            "POST",
            f"/ws/{service}",
            {
                "Content-Type": "text/xml; charset=utf-8",
                "SOAPAction": f"https://spectrum:8482/ws/{service}",
                **headers,
            },
            content,
        )
        return status, answer

    def ask(self, service: str, /, **values: str) -> ElementTree.Element:
        """The answer as XML."""
        status, answer = self.send(service, envelope(service, **values))
        assert status == 200, answer
        return ElementTree.fromstring(answer)

    def write(self, service: str, /, **values: str) -> list[tuple[str, str]]:
        """What a write was told: (code, column) of each response; nothing when it was done."""
        return [
            (said.findtext("error_code", ""), said.findtext("column", ""))
            for said in self.ask(service, **values).iter("response")
        ]

    def rows(self, service: str, /, **values: str) -> list[dict[str, str]]:
        """The rows of a read."""
        return [
            {column.tag: column.text or "" for column in row}
            for row in self.ask(service, **values).iter("response")
        ]

    # --- what most tests begin with ---

    def subcontract(self, number: str = "SC-001", **values: str) -> None:
        """A subcontract of Mooring Electric with 1,000 of labor and 2,500.50 of material."""
        header = {"Job_Number": "H101", "GL_Account": "5000100", **values}
        assert self.write("UpdateSubcontract", **self.owner(number), **header) == []
        for cost_type, amount in (("L", "1000.00"), ("M", "2500.50")):
            assert (
                self.write("UpdateSubcontractPhases", **self.line(number, cost_type, amount)) == []
            )

    def owner(self, number: str) -> dict[str, str]:
        return {"Vendor_Code": "MOOR", "Subcontract_Number": number}

    def line(self, number: str, cost_type: str, amount: str) -> dict[str, str]:
        return {
            **self.owner(number),
            "Phase_Code": "26050",
            "Cost_Type": cost_type,
            "Original_Contract_Amount": amount,
        }

    def change(self, number: str, cost_type: str, amount: str, **values: str) -> dict[str, str]:
        """A line of change order `number` of SC-001."""
        return {
            "Job_Number": "H101",
            "Customer_Code": "PORT",
            "Change_Request_Number": number,
            "CR_Status": "PE",
            "CR_Phase_Code": "26050",
            "CR_Cost_Type": cost_type,
            "Change_Request_Hours": "0",
            "Change_Request_Amount": amount,
            "Subcontractor_Code": "MOOR",
            "Subcontract_Number": "SC-001",
            "Sub_Amount": amount,
            "Sub_Status": "E",
            "Sub_Change_Order_Number": number,
            "Sub_Description": "More sockets",
            **values,
        }
