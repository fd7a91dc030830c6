"""A private PostgreSQL server for a test in Python: the same as postgres.h."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")


def missing():
    """Why there can be no server here, or an empty text."""
    if not (BINARIES / "postgres").exists():
        return f"no PostgreSQL server in {BINARIES}"
    return ""


class Postgres:
    """Started when entered: no TCP, one Unix socket, in a temporary folder. `url`: its database as a libpq URL.

    Runs as user postgres when the test runs as root, and ends with the test, however that ends. Nothing of it is kept,
    so that it does not sync.
    """

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="tongjian-pg-")
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        data = f"{self.folder}/data"
        self.run("initdb", "-D", data, "-U", "tongjian", "-A", "trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        command = self.as_postgres("postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses=", "-c",
                                   "max_connections=200", "-c", "fsync=off")
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(pathlib.Path(f"{self.folder}/log").read_text(encoding="utf-8")[-2000:])
            time.sleep(0.05)  # Its only sign is that it answers.
        self.url = f"postgresql:///postgres?host={self.folder}&user=tongjian"
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def as_postgres(self, tool, *arguments):
        full = [str(BINARIES / tool), *arguments]
        if os.geteuid() != 0:
            return full
        return ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=QUIT", "--", *full]

    def run(self, tool, *arguments):
        subprocess.run(self.as_postgres(tool, *arguments), check=True, capture_output=True)

    def answers(self):
        return self.query("select 1").returncode == 0

    def query(self, sql):
        return subprocess.run([str(BINARIES / "psql"), "-X", "-q", "-A", "-t", "-h", self.folder, "-U", "tongjian", "-d",
                               "postgres", "-c", sql], capture_output=True, text=True, check=False)
