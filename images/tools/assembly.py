"""The steps from unpacked Debian packages to the folder that is mounted at ``/.berth``."""

import shutil
from collections.abc import Callable
from pathlib import Path

from images import libraries
from images.architectures import Architecture
from images.debian import Stage
from images.tools import contents, relocation

CONTENT = Path(__file__).with_name("content")
"""Our own files, copied as they are."""


def assemble(stage: Stage, bundle: Path, architecture: Architecture) -> None:
    """Fill the empty folder `bundle` from `stage`; `finish` follows once the Python and npm parts are in."""
    for step in (
        _programs,
        _git,
        _vim,
        _terminals,
        _locales,
        _certificates,
        _python,
        _character_sets,
    ):
        step(stage, bundle)
    _own_files(bundle)
    _libraries(stage, bundle, architecture)


def finish(bundle: Path, architecture: Architecture) -> None:
    """Make every ELF file and every script of git's live under ``/.berth``."""
    replacements = relocation.path_replacements(architecture)
    loader = bundle / architecture.bundle_loader.removeprefix(f"{relocation.ROOT}/")
    for path in libraries.elf_files(bundle):
        if path.name != "busybox":  # static, and it shall see the image's own files
            content = relocation.relocated(path.read_bytes(), replacements)
            path.write_bytes(
                relocation.blinded(content, architecture) if path == loader else content
            )
    # Other scripts (Vim's runtime, the templates of hooks) are data: whoever runs them has the interpreter.
    for path in sorted((bundle / "git-core").rglob("*")):
        if path.is_file() and not path.is_symlink() and not libraries.is_elf(path):
            path.write_bytes(relocation.relocated_script(path.read_bytes()))


def _programs(stage: Stage, bundle: Path) -> None:
    for name, path in contents.PROGRAMS.items():
        _copy(stage.resolve(path), bundle / "bin" / name)
    for name, target in contents.PROGRAM_LINKS.items():
        (bundle / "bin" / name).symlink_to(target)
    for folder, names, target in (
        ("ubin", contents.USER_PROGRAMS, "../bin/{name}"),
        ("bb", contents.BUSYBOX_PROGRAMS, "../bin/busybox"),
    ):
        (bundle / folder).mkdir()
        for name in names:
            (bundle / folder / name).symlink_to(target.format(name=name))


def _git(stage: Stage, bundle: Path) -> None:
    for source in sorted((stage.root / "usr/lib/git-core").iterdir()):
        target = bundle / "git-core" / source.name
        links_to = source.readlink().name if source.is_symlink() else source.name
        if links_to == "git":
            _link(target, "../bin/git")
        elif source.is_symlink() and links_to in contents.GIT_PROGRAMS:
            _link(target, links_to)
        elif source.name in contents.GIT_PROGRAMS:
            _copy_tree(source, target) if source.is_dir() else _copy(source, target)
    _copy_tree(stage.root / "usr/share/git-core/templates", bundle / "sh/git-core/templates")


def _vim(stage: Stage, bundle: Path) -> None:
    _copy_tree(
        stage.root / "usr/share/vim/vim90",
        bundle / "sh/vim/vim90",
        leave_out=contents.VIM_LEFT_OUT.__contains__,
    )
    _remove_dangling_links(bundle / "sh/vim")


def _terminals(stage: Stage, bundle: Path) -> None:
    for name in contents.TERMINALS:
        for folder in ("/lib/terminfo", "/usr/share/terminfo"):
            if stage.holds(f"{folder}/{name[0]}/{name}"):
                _copy(
                    stage.resolve(f"{folder}/{name[0]}/{name}"),
                    bundle / "sh/terminfo" / name[0] / name,
                )
                break


def _locales(stage: Stage, bundle: Path) -> None:
    _copy_tree(stage.root / "usr/lib/locale/C.utf8", bundle / "locale/C.utf8")
    for name in contents.UTF8_LOCALES:
        (bundle / "locale" / f"{name}.utf8").symlink_to("C.utf8")


def _certificates(stage: Stage, bundle: Path) -> None:
    trusted = sorted((stage.root / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    (bundle / "certs").mkdir()
    (bundle / "certs/ca-certificates.crt").write_bytes(
        b"".join(path.read_bytes() for path in trusted)
    )
    _link(bundle / "cert.pem", "certs/ca-certificates.crt")
    _copy(stage.resolve("/etc/ssl/openssl.cnf"), bundle / "ssl/openssl.cnf")
    _link(bundle / "ssl/cert.pem", "../certs/ca-certificates.crt")
    _link(bundle / "ssl/certs", "../certs")


def _python(stage: Stage, bundle: Path) -> None:
    def left_out(name: str) -> bool:
        return name in contents.PYTHON_LEFT_OUT or name.startswith("config-3.11-")

    _copy_tree(stage.root / "usr/lib/python3.11", bundle / "lib/python3.11", leave_out=left_out)
    _remove_dangling_links(bundle / "lib/python3.11")


def _character_sets(stage: Stage, bundle: Path) -> None:
    [folder] = stage.root.glob("usr/lib/*/gconv")
    for name in contents.CHARACTER_SETS:
        if (folder / f"{name}.so").exists():
            _copy(folder / f"{name}.so", bundle / "lib/gconv" / f"{name}.so")
    _copy(folder / "gconv-modules", bundle / "lib/gconv/gconv-modules")
    _copy_tree(folder / "gconv-modules.d", bundle / "lib/gconv/gconv-modules.d")


def _own_files(bundle: Path) -> None:
    _copy_tree(CONTENT, bundle, leave_out=lambda name: name in {"__init__.py", "__pycache__"})
    for name, target in (("pwd", "passwd"), ("gr", "group")):
        (bundle / name).symlink_to(
            f"{relocation.RUN}/{target}"
        )  # written by `start` for the uid it runs as


def _libraries(stage: Stage, bundle: Path, architecture: Architecture) -> None:
    for name, path in libraries.closure(stage, bundle, architecture).items():
        _copy(path, bundle / "lib" / name)
    loader = bundle / architecture.bundle_loader.removeprefix(f"{relocation.ROOT}/")
    _copy(stage.resolve(architecture.loader), loader)
    loader.chmod(0o755)
    _link(bundle / "lib" / Path(architecture.loader).name, loader.name)
    _link(bundle / "ld.so", f"lib/{loader.name}")
    modules = stage.root / "usr/lib" / architecture.triplet / "ossl-modules"
    _copy_tree(modules, bundle / "lib/ossl-modules")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def _copy_tree(
    source: Path, target: Path, leave_out: Callable[[str], bool] = lambda _: False
) -> None:
    shutil.copytree(
        source,
        target,
        symlinks=True,
        dirs_exist_ok=True,
        ignore=lambda _, names: [name for name in names if leave_out(name)],
    )


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def _remove_dangling_links(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and not path.exists():
            path.unlink()
