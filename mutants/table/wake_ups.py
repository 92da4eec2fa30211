"""Wake-ups: hints that nothing may depend on, so that only latency, cost and secrets show a fault."""

from mutants.mutant import Mutant

_LISTENING = "berth_agent/listening.py"
_CLIENT = "berth_agent/wake_ups.py"
_STORE = "chalicelib/adapters/stores/waking.py"
_CORE = ("tests/agent/test_wake_ups.py",)
_CALLS = ("tests/usecases/agents/test_wake_ups.py",)
_SOCKETS = ("tests/agent/test_listening.py",)
_ADAPTERS = ("tests/contracts/test_wakers.py",)
_LATE = "who misses a wake-up hears of it all by the next poll"
_DEAR = "it makes requests, not mistakes"
_NO_SOCKETS = "its agents have no sockets"

ROWS = (
    Mutant(
        name="nobody-is-woken-after-a-failure",
        meaning="A call that failed after its write tells no agent.",
        file="chalicelib/bootstrap.py",
        text="    except Exception:\n        store.wake()\n",
        replacement="    except Exception:\n",
        tests=_CALLS,
        unseen=_LATE,
    ),
    Mutant(
        name="an-unconfirmed-write-wakes-nobody",
        meaning="A write whose confirmation was lost tells no agent.",
        file=_STORE,
        text="        except StoreUnanswered:\n            self._note(chosen)\n",
        replacement="        except StoreUnanswered:\n",
        tests=_CALLS,
        unseen=_LATE,
    ),
    Mutant(
        name="a-queue-that-is-down-fails-wishes",
        meaning="Where an agent cannot be woken, the person's accepted request is answered with an error.",
        file=_STORE,
        text="class_of(error))\n                return\n",
        replacement="class_of(error))\n                raise\n",
        tests=_CALLS,
    ),
    Mutant(
        name="wake-up-is-not-followed",
        meaning="An agent hears a wake-up and waits for its next poll.",
        file=_LISTENING,
        text="        return woken or missed\n",
        replacement="        return missed\n",
        tests=_CORE,
        unseen=_LATE,
    ),
    Mutant(
        name="what-was-missed-stays-so",
        meaning="An agent whose channel was broken does not ask what it missed.",
        file=_LISTENING,
        text="        return woken or missed\n",
        replacement="        return woken\n",
        tests=_CORE,
        unseen=_LATE,
    ),
    Mutant(
        name="wake-up-during-a-request-is-lost",
        meaning="A wake-up that comes while an answer is awaited is forgotten with that answer.",
        file="berth_agent/conversation.py",
        text="        self._sent = {}\n        self._more, self._cursor = response.more, response.cursor\n",
        replacement=(
            "        self._sent = {}\n        self._woken = False\n"
            "        self._more, self._cursor = response.more, response.cursor\n"
        ),
        tests=_CORE,
        unseen=_LATE,
    ),
    Mutant(
        name="spins-at-a-channel",
        meaning="A channel that does not hold its questions, or has many wake-ups, makes a flood of polls.",
        file=_LISTENING,
        text="(AFTER_NEWS if woken else BETWEEN)",
        replacement="0.0",
        tests=_CORE,
        unseen=_DEAR,
    ),
    Mutant(
        name="deaf-and-asleep",
        meaning="An agent that hears no wake-ups any more polls once a minute all the same.",
        file="berth_agent/core.py",
        text="        if self._listening.is_deaf:\n",
        replacement="        if self._listening.is_deaf and not self._leading:\n",
        tests=_CORE,
        unseen=_LATE,
    ),
    Mutant(
        name="says-it-listens-when-it-does-not",
        meaning="An agent asks for no channel though the one that it has ends.",
        file=_LISTENING,
        text="        if self._channel is None or now >= self._good_until:\n",
        replacement="        if self._channel is None:\n",
        tests=_CORE,
        unseen=_LATE,
    ),
    Mutant(
        name="token-for-the-queue",
        meaning="The agent sends its token to the server of the queue.",
        file=_CLIENT,
        text="self._got(self._others, channel.url, _QUERY, host)",
        replacement=(
            "self._got(self._others, channel.url,"
            ' {**_QUERY, "Authorization": f"Bearer {self._token()}"}, host)'
        ),
        tests=_SOCKETS,
        unseen=_NO_SOCKETS,
    ),
    Mutant(
        name="signed-address-in-a-log",
        meaning="The agent's log shows the signed address of its queue.",
        file=_CLIENT,
        text='        host = urlsplit(channel.url).hostname or ""\n',
        replacement="        host = channel.url\n",
        tests=_SOCKETS,
        unseen=_NO_SOCKETS,
    ),
    Mutant(
        name="wake-up-for-another",
        meaning="An agent hears the wake-ups of all agents.",
        file="chalicelib/adapters/wakers/process.py",
        text="            woken = agent_id in self._woken\n",
        replacement="            woken = bool(self._woken)\n",
        tests=_ADAPTERS,
        unseen="its wake-ups go by a queue",
    ),
)
