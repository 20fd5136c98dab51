"""What the caller gets instead of the real answer, for each fault."""

from __future__ import annotations

from sandbox.spectrum.entrance import NOT_SET_UP, TIMED_OUT
from sandbox.spectrum.faults import Fault
from sandbox.spectrum.finding import refused
from sandbox.spectrum.layouts import SERVICES
from sandbox.spectrum.replies import ABORT, INVALID, XML, Reply, Said, fault, plain, written

HUGE = 100 * 1024 * 1024
# Ten entities, each ten of the one before: what a careless parser blows up to.
_GROWING = "".join(
    f'<!ENTITY e{place} "{f"&e{place - 1};" * 10}">' if place else '<!ENTITY e0 "ha">'
    for place in range(10)
)


def reply(happens: Fault, service: str, real: Reply) -> Reply:
    """The answer under a fault; `real` is what would have been answered, where the call was carried
    out."""
    wait = str(round(happens.seconds))
    match happens.kind:
        case "error_500" | "error_500_applied":
            return plain(500, "Internal Server Error")
        case "soap_fault" | "soap_fault_applied":
            return fault("Error executing Web Service")
        case "refused":
            text = happens.text or "GL Account does not match GL Mask"
            return _refused(service, Said(INVALID, text, _last_column(service)))
        case "two_errors":
            return _refused(
                service,
                Said(INVALID, "Phase_Code is invalid, value does not match the mask", "Phase_Code"),
                Said(INVALID, "Cost_Type is invalid, value does not match the mask", "Cost_Type"),
            )
        case "unauthorized":
            return _refused(service, Said(ABORT, NOT_SET_UP, "Authorization_ID"))
        case "timed_out":
            return _refused(service, Said(ABORT, TIMED_OUT, "GUID"))
        case "too_many":
            return plain(429, "Too Many Requests", Retry_After=wait)
        case "unavailable":
            return plain(503, "Service Unavailable", Retry_After=wait)
        case "redirect":
            return plain(302, "Found", Location=happens.text or "http://127.0.0.1:1/")
        case "cut":
            status, headers, content = real
            return status, headers, content[: len(content) * 3 // 5]
        case "huge":
            status, headers, content = real
            return status, headers, content + b" " * (HUGE - len(content))
        case "dtd":
            bomb = f"<!DOCTYPE ha [{_GROWING}]><ha>&e9;</ha>"
            return 200, dict(XML), bomb.encode()
    raise AssertionError(happens.kind)


def _refused(service: str, *said: Said) -> Reply:
    if service not in SERVICES:
        return plain(401, said[0].text)
    if SERVICES[service].writes:
        return written(service, said)
    return refused(service, said)


def _last_column(service: str) -> str:
    key = SERVICES[service].key if service in SERVICES else ()
    return key[-1] if key else ""
