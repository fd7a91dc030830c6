"""Devices that go on sending unlike images until they are told to stop, and remember what was acknowledged."""

import hashlib
import os
import pathlib
import random
import re
import subprocess
import threading

import pydicom
import pydicom.uid

STORESCU = ["storescu", "-v", "-to", "5", "-ta", "5", "-td", "10"]


def dataset_hash(file):
    """The SHA-256 of what follows the meta header of a DICOM file: that is what travels."""
    if file[128:132] != b"DICM":
        raise ValueError("not a DICOM file")
    length = int.from_bytes(file[140:144], "little")  # (0002,0000) is the first element.
    return hashlib.sha256(file[144 + length:]).hexdigest()


class Images:
    """Makes unlike images of several sizes from one real CT slice of Debian's python3-pydicom. Seeded."""

    SIZES = [(64, 64)] * 12 + [(512, 320)] * 5 + [(512, 512)] * 2 + [(2048, 1400)]

    def __init__(self, folder, seed):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.random = random.Random(seed)
        path = pathlib.Path(pydicom.__file__).parent / "data" / "test_files" / "CT_small.dcm"
        self.image = pydicom.dcmread(path)
        for element in list(self.image):
            if element.VR == "SQ" or element.tag.is_private or element.tag.group == 0xFFFC:
                del self.image[element.tag]
        self.new_study()

    def new_study(self):
        self.image.StudyInstanceUID = pydicom.uid.generate_uid()
        self.image.SeriesInstanceUID = pydicom.uid.generate_uid()
        self.image.PatientID = f"CRASH-{self.random.randrange(10**6)}"
        self.left = self.random.randrange(20, 60)

    def make(self):
        """Writes one image; returns (path, SOP Instance UID, SHA-256 of its data set)."""
        if self.left == 0:
            self.new_study()
        self.left -= 1
        uid = pydicom.uid.generate_uid()
        self.image.SOPInstanceUID = self.image.file_meta.MediaStorageSOPInstanceUID = uid
        self.image.Rows, self.image.Columns = self.random.choice(self.SIZES)
        self.image.PixelData = self.random.randbytes(self.image.Rows * self.image.Columns * 2)
        path = self.folder / f"{uid}.dcm"
        self.image.save_as(path, write_like_original=False)
        return str(path), uid, dataset_hash(path.read_bytes())


def store(port, ae_title, path):
    """Sends one file; what the answer says ("Success", "Refused: OutOfResources", ...), or nothing without one."""
    done = subprocess.run([*STORESCU, "-aet", ae_title, "-aec", "ANY", "localhost", str(port), path],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                          env={**os.environ, "TCP_NODELAY": "1"})
    found = re.search(r"Received Store Response \((.*)\)", done.stdout)
    return found.group(1) if found else ""


class Device(threading.Thread):
    """A device that goes on sending until told to stop, and sends again what was not acknowledged."""

    BATCH = 8

    def __init__(self, port, ae_title, images):
        super().__init__(daemon=True)
        self.port = port
        self.ae_title = ae_title
        self.images = images
        self.ending = threading.Event()
        self.acknowledged = {}  # SHA-256 of the data set by SOP Instance UID.
        self.repeated = 0
        self.problem = None

    def run(self):
        try:
            waiting = []
            while not self.ending.is_set() or waiting:
                while len(waiting) < self.BATCH and not self.ending.is_set():
                    waiting.append(self.images.make())
                taken = self.send([path for path, _, _ in waiting])
                for path, uid, digest in waiting:
                    if path in taken:
                        self.acknowledged[uid] = digest
                        os.unlink(path)
                waiting = [one for one in waiting if one[0] not in taken]
                self.repeated += len(waiting)
        except Exception as problem:  # Shown by the test's own thread.
            self.problem = problem

    def send(self, paths):
        """The paths that storescu heard success for. It ends at the first failure; the rest waits."""
        command = [*STORESCU, "-aet", self.ae_title, "-aec", "ANY", "localhost", str(self.port), *paths]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   errors="replace", env={**os.environ, "TCP_NODELAY": "1"})
        taken, path = set(), None
        for line in process.stdout:
            if "Sending file: " in line:
                path = line.split("Sending file: ", 1)[1].strip()
            elif "Received Store Response (Success)" in line:
                taken.add(path)
        if process.wait() != 0 and not taken:
            self.ending.wait(0.05)  # Nobody listens; it is no use to ask more often.
        return taken
