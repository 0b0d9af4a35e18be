"""Take a picture of a web page with a headless Chromium, for the documentation.

    python docs/pictures/take.py http://127.0.0.1:8025/ docs/pictures/sandbox.png
    python docs/pictures/take.py http://127.0.0.1:8025/lists lists.png --width 390 --height 844 --dark

Needs `chromium` on the path; with `pngquant` there too the file is a third of the size.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import re
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


async def take(url: str, *, width: int, height: int, dark: bool, scale: float, wait: float) -> bytes:
    """The page as PNG. A window narrower than 500 is only to be had by emulating a telephone."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("there is no chromium here; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        process = await asyncio.create_subprocess_exec(
            browser,
            *QUIET,
            f"--user-data-dir={home}",
            "--remote-debugging-port=0",
            "about:blank",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            port = await asyncio.wait_for(_port(process), 30)
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/json") as answer:
                tabs = await answer.json()
                target = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
                async with session.ws_connect(target, max_msg_size=0) as page:
                    return await _picture(page, url, width, height, dark, scale, wait)
        finally:
            process.terminate()
            await process.wait()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stderr is not None
    async for line in process.stderr:
        if found := re.search(rb"DevTools listening on ws://[^:]+:(\d+)", line):
            return int(found[1])
    raise SystemExit("chromium did not start")


async def _picture(
    page: aiohttp.ClientWebSocketResponse, url: str, width: int, height: int, dark: bool, scale: float, wait: float
) -> bytes:
    numbers = count(1)

    async def ask(method: str, **params: Any) -> Any:
        number = next(numbers)
        await page.send_json({"id": number, "method": method, "params": params})
        while True:
            answer = await page.receive_json()
            if answer.get("id") == number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']['message']}")
                return answer["result"]

    await ask(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height,
        deviceScaleFactor=scale,
        mobile=width < 600,
    )
    theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    await ask("Emulation.setEmulatedMedia", features=[theme])
    await ask("Page.navigate", url=url)
    await asyncio.sleep(wait)
    return base64.b64decode((await ask("Page.captureScreenshot", format="png"))["data"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("file", type=Path)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--scale", type=float, default=1.0, help="pixels to a CSS pixel")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--wait", type=float, default=1.5, help="seconds for the page to be drawn")
    given = parser.parse_args()
    picture = asyncio.run(
        take(
            given.url,
            width=given.width,
            height=given.height,
            dark=given.dark,
            scale=given.scale,
            wait=given.wait,
        )
    )
    if quantise := shutil.which("pngquant"):
        squeezed = subprocess.run([quantise, "--quality=70-95", "-"], input=picture, capture_output=True, check=False)
        picture = squeezed.stdout or picture
    given.file.write_bytes(picture)
    print(f"{given.file}: {len(picture) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
