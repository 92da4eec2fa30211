"""Small devfiles for tests."""

from textwrap import dedent

from chalicelib.devfile import DevfileRefused, Problem, read

HEAD = """\
schemaVersion: 2.2.2
metadata:
  name: sample
"""
MINIMAL = (
    HEAD
    + """\
components:
- name: dev
  container:
    image: debian:12
"""
)


def with_container(members: str) -> str:
    """The minimal devfile with more members of its container."""
    return MINIMAL + "".join(f"    {line}\n" for line in dedent(members).strip().splitlines())


def with_root(members: str) -> str:
    """The minimal devfile with more members at its root."""
    return MINIMAL + dedent(members).strip() + "\n"


def problems(text: str | bytes) -> tuple[Problem, ...]:
    """Why ``text`` is refused."""
    try:
        read(text)
    except DevfileRefused as refused:
        return refused.problems
    return ()


def codes(text: str | bytes) -> list[str]:
    """The codes of the problems of ``text``, in order."""
    return [problem.code for problem in problems(text)]


def found(text: str | bytes) -> list[tuple[str, str, int]]:
    """Code, path and line of the problems of ``text``."""
    return [(problem.code, problem.path, problem.line) for problem in problems(text)]
