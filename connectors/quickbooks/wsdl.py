"""Our description of the Web Connector's eight operations, answered on GET.

Generated from the table of operations, so that it says what the endpoint does.
"""

from __future__ import annotations

from connectors.quickbooks.qbxml import escape
from connectors.quickbooks.soap import NAMESPACE, OPERATIONS

_NUMBERS = ("qbXMLMajorVers", "qbXMLMinorVers")
_RESULTS = {"authenticate": "tns:ArrayOfString", "receiveResponseXML": "s:int"}


def text(address: str) -> str:
    """The WSDL of the endpoint at `address` (its full URL)."""
    elements = "".join(_elements(name, names) for name, names in OPERATIONS.items())
    messages = "".join(_messages(name) for name in OPERATIONS)
    operations = "".join(_operation(name) for name in OPERATIONS)
    bindings = "".join(_binding(name) for name in OPERATIONS)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"'
        ' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
        ' xmlns:s="http://www.w3.org/2001/XMLSchema"'
        f' xmlns:tns="{NAMESPACE}" targetNamespace="{NAMESPACE}">\n'
        f'<wsdl:types><s:schema elementFormDefault="qualified" targetNamespace="{NAMESPACE}">\n'
        '<s:complexType name="ArrayOfString"><s:sequence>'
        '<s:element name="string" type="s:string" nillable="true" minOccurs="0"'
        ' maxOccurs="unbounded"/></s:sequence></s:complexType>\n'
        f"{elements}</s:schema></wsdl:types>\n{messages}"
        f'<wsdl:portType name="WebConnectorSoap">{operations}</wsdl:portType>\n'
        '<wsdl:binding name="WebConnectorSoap" type="tns:WebConnectorSoap">'
        '<soap:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/>'
        f"{bindings}</wsdl:binding>\n"
        '<wsdl:service name="WebConnector">'
        '<wsdl:port name="WebConnectorSoap" binding="tns:WebConnectorSoap">'
        f'<soap:address location="{escape(address)}"/></wsdl:port></wsdl:service>\n'
        "</wsdl:definitions>\n"
    )


def _elements(name: str, names: tuple[str, ...]) -> str:
    fields = "".join(
        f'<s:element name="{one}" type="s:int"/>'
        if one in _NUMBERS
        else f'<s:element name="{one}" type="s:string" minOccurs="0"/>'
        for one in names
    )
    kind = _RESULTS.get(name, "s:string")
    least = "1" if kind == "s:int" else "0"
    return (
        f'<s:element name="{name}"><s:complexType><s:sequence>{fields}</s:sequence>'
        "</s:complexType></s:element>\n"
        f'<s:element name="{name}Response"><s:complexType><s:sequence>'
        f'<s:element name="{name}Result" type="{kind}" minOccurs="{least}"/>'
        "</s:sequence></s:complexType></s:element>\n"
    )


def _messages(name: str) -> str:
    return (
        f'<wsdl:message name="{name}In"><wsdl:part name="parameters" element="tns:{name}"/>'
        f'</wsdl:message><wsdl:message name="{name}Out"><wsdl:part name="parameters"'
        f' element="tns:{name}Response"/></wsdl:message>\n'
    )


def _operation(name: str) -> str:
    return (
        f'<wsdl:operation name="{name}"><wsdl:input message="tns:{name}In"/>'
        f'<wsdl:output message="tns:{name}Out"/></wsdl:operation>\n'
    )


def _binding(name: str) -> str:
    return (
        f'<wsdl:operation name="{name}">'
        f'<soap:operation soapAction="{NAMESPACE}{name}" style="document"/>'
        '<wsdl:input><soap:body use="literal"/></wsdl:input>'
        '<wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>\n'
    )
