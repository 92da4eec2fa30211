"""The way out of the cluster: straight, or by the HTTP proxy that ``HTTPS_PROXY`` and ``NO_PROXY`` name."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3


class Egress:
    """Connections that trust one set of authorities; one is kept for each host."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._straight = urllib3.PoolManager(maxsize=1, ssl_context=trust, retries=False)
        proxy = getproxies().get("https")
        self._by_proxy = (
            urllib3.ProxyManager(proxy, maxsize=1, ssl_context=trust, retries=False)
            if proxy
            else self._straight
        )

    def to(self, address: str) -> urllib3.PoolManager:
        """Return the connections for an address. Plain http goes to this very machine, and straight."""
        parts = urlsplit(address)
        if parts.scheme != "https" or proxy_bypass(parts.netloc):
            return self._straight
        return self._by_proxy
