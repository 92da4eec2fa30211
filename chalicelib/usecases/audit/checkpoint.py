"""Checkpoints: what was the newest record of each subject, written down by the scheduled sweep.

Once a checkpoint holds a record, neither it nor any record before it can be removed without being
found. Heads that cannot be held (another change came first, or the record is not there) wait for
the next sweep.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby

from chalicelib.log import log
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import MAX_TRANSACTION, ConditionFailed, Key, StoreBusy
from chalicelib.records import audit, checkpoints, keys
from chalicelib.records.attributes import milliseconds
from chalicelib.records.checkpoints import Checkpoint
from chalicelib.usecases.audit.write import seal_of
from chalicelib.wire.audit import Head, digest_of_line

STOP_AT_SECONDS = 2.0
_MOST_HEADS = (MAX_TRANSACTION - 1) // 2

_log = logging.getLogger(__name__)


def write_checkpoints(ports: Ports, *, remaining: Callable[[], float]) -> int:
    """Let checkpoints hold all heads, until 2 s are left; return how many were written.

    Where nothing changed since the last one: one read, no write.
    """
    written, after = 0, None
    try:
        while remaining() >= STOP_AT_SECONDS:
            page = audit.load_heads(ports.store, after=after, limit=_MOST_HEADS)
            for org, heads in groupby(page.heads, key=lambda each: each[0]):
                written += _hold(ports, org, [head for _, head in heads])
            if (after := page.next) is None:
                break
    except StoreBusy:
        _log.info("the store is busy: what is left waits for the next sweep")
    return written


def _hold(ports: Ports, org: str, heads: list[Head]) -> bool:
    """Write one checkpoint of as many of the heads as can be held."""
    while heads:
        checkpoint = _checkpoint(ports, org, heads)
        try:
            ports.store.transact(checkpoints.put_new(checkpoint))
        except ConditionFailed as failed:
            stuck = _stuck(org, heads, failed.key)
            if stuck is None:  # another sweep wrote this checkpoint
                return False
            heads = [head for head in heads if head != stuck]
        else:
            log(
                "audit-checkpoint",
                organisation_id=org,
                checkpoint=checkpoint.number,
                digest=checkpoint.digest,
            )
            return True
    return False


def _checkpoint(ports: Ports, org: str, heads: Sequence[Head]) -> Checkpoint:
    last = checkpoints.load_last(ports.store, org)
    checkpoint = Checkpoint(
        organisation_id=org,
        number=1 if last is None else last.number + 1,
        at=milliseconds(ports.clock.now()),
        heads=tuple(heads),
        previous="" if last is None else last.digest,
    )
    digest = digest_of_line(checkpoints.line_of(checkpoint))
    return replace(checkpoint, digest=digest, seal=seal_of(ports.signer, digest))


def _stuck(org: str, heads: Sequence[Head], key: Key) -> Head | None:
    """Return the head that the key is of, or whose record it is of."""
    for head in heads:
        if key == keys.audit_head(org, head.subject):
            return head
        if key == keys.audit_record(org, head.subject, head.number):
            log("audit-record-missing", organisation_id=org, subject=head.subject)
            return head
    return None
