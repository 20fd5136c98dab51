"""The application's own settings, with the other sides of the benchmarks beside its addresses."""

from erpbridge.settings import *  # noqa: F403
from erpbridge.settings import MIDDLEWARE as OURS

ROOT_URLCONF = "bench.urls"
_DOOR = OURS.index("connectors.webconnector.Door")
MIDDLEWARE = [*OURS[:_DOOR], "bench.against.SoapEcho", *OURS[_DOOR:]]
REQUESTS_A_MINUTE = 0
