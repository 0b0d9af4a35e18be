"""`make prefect`: one command brings everything up, and Ctrl-C takes everything down."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.runs.shop import Shop

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_one_command_serves_the_deployments_and_ctrl_c_leaves_nothing_running(tmp_path):
    shop = Shop(tmp_path / "shop").found()
    shutil.copytree(ROOT / "flows", shop.root / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "prefect.yaml", shop.root)
    log = tmp_path / "log"
    with log.open("wb") as stream:
        served = subprocess.Popen(
            [sys.executable, "-m", "flows.serve"], cwd=shop.root, stdout=stream, stderr=subprocess.STDOUT
        )
    try:
        url = _url(served, log)
        deployments = {row["name"]: row for row in _post(f"{url}/api/deployments/filter")}
        by_entrypoint = {row["entrypoint"]: row for row in _post(f"{url}/api/deployments/filter")}
        pools = _post(f"{url}/api/work_pools/filter")
    finally:
        served.send_signal(signal.SIGINT)
        served.wait(90)

    assert set(deployments) == {"shop"}
    activate = by_entrypoint["flows/activate.py:activate"]
    assert [row["schedule"]["cron"] for row in activate["schedules"]] == ["*/15 * * * *"]
    assert activate["global_concurrency_limit"]["limit"] == 1
    assert activate["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert by_entrypoint["flows/replay.py:replay"]["schedules"] == []
    form = by_entrypoint["flows/approve.py:approve"]["parameter_openapi_schema"]
    assert form["definitions"]["Decision"]["enum"] == ["approve", "reject"]
    assert {"audience", "decision", "why"} == set(form["required"])
    assert [(pool["name"], pool["type"]) for pool in pools] == [("tidegate", "process")]

    assert served.returncode == 0
    assert log.read_text().endswith("\nStopped.\n")
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=5)
    assert _alive(shop.root) == []


def _url(served: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        said = log.read_text()
        assert served.poll() is None, said
        if "Ctrl-C" in said:
            found = re.search(r"http://[\w.:]+", said)
            assert found
            return found.group()
        time.sleep(0.2)
    raise AssertionError(f"not served in time: {log.read_text()}")


def _post(url: str) -> list[dict]:
    request = urllib.request.Request(url, data=b"{}", headers={"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _alive(root: Path) -> list[str]:
    """Processes whose working directory is the project."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == root.resolve():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found
