"""Whom we call, and whom never: addresses that people type."""

from __future__ import annotations

import pytest

from connectors.addresses import origin_of
from connectors.outside import Line

# What somebody could type to have us call ourselves, our neighbours or nobody, and why it is
# refused: the first words of the sentence.
WRITTEN, INSIDE, NUMBERS, NAME = "is written like", "no public address", "plain numbers", "no name"
NASTY = {
    # without https
    "http://spectrum.example.com:8482": "begins with https",
    "ftp://spectrum.example.com": WRITTEN,
    "file:///etc/passwd": WRITTEN,
    "gopher://spectrum.example.com:6379/_FLUSHALL": WRITTEN,
    "//spectrum.example.com": WRITTEN,
    "spectrum.example.com:8482": WRITTEN,
    "javascript:alert(1)": WRITTEN,
    "": WRITTEN,
    # this machine, by its names and numbers
    "https://localhost:8482": INSIDE,
    "https://LOCALHOST:8482": INSIDE,
    "https://db.localhost": INSIDE,
    "https://127.0.0.1:5432": INSIDE,
    "https://127.255.255.254": INSIDE,
    "https://0.0.0.0:8482": INSIDE,
    "https://[::1]:8482": INSIDE,
    "https://[0:0:0:0:0:0:0:1]": INSIDE,
    "https://[::]": INSIDE,
    # the same written as only some programs read it
    "https://2130706433/": NUMBERS,
    "https://0x7f000001": NUMBERS,
    "https://0x7f.0.0.1": NUMBERS,
    "https://0177.0.0.1": NUMBERS,
    "https://127.1": NUMBERS,
    "https://127.0.1": NUMBERS,
    "https://127.0.0.01": NUMBERS,
    "https://256.0.0.1": NUMBERS,
    "https://1.2.3.4.5": NUMBERS,
    # IPv4 inside IPv6
    "https://[::ffff:127.0.0.1]": INSIDE,
    "https://[::ffff:7f00:1]": INSIDE,
    "https://[::ffff:10.0.0.5]": INSIDE,
    "https://[64:ff9b::10.0.0.5]": INSIDE,
    "https://[2002:7f00:1::]": INSIDE,
    "https://[2001:0:7f00:1::]": INSIDE,
    "https://[::127.0.0.1]": INSIDE,
    "https://[fe80::1%25eth0]": WRITTEN,
    "https://[::1": WRITTEN,
    "https://[12345::1]": "no IPv6 address",
    # the network around us
    "https://10.1.2.3:8482": INSIDE,
    "https://172.16.0.1": INSIDE,
    "https://192.168.0.10:8482": INSIDE,
    "https://100.64.0.1": INSIDE,
    "https://169.254.169.254": INSIDE,
    "https://[fd00:ec2::254]": INSIDE,
    "https://[fe80::1]": INSIDE,
    "https://224.0.0.1": INSIDE,
    "https://255.255.255.255": INSIDE,
    "https://192.0.2.7": INSIDE,
    "https://metadata.google.internal": INSIDE,
    "https://printer.local": INSIDE,
    "https://postgres:5432": INSIDE,
    # names with something in them
    "https://spectrum.example.com./": NAME,
    "https://.example.com": NAME,
    "https://spectrum..example.com": NAME,
    "https://-spectrum.example.com": NAME,
    "https://spectrum_erp.example.com": WRITTEN,
    f"https://{'a' * 64}.example.com": NAME,
    f"https://{'a.' * 140}com": NAME,
    f"https://{'a' * 300}.com": "more than 300",
    "https://user:secret@spectrum.example.com": WRITTEN,
    "https://spectrum.example.com@169.254.169.254": WRITTEN,
    "https://spectrum.example.com#@169.254.169.254": WRITTEN,
    "https://169.254.169.254\\@spectrum.example.com": WRITTEN,
    "https://spectrum.example.com%00.evil.example": WRITTEN,
    "https://spectrum.example.com\n.evil.example": WRITTEN,
    "https://spectrum.example.com\n": WRITTEN,
    "https://spectrum.example.com ": WRITTEN,
    " https://spectrum.example.com": WRITTEN,
    "https:/spectrum.example.com": WRITTEN,
    "https:\\\\spectrum.example.com": WRITTEN,
    # letters and numbers that only look like ours
    "https://ⓛocalhost": WRITTEN,
    "https://１２７.0.0.1": WRITTEN,
    "https://127。0。0。1": WRITTEN,
    "https://ſpectrum.example.com": WRITTEN,
    "https://spectrum.example.com:８４８２": WRITTEN,
    # more than an origin
    "https://spectrum.example.com/ws/": WRITTEN,
    "https://spectrum.example.com/?next=https://10.0.0.1": WRITTEN,
    "https://spectrum.example.com/..": WRITTEN,
    # ports
    "https://spectrum.example.com:": WRITTEN,
    "https://spectrum.example.com:0": WRITTEN,
    "https://spectrum.example.com:08482": WRITTEN,
    "https://spectrum.example.com:-1": WRITTEN,
    "https://spectrum.example.com:65536": "no port 65536",
    "https://spectrum.example.com:99999999": WRITTEN,
}


@pytest.mark.parametrize("url", NASTY, ids=repr)
def test_what_nobody_may_have_us_call(url: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as refused:
        origin_of(url)
    assert NASTY[url] in str(refused.value)
    with pytest.raises(ValueError, match=r"\.$"):
        Line(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://spectrum.example.com",
        "https://spectrum.example.com/",
        "https://Spectrum.Example.COM:8482",
        "HTTPS://xyz-data.viewpointforcloud.example:8482",
        "https://xn--bcher-kva.example",
        "https://8.8.8.8:8482",
        "https://[2606:4700::1111]:8482",
    ],
)
def test_where_an_erp_may_be(url: str) -> None:
    origin_of(url)


def test_the_operator_vouches_for_whole_origins_and_for_no_others(settings) -> None:
    settings.ALLOWED_ERP_ORIGINS = ["http://127.0.0.1:8482", "https://spectrum.acme.internal"]
    for allowed in ("http://127.0.0.1:8482", "http://127.0.0.1:8482/", "HTTP://127.0.0.1:8482"):
        origin_of(allowed)
    origin_of("https://spectrum.acme.internal:443")
    for other in (
        "http://127.0.0.1:8483",
        "https://127.0.0.1:8482",
        "http://127.0.0.2:8482",
        "http://spectrum.acme.internal",
        "http://127.1:8482",
    ):
        with pytest.raises(ValueError, match=r"\.$"):
            origin_of(other)


def test_what_the_operator_lists_for_one_company_stays_closed_to_all_others(settings) -> None:
    ours, shared = "http://10.0.0.7:8482", "https://spectrum.group.internal:8482"
    settings.ALLOWED_ERP_ORIGINS = [f"{ours}=12", f"{shared}=12,15", f"{shared}=20"]
    for url, companies in ((ours, [12]), (shared, [12, 15, 20])):
        for company in (12, 15, 20, 1, None):
            if company in companies:
                origin_of(url, company)
                continue
            with pytest.raises(ValueError, match=r"https|is no public address"):
                origin_of(url, company)


@pytest.mark.parametrize("entry", ["http://10.0.0.7:8482=", "http://10.0.0.7=acme", "10.0.0.7=1"])
def test_a_list_that_cannot_be_read_opens_nothing_and_tells_nothing(settings, entry) -> None:
    settings.ALLOWED_ERP_ORIGINS = [entry]
    with pytest.raises(ValueError, match="cannot be read") as refused:
        origin_of("https://spectrum.example.com:8482", 1)
    assert "acme" not in str(refused.value)
