"""Which addresses may be called: public unicast ones only, in whatever form they are written.

Embedded IPv4 is unwrapped where it is in use (mapped RFC 4291 §2.5.5.2, the well-known prefix of NAT64 RFC 6052 §2.1),
and refused where it is not, whatever is embedded: compatible §2.5.5.1, 6to4 RFC 3056, Teredo RFC 4380, local NAT64
RFC 8215, whose IPv4 may stand anywhere in it. Python 3.11's `is_global` is wrong on several of them.
"""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SPECIAL4 = tuple(
    map(
        ipaddress.IPv4Network,
        ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
         "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
         "224.0.0.0/4", "240.0.0.0/4"),
    )
)  # fmt: skip
_GLOBAL6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20", "2002::/16")))


def is_public(address: Address) -> bool:
    """Whether a stranger's URL may lead there."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL4)
    if address.scope_id is not None:  # a zone: only what is not global has one (RFC 4007 §6)
        return False
    inner = embedded_ipv4(address)
    if inner is not None:
        return is_public(inner)
    return address in _GLOBAL6 and not any(address in network for network in _SPECIAL6)


def embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for, if any."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped
