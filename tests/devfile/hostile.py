"""Devfiles made to cost time or memory, each just below or far above the limits."""

_HEAD = "schemaVersion: 2.3.0\n"


def _container(members: str) -> str:
    return f"{_HEAD}nonsense: 1\ncomponents: [{{name: a, container: {{image: b, {members}}}}}]"


def _lines(pattern: str, count: int) -> str:
    return "".join(pattern.replace("#", str(number)) for number in range(count))


def _bomb() -> str:
    steps = (f"a{n}: &a{n} [" + f"*a{n - 1}," * 9 + "]\n" for n in range(1, 40))
    return "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(steps)


def _composites() -> str:
    steps = (f"- {{id: c{n}, composite: {{commands: [c{n + 1}, c{n + 1}]}}}}\n" for n in range(700))
    return f"{_HEAD}commands:\n" + "".join(steps)


HOSTILE: dict[str, str | bytes] = {
    "ten megabytes": b"a: " + b"x" * 10_000_000,
    "a hundred megabytes": "- " * 50_000_000,
    "alias bomb": _bomb(),
    "anchors": _lines("k#: &a# 1\n", 4000),
    "aliases": "a: &a 1\nb: [" + "*a," * 4900 + "]",
    "flow depth": "[" * 65_000,
    "mapping depth": "{a: " * 16_000,
    "block depth": "- " * 32_000,
    "key depth": "? " * 32_000,
    "indented": "".join(" " * n + f"a{n}:\n" for n in range(300)),
    "keys": _lines("k#: \n", 2400),
    "equal keys": "a: 1\n" * 2400,
    "unknown members": _HEAD + _lines("component#: 1\n", 2400),
    "quoted": 'a: "' + "\\n" * 32_000 + '"',
    "folded": "a: >\n" + " b\n\n" * 16_000,
    "comments": "# \n" * 21_000,
    "directives": _lines("%TAG !#! tag:x,2000:#\n", 2000) + "---\na: 1",
    "documents": "---\n" * 16_000,
    "digits": "a: " + "9" * 60_000,
    "sexagesimal": "a: " + "1:" * 30_000 + "1",
    "decimals": "a: " + "1." + "1" * 60_000,
    "tokens": _container(f"args: ['{'{{a}}' * 7_000}']") + f"\nvariables: {{a: {'x' * 20_000}}}",
    "braces": _container(f"args: ['{'{{' * 30_000}']"),
    "spaces in braces": _container(f"args: ['{'{{ ' * 20_000}']"),
    "names": f"{_HEAD}components:\n" + _lines("- {name: A#}\n", 1600),
    "long name": f"{_HEAD}components:\n- name: " + "a-" * 30_000,
    "clone path": f"{_HEAD}projects: [{{name: p, clonePath: '{'a/' * 30_000}', git: {{}}}}]",
    "address": f"{_HEAD}projects: [{{name: p, git: {{remotes: {{o: 'https://{'a.' * 30_000}'}}}}}}]",
    "image": _container(f"args: [], sourceMapping: '{'a/' * 30_000} '"),
    "quantity": _container(f"memoryLimit: '{'1' * 60_000}'"),
    "composites": _composites(),
    "metadata service": f"{_HEAD}parent: {{uri: 'http://169.254.169.254/latest/meta-data'}}",
    "version": "schemaVersion: 2." + "0-" * 30_000,
    "own version": f"{_HEAD}metadata: {{version: '{'1.' * 30_000}'}}",
    "own version's suffix": f"{_HEAD}metadata: {{version: '1.1.1{'-a' * 30_000}!'}}",
}  # fmt: skip
