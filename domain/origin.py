"""Where a request came from: what tries are counted by, and what sessions and the audit log show of it."""

import ipaddress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """`address` is the client's, as far as proxies are trusted; all are None for what no request caused."""

    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None

    @property
    def client(self) -> str:
        """As it is counted."""
        return client_network(self.address)


NOWHERE = Origin()


def client_network(address: str | None) -> str:
    """The client as it is counted: an IPv4 address, or the /64 of an IPv6 one, all of which a single host may use."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Address(int(found) >> 64 << 64))
