import pytest

from chalicelib.domain.variables.limits import check
from chalicelib.domain.variables.variable import Variable, VariableKind

ENVIRONMENT, FILE = VariableKind.ENVIRONMENT, VariableKind.FILE
KIB = 1024


def codes(*variables: Variable) -> list[str]:
    return [problem.code for problem in check(variables)]


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "É", "A" * 256, "A\n"])
def test_a_name_that_no_shell_takes_is_refused(name: str) -> None:
    """A name that is no C identifier of at most 255 characters is a problem at its place."""
    (problem,) = check([Variable(name, ENVIRONMENT, "x")])
    assert (problem.code, problem.pointer) == ("variable-name", "#/variables/0/name")


@pytest.mark.parametrize("name", ["BERTH_X", "PROJECTS_ROOT", "PROJECT_SOURCE"])
def test_what_berth_promises_cannot_be_overridden(name: str) -> None:
    """Names that Berth fills in itself are refused."""
    assert codes(Variable(name, FILE, "x")) == ["variable-name-reserved"]


def test_the_limits_are_inclusive() -> None:
    """As much as is allowed is accepted, one byte or one variable more is refused."""
    assert codes(Variable("A", ENVIRONMENT, "x" * 32 * KIB)) == []
    assert codes(Variable("A", ENVIRONMENT, "x" * (32 * KIB + 1))) == ["variable-too-large"]
    assert codes(Variable("A", FILE, "é" * 64 * KIB)) == []
    assert codes(Variable("A", FILE, "é" * 64 * KIB + "x")) == ["variable-too-large"]
    hundred = [Variable(f"A{n}", ENVIRONMENT, "") for n in range(101)]
    assert codes(*hundred[:100]) == []
    assert codes(*hundred) == ["too-many-variables"]
    files = [Variable(f"F{n}", FILE, "x" * 128 * KIB) for n in range(4)]
    assert codes(*files) == []
    assert codes(*files, Variable("E", ENVIRONMENT, "x")) == ["variables-too-large"]


def test_every_problem_is_named_at_once_and_no_value_is_quoted() -> None:
    """Three faults are three problems, and a value stands in none of them."""
    secret = "hunter2\0"
    problems = check(
        [Variable("A", ENVIRONMENT, secret), Variable("A", FILE, "x"), Variable("9", FILE, "x")]
    )
    assert {problem.code for problem in problems} == {
        "variable-repeated",
        "variable-value",
        "variable-name",
    }
    assert not any("hunter2" in problem.message for problem in problems)
