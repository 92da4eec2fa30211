"""What turns a valid devfile into a nearly valid one, and a text into a hostile one."""

from copy import deepcopy
from random import Random
from typing import Any

_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 65536, 2**53, "", "x", "-", "a" * 64, "../..", "/", "/proc/x", "berth-x",
    "BERTH_X", "{{x}}", "{{ tag }}" * 50, "https://me:pw@host/x", "git@host:x", "ext::sh -c id", "\n", "\u202e",
    "a\u0000b", "1Gi\n", [], {}, [None], {"": None}, [[]], {"name": "x"}, "$(reboot)", "9" * 40, "1e400", "::",
    "A" * 2000,
)  # fmt: skip
_KEYS = (
    "name", "id", "uri", "kubernetes", "plugin", "custom", "dedicatedPod", "annotation", "attributes", "parent",
    "nonsense", "", "$patch",
)  # fmt: skip
_FRAGMENTS = (
    b"&a ", b"*a", b"!!python/object:os.system ", b"<<: ", b"---\n", b"...\n", b"%TAG ! x:\n", b"\x00", b"\xff\xfe",
    b"\xed\xa0\x80", b"? ", b"[" * 30, b"{" * 30, b"- " * 30, b"\t", b"\r", b"\xe2\x80\xa8", b": ", b"|\n",
    b">-\n", b'"', b"'", b"#", b"\\u0000", b"}}", b"{{a}}",
)  # fmt: skip


def damaged(tree: Any, chance: Random) -> Any:
    """The tree with one to three members changed, moved, doubled or removed."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        owners = list(_owners(tree))
        owner = chance.choice(owners)
        if isinstance(owner, dict):
            _damage_mapping(owner, chance)
        else:
            _damage_list(owner, chance)
    return tree


def _damage_mapping(owner: dict[str, Any], chance: Random) -> None:
    key = chance.choice([*owner, chance.choice(_KEYS)])
    match chance.randrange(4):
        case 0:
            owner.pop(key, None)
        case 1:
            owner[key] = deepcopy(chance.choice(_VALUES))
        case 2:
            owner[chance.choice(_KEYS)] = owner.get(key)
        case _:
            owner[key.upper()] = owner.pop(key, None)


def _damage_list(owner: list[Any], chance: Random) -> None:
    place = chance.randrange(len(owner)) if owner else 0
    match chance.randrange(4):
        case 0 if owner:
            owner.pop(place)
        case 1 if owner:
            owner.append(owner[place])
        case 2:
            owner.insert(place, deepcopy(chance.choice(_VALUES)))
        case _:
            owner.extend(owner[:1] * chance.choice((1, 20, 60)))


def _owners(node: Any, depth: int = 0) -> list[Any]:
    """Every mapping and list: where changes go."""
    found = []
    if isinstance(node, dict | list) and depth < 12:
        found.append(node)
        for inner in node.values() if isinstance(node, dict) else node:
            found += _owners(inner, depth + 1)
    return found


def torn(text: bytes, chance: Random) -> bytes:
    """The text with pieces cut, repeated, swapped or put in."""
    for _ in range(chance.choice((1, 2, 5, 20))):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((1, 3, 40, 1000)))
        match chance.randrange(5):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:start] + text[start:end] * chance.choice((2, 3, 50)) + text[end:]
            case 2:
                text = text[:start] + chance.choice(_FRAGMENTS) + text[start:]
            case 3:
                text = text[:start] + chance.randbytes(chance.choice((1, 4))) + text[end:]
            case _:
                text = text[end:] + text[:start]
        text = text[:70_000]
    return text


def monstrous(chance: Random) -> dict[str, Any]:
    """A well-formed devfile that is made to cost: wide, deep, or full of references."""
    size = chance.choice((50, 300, 1200))
    made = chance.choice(_MONSTERS)(size, chance)
    head = {"schemaVersion": chance.choice(("2.0.0", "2.2.2", "2.3.0"))}
    return head | {"components": [{"name": "dev", "container": {"image": "x"}}]} | made


def _tripled_calls(size: int, _: Random) -> dict[str, Any]:
    calls = [{"id": f"c{n}", "composite": {"commands": [f"c{n + 1}"] * 3}} for n in range(size)]
    return {"commands": calls, "events": {"postStart": ["c0"]}}


def _circles(size: int, _: Random) -> dict[str, Any]:
    return {
        "commands": [
            {"id": f"c{n}", "composite": {"commands": [f"c{n * 7 % size}", "c0"]}}
            for n in range(size)
        ]
    }


def _wrong_volumes(size: int, _: Random) -> dict[str, Any]:
    return {"components": [{"name": f"a{n}", "volume": {"nope": n}} for n in range(size)]}


def _mounts(size: int, _: Random) -> dict[str, Any]:
    mounts = [{"name": f"v{n % 9}", "path": f"/p{n % 50}"} for n in range(size)]
    return {"components": [{"name": "dev", "container": {"image": "x", "volumeMounts": mounts}}]}


def _tokens(size: int, chance: Random) -> dict[str, Any]:
    args = ["{{a}}{{b}}" * min(size, 900)]
    return {
        "variables": {"a": "x" * chance.choice((1, 100, 30_000)), "b": "{{a}}"},
        "components": [{"name": "dev", "container": {"image": "x", "args": args}}],
    }


def _deep_clones(size: int, _: Random) -> dict[str, Any]:
    return {
        "projects": [
            {"name": f"p{n}", "clonePath": "a/" * (n % 100) + "b", "git": {"remotes": {}}}
            for n in range(size)
        ]
    }


def _misspelt(size: int, _: Random) -> dict[str, Any]:
    return {f"component{n}": n for n in range(size)}


_MONSTERS = (_tripled_calls, _circles, _wrong_volumes, _mounts, _tokens, _deep_clones, _misspelt)
