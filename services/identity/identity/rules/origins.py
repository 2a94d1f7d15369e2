"""Where a request comes from: a network to count by, and less of it to keep."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Self

LONGEST_CLIENT = 120
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Origin:
    """counted_as: the address, of IPv6 the /64 that one customer has. network: /24 or /48 of it."""

    counted_as: str
    network: str
    client: str

    @classmethod
    def of(cls, address: str | None, user_agent: str) -> Self:
        """Origin of a request, from the address it came from and what its client calls itself."""
        client = "".join(each for each in user_agent[:LONGEST_CLIENT] if each.isprintable())
        try:
            found = ip_address(address or "")
        except ValueError:
            return cls(UNKNOWN, UNKNOWN, client)
        if isinstance(found, IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        bare, _, _ = str(found).partition("%")
        counted, kept = (64, 48) if found.version == 6 else (32, 24)
        return cls(
            str(ip_network(f"{bare}/{counted}", strict=False)),
            str(ip_network(f"{bare}/{kept}", strict=False)),
            client,
        )
