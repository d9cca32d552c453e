"""Nothing that others write makes krab connect to a machine that is not public."""

from __future__ import annotations

import ipaddress
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.errors import Refused
from feeds.guard import Guard, is_public

BAD_URLS = [
    "http://127.0.0.1/",
    "http://127.255.255.254/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://127.0.0.1./",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0/",
    "http://0.0.0.0/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://１２７.0.0.1/",
    "http://ⓛocalhost/",
    "http://%31%32%37.0.0.1/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://192.0.2.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:c0a8:101::1]/",
    "http://[2001:0:7f00:1::]/",
    "http://[2001:db8::1]/",
    "http://[fc00::1]/",
    "http://[fd12:3456::1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[::1/",
    "http://user@93.184.216.34/",
    "http://user:word@93.184.216.34/",
    "http://93.184.216.34@127.0.0.1/",
    "http://93.184.216.34\\@127.0.0.1/",
    "http://93.184.216.34#@127.0.0.1:80\\/",
    "http://93.184.216.34\t/",
    "http://93.184.216.34 .example/",
    "http://93.184.216.34:22/",
    "http://93.184.216.34:6379/",
    "http://93.184.216.34:99999/",
    "http://93.184.216.34:0/",
    "http://exa\r\nmple.org/",
    "http://a..b/",
    "http://-/",
    "http:///etc/passwd",
    "http://",
    "//93.184.216.34/",
    "file:///etc/passwd",
    "ftp://93.184.216.34/",
    "gopher://93.184.216.34/",
    "dict://93.184.216.34/",
    "jar:http://93.184.216.34!/",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "",
]


def dial(guard: Guard, url: str) -> tuple[str, ...]:
    target = guard.check(url)
    return guard.addresses(target.raw_host.decode(), target.port or 80)


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_url_that_leads_home_or_is_spelled_to_deceive_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        dial(Guard(), url)


@pytest.mark.parametrize("url", ["http://93.184.216.34/", "https://[2606:4700::1111]/", "http://8.8.8.8:8080/x?y#z"])
def test_a_public_address_is_dialled(url: str) -> None:
    assert dial(Guard(), url)


def test_a_name_is_judged_by_where_it_leads() -> None:
    guard = Guard(resolver=lambda host, port: ("10.0.0.7",))
    with pytest.raises(Refused, match=r"rebound\.example is at a private or reserved address"):
        dial(guard, "http://rebound.example/")


def test_of_several_addresses_only_the_public_ones_are_dialled() -> None:
    guard = Guard(resolver=lambda host, port: ("127.0.0.1", "8.8.8.8", "::1"))
    assert dial(guard, "http://mixed.example/") == ("8.8.8.8",)


def test_an_exception_by_address_covers_every_name_that_leads_there() -> None:
    guard = Guard(allow=("10.1.0.0/16",), resolver=lambda host, port: ("10.1.2.3",))
    assert dial(guard, "http://wiki.example/") == ("10.1.2.3",)


def test_an_exception_by_name_covers_that_name_alone() -> None:
    guard = Guard(allow=("wiki.example",), resolver=lambda host, port: ("10.1.2.3",))
    assert dial(guard, "http://WIKI.example/") == ("10.1.2.3",)
    with pytest.raises(Refused):
        dial(guard, "http://other.example/")


def test_an_excepted_host_may_use_any_port() -> None:
    assert dial(Guard(allow=("127.0.0.1",)), "http://127.0.0.1:40123/") == ("127.0.0.1",)


def test_an_exception_for_one_address_excepts_no_other() -> None:
    with pytest.raises(Refused):
        dial(Guard(allow=("127.0.0.1",)), "http://10.0.0.1/")


def test_a_public_address_inside_nat64_is_public() -> None:
    assert is_public("64:ff9b::8.8.8.8")


@given(st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="fc00::/7"))
def test_no_private_address_is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert not is_public(str(address))


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_as_public_in_ipv6_clothes_as_without(number: int) -> None:
    plain = ipaddress.IPv4Address(number)
    assert is_public(f"::ffff:{plain}") == is_public(f"64:ff9b::{plain}") == is_public(str(plain))


@given(st.text(max_size=40))
def test_any_text_is_either_a_web_url_or_refused(text: str) -> None:
    with suppress(Refused):
        assert Guard().check(text).scheme in ("http", "https")
