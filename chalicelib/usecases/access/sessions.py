"""Opening and ending sessions of browsers."""

from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass, field

from chalicelib.domain.access.credentials import Session
from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Person
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed
from chalicelib.records import people, sessions
from chalicelib.usecases.access.authenticate import SESSION_LONGEST_SECONDS
from chalicelib.usecases.access.mint import new_id
from chalicelib.usecases.audit.write import audit


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session and the value of its cookie, ``<organisation>.<session>.<secret>``."""

    session: Session
    cookie: str = field(repr=False)


def open_session(ports: Ports, member: Member) -> OpenedSession:
    """Open a session with a new id: one that was there before is never taken over."""
    session_id = new_id(ports, "ses")
    secret = urlsafe_b64encode(ports.chance.token()).rstrip(b"=").decode()
    cookie = f"{member.organisation_id}.{session_id}.{secret}"
    now = ports.clock.now()
    session = Session(
        id=session_id,
        organisation_id=member.organisation_id,
        user_id=member.id,
        digest=ports.signer.digest(cookie),
        created_at=now,
        seen_at=now,
        expires_at=now + SESSION_LONGEST_SECONDS,
    )
    person = people.person_of(member, session_id)
    ports.store.transact(
        [
            sessions.put_new(session),
            *audit(ports, person, "sessions:open", session_id, is_new=True),
        ]
    )
    return OpenedSession(session, cookie)


def end_session(ports: Ports, person: Person) -> None:
    """End the session that the person is in; its admissions end with it."""
    end = sessions.end(person.organisation_id, person.session_id)
    told = audit(ports, person, "sessions:end", person.session_id)
    with suppress(ConditionFailed):  # it was ended at the same moment, and that is written down
        ports.store.transact([end, *told])
