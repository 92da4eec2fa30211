"""Every image of Berth: its name, its configuration, and how its layers are made. A new image is one row of `IMAGES`."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chalicelib.wire import VERSION
from images import release, runtime, workspace
from images.architectures import AMD64, Architecture
from images.archive import archive
from images.cache import Cache, recipe_of
from images.runtime import Runtime
from images.sbom import Subject, write_bill
from images.tools.build import HERE as TOOLS
from images.tools.build import build_layer

REPOSITORY = Path(__file__).resolve().parent.parent
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

BuildLayer = Callable[[Path, Architecture], None]
"""Writes ``layer.tar`` to the folder it is given."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image: a slow layer from packages, kept by its recipe, and perhaps a quick one of our own code."""

    name: str
    config: Mapping[str, object]
    build_base: BuildLayer
    recipe: tuple[Path, ...]
    """Files and folders, relative to the repository, that the base layer is made from."""
    code: tuple[str, ...] = ()
    """Our own packages, relative to the repository, which go into a layer of their own."""
    npm_lock: Path | None = None
    """Lock of what npm brings into the base layer."""

    @property
    def reference(self) -> str:
        """What it is called where it comes from no registry."""
        return release.names(self.name)[0]


@dataclass(frozen=True, slots=True)
class Variant:
    """How an image is built, where it is not as usual."""

    architecture: Architecture = AMD64
    prefix: str = release.LOCAL
    """Registry, and path on it, that the image will be pushed to."""
    refresh: bool = False
    """Fetch its packages again, though the recipe is unchanged."""


USUAL = Variant()


def build_image(name: str, out: Path, cache: Cache, variant: Variant = USUAL) -> Path:
    """Write the image as a docker archive ``<name>.tar`` to the folder `out` and return its path.

    What is in it lies beside it, as ``<name>.cdx.json``. The base layer comes from `cache` when its recipe is
    unchanged. Raises `BuildError` with what to do.
    """
    image = IMAGES[name]
    base = build_base(name, cache, variant)
    out.mkdir(parents=True, exist_ok=True)
    subject = Subject(image.name, VERSION, variant.architecture)
    write_bill(subject, base, image.npm_lock, out / f"{name}.cdx.json")
    layers = [base / "layer.tar"]
    with tempfile.TemporaryDirectory(prefix="berth-image-") as scratch:
        if image.code:
            layers.append(
                runtime.write_code_layer(REPOSITORY, image.code, Path(scratch) / "code.tar")
            )
        return archive(
            layers,
            out / f"{name}.tar",
            release.names(image.name, variant.prefix),
            {**image.config, "Labels": release.labels(image.name)},
            architecture=variant.architecture.name,
        )


def build_base(name: str, cache: Cache, variant: Variant = USUAL) -> Path:
    """The folder with the image's base layer (``layer.tar``), built only when its recipe changed."""
    image, architecture = IMAGES[name], variant.architecture
    recipe = recipe_of(architecture.name, *(REPOSITORY / part for part in image.recipe))
    return cache.folder(
        f"{name}-{architecture.name}",
        recipe,
        lambda folder: image.build_base(folder, architecture),
        refresh=variant.refresh,
    )


def _builder(*modules: str) -> tuple[Path, ...]:
    shared = ("architectures", "debian", "layers", *modules)
    return tuple(Path("images") / f"{module}.py" for module in shared)


def _program(name: str, *, packages: tuple[str, ...] = (), programs: tuple[str, ...] = ()) -> Image:
    """The image of one of our own programs, the package ``berth_<name>``; not root, and content with a read-only root."""
    requirements = Path("requirements") / f"{name}.txt"
    base = Runtime(packages=packages, programs=programs, requirements=REPOSITORY / requirements)
    return Image(
        name=f"berth-{name}",
        config={
            "Entrypoint": [runtime.PYTHON, "-m", f"berth_{name}"],
            "Env": [
                PATH,
                f"PYTHONPATH={runtime.APPLICATION}",
                "PYTHONDONTWRITEBYTECODE=1",
                "PYTHONUNBUFFERED=1",
                "PYTHONUTF8=1",
            ],
            "User": f"{runtime.USER_ID}:{runtime.USER_ID}",
            "WorkingDir": "/",
        },
        build_base=lambda folder, architecture: runtime.build_runtime(base, folder, architecture),
        recipe=(*_builder("libraries", "python_parts", "runtime", "catalogue"), requirements),
        code=("chalicelib/__init__.py", "chalicelib/wire", "berth_kube", f"berth_{name}"),
    )


IMAGES: Mapping[str, Image] = {
    "agent": _program("agent"),
    "proxy": _program("proxy", packages=("haproxy",), programs=("/usr/sbin/haproxy",)),
    "tools": Image(
        name="berth-tools-base",
        config={
            "Entrypoint": ["/bin/busybox", "cp", "-RPf", "/bundle/.", "/.berth/"],
            "Env": [PATH],
            "User": "33333:0",
        },
        build_base=build_layer,
        recipe=(*_builder("libraries", "python_parts"), Path("images/tools")),
        npm_lock=TOOLS / "package-lock.json",
    ),
    "workspace": Image(
        name="berth-workspace",
        config={
            "Cmd": ["sleep", "infinity"],
            "Env": [PATH, f"HOME={workspace.HOME}", "LANG=C.UTF-8"],
            "User": f"{workspace.USER_ID}:0",
            "WorkingDir": "/projects",
        },
        build_base=workspace.build_workspace,
        recipe=_builder("workspace"),
    ),
}
