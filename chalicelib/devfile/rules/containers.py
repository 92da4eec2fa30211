"""Containers: image, environment, resources, where the projects are mounted."""

import re
from decimal import Decimal

from chalicelib.devfile.document import View
from chalicelib.devfile.quantities import quantity
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review
from chalicelib.devfile.rules.environment import RESERVED_NAMES, check_environment
from chalicelib.devfile.rules.paths import is_mount_path, owner_of

_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}\Z")


def check(root: View, review: Review) -> None:
    """Report what is wrong with each container by itself."""
    for component in root.items("components"):
        container = component.member("container")
        _check_image(container, review)
        check_environment(container, review, reserved=RESERVED_NAMES)
        _check_resource(container, "cpuRequest", "cpuLimit", review)
        _check_resource(container, "memoryRequest", "memoryLimit", review)
        mapping = container.text("sourceMapping")
        if mapping and not is_mount_path(mapping):
            message = f"{quoted(mapping)} is no place for the projects; give an absolute path such as `/projects`."
            review.problem("mount-path", container.member("sourceMapping").path, message)
        elif mapping and (owner := owner_of(mapping)):
            message = (
                f"{quoted(mapping)} is {owner}; give the projects a folder such as `/projects`."
            )
            review.problem("reserved-mount-path", container.member("sourceMapping").path, message)


def _check_image(container: View, review: Review) -> None:
    image = container.member("image")
    if isinstance(image.value, str) and not _IMAGE.match(image.value):
        message = f"{quoted(image.value)} is no image; write it like `registry.example.com/team/image:1.2`."
        review.problem("image", image.path, message)


def _check_resource(container: View, request_key: str, limit_key: str, review: Review) -> None:
    request = checked_quantity(container, request_key, review)
    limit = checked_quantity(container, limit_key, review)
    if request and limit and request > limit:
        message = f"`{request_key}` {container.text(request_key)} is above `{limit_key}` {container.text(limit_key)}."
        review.problem("request-gt-limit", container.member(request_key).path, message)


def checked_quantity(owner: View, key: str, review: Review) -> Decimal | None:
    """The quantity ``key`` of ``owner``, once what is wrong with it is reported; None when not stated or wrong."""
    text, path = owner.text(key), owner.member(key).path
    if not text:
        return None
    amount = quantity(text)
    if amount is None or amount < 0:
        example = "`500m` or `2`" if key.startswith("cpu") else "`512Mi` or `2Gi`"
        review.problem(
            "quantity", path, f"{quoted(text)} is no amount for `{key}`; write it like {example}."
        )
        return None
    if 0 < amount < 1 and not key.startswith("cpu"):
        message = f"{quoted(text)} is less than one byte; did you mean {quoted(text[:-1] + 'Mi')}?"
        review.notice("quantity-small", path, message)
    return amount
