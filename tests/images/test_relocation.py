"""Relocation: same length, known places only, and a refusal where the program is not the studied one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.architectures import AMD64, ARCHITECTURES, ARM64, Architecture
from images.debian import BuildError
from images.tools.relocation import (
    Replacement,
    blinded,
    fitted,
    path_replacements,
    relocated,
    relocated_script,
    replaced_exactly,
)

EACH = pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=list(ARCHITECTURES))


@EACH
def test_every_path_keeps_its_length_and_lies_in_the_bundle(architecture: Architecture) -> None:
    """Each replacement is as long as what it replaces, and normalised it is a path below /.berth."""
    for replacement in path_replacements(architecture):
        assert len(replacement.old) == len(replacement.new)
        assert replacement.new.startswith(b"/.berth/")


@EACH
def test_no_path_is_spoilt_by_an_earlier_one(architecture: Architecture) -> None:
    """The order is right: every path of the table, alone in a program, becomes its own replacement."""
    table = path_replacements(architecture)

    for replacement in table:
        assert relocated(b"\0" + replacement.old + b"\0", table) == b"\0" + replacement.new + b"\0"


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=20), st.sampled_from([r.old for r in path_replacements(AMD64)])
        )
    )
)
def test_a_program_never_changes_its_length(pieces: list[bytes]) -> None:
    """Whatever lies between and around the paths, the file stays as long, so nothing in it moves."""
    program = b"".join(pieces)

    assert len(relocated(program, path_replacements(AMD64))) == len(program)


def test_nothing_but_the_paths_changes() -> None:
    """Bytes that are no path of the table are left alone."""
    program = b"\x7fELF\0/etc/hosts\0/etc/passwd\0/usr/lib/os-release\0"

    changed = relocated(program, path_replacements(AMD64))

    assert changed == b"\x7fELF\0/etc/hosts\0/.berth/pwd\0/usr/lib/os-release\0"


@pytest.mark.parametrize("new", ["/.berth/too/long/a/path", "/opt/x", "/.berthx"])
def test_a_path_that_does_not_fit_is_refused(new: str) -> None:
    """A longer path, and one outside the bundle, cannot take a place."""
    with pytest.raises(BuildError, match="cannot take the place"):
        fitted("/etc/passwd", new)


def test_replacements_of_another_length_are_refused() -> None:
    """The length law holds for any bytes, not only for paths."""
    with pytest.raises(BuildError, match="differ in length"):
        Replacement(b"abc", b"ab")


@pytest.mark.parametrize("content", [b"", b"xx", b"x-x-x"], ids=["none", "two", "three"])
def test_a_pattern_is_replaced_only_when_found_as_often_as_expected(content: bytes) -> None:
    """Another count means another build of glibc: the build stops instead of guessing."""
    with pytest.raises(BuildError, match="times, not 1"):
        replaced_exactly(1, content, Replacement(b"x", b"y"))
    assert replaced_exactly(1, b"-x-", Replacement(b"x", b"y")) == b"-y-"


def loader(architecture: Architecture) -> bytes:
    """The parts of a relocated loader that matter here."""
    folders = f"/lib/{architecture.triplet}/\0/usr/lib/{architecture.triplet}/\0/lib/\0/usr/lib/\0".encode()
    spots = b"..".join(seen for seen, _ in architecture.blind_spots)
    return relocated(folders + b"..." + folders + spots, path_replacements(architecture))


@EACH
def test_the_loader_looks_nowhere_in_the_image(architecture: Architecture) -> None:
    """Of its built-in folders only the bundle's stay, and the variables that would add others are unknown to it."""
    blind = blinded(loader(architecture), architecture)

    assert len(blind) == len(loader(architecture))
    paths = [part.removeprefix(b"...") for part in blind.split(b"\0") if b"/" in part]
    assert paths
    assert all(path.startswith((b"/.berth/", b"/dev/")) for path in paths)
    assert b"LIBRARY_" not in blind
    assert b"PREL" not in blind


def test_an_unknown_loader_is_refused() -> None:
    """A loader whose instructions occur twice is not patched."""
    with pytest.raises(BuildError, match="not the one that was studied"):
        blinded(loader(AMD64) + AMD64.blind_spots[0][0], AMD64)


def test_loaders_are_named_in_the_same_length() -> None:
    """The interpreter's name in a program is replaced in place on both architectures."""
    for architecture in (AMD64, ARM64):
        assert len(architecture.loader) == len(architecture.bundle_loader)


def test_a_script_of_git_runs_in_the_bundle() -> None:
    """Its shell is the bundle's, and small programs that the image lacks come last on its PATH."""
    script = relocated_script(b"#!/bin/sh\necho\n")

    assert script == b"#!/.berth/bin/sh\nPATH=$PATH:/.berth/bb\necho\n"


def test_a_script_for_an_interpreter_that_is_not_there_is_refused() -> None:
    """A Perl script would fail on first use; the build says so instead."""
    with pytest.raises(BuildError, match="perl"):
        relocated_script(b"#!/usr/bin/perl\n")
