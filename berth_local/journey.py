"""``python -m berth_local.journey``: what a developer does, on real parts, without a person.

Ends with 0 when every step was right, and with 1 at the first wrong one.
"""

import argparse
import json
import os
import subprocess
import sys
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from berth_local.site.browser import Browser
from berth_local.site.places import OwnCluster
from berth_local.site.port_forward import port_forward
from berth_local.site.site import PERSON, Site
from berth_local.site.steps import Steps
from berth_local.waiting import wait_until
from chalicelib.wire import labels

_NAME = "journey"
_PROJECT = "/projects/hello-berth"
_NOTE = f"{_PROJECT}/note.txt"
_GONE_SECONDS = 60


class Wrong(Exception):
    """A step did not end as it should."""


@dataclass(slots=True)
class Journey:
    """One workspace from its creation to its end."""

    site: Site
    steps: Steps
    screenshot: Path
    direct: bool = False
    workspace: dict[str, Any] = field(default_factory=dict)

    def walk(self) -> None:
        """Take every step."""
        with self.steps.step("berth create: running, with its project cloned"):
            self.workspace = self._berth("create", _NAME, "--repository", self.site.repository)
            _expect(self.workspace["actual"], "Running")
        self._open()
        with self.steps.step("the file is on the volume, by kubectl exec"):
            _expect(self._read_note(), "42 kept")
        self._stop_and_start()
        with self.steps.step("berth restart: another pod, the same volume"):
            before = self._pod()
            self._berth("restart", _NAME)
            _expect(self._pod() != before, wanted=True)
            _expect(self._read_note(), "42 kept")
        self._terminate()

    def _open(self) -> None:
        with Browser(self.site.authority.certificate) as browser, ExitStack() as held:
            if self.direct:
                with self.steps.step("the browser opens the terminal by kubectl port-forward"):
                    port = held.enter_context(self._forward())
                    browser.page.goto(f"http://127.0.0.1:{port}")
                    self._see_prompt(browser)
            else:
                with self.steps.step("the browser signs in and is let in by the proxy"):
                    browser.sign_in(self.workspace["url"], PERSON)
                    self._see_prompt(browser)
            with self.steps.step("a command typed into the terminal is answered"):
                browser.type_into_terminal(
                    f"echo $((6*7)) kept > {_NOTE}; echo got $(cat {_NOTE}) && ls"
                )
                shown = browser.wait_for_text("got 42 kept")
                _expect("README.md" in shown, wanted=True)
            browser.page.screenshot(path=str(self.screenshot))

    def _see_prompt(self, browser: Browser) -> None:
        browser.page.wait_for_selector(".xterm-rows")
        _expect("$" in browser.wait_for_text("hello-berth"), wanted=True)

    def _forward(self) -> AbstractContextManager[int]:
        port = self.workspace["url"].removeprefix("https://").partition("-")[0]
        kubectl = self.site.place.kubectl_command
        return port_forward(kubectl, self._namespace(), "deployment/workspace", f":{port}")

    def _stop_and_start(self) -> None:
        with self.steps.step("berth stop: no pod is left, the volume is"):
            _expect(self._berth("stop", _NAME)["actual"], "Stopped")
            _expect(self._pods(), [])
        with self.steps.step("berth start: running again"):
            _expect(self._berth("start", _NAME)["actual"], "Running")
        with self.steps.step("the file is still there"):
            _expect(self._read_note(), "42 kept")

    def _terminate(self) -> None:
        namespace = labels.namespace_of(self.workspace["id"])
        with self.steps.step("berth terminate: nothing is left"):
            _expect(self._berth("terminate", _NAME)["actual"], "Terminated")
            wait_until(
                lambda: (
                    not self._kubectl(
                        "get", "namespace", namespace, "--ignore-not-found", "-o", "name"
                    )
                ),
                f"{namespace} is still there",
                seconds=_GONE_SECONDS,
            )
            wait_until(
                lambda: namespace not in self._kubectl("get", "persistentvolume", "-o", "json"),
                "the volume is still there",
                seconds=_GONE_SECONDS,
            )
            wait_until(
                lambda: (
                    not self._kubectl(
                        "-n", "berth", "get", "configmap", "-l", labels.TOMBSTONE, "-o", "name"
                    )
                ),
                "the tombstone is still there",
                seconds=_GONE_SECONDS,
            )
            _expect(self._berth("list"), [])

    def _berth(self, *words: str) -> Any:
        """Run the real command line and return its JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "berth_cli", *words, "-o", "json"],
            env={**os.environ, "XDG_CONFIG_HOME": str(self.site.configuration)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Wrong(
                f"berth {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}"
            )
        return json.loads(done.stdout)

    def _read_note(self) -> str:
        return self._kubectl(
            "-n", self._namespace(), "exec", "deployment/workspace", "--", "cat", _NOTE
        ).strip()

    def _pods(self) -> list[str]:
        return self._kubectl("-n", self._namespace(), "get", "pods", "-o", "name").split()

    def _pod(self) -> str:
        (pod,) = self._pods()
        return pod

    def _namespace(self) -> str:
        return labels.namespace_of(self.workspace["id"])

    def _kubectl(self, *words: str) -> str:
        return self.site.place.kubectl(*words)


def _expect(found: object, wanted: object) -> None:
    if found != wanted:
        raise Wrong(f"found {found!r}, not {wanted!r}")


def main() -> int:
    """Bring a site up and walk; prints a table of steps with seconds."""
    parser = argparse.ArgumentParser(prog="python -m berth_local.journey", description=__doc__)
    parser.add_argument(
        "--screenshot", type=Path, default=Path("journey.png"), help="where to keep the picture"
    )
    parser.add_argument(
        "--port-forward",
        action="store_true",
        help="open the terminal by kubectl port-forward, without the proxy",
    )
    parser.add_argument("--name", default="journey", help="name of the cluster")
    arguments = parser.parse_args()
    steps = Steps()
    try:
        with Site(arguments.name, steps) as site:
            Journey(site, steps, arguments.screenshot, direct=arguments.port_forward).walk()
            ours = isinstance(site.place, OwnCluster)
    except (Wrong, TimeoutError, RuntimeError) as error:
        sys.stderr.write(f"the journey ended at: {error}\n")
        return 1
    steps.say(
        f"{len(steps.done)} steps, all right, {steps.total():.0f} s{'' if ours else ', in your cluster'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
