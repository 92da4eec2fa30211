"""What differs between processor architectures: names, the dynamic loader, the wheels."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Architecture:
    """One Debian architecture, as far as the bundle cares."""

    name: str
    """Debian's name, which is also that of the image specification."""
    triplet: str
    loader: str
    """Path of the dynamic loader that Debian's programs name as their interpreter."""
    bundle_loader: str
    """The same in the bundle; exactly as long."""
    blind_spots: tuple[tuple[bytes, bytes], ...]
    """Instructions of the loader that compare environment variables: (found once, replacement).

    Replaced, the loader no longer knows ``LD_LIBRARY_PATH`` and ``LD_PRELOAD``, which a user's image may set.
    """
    wheel_platforms: tuple[str, ...]

    @property
    def library_folders(self) -> tuple[str, ...]:
        """Where Debian's packages put shared libraries, in the loader's order."""
        return (f"/lib/{self.triplet}", f"/usr/lib/{self.triplet}", "/usr/lib")


AMD64 = Architecture(
    name="amd64",
    triplet="x86_64-linux-gnu",
    loader="/lib64/ld-linux-x86-64.so.2",
    bundle_loader="/.berth/lib/ld-linux-x64.so",
    # movabs $"LIBRARY_",%rax and cmpl $"PREL",(%rcx): the loader spells the names inside its instructions.
    blind_spots=((b"\x48\xb8LIBRARY_", b"\x48\xb8LIBRARY-"), (b"\x81\x39PREL", b"\x81\x39BRTH")),
    wheel_platforms=("manylinux2014_x86_64", "manylinux_2_28_x86_64", "any"),
)
ARM64 = Architecture(
    name="arm64",
    triplet="aarch64-linux-gnu",
    loader="/lib/ld-linux-aarch64.so.1",
    bundle_loader="/.berth/lib/ld-linux-64.so",
    blind_spots=(),  # spelled in other instructions there; `start` unsets both variables instead
    wheel_platforms=("manylinux2014_aarch64", "manylinux_2_28_aarch64", "any"),
)
ARCHITECTURES = {architecture.name: architecture for architecture in (AMD64, ARM64)}
