"""Certificates and kubeconfigs, read back with the library and with Python's own TLS."""

import base64
import json
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from berth_local.cluster import pki
from berth_local.cluster.layout import RunFolder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run folder with everything issued."""
    folder = RunFolder("x", tmp_path_factory.mktemp("runs"))
    folder.path.mkdir()
    pki.write_pki(folder)
    return folder


def certificate(folder: RunFolder, name: str) -> x509.Certificate:
    """Read one back."""
    return x509.load_pem_x509_certificate((folder.pki / f"{name}.crt").read_bytes())


@pytest.mark.parametrize("identity", pki.IDENTITIES, ids=lambda identity: identity.file)
def test_certificate_names_its_user_and_group(folder: RunFolder, identity: pki.Identity) -> None:
    """Kubernetes reads the user from the common name and the group from the organization; the authority has signed it."""
    issued = certificate(folder, identity.file)

    names = {attribute.oid: attribute.value for attribute in issued.subject}
    assert names.get(NameOID.COMMON_NAME) == identity.user
    assert names.get(NameOID.ORGANIZATION_NAME) == identity.group
    issued.verify_directly_issued_by(certificate(folder, "ca"))


def test_api_server_is_known_by_all_its_names(folder: RunFolder) -> None:
    """From outside, from the node and from pods."""
    alternatives = (
        certificate(folder, "apiserver")
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .value
    )

    assert "kubernetes.default.svc" in alternatives.get_values_for_type(x509.DNSName)
    addresses = [str(address) for address in alternatives.get_values_for_type(x509.IPAddress)]
    assert addresses == ["127.0.0.1", "10.0.0.1", "10.123.0.1"]


def test_kubeconfig_is_complete_in_itself(folder: RunFolder, tmp_path: Path) -> None:
    """It needs no file beside it, and its key fits its certificate."""
    path = pki.write_kubeconfig(folder, "host", "admin", "https://127.0.0.1:1234")

    document = json.loads(path.read_text())
    assert document["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1234"
    user = document["users"][0]["user"]
    for kind in ("certificate", "key"):
        (tmp_path / kind).write_bytes(base64.b64decode(user[f"client-{kind}-data"]))
    ssl.create_default_context().load_cert_chain(tmp_path / "certificate", tmp_path / "key")


def test_keys_are_for_root_alone(folder: RunFolder) -> None:
    """No key and no kubeconfig is readable by others."""
    private = [*folder.pki.glob("*.key"), *folder.path.glob("*.kubeconfig")]

    assert len(private) > 10
    assert {path.stat().st_mode & 0o077 for path in private} == {0}
