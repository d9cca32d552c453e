"""Where krab may connect to: public hosts, over the web's own ports, and nothing else.

Sources, redirects and links are other people's words, so each of them could name the machine krab runs on.

- A URL is judged as written (``check``): scheme, user info, port, and no host spelled to fool a reader.
- An address is judged where it is dialled (``addresses``): the one that was checked is the one that is
  connected to, so a name that changes its mind in between (DNS rebinding) gains nothing.
- Addresses that carry an IPv4 address inside are judged by it, as that is where they lead.
- The operator's exceptions are host names, addresses or networks. A name excepts that name alone; an
  address excepts whoever resolves to it.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx2

from feeds.errors import Refused, Unreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], tuple[str, ...]]

WEB_PORTS = (80, 443, 8000, 8080, 8443)
HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?", re.IGNORECASE)
UNSAFE = re.compile(r"[\s\\\x00-\x20\x7f]")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
TUNNELS = tuple(ipaddress.IPv6Network(n) for n in ("2001::/32", "2002::/16", "3fff::/20"))  # Teredo, 6to4, examples


def resolve(host: str, port: int) -> tuple[str, ...]:
    """The addresses of ``host``, as the system finds them."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} has no address ({error})") from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(text: str) -> bool:
    """Whether an address belongs to a host anyone may reach (not a zone, a tunnel or an example)."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    if inner := _inner(address):
        return is_public(str(inner))
    ordinary = address in GLOBAL_UNICAST and not any(address in network for network in TUNNELS)
    return ordinary and address.is_global and address.scope_id is None


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped:
        return address.ipv4_mapped
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None


@dataclass(frozen=True, slots=True)
class Guard:
    """The policy. ``allow`` holds the operator's exceptions."""

    allow: tuple[str, ...] = ()
    resolver: Resolver = field(default=resolve)

    def check(self, url: str) -> httpx2.URL:
        """``url`` parsed, or ``Refused`` when it is not one we would ever open."""
        if UNSAFE.search(url):
            raise Refused(f"not a URL we open: {url!r} has blanks or backslashes")
        try:
            parsed = httpx2.URL(url)
        except (httpx2.InvalidURL, ValueError) as error:
            raise Refused(f"not a URL we open: {url!r} ({error})") from error
        if fault := self._fault(parsed):
            raise Refused(f"not a URL we open: {url!r} ({fault})")
        return parsed

    def _fault(self, url: httpx2.URL) -> str:
        host = url.raw_host.decode("ascii")
        if url.scheme not in ("http", "https"):
            return "only http and https"
        if url.userinfo:
            return "it carries a user name"
        if not (_is_address(host) or (HOST.fullmatch(host) and not _looks_numeric(host))):
            return "its host is not a plain name or address"
        if url.port not in (None, *WEB_PORTS) and not any(self.excepts(host, a) for a in self._literal(host)):
            return f"port {url.port} is none of the web's"
        return ""

    def _literal(self, host: str) -> Iterator[str]:
        yield host
        if not _is_address(host) and host.rstrip(".") == "localhost":
            yield from ("127.0.0.1", "::1")

    def excepts(self, host: str, address: str) -> bool:
        """Whether the operator excepted this host, or the address it resolves to."""
        name = host.rstrip(".").lower()
        return (name in self.allow and not _is_address(name)) or any(_covers(entry, address) for entry in self.allow)

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of ``host`` that may be dialled. Raises ``Refused`` when it has none but others."""
        found = self.resolver(host.rstrip("."), port)
        good = tuple(a for a in found if is_public(a) or self.excepts(host, a))
        if not good:
            where = f"a private or reserved address ({', '.join(found[:3])})" if found else "no address"
            raise Refused(f"{host} is at {where}; list it under fetch.allow_private if that is meant")
        return good


def _is_address(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return getattr(address, "scope_id", None) is None


def _looks_numeric(host: str) -> bool:
    """Whether a resolver would read the name as an IPv4 address in an odd spelling (0x7f.1, 2130706433)."""
    return bool(re.fullmatch(r"0x[0-9a-f]*|[0-9]+", host.rstrip(".").rsplit(".", 1)[-1], re.IGNORECASE))


def _covers(entry: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(entry, strict=False)
    except (ValueError, TypeError):
        return False
