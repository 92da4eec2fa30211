"""Who may do what, and by what they are known. No person of the simulation tries any of it."""

from mutants.mutant import Mutant

_ROLES_PY = "chalicelib/domain/access/roles.py"
_READ = "chalicelib/usecases/workspaces/read.py"
_AUTHENTICATE = "chalicelib/usecases/access/authenticate.py"
_ROLES = ("tests/api/test_roles.py",)
_CREDENTIALS = ("tests/api/test_credentials.py",)
_CREATE = ("tests/usecases/workspaces/test_create.py",)
_ENTERING = ("tests/api/test_entering.py",)
_HONEST = "people there do what they may, with credentials of their own"
_NO_BROWSER = "there is no browser: people have tokens"

ROWS = (
    Mutant(
        name="role-check-dropped",
        meaning="Whoever is a member may do everything that is not about one workspace.",
        file="chalicelib/usecases/access/permission.py",
        text="    if not may(person, action):\n",
        replacement="    if not person.id:\n",
        tests=_ROLES,
        unseen=_HONEST,
    ),
    Mutant(
        name="auditor-may-change",
        meaning="An auditor has the rights of a developer.",
        file=_ROLES_PY,
        text="    Role.AUDITOR: _EVERYBODY\n",
        replacement="    Role.AUDITOR: _DEVELOPER\n",
        tests=_ROLES,
        unseen=_HONEST,
    ),
    Mutant(
        name="developer-changes-any",
        meaning="A developer may do with another's workspace what they may with their own.",
        file=_ROLES_PY,
        text="    if owner_id is None or owner_id == person.id:\n",
        replacement="    if owner_id is None or owner_id:\n",
        tests=_ROLES,
        unseen=_HONEST,
    ),
    Mutant(
        name="owner-enters-any",
        meaning="Who sees all workspaces may enter all workspaces.",
        file=_ROLES_PY,
        text="        Action.WORKSPACES_CHANGE: Action.WORKSPACES_CHANGE_ANY,\n",
        replacement=(
            "        Action.WORKSPACES_CHANGE: Action.WORKSPACES_CHANGE_ANY,\n"
            "        Action.WORKSPACES_ENTER: Action.WORKSPACES_READ_ANY,\n"
        ),
        tests=_ENTERING,
        unseen=_NO_BROWSER,
    ),
    Mutant(
        name="foreign-workspace-is-told",
        meaning="A workspace of another is answered otherwise than one that never was.",
        file=_READ,
        text=(
            "    if found is None or not may(person, Action.WORKSPACES_READ,"
            " owner_id=found[0].owner_id):\n"
        ),
        replacement="    if found is None:\n",
        tests=_CREATE,
        unseen=_HONEST,
    ),
    Mutant(
        name="seen-is-changed",
        meaning="Who may see a workspace may change it.",
        file=_READ,
        text="    if not may(person, action, owner_id=found[0].owner_id):\n",
        replacement="    if not person.id:\n",
        tests=_CREATE,
        unseen=_HONEST,
    ),
    Mutant(
        name="list-shows-all",
        meaning="A list shows the workspaces of others.",
        file=_READ,
        text="        if may(person, Action.WORKSPACES_READ, owner_id=each.owner_id)\n",
        replacement="        if person.id\n",
        tests=("tests/usecases/workspaces/test_list.py",),
        unseen="what a list shows is no rule there",
    ),
    Mutant(
        name="revoked-token-accepted",
        meaning="A token is revoked in words only.",
        file="chalicelib/records/tokens.py",
        text="    return Delete(keys.token(organisation_id, token_id))\n",
        replacement='    return Delete(keys.token(organisation_id, f"{token_id[:-4]}none"))\n',
        tests=_CREDENTIALS,
        unseen=_HONEST,
    ),
    Mutant(
        name="wrong-secret-accepted",
        meaning="The id of a token is enough, whatever secret stands behind it.",
        file=_AUTHENTICATE,
        text="    if token is None or not _same(token.digest, digest):\n",
        replacement="    if token is None:\n",
        tests=_CREDENTIALS,
        unseen=_HONEST,
    ),
    Mutant(
        name="removed-member-accepted",
        meaning="Who was removed from the organisation goes on with the credentials they have.",
        file=_AUTHENTICATE,
        text="    if member is None or member.removed_at is not None:\n",
        replacement="    if member is None:\n",
        tests=_CREDENTIALS,
        unseen=_HONEST,
    ),
    Mutant(
        name="idle-session-accepted",
        meaning="A browser that was left alone stays signed in.",
        file=_AUTHENTICATE,
        text="    return now < session.expires_at and now - session.seen_at < SESSION_IDLE_SECONDS\n",
        replacement="    return now < session.expires_at\n",
        tests=_CREDENTIALS,
        unseen=_NO_BROWSER,
    ),
    Mutant(
        name="rotated-token-accepted",
        meaning="A token of an agent that was replaced holds for ever.",
        file=_AUTHENTICATE,
        text="if until is None or now < until]",
        replacement="]",
        tests=_CREDENTIALS,
        unseen="no token is rotated there",
    ),
    Mutant(
        name="retired-agent-accepted",
        meaning="An agent that was retired, or its proxy, is still heard.",
        file=_AUTHENTICATE,
        text="    return None if agent is None or agent.retired_at is not None else agent\n",
        replacement="    return agent\n",
        tests=_CREDENTIALS,
        unseen="no agent is retired there",
    ),
    Mutant(
        name="token-of-another-kind",
        meaning="What one program shows is taken from another.",
        file=_AUTHENTICATE,
        text="    if parsed is None or parsed.kind is not kind:\n",
        replacement="    if parsed is None:\n",
        tests=_CREDENTIALS,
        survives="the digest of the whole token is compared as well, and its kind is a part of it",
    ),
    Mutant(
        name="grant-works-twice",
        meaning="What a browser was signed in by, or a token granted by, can be used again.",
        file="chalicelib/records/admissions.py",
        text="    return Put(Item(key, attributes, expires=expires), when=[Absent()])\n",
        replacement="    return Put(Item(key, attributes, expires=expires))\n",
        tests=("tests/api/test_grants.py",),
        unseen=_NO_BROWSER,
    ),
)
