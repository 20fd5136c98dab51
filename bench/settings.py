"""The application's own settings, with the other sides of the benchmarks beside its addresses."""

from erpbridge.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
