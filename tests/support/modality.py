"""A modality of our own for tests: performed procedure steps and storage commitment over the plain wire, by pydicom's encoding.

Another lineage than the product's: nothing of it is used here.
"""

import socket
import struct

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

STEP = "1.2.840.10008.3.1.2.3.3"
COMMITMENT = "1.2.840.10008.1.20.1"
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
IMPLICIT = "1.2.840.10008.1.2"
SUCCESS = 0x0000
CREATE, SET, ACTION, EVENT = 0x0140, 0x0120, 0x0130, 0x0100
RESPONSE = 0x8000
AFFECTED = (CREATE, EVENT)


class Broken(Exception):
    """The peer did not keep to the protocol."""


def encode(dataset):
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, True
    write_dataset(buffer, dataset)
    return buffer.getvalue()


def decode(data):
    return read_dataset(DicomBytesIO(data), True, True)


def item(kind, body):
    return struct.pack(">BxH", kind, len(body)) + body


def command(words):
    """A command set with its group length."""
    dataset = Dataset()
    for keyword, value in words.items():
        setattr(dataset, keyword, value)
    body = encode(dataset)
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


class Peer:
    """One association of either side, with one presentation context in implicit little endian."""

    def __init__(self, connection, sop_class):
        self.connection = connection
        self.sop_class = sop_class
        self.context = 1
        self.message = 0
        connection.settimeout(30)

    @classmethod
    def call(cls, port, called, calling, sop_class):
        peer = cls(socket.create_connection(("127.0.0.1", port)), sop_class)
        context = struct.pack(">Bxxx", 1) + item(0x30, sop_class.encode()) + item(0x40, IMPLICIT.encode())
        user = item(0x51, struct.pack(">I", 65536)) + item(0x52, b"1.2.826.0.1.3680043.10.9999.2")
        body = (struct.pack(">Hxx", 1) + called.ljust(16).encode() + calling.ljust(16).encode() + bytes(32) +
                item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x20, context) + item(0x50, user))
        peer.connection.sendall(struct.pack(">BxI", 1, len(body)) + body)
        kind, answer = peer.receive()
        if kind != 2:
            raise Broken(f"association not accepted: PDU type {kind}")
        return peer

    @classmethod
    def accept(cls, listener):
        """Takes an association that the peer opens to report: its first context, in the roles it proposes."""
        peer = cls(listener.accept()[0], COMMITMENT)
        kind, request = peer.receive()
        if kind != 1:
            raise Broken(f"no association request: PDU type {kind}")
        at, user = 68, b""
        while at < len(request):
            kind, size = struct.unpack_from(">BxH", request, at)
            if kind == 0x20:
                peer.context = request[at + 4]
            if kind == 0x50:
                user = request[at + 4:at + 4 + size]
            at += 4 + size
        roles, at = b"", 0
        while at < len(user):
            kind, size = struct.unpack_from(">BxH", user, at)
            if kind == 0x54:
                roles += user[at:at + 4 + size]
            at += 4 + size
        answer = (request[:68] + item(0x10, b"1.2.840.10008.3.1.1.1") +
                  item(0x21, struct.pack(">BxBx", peer.context, 0) + item(0x40, IMPLICIT.encode())) +
                  item(0x50, item(0x51, struct.pack(">I", 65536)) + item(0x52, b"1.2.826.0.1.3680043.10.9999.2") + roles))
        peer.connection.sendall(struct.pack(">BxI", 2, len(answer)) + answer)
        return peer

    def take(self, size):
        data = b""
        while len(data) < size:
            part = self.connection.recv(size - len(data))
            if not part:
                raise Broken("the peer closed the connection")
            data += part
        return data

    def receive(self):
        head = self.take(6)
        return head[0], self.take(struct.unpack(">BxI", head)[1])

    def send(self, control, body):
        part = struct.pack(">IBB", len(body) + 2, self.context, control) + body
        self.connection.sendall(struct.pack(">BxI", 4, len(part)) + part)

    def part(self):
        """The next command set or data set, whole."""
        data, last = b"", False
        while not last:
            kind, body = self.receive()
            if kind != 4:
                raise Broken(f"no data: PDU type {kind}")
            at = 0
            while at < len(body):
                size, _, control = struct.unpack_from(">IBB", body, at)
                data += body[at + 6:at + 4 + size]
                last = bool(control & 2)
                at += 4 + size
        return decode(data)

    def answer(self):
        """The next message: its command and its data set, or None."""
        words = self.part()
        return words, self.part() if words.CommandDataSetType != 0x0101 else None

    def request(self, operation, instance, dataset, **more):
        """Asks and returns the response's command."""
        self.message += 1
        side = "Affected" if operation in AFFECTED else "Requested"
        self.send(3, command({"CommandField": operation, "MessageID": self.message, "CommandDataSetType": 1,
                              f"{side}SOPClassUID": self.sop_class, f"{side}SOPInstanceUID": instance, **more}))
        self.send(2, encode(dataset))
        words, _ = self.answer()
        if words.CommandField != operation | RESPONSE or words.MessageIDBeingRespondedTo != self.message:
            raise Broken("an answer to something else")
        return words

    def event(self):
        """An event report of the peer, acknowledged: its type and data set."""
        words, dataset = self.answer()
        if words.CommandField != EVENT:
            raise Broken(f"no event: {words.CommandField:04X}")
        self.send(3, command({"CommandField": EVENT | RESPONSE, "MessageIDBeingRespondedTo": words.MessageID,
                              "CommandDataSetType": 0x0101, "Status": SUCCESS, "EventTypeID": words.EventTypeID,
                              "AffectedSOPClassUID": COMMITMENT, "AffectedSOPInstanceUID": COMMITMENT_INSTANCE}))
        return words.EventTypeID, dataset

    def release(self):
        self.connection.sendall(struct.pack(">BxI", 5, 4) + bytes(4))
        self.receive()
        self.connection.close()

    def close(self):
        self.connection.close()


def begun(entry, ae_title):
    """N-CREATE's data set for an entry of the worklist (its words by keyword)."""
    scheduled = Dataset()
    scheduled.StudyInstanceUID = entry["StudyInstanceUID"]
    scheduled.AccessionNumber = entry.get("AccessionNumber", "")
    scheduled.RequestedProcedureID = entry.get("RequestedProcedureID", "")
    step = Dataset()
    step.SpecificCharacterSet = "ISO_IR 192"
    step.ScheduledStepAttributesSequence = Sequence([scheduled])
    step.PatientName, step.PatientID = entry["PatientName"], entry["PatientID"]
    step.PatientBirthDate, step.PatientSex = entry.get("PatientBirthDate", ""), entry.get("PatientSex", "")
    step.PerformedProcedureStepID, step.PerformedStationAETitle, step.Modality = "1", ae_title, "DX"
    step.PerformedProcedureStepStartDate, step.PerformedProcedureStepStartTime = "20260105", "083000"
    step.PerformedProcedureStepStatus = "IN PROGRESS"
    step.PerformedSeriesSequence = Sequence([])
    return step


def ended(files, status="COMPLETED", reason=""):
    """N-SET's data set over what was made, and why it was broken off."""
    series = {}
    for path in files:
        image = dcmread(path, stop_before_pixels=True)
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
        series.setdefault(image.SeriesInstanceUID, []).append(reference)
    made = []
    for uid, references in series.items():
        one = Dataset()
        one.SeriesInstanceUID, one.ProtocolName = uid, "PA"
        one.ReferencedImageSequence = Sequence(references)
        made.append(one)
    step = Dataset()
    step.PerformedProcedureStepStatus = status
    step.PerformedProcedureStepEndDate, step.PerformedProcedureStepEndTime = "20260105", "084000"
    step.PerformedSeriesSequence = Sequence(made)
    if reason:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "110501", "DCM", reason
        step.PerformedProcedureStepDiscontinuationReasonCodeSequence = Sequence([code])
    return step


def commitment(files):
    """N-ACTION's data set: may these be deleted?"""
    references = []
    for path in files:
        image = dcmread(path, stop_before_pixels=True)
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
        references.append(reference)
    request = Dataset()
    request.TransactionUID = generate_uid()
    request.ReferencedSOPSequence = Sequence(references)
    return request


def tell_step(port, called, calling, operation, uid, dataset):
    """One N-CREATE or N-SET on an association of its own; its status."""
    peer = Peer.call(port, called, calling, STEP)
    status = peer.request(operation, uid, dataset).Status
    peer.release()
    return status
