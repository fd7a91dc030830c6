"""Real processes on this machine for whoever plays a job with them: an authority, a hub, gateways, people, a HIS, a device.

Used by play.py (the main job) and by the tests that need processes. Everything lies in one directory; nothing listens
beyond loopback.
"""

import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import time

import pydicom
import pydicom.uid

HERE = pathlib.Path(__file__).resolve().parent
CLINIC = {"facility": "fac-bailongqiao", "name": "白龙桥镇中心卫生院", "device": "BLQ_CR1"}
OTHER = {"facility": "fac-tangxi", "name": "汤溪镇中心卫生院", "device": "TX_DR1"}
HUB_FACILITY = "fac-jinhua-zhongxin"
ITEM = "cr-cervical-spine"
PERSON = ["--name", "张三", "--sex", "male", "--birth-date", "1980-01-01", "--resident-id", "110101198001010010"]


class Failed(Exception):
    """A step did not come out as it must."""


def check(holds, what):
    """Fails with words, or with what came instead."""
    if not holds:
        raise Failed(what if isinstance(what, str) else json.dumps(what, ensure_ascii=False)[:2000])


class Stage:
    """The processes, files and identities of a play. Use as a context: the processes are stopped at its end."""

    def __init__(self, tongjian, directory):
        self.tongjian = str(pathlib.Path(tongjian).resolve())
        self.directory = pathlib.Path(directory).resolve()
        self.processes = {}
        self.commands = {}
        self.ports = {}
        self.homes = {}  # Which process answers ctl's words, where that is not "hub": {"tasks": "another"}.

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def empty(self):
        """Begins with an empty directory."""
        if self.directory.exists():
            shutil.rmtree(self.directory)
        self.directory.mkdir(parents=True)

    def path(self, *parts):
        return str(self.directory.joinpath(*parts))

    def run(self, command, **options):
        """Runs a command to its end and returns what it printed; its error output becomes the failure's text."""
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)
        if done.returncode != 0:
            raise Failed(f"{' '.join(command[:4])} ...: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    # Processes.

    def start(self, name, *command):
        """Starts a tongjian process and waits until it says that it is ready."""
        self.commands[name] = command
        out = open(self.path(f"{name}.out"), "w", encoding="utf-8")
        log = open(self.path(f"{name}.log"), "a", encoding="utf-8")
        with out, log:
            process = subprocess.Popen([self.tongjian, *command], stdout=out, stderr=log, start_new_session=True)
        self.processes[name] = process
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            lines = pathlib.Path(self.path(f"{name}.out")).read_text(encoding="utf-8").splitlines()
            ready = [json.loads(line) for line in lines if '"ready"' in line]
            if ready:
                self.ports[name] = ready[0]
                return process
            if process.poll() is not None:
                tail = pathlib.Path(self.path(f"{name}.log")).read_text(encoding="utf-8").splitlines()[-5:]
                raise Failed(f"{name} ended at once: " + "\n".join(tail))
            time.sleep(0.02)
        raise Failed(f"{name} is not ready after 60 s")

    def kill(self, name):
        """Ends a process as a crash does."""
        self.processes[name].kill()
        self.processes[name].wait()

    def start_again(self, name):
        """Starts a process that was killed, on the ports it had: others know them."""
        config = pathlib.Path(self.path(f"{name}.toml"))
        text = config.read_text(encoding="utf-8")
        rpc, dicom, web = (self.ports[name][port] for port in ("rpc", "dicom", "web"))
        text = text.replace('listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{rpc}"')
        text = text.replace("[dicom]\nport = 0", f"[dicom]\nport = {dicom}")
        text = text.replace("[web]\nport = 0", f"[web]\nport = {web}")
        config.write_text(text, encoding="utf-8")
        return self.start(name, *self.commands[name])

    def stop(self):
        running = [process for process in reversed(self.processes.values()) if process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # Setting up.

    def authority(self, clinics=(CLINIC, OTHER)):
        """A private authority, a certificate for each clinic's HIS, and the contract's Python stubs."""
        self.run([self.tongjian, "ca", "init", "--directory", self.path("ca"), "--name", "Tongjian sample authority"])
        for clinic in clinics:
            self.certificate("his", clinic["facility"])
        self.run([str(HERE / "his" / "generate_stubs.sh"), self.path("stubs")])

    def certificate(self, role, facility):
        """A machine's certificate; the path to which .pem and .key are added."""
        path = self.path(f"{role}-{facility}")
        self.run([self.tongjian, "ca", "issue", "--directory", self.path("ca"), "--role", role,
                  "--facility", facility, "--out", path])
        return path

    def hub_config(self, name="hub", settings="", imaging="", registry=""):
        """Writes <name>.toml: `settings` go on top, the others into their sections."""
        config = pathlib.Path(self.path(f"{name}.toml"))
        config.write_text(f"""state = "{self.path(name)}"
authority = "jinhua"
ca = "{self.path('ca')}"
{settings}
[rpc]
listen = "127.0.0.1:0"
names = ["localhost", "127.0.0.1"]

[dicom]
port = 0

[web]
port = 0

[admin]
port = 0

[imaging]
quiet-time = "5s"
{imaging}
[registry]
seed-file = "{HERE / 'community' / 'jinhua.json'}"
{registry}""", encoding="utf-8")
        return str(config)

    def hub(self, **options):
        """The hub with the sample community, and its operator logged in."""
        self.start("hub", "serve", "--config", self.hub_config(**options))
        first = pathlib.Path(self.path("hub", "files", "registry", "first-operator-password"))
        self.log_in("operator", first.read_text(encoding="utf-8").splitlines()[-1].strip())

    def person(self, user, role, practitioner="", facility=HUB_FACILITY):
        """An account, logged in: `ctl(user, ...)` calls as that person."""
        password = "Try-" + secrets.token_urlsafe(12) + "-9"
        self.ctl("operator", "accounts", "create", user, f"account.facility-id={facility}", f"account.roles={role}",
                 f"account.practitioner-id={practitioner}", "account.active=true", f"password={password}")
        self.log_in(user, password)

    def gateway(self, clinic, settings="", edge=""):
        """A clinic's gateway, enrolled with a one-time code and running."""
        facility = clinic["facility"]
        code = self.ctl("operator", "enrollment", "code", facility, "gateway")["code"]
        hub = f"localhost:{self.ports['hub']['rpc']}"
        self.run([self.tongjian, "edge", "enroll", "--hub", hub, "--code", code,
                  "--ca", self.path("ca", "ca.pem"), "--state", self.path(facility)])
        pathlib.Path(self.path(facility + "-results")).mkdir()
        config = pathlib.Path(self.path(f"{facility}.toml"))
        config.write_text(f"""state = "{self.path(facility)}"
{settings}
[rpc]
listen = "127.0.0.1:0"

[dicom]
port = 0
ae-title = "GATEWAY"

[admin]
port = 0

[edge]
hub = "{hub}"
quiet-time = "2s"
drop-folder = "{self.path(facility + '-results')}"
{edge}""", encoding="utf-8")
        self.start(facility, "edge", "--config", str(config))

    # Whoever calls.

    def ctl(self, who, *words):
        """Calls `tongjian ctl` as a person and returns the parsed answer."""
        home = self.homes.get(words[0], "hub")
        text = self.run([self.tongjian, "ctl", "--json", "--address", f"localhost:{self.ports[home]['rpc']}",
                         "--ca", self.path("ca", "ca.pem"), "--token-file", self.path(f"{who}.token"), *words])
        return json.loads(text) if text.strip() else {}

    def log_in(self, who, password):
        self.run([self.tongjian, "ctl", "--address", f"localhost:{self.ports['hub']['rpc']}",
                  "--ca", self.path("ca", "ca.pem"), "--token-file", self.path(f"{who}.token"), "login", who],
                 input=password + "\n")

    def his(self, clinic, *words):
        """Calls the HIS client of a clinic at that clinic's gateway."""
        return json.loads(self.run(self.his_command(clinic, *words)))

    def his_command(self, clinic, *words):
        gateway = clinic["facility"]
        return [str(HERE / "his" / "his_client.py"), "--stubs", self.path("stubs"),
                "--address", f"localhost:{self.ports[gateway]['rpc']}", "--ca", self.path("ca", "ca.pem"),
                "--cert", self.path(f"his-{gateway}.pem"), "--key", self.path(f"his-{gateway}.key"),
                "--server-name", f"{gateway}.gateway", *words]

    def worklist(self, clinic, accession):
        """The modality worklist's entries with an accession number, as a device of the clinic gets them."""
        folder = pathlib.Path(self.path(f"worklist-{accession}"))
        folder.mkdir(exist_ok=True)
        self.run(["findscu", "-W", "-X", "-od", str(folder), "-aet", clinic["device"], "-aec", "GATEWAY",
                  "-k", f"0008,0050={accession}", "-k", "0010,0010", "-k", "0010,0020", "-k", "0010,0030",
                  "-k", "0010,0040", "-k", "0020,000D", "-k", "0032,1060",
                  "-k", "(0040,0100)[0].0008,0060", "-k", "(0040,0100)[0].0040,0007",
                  "localhost", str(self.ports[clinic["facility"]]["dicom"])],
                 env={**os.environ, "TCP_NODELAY": "1"})
        answers = [pydicom.dcmread(path, force=True) for path in sorted(folder.glob("rsp*.dcm"))]
        shutil.rmtree(folder)
        return answers

    def images(self, name, words):
        """Three real cervical spine radiographs of Debian's python3-pydicom as files, as a device would send them.

        `words`: what they say of patient, study and order, by DICOM keyword.
        """
        folder = pathlib.Path(self.path(f"images-{name}"))
        folder.mkdir(exist_ok=True)
        study = pathlib.Path(pydicom.__file__).parent / "data" / "test_files" / "dicomdirtests" / "77654033"
        wanted = list(study.glob("CR*/*"))
        if len(wanted) != 3:
            raise Failed("python3-pydicom's cervical spine study is not where it should be")
        series = pydicom.uid.generate_uid()
        for number, path in enumerate(sorted(wanted), 1):
            image = pydicom.dcmread(path)
            image.SpecificCharacterSet = "GB18030"
            for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber",
                            "StudyInstanceUID"):
                setattr(image, keyword, str(words.get(keyword, "")))
            image.SeriesInstanceUID = series
            image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
            image.AcquisitionDate = image.StudyDate = image.SeriesDate = image.ContentDate = time.strftime("%Y%m%d")
            image.AcquisitionTime = image.StudyTime = image.SeriesTime = image.ContentTime = time.strftime("%H%M%S")
            image.save_as(folder / f"{number}.dcm")
        return sorted(folder.glob("*.dcm"))

    def push(self, clinic, files):
        """A device of the clinic sends files to the gateway; returns when each was answered with success."""
        self.run(["storescu", "-aet", clinic["device"], "-aec", "GATEWAY", "localhost",
                  str(self.ports[clinic["facility"]]["dicom"]), *map(str, files)],
                 env={**os.environ, "TCP_NODELAY": "1"})

    def wait_for(self, what, probe, seconds=60):
        """Asks `probe` until it answers; that is the condition waited for."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = probe()
            if found:
                return found
            time.sleep(0.2)
        raise Failed(f"waited {seconds} s for {what}")
