"""The commands of the application's processes, the same here and in docker-compose.yml."""

from pathlib import Path

APPLICATION = "erpbridge.wsgi:application"


def web(host: str, port: int) -> list[str]:
    options = ["--interface", "wsgi", "--host", host, "--port", str(port)]
    # One process whose threads wait for the database; more throughput is more containers.
    options += ["--workers", "1", "--blocking-threads", "4", "--backpressure", "64", "--no-ws"]
    return ["granian", *options, APPLICATION]


def worker() -> list[str]:
    # Threads: the work is waiting for PostgreSQL and for ERPs.
    options = ["--pool", "threads", "--concurrency", "4", "--loglevel", "info"]
    return ["celery", "-A", "erpbridge", "worker", *options, "--without-gossip", "--without-mingle"]


def beat() -> list[str]:
    return ["celery", "-A", "erpbridge", "beat", "--loglevel", "info"]


def quickbooks(files: Path) -> list[str]:
    """The stand-in for QuickBooks and its Web Connector, with its company file among the `files`
    that the demo left for it."""
    return ["sandbox.quickbooks", str(files)]


def spectrum(files: Path, port: int, info_link: int | None) -> list[str]:
    """The stand-in for Spectrum, with its company among the `files` that the demo left for it, and
    Info-Link beside it where that has a port."""
    beside = ["--info-link-port", str(info_link)] if info_link else []
    return ["sandbox.spectrum", "--state", str(files), "--port", str(port), *beside]
