"""A real Chromium, from Debian, that trusts a site's authority and nothing less."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from playwright.sync_api import Page, sync_playwright

from berth_local.cluster import prerequisites

_CHROMIUM = "/usr/bin/chromium"
_QUIET = (
    "--no-sandbox",  # the sandbox needs a user other than root
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_SECONDS = 30


class Browser:
    """One window with a profile of its own, for the life of the context."""

    def __init__(self, authority: Path) -> None:
        self._authority = authority

    def __enter__(self) -> Self:
        prerequisites.ensure(proofs={"chromium": _CHROMIUM, "libnss3-tools": "certutil"})
        self._home = Path(tempfile.mkdtemp(prefix="berth-browser-"))
        self._trust()
        self._playwright = sync_playwright().start()
        self._context = self._playwright.chromium.launch_persistent_context(
            str(self._home / "profile"),
            executable_path=_CHROMIUM,
            args=list(_QUIET),
            env={**os.environ, "HOME": str(self._home)},
            viewport={"width": 1200, "height": 750},
        )
        self._context.set_default_timeout(_SECONDS * 1000)
        self.page: Page = self._context.pages[0]
        return self

    def __exit__(self, *raised: object) -> None:
        self._context.close()
        self._playwright.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def sign_in(self, address: str, name: str) -> None:
        """Go to an address and fill in the issuer's form that it leads to."""
        self.page.goto(address)
        self.fill_in(name)

    def fill_in(self, name: str) -> None:
        """Fill in the issuer's form."""
        self.page.fill("input[name=login]", name)
        self.page.fill("input[name=password]", "any")
        self.page.click("button[type=submit]")

    def type_into_terminal(self, line: str) -> None:
        """Type a line into the terminal, as a person does."""
        self.page.locator(".xterm-helper-textarea").focus()
        self.page.keyboard.type(line)
        self.page.keyboard.press("Enter")

    def wait_for_text(self, text: str) -> str:
        """Return what the terminal shows, once the text is in it."""
        found = "text => document.querySelector('.xterm-rows')?.innerText.replaceAll('\\u00a0', ' ').includes(text)"
        self.page.wait_for_function(found, arg=text)
        return self.page.locator(".xterm-rows").inner_text()

    def _trust(self) -> None:
        store = self._home / ".pki" / "nssdb"
        store.mkdir(parents=True)
        base = ["certutil", "-d", f"sql:{store}"]
        subprocess.run([*base, "-N", "--empty-password"], check=True, capture_output=True)
        trusted = ["-A", "-t", "C,,", "-n", "berth", "-i", str(self._authority)]
        subprocess.run([*base, *trusted], check=True, capture_output=True)
