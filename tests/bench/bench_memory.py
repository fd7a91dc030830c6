"""One multi-frame object of 2 GB passes gateway and hub: how much more memory each had at most than before it.

The sender makes the object while it sends. It goes to a gateway, which spools it and uploads it to the hub; the bench ends when the
hub has it. Growth is the highest resident size after the object minus the resident size before it (VmHWM and VmRSS of
/proc/<pid>/status, the high-water mark reset before). A small object goes first, so that what is set up once is not counted.
"""

import pathlib
import struct
import time

from association import Association
from dicom_objects import ROOT, ct_slice, encoded
from harness import bench, times
from peers import Gateway, Hub, require

EXAM = "1.2.840.10008.5.1.4.1.1.2.1"  # Enhanced CT Image Storage.
CHUNK = 1 << 20


def large_object(frames, study):
    """(SOP Instance UID, size, chunks) of a data set of `frames` frames of 512 x 512 x 16 bits."""
    image = ct_slice(512, 512, study, 100000, {"SOPClassUID": EXAM, "NumberOfFrames": str(frames)})
    image.file_meta.MediaStorageSOPClassUID = EXAM
    image.PixelData = b""
    file = encoded(image)
    begin = 144 + struct.unpack_from("<I", file, 140)[0]
    header = file[begin:file.rindex(b"\xe0\x7f\x10\x00")]
    size = frames * 512 * 512 * 2

    def chunks():
        yield header + b"\xe0\x7f\x10\x00OW\0\0" + struct.pack("<I", size)
        pattern = bytes(range(256)) * (CHUNK // 256)
        for number in range(size // CHUNK):
            yield struct.pack("<Q", number) + pattern[8:]

    return str(image.SOPInstanceUID), size, chunks


def push(gateway, frames, study):
    """Sends one object and returns (bytes, seconds)."""
    uid, size, chunks = large_object(frames, study)
    began = time.monotonic()
    association = Association(gateway.port, "GATEWAY", "BLQ_CR1", EXAM)
    status = association.store(uid, chunks())
    association.release()
    require(status == 0, f"the gateway answered {status:#06x}")
    return size, time.monotonic() - began


def reset_high_water(peer):
    pathlib.Path(f"/proc/{peer.process.pid}/clear_refs").write_text("5", encoding="utf-8")


@bench("memory", "a multi-frame object of 2 GB through gateway and hub (200 MB when quick)")
def memory(stage):
    hub = Hub(stage)
    gateway = Gateway(stage, hub)
    push(gateway, 2, f"{ROOT}.1.1")
    stage.wait_for("the first object at the hub", lambda: hub.stored() == 1)
    before = {peer: peer.resident() for peer in (hub, gateway)}
    for peer in before:
        reset_high_water(peer)
    began = time.monotonic()
    size, took = push(gateway, 400 if stage.quick else 4000, f"{ROOT}.1.2")
    stage.wait_for("the large object at the hub", lambda: hub.stored() == 2, seconds=300)
    stage.say(f"{size / 1e6:.0f} MB: taken by the gateway in {took:.1f} s, at the hub after {time.monotonic() - began:.1f} s")
    for peer, had in before.items():
        growth = (peer.resident("VmHWM") - had) / 1e6
        yield times(f"memory.{peer.name}", "MB", [max(0.0, growth)], ceiling=64.0,
                    note=f"{size / 1e6:.0f} MB object, {had / 1e6:.0f} MB before")
