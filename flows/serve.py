"""A Prefect server, a worker and the deployments of prefect.yaml, on this machine alone, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"
PORT = 4200
POOL = "tidegate"
STARTING = 120.0
STOPPING = 20.0


class Stopped(Exception):
    """One of the parts did not start, or ended by itself."""


def serve(root: Path) -> None:
    """Start everything for the project at `root` and stay until interrupted. State and logs are kept under
    `.tidegate/prefect`. Raises Stopped."""
    home = root / ".tidegate" / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    environment = _environment(home, port)
    with _part("server", ["server", "start", "--host", HOST, "--port", str(port)], root, home, environment) as server:
        _wait_for(f"http://{HOST}:{port}/api/health", server, home / "server.log")
        _prefect(["work-pool", "create", POOL, "--type", "process", "--overwrite"], root, environment)
        _prefect(["--no-prompt", "deploy", "--all"], root, environment)
        with _part("worker", ["worker", "start", "--pool", POOL], root, home, environment) as worker:
            print(f"Prefect:      http://{HOST}:{port}")
            print("Deployments:  activate/shop every 15 minutes; replay/shop and approve/shop on demand")
            print(f"Logs:         {_near(home / 'server.log', root)}, {_near(home / 'worker.log', root)}")
            print("Ctrl-C stops it.", flush=True)
            _stay({"server": server, "worker": worker}, home)


def _environment(home: Path, port: int) -> dict[str, str]:
    return {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://{HOST}:{port}/api",
        "PREFECT_SERVER_UI_API_URL": f"http://{HOST}:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_CLI_COLORS": "false",
    }


def _free_port() -> int:
    """Prefect's own port where nobody has it, else any that is free."""
    for port in (PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Stopped("no port is free on this machine")


@contextmanager
def _part(
    name: str, arguments: list[str], root: Path, home: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A long-running part in a session of its own, so that Ctrl-C reaches us alone and the parts end in order."""
    with (home / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", *arguments],
            cwd=root,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            return
        try:
            process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            continue


def _prefect(arguments: list[str], root: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *arguments],
        cwd=root,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Stopped(f"`prefect {' '.join(arguments)}` failed:\n{done.stdout}{done.stderr}")


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise Stopped(f"the server ended by itself:\n{_tail(log)}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise Stopped(f"the server did not answer within {STARTING:.0f} seconds:\n{_tail(log)}")


def _stay(parts: Mapping[str, subprocess.Popen[bytes]], home: Path) -> None:
    while True:
        for name, process in parts.items():
            if process.poll() is not None:
                raise Stopped(f"the {name} ended by itself:\n{_tail(home / f'{name}.log')}")
        time.sleep(1)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])


def _near(path: Path, root: Path) -> Path:
    return path.relative_to(root)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        serve(Path.cwd())
    except KeyboardInterrupt:
        print("\nStopped.")
    except Stopped as fault:
        sys.exit(str(fault))
