"""``python -m images build NAME...``: the door to every image of Berth."""

import argparse
import sys
import time
from pathlib import Path

from images.architectures import AMD64, ARCHITECTURES
from images.cache import Cache, default_cache
from images.catalogue import IMAGES, Variant, build_image
from images.debian import BuildError
from images.release import LOCAL, names


def main() -> int:
    """Build the named images; prints name, file, size and seconds of each. 1 when one could not be built."""
    arguments = _parser().parse_args()
    cache = Cache(default_cache() / "images")
    variant = Variant(
        ARCHITECTURES[arguments.architecture], arguments.prefix, refresh=arguments.refresh
    )
    try:
        for name in arguments.names or sorted(IMAGES):
            started = time.monotonic()
            archive = build_image(name, arguments.out or cache.root, cache, variant)
            megabytes = archive.stat().st_size / 1e6
            print(
                f"{names(IMAGES[name].name, variant.prefix)[-1]:<32} {megabytes:6.1f} MB  {time.monotonic() - started:5.1f} s  {archive}"
            )
    except BuildError as problem:
        print(f"images: {name}: {problem}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m images", description="Build Berth's container images from packages."
    )
    build = parser.add_subparsers(required=True, metavar="build").add_parser(
        "build", help="build images as docker archives"
    )
    build.add_argument(
        "names",
        nargs="*",
        choices=[*sorted(IMAGES), []],
        metavar="NAME",
        help=f"{', '.join(sorted(IMAGES))}; none: all",
    )
    build.add_argument("--out", type=Path, help="folder for the archives (default: the cache)")
    build.add_argument(
        "--refresh", action="store_true", help="fetch the packages again, for security updates"
    )
    build.add_argument(
        "--prefix",
        default=LOCAL,
        help="registry, and path on it, that the images will be pushed to (default: %(default)s)",
    )
    build.add_argument(
        "--architecture",
        choices=sorted(ARCHITECTURES),
        default=AMD64.name,
        help="whose packages are taken (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
