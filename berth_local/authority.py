"""A certificate authority for the names of one demo or one journey.

Its certificate is a file that clients are told to trust; no check of certificates is ever off.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate chain and its key, as PEM files."""

    chain: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """Return a context for a TLS server with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


def trust(authority: Path) -> ssl.SSLContext:
    """Return a client's context that trusts the authority beside the system's."""
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=str(authority))
    return context


class Authority:
    """Issues certificates into a folder of mode 0700; ``certificate`` is what to trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._authority = trustme.CA(organization_name="Berth", organization_unit_name="demo")
        self.certificate = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.certificate))

    def issue(self, name: str, *more: str) -> Certificate:
        """Return a certificate for the names (``*.zone`` is allowed) and addresses."""
        leaf = self._authority.issue_cert(name, *more)
        stem = name.replace("*", "any")
        issued = Certificate(self._folder / f"{stem}.pem", self._folder / f"{stem}.key")
        issued.key.touch(mode=0o600)
        leaf.private_key_pem.write_to_path(str(issued.key))
        issued.chain.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        return issued
