"""An installation as the outputs of its data stack name it."""

import pytest

from infra.policies import Installation
from infra.stage import Choices

OUTPUTS = {
    "TableName": "berth-prod",
    "KeyAlias": "alias/berth-prod",
    "KeyArn": "arn:aws:kms:eu-central-1:123456789012:key/0b1f8c1e-4a55-4d77-9d3e-6a1c3f1f2b60",
}


@pytest.fixture
def installation() -> Installation:
    """The installation `prod`."""
    return Installation.of("prod", OUTPUTS)


@pytest.fixture
def choices() -> Choices:
    """What was decided about it."""
    return Choices(
        public_url="https://berth.example.org",
        oidc_issuer="https://gitlab.example.org",
        oidc_client_id="berth",
    )
