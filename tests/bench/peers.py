"""The programs under measure: our hub and gateway, and the peers, each started as its makers ship it unless said here."""

import json
import re
import secrets
import urllib.request

from harness import REPOSITORY, Failed, cpu_seconds, free_port, resident_bytes

NODELAY = {"TCP_NODELAY": "1"}


class Peer:
    """A running storage SCP."""

    name = ""
    title = "ANY"

    def __init__(self, stage, process, port):
        self.stage, self.process, self.port = stage, process, port

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def resident(self, key="VmRSS"):
        return resident_bytes(self.process.pid, key)

    def stored(self):
        """How many objects it says it has."""
        raise NotImplementedError

    def stop(self):
        self.stage.stop(self.process)


class Storescp(Peer):
    """DCMTK's storescp: writes each object as a file, syncs nothing, indexes nothing. --fork, for it serves one at a time else."""

    name = "storescp"

    def __init__(self, stage, env=None, label="storescp"):
        self.folder = stage.folder(label + "-files")
        port = free_port()
        command = ["storescp", "--fork", "--output-directory", self.folder, port]
        super().__init__(stage, stage.start(label, command, env), port)
        stage.wait_for_port(port, self.process)

    def stored(self):
        return sum(1 for _ in self.folder.iterdir())

    def clear(self):
        for path in self.folder.iterdir():
            path.unlink()


class Orthanc(Peer):
    """Orthanc with SyncStorageArea, which Debian's configuration leaves to its default, true: files are synced, the index is its
    own SQLite."""

    name = "orthanc"
    title = "ORTHANC"

    def __init__(self, stage, env=None, label="orthanc", more=None):
        folder, port, self.http = stage.folder(label + "-files"), free_port(), free_port()
        config = stage.path(label + ".json")
        config.write_text(json.dumps({
            "Name": "bench", "StorageDirectory": str(folder), "IndexDirectory": str(folder), "SyncStorageArea": True,
            "DicomAet": "ORTHANC", "DicomPort": port, "DicomCheckCalledAet": False, "HttpPort": self.http,
            "RemoteAccessAllowed": False, "AuthenticationEnabled": False, **(more or {})}), encoding="utf-8")
        super().__init__(stage, stage.start(label, ["Orthanc", config], env), port)
        stage.wait_for_port(self.http, self.process)
        stage.wait_for_port(port, self.process)

    def stored(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/statistics", timeout=30) as answer:
            return json.load(answer)["CountInstances"]


class Tongjian(Peer):
    """What hub and gateway share."""

    def ready(self, stage, label, process):
        def probe():
            lines = [line for line in stage.output(label).splitlines() if '"ready"' in line]
            return json.loads(lines[0]) if lines else None

        self.ports = stage.wait_for(f"{label} to be ready", probe, process)
        return self.ports["dicom"]

    def metric(self, pattern):
        """The sum of all samples whose line matches."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['admin']}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if re.match(pattern, line))


class Hub(Tongjian):
    """`tongjian serve`, every service in one process, SQLite and local files, as deploy/try.sh starts it."""

    name = "hub"
    title = "TONGJIAN"

    def __init__(self, stage, env=None, label="hub", settings=""):
        if not stage.path("ca").exists():
            stage.run([stage.tongjian, "ca", "init", "--directory", stage.path("ca"), "--name", "Bench"])
        self.label, self.folder = label, stage.path(label)
        config = stage.path(label + ".toml")
        config.write_text(f"""state = "{self.folder}"
authority = "bench"
ca = "{stage.path('ca')}"

[rpc]
listen = "127.0.0.1:0"
names = ["localhost", "127.0.0.1"]

[dicom]
port = 0

[admin]
port = 0

[imaging]
default-facility = "fac-jinhua-zhongxin"

[registry]
seed-file = "{REPOSITORY / 'deploy' / 'community' / 'jinhua.json'}"
{settings}""", encoding="utf-8")
        process = stage.start(label, [stage.tongjian, "serve", "--config", config], env)
        super().__init__(stage, process, self.ready(stage, label, process))

    def stored(self):
        return int(self.metric(r'tongjian_imaging_objects_total\{.*"stored"'))

    def operator(self):
        """Logs the first operator in and returns the file with the token."""
        token = self.stage.path("operator.token")
        if not token.exists():
            password = (self.folder / "files" / "registry" / "first-operator-password").read_text(encoding="utf-8").splitlines()[-1]
            self.stage.run([self.stage.tongjian, "ctl", *self.where(token), "login", "operator"], input=password.strip() + "\n")
        return token

    def where(self, token):
        return ["--address", f"localhost:{self.ports['rpc']}", "--ca", self.stage.path("ca", "ca.pem"), "--token-file", token]

    def as_person(self, role, *words, practitioner=""):
        """`ctl` as a person of the center with that role."""
        token = self.stage.path(f"{role}.token")
        if not token.exists():
            password = "Bench-" + secrets.token_urlsafe(12) + "-9"
            self.ctl("accounts", "create", role, "account.facility-id=fac-jinhua-zhongxin", f"account.roles={role}",
                     f"account.practitioner-id={practitioner}", "account.active=true", f"password={password}")
            self.stage.run([self.stage.tongjian, "ctl", *self.where(token), "login", role], input=password + "\n")
        text = self.stage.run([self.stage.tongjian, "ctl", "--json", *self.where(token), *words])
        return json.loads(text) if text.strip() else {}

    def ctl(self, *words):
        text = self.stage.run([self.stage.tongjian, "ctl", "--json", *self.where(self.operator()), *words])
        return json.loads(text) if text.strip() else {}


class Gateway(Tongjian):
    """`tongjian edge`, enrolled at a hub."""

    name = "gateway"
    title = "GATEWAY"

    def __init__(self, stage, hub, facility="fac-bailongqiao", env=None):
        code = hub.ctl("enrollment", "code", facility, "gateway")["code"]
        address = f"localhost:{hub.ports['rpc']}"
        stage.run([stage.tongjian, "edge", "enroll", "--hub", address, "--code", code, "--ca", stage.path("ca", "ca.pem"),
                   "--state", stage.path(facility)])
        config = stage.path(facility + ".toml")
        config.write_text(f"""state = "{stage.path(facility)}"

[rpc]
listen = "127.0.0.1:0"

[dicom]
port = 0
ae-title = "GATEWAY"

[admin]
port = 0

[edge]
hub = "{address}"
quiet-time = "2s"
drop-folder = "{stage.folder(facility + '-results')}"
""", encoding="utf-8")
        process = stage.start(facility, [stage.tongjian, "edge", "--config", config], env)
        super().__init__(stage, process, self.ready(stage, facility, process))


def require(condition, what):
    if not condition:
        raise Failed(what)
