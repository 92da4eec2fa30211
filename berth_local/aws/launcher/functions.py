"""Deployed functions in sandboxes: one for each call at the same moment, kept for the next one."""

import atexit
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from berth_local.aws.launcher import seams
from berth_local.aws.launcher.sandbox import Function, Parts, Sandbox, SandboxFailed

_TIMED_OUT = "Sandbox.Timedout"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call; `failure` is the type of the function's error, empty where it has none."""

    body: Any
    failure: str = ""
    log: str = ""

    def as_answer(self) -> dict[str, Any]:
        """As MiniStack wants it of an executor."""
        failed = {"error": True} if self.failure else {}
        return {"body": self.body, "log": self.log, **failed}


def install(parts: Parts) -> None:
    """Run functions in sandboxes; all end with the process."""
    pool = Pool(parts)
    atexit.register(pool.end)

    def run(func: Mapping[str, Any], event: object, request_id: str) -> dict[str, Any]:
        del request_id  # the interface emulator makes its own
        chosen = func.get("config") or func
        function = Function(chosen, func["code_zip"], seams.ROLE_CREDENTIALS.value(chosen))
        return pool.run(function, event).as_answer()

    seams.RUN_FUNCTION.replace(run)


@dataclass
class Pool:
    """The sandboxes that are free, by the deployment that they run."""

    parts: Parts
    _free: dict[tuple[str, str], list[Sandbox]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, function: Function, event: object) -> Outcome:
        """Call the function in a free sandbox, or in another one."""
        key = _deployment(function)
        try:
            sandbox = self._take(key) or Sandbox(function, self.parts)
        except SandboxFailed as error:
            return _failed("Runtime.ExitError", str(error))
        try:
            outcome = _read(*sandbox.call(event, function.seconds))
        except SandboxFailed as error:
            sandbox.end()
            return _failed("Runtime.ExitError", str(error))
        if outcome.failure == _TIMED_OUT:
            sandbox.end()
        else:
            self._give_back(key, sandbox)
        return outcome

    def end(self) -> None:
        """End all that are free."""
        with self._lock:
            free, self._free = self._free, {}
        for sandboxes in free.values():
            for sandbox in sandboxes:
                sandbox.end()

    def _take(self, key: tuple[str, str]) -> Sandbox | None:
        """Return a free sandbox of the deployment, and end those of former ones."""
        with self._lock:
            former = [each for each in self._free if each[0] == key[0] and each != key]
            stale = [sandbox for each in former for sandbox in self._free.pop(each)]
            free = self._free.setdefault(key, [])
            found = free.pop() if free else None
        for sandbox in stale:
            sandbox.end()
        return found

    def _give_back(self, key: tuple[str, str], sandbox: Sandbox) -> None:
        with self._lock:
            if key in self._free:
                self._free[key].append(sandbox)
                return
        sandbox.end()  # another deployment has come meanwhile


def _deployment(function: Function) -> tuple[str, str]:
    """The function, and everything whose change wants a new sandbox."""
    chosen = function.configuration
    parts = [
        chosen.get(name) for name in ("CodeSha256", "Description", "Environment", "Timeout", "Role")
    ]
    return chosen["FunctionArn"], json.dumps([*parts, chosen["Handler"]], sort_keys=True)


def _read(body: bytes, log: str) -> Outcome:
    """A failure is an answer with `errorType` and `errorMessage`; of a time-out the text is no JSON."""
    try:
        said = json.loads(body)
    except ValueError:
        return replace(_failed(_TIMED_OUT, body.decode(errors="replace")), log=log)
    failed = isinstance(said, dict) and {"errorType", "errorMessage"} <= said.keys()
    return Outcome(said, str(said["errorType"]) if failed else "", log)


def _failed(kind: str, message: str) -> Outcome:
    return Outcome({"errorType": kind, "errorMessage": message}, kind)
