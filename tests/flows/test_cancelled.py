"""A flow run that Prefect cancels: what it was delivering ends before another run may begin."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from prefect.settings import PREFECT_API_URL, PREFECT_HOME

ROOT = Path(__file__).parents[2]
FLOW = "import sys; from pathlib import Path; from flows.activate import activate; activate(Path(sys.argv[1]), 'prod')"
BUYERS = [f"buyer{number:02}" for number in range(60)]


@pytest.mark.timeout(300)
def test_a_cancelled_run_ends_what_it_delivers_and_the_next_one_tells_nobody_twice(shop, monkeypatch):
    taken: Counter[str] = Counter()
    pause = [1.0]

    class Letters:
        async def handle_DATA(self, server, session, envelope):
            await asyncio.sleep(pause[0])
            taken.update(envelope.rcpt_tos)
            return "250 taken"

    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    shop.edit("tidegate.yml", 'host: "${SMTP_HOST}",', f"host: 127.0.0.1, port: {port}, tls: none,")
    (shop.root / "audiences" / "vips.yml").unlink()
    for name, value in {"SID": "AC" + "0" * 32, "TOKEN": "x" * 32, "META": "y" * 40}.items():
        monkeypatch.setenv(name, value)
    shop.run(target="prod")
    shop.knows(*BUYERS)
    shop.now += timedelta(hours=1)
    shop.buys(*BUYERS)
    shop.edit("tidegate.yml", "  prod:\n", f"  prod:\n    clock: {shop.now:%Y-%m-%d %H:%M}\n")
    server = Controller(Letters(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PREFECT_API_URL": PREFECT_API_URL.value(),
            "PREFECT_HOME": str(PREFECT_HOME.value()),
        }
        flow = subprocess.Popen(
            [sys.executable, "-c", FLOW, str(shop.root)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + 120
        while not taken and flow.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        flow.send_signal(signal.SIGTERM)
        said = flow.communicate(timeout=60)[0]

        assert flow.returncode != 0
        assert 0 < taken.total() < len(BUYERS), said
        pause[0] = 0
        report = shop.run(target="prod")
    finally:
        server.stop()

    assert [(done.destination, done.unknown) for done in report.deliveries] == [("email", 0)]
    assert taken == dict.fromkeys((f"{buyer}@example.com" for buyer in BUYERS), 1)
