"""A real browser without a window, driven over the DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/
"""

import asyncio
import base64
import itertools
import json
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

PATIENCE_SECONDS: Final = 60.0
_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS: Final = (
    "--headless=new",
    # Chromium refuses its sandbox to root; it loads nothing here but the page under test.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-port=0",
)
_LISTENING: Final = b"DevTools listening on "
_DOMAINS: Final = ("Page", "Runtime", "Log", "Network", "Audits")


@dataclass(kw_only=True)
class Browser:
    """One tab, with a note of everything that it has asked for and complained about."""

    socket: aiohttp.ClientWebSocketResponse
    events: list[dict[str, Any]] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _answers: dict[int, asyncio.Future[Any]] = field(default_factory=dict)

    async def send(self, method: str, **parameters: object) -> Any:  # noqa: ANN401 - JSON
        """Give a command and return its result."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"id": number, "method": method, "params": parameters})
        return await answer

    async def listen(self) -> None:
        """Hand out answers and keep events, until the browser hangs up."""
        async for message in self.socket:
            said = json.loads(message.data)
            if "id" not in said:
                self.events.append(said)
            elif "error" in said:
                self._answers.pop(said["id"]).set_exception(RuntimeError(str(said["error"])))
            else:
                self._answers.pop(said["id"]).set_result(said["result"])

    async def evaluate(self, script: str) -> Any:  # noqa: ANN401 - JSON
        """Return what an expression, or the promise that it makes, comes to."""
        result = await self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def wait(self, condition: str) -> None:
        """Return once an expression holds, looked at in every frame that the page draws."""
        await self.evaluate(
            "new Promise(done => { const look = () =>"
            f" ({condition}) ? done() : requestAnimationFrame(look); look(); }})"
        )

    async def open(self, url: str) -> None:
        """Go to an address."""
        await self.send("Page.navigate", url=url)

    async def click(self, selector: str) -> None:
        """Press the mouse where an element is, after scrolling to it."""
        found = json.dumps(selector)
        await self.wait(f"document.querySelector({found})")
        x, y = await self.evaluate(
            f"(() => {{ const e = document.querySelector({found});"
            " e.scrollIntoView({ block: 'center', behavior: 'instant' });"
            " const b = e.getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.send(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )

    async def type(self, selector: str, text: str) -> None:
        """Click into a field and write."""
        await self.click(selector)
        await self.send("Input.insertText", text=text)

    async def press(self, key: str) -> None:
        """Press a key that writes nothing."""
        code = {"Tab": 9, "Escape": 27}[key]
        for kind in ("rawKeyDown", "keyUp"):
            await self.send(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code
            )

    async def resize(self, width: int, height: int) -> None:
        """Give the tab another size in CSS pixels."""
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def prefer(self, scheme: str) -> None:
        """Ask pages for `light` or `dark` colours."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        await self.send("Emulation.setEmulatedMedia", features=[feature])

    async def screenshot(self) -> bytes:
        """What the tab shows, as a PNG."""
        shot = await self.send("Page.captureScreenshot", format="png")
        return base64.b64decode(shot["data"])

    def requested(self) -> list[str]:
        """Every address that the page has asked for."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def complaints(self) -> list[Mapping[str, Any]]:
        """Errors and warnings of the console, uncaught exceptions, and issues such as of CSP."""
        return [event["params"] for event in self.events if _complains(event)]


def _complains(event: Mapping[str, Any]) -> bool:
    match event["method"]:
        case "Runtime.exceptionThrown" | "Audits.issueAdded":
            return True
        case "Runtime.consoleAPICalled":
            return event["params"]["type"] in {"error", "warning", "assert"}
        case "Log.entryAdded":
            return event["params"]["entry"]["level"] in {"error", "warning"}
        case _:
            return False


@asynccontextmanager
async def open_browser(profile: Path) -> AsyncIterator[Browser]:
    """Start Chromium with a new profile, and stop it in the end."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    assert program is not None, "Chromium is not installed: apt-get install chromium"
    process = await create_subprocess_exec(
        program, *_OPTIONS, f"--user-data-dir={profile}", stdout=DEVNULL, stderr=PIPE
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), aiohttp.ClientSession() as session:
            origin = await _origin(process)
            async with session.put(f"{origin}/json/new?about:blank") as response:
                address = (await response.json())["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                browser = Browser(socket=socket)
                listening = asyncio.create_task(browser.listen())
                for domain in _DOMAINS:
                    await browser.send(f"{domain}.enable")
                yield browser
                await socket.close()
                await listening
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _origin(process: Process) -> str:
    """Where the browser listens, as it says itself; whatever else it says is of no interest."""
    assert process.stderr is not None
    async for line in process.stderr:
        if line.startswith(_LISTENING):
            address = line.removeprefix(_LISTENING).decode()
            return "http://" + address.split("/")[2]
    raise RuntimeError("Chromium did not start")
