"""The modality worklist: one association and one query for an accession number, beside DCMTK's wlmscpfs and Orthanc's plugin."""

import datetime
import json
import time

import pydicom
import pydicom.uid

import load
from harness import Failed, bench, free_port, times
from peers import NODELAY, Hub, Orthanc

CLINIC, DEVICE = "fac-bailongqiao", "BLQ_CR1"


class Wlmscpfs:
    """DCMTK's worklist server: reads every file of a folder at each query."""

    title = "WORKLIST"

    def __init__(self, stage, folder):
        self.port = free_port()
        process = stage.start("wlmscpfs", ["wlmscpfs", "-dfp", folder, self.port], NODELAY)
        stage.wait_for_port(self.port, process)


def entry(number):
    """A worklist file such as both peers read."""
    item = pydicom.Dataset()
    item.SpecificCharacterSet = "ISO_IR 192"
    item.AccessionNumber = f"BENCH{number:011d}"
    item.PatientName, item.PatientID, item.PatientBirthDate, item.PatientSex = "张三", f"P{number}", "19800101", "M"
    item.StudyInstanceUID = pydicom.uid.generate_uid()
    item.RequestedProcedureID, item.RequestedProcedureDescription = str(number), "颈椎正侧位"
    step = pydicom.Dataset()
    step.ScheduledStationAETitle, step.Modality = DEVICE, "CR"
    now = datetime.datetime.now()
    step.ScheduledProcedureStepStartDate = now.strftime("%Y%m%d")
    step.ScheduledProcedureStepStartTime = now.strftime("%H%M%S")
    step.ScheduledProcedureStepDescription, step.ScheduledProcedureStepID = "颈椎正侧位", str(number)
    item.ScheduledProcedureStepSequence = [step]
    item.file_meta = pydicom.dataset.FileMetaDataset()
    item.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    item.file_meta.MediaStorageSOPClassUID = "1.2.276.0.7230010.3.1.0.1"
    item.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    item.is_little_endian, item.is_implicit_VR = True, False
    return item


def ask(stage, port, title, accession, count):
    """Milliseconds of each of `count` associations with their query, by one client that goes on running."""
    answer = json.loads(stage.run([load.binary(), "worklist", "--port", port, "--called", title, "--calling", DEVICE,
                                   "--accession", accession, "--count", count], env={"TCP_NODELAY": "1"}))
    if answer["entries"] != count:
        raise Failed(f"{title}: {answer['entries']} entries came to {count} queries")
    return answer["ms"]


def fill(stage, hub, folder, have, want):
    """Brings the hub and the peers' folder to `want` entries. Returns the hub's accession number that is asked for."""
    for number in range(have, want):
        entry(number).save_as(folder / f"{number}.wl", write_like_original=False)
    load.orders(stage, hub.ports["rpc"], [(CLINIC, 10, 0)], 600, (want - have) // 10)
    orders = hub.as_person("bureau", "orders", "list", f"ordering-facility-id={CLINIC}", "page-size=1")["orders"]
    return orders[0]["accession_number"]


def settle(stage, hub):
    """Until the hub has told itself of the new orders: what it does afterwards is not the query's."""
    last = [hub.cpu()]

    def quiet():
        time.sleep(0.5)
        burnt, last[0] = hub.cpu() - last[0], hub.cpu()
        return burnt < 0.05

    stage.wait_for("the hub to be done with the orders", quiet, hub.process, 300)


@bench("worklist.query", "one association and one query of the modality worklist at 1,000 and 10,000 entries")
def query(stage):
    hub = Hub(stage, env=NODELAY)
    folder = stage.folder("worklists", "WORKLIST")
    (folder / "lockfile").touch()
    wlmscpfs = Wlmscpfs(stage, folder.parent)
    orthanc = Orthanc(stage, env=NODELAY, more={
        "DicomModalities": {"bench": {"AET": DEVICE, "Host": "127.0.0.1", "Port": 104, "AllowFindWorklist": True}},
        "Plugins": ["/usr/share/orthanc/plugins/libModalityWorklists.so"],
        "Worklists": {"Enable": True, "Database": str(folder), "FilterIssuerAet": False}})
    count = 5 if stage.quick else 15
    ours, have = {}, 0
    for size in (1000, 10000):
        accession = fill(stage, hub, folder, have, size)
        have = size
        settle(stage, hub)
        theirs = f"BENCH{size // 2:011d}"
        ours[size], dcmtk, plugin = [], [], []
        for _ in range(3):
            ours[size] += ask(stage, hub.port, hub.title, accession, 4 * count)
            dcmtk += ask(stage, wlmscpfs.port, wlmscpfs.title, theirs, count)
            plugin += ask(stage, orthanc.port, orthanc.title, theirs, count)
        floor = 20 if size == 10000 else None
        yield times(f"worklist.{size}.wlmscpfs", "ms", ours[size], "wlmscpfs", dcmtk, floor=floor)
        yield times(f"worklist.{size}.orthanc", "ms", ours[size], "orthanc", plugin, floor=floor)
    yield times("worklist.growth", "ms", ours[10000], "hub at 1,000", ours[1000], floor=0.5,
                note="10,000 entries may take at most twice as long as 1,000")
