"""Public prices, and what is assumed where this machine cannot measure what AWS would.

Dollars in us-east-1, on demand, beyond every free tier; docs/reference/cost.md says whose page each is from.
"""

from dataclasses import dataclass

from berth_local.aws.usage import Usage

HOURS_OF_A_MONTH = 730
MEMORY_GB = 1.0
"""Of a function (``.chalice/config.json``)."""
SLOWER = 1.73
"""How many times as long a function of that memory computes: a whole processor comes with 1,769 MB."""
CALL_MS = 10.0
"""Milliseconds of a call of DynamoDB, KMS or Amazon SQS from Lambda: DynamoDB's documentation says
"single-digit"."""
LOG_BYTES_OF_LAMBDA = 320
"""Of the lines START, END and REPORT that Lambda writes for an invocation."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What one of each costs."""

    request: float = 3.50e-6
    """API Gateway, REST."""
    invocation: float = 0.20e-6
    gigabyte_second: float = 16.6667e-6
    read: float = 0.125e-6
    """DynamoDB, up to 4 KB, strongly consistent."""
    write: float = 0.625e-6
    """DynamoDB, up to 1 KB."""
    key_use: float = 3.0e-6
    """KMS."""
    question: float = 0.40e-6
    """Amazon SQS, standard queue."""
    gigabyte_out: float = 0.09
    gigabyte_logged: float = 0.50
    """CloudWatch Logs."""
    gigabyte_stored: float = 0.45
    """DynamoDB, a month, with recovery to a point in time."""
    key: float = 1.00
    """KMS, a month."""
    alarm: float = 0.10
    metric: float = 0.30
    dashboard: float = 3.00
    vcpu_hour: float = 0.04048
    """Fargate on Linux and x86: hardware by the piece."""
    gigabyte_hour: float = 0.004445
    """Fargate: memory."""


PRICES = Prices()


def billed(usage: Usage) -> dict[str, float]:
    """Return dollars by what is paid for."""
    computed = usage.handled * SLOWER + usage.calls * CALL_MS
    logged = usage.logged + usage.invocations * LOG_BYTES_OF_LAMBDA
    return {
        "API Gateway": usage.requests * PRICES.request,
        "Lambda": usage.invocations * PRICES.invocation
        + computed / 1000 * MEMORY_GB * PRICES.gigabyte_second,
        "DynamoDB": usage.reads * PRICES.read + usage.writes * PRICES.write,
        "KMS": usage.keys * PRICES.key_use,
        "Amazon SQS": usage.queues * PRICES.question,
        "logs": logged / 1e9 * PRICES.gigabyte_logged,
        "data out": usage.answered / 1e9 * PRICES.gigabyte_out,
    }


@dataclass(frozen=True, slots=True)
class Hardware:
    """What is always on."""

    vcpus: float
    gigabytes: float

    def __add__(self, other: "Hardware") -> "Hardware":
        return Hardware(self.vcpus + other.vcpus, self.gigabytes + other.gigabytes)

    def __mul__(self, times: float) -> "Hardware":
        return Hardware(self.vcpus * times, self.gigabytes * times)

    @property
    def dollars(self) -> float:
        """A month, by the indicative price of a piece."""
        hourly = self.vcpus * PRICES.vcpu_hour + self.gigabytes * PRICES.gigabyte_hour
        return hourly * HOURS_OF_A_MONTH
