"""What devices say and ask beside their images, as cases of the main job: performed steps, storage commitment, the worklist's keys."""

import pathlib
import socket

import modality
from stage import CLINIC, check

# Return keys of the modality worklist (PS3.4 table K.6-1), those of the scheduled step apart.
WORKLIST_KEYS = """0008,0005 0008,0050 0008,0051 0008,0080 0008,0090 0008,1080 0008,1110 0008,1120 0010,0010 0010,0020 0010,0021 0010,0030
0010,0040 0010,1000 0010,1020 0010,1030 0010,2000 0010,2110 0010,21B0 0010,21C0 0010,4000 0020,000D 0032,1032 0032,1033 0032,1060
0032,1064 0038,0010 0038,0050 0038,0300 0038,0400 0038,0500 0040,1001 0040,1002 0040,1003 0040,1004 0040,1005 0040,1008 0040,1009
0040,1400 0040,2004 0040,2005 0040,2016 0040,2017 0040,2400 0040,3001""".split()
STEP_KEYS = """0008,0060 0032,1070 0040,0001 0040,0002 0040,0003 0040,0006 0040,0007 0040,0008 0040,0009 0040,0010 0040,0011 0040,0012
0040,0020 0040,0400""".split()


class ExamCases:
    """To be mixed into the stage of cases_test.py."""

    def reachable(self, ae_title):
        """A port for reports to the clinic's device, which the registry learns of."""
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(60)
        device = [device for device in self.ctl("operator", "devices", "list",
                                                f"facility-id={CLINIC['facility']}")["devices"]
                  if device["ae_title"] == ae_title][0]
        self.ctl("operator", "devices", "update", device["id"], device["etag"],
                 f"device.facility-id={device['facility_id']}", f"device.name={device['name']}",
                 f"device.modality={device['modality']}", f"device.ae-title={ae_title}", "device.address=127.0.0.1",
                 f"device.port={listener.getsockname()[1]}", "device.active=true")
        return listener

    def stepping_device(self):
        """Worklist, exam begun, link cut, images, exam ended, commitment asked for; the hub comes back and the device hears."""
        ae_title, port = CLINIC["device"], self.ports[CLINIC["facility"]]["dicom"]
        listener = self.reachable(ae_title)
        order = self.order("stepped")
        accession = order["accession_number"]
        words = self.scheduled(order)
        uid = modality.generate_uid()

        def tell(operation, dataset):
            return modality.tell_step(port, "GATEWAY", ae_title, operation, uid, dataset)

        check(tell(modality.CREATE, modality.begun(words, ae_title)) == modality.SUCCESS, "the step was not taken")
        check(tell(modality.CREATE, modality.begun(words, ae_title)) == 0x0111, "the same step was taken twice")
        self.wait_for("the order to know that the exam has begun", lambda: "exam started" in self.timeline(accession))
        self.kill("hub")
        files = self.images("stepped", words)
        self.push(CLINIC, files)
        check(tell(modality.SET, modality.ended(files)) == modality.SUCCESS, "the step was not ended")
        check(tell(modality.SET, modality.ended(files)) == 0x0110, "an ended step was changed")
        check(not self.worklist(CLINIC, accession), "an exam that is done stands on the worklist")
        peer = modality.Peer.call(port, "GATEWAY", ae_title, modality.COMMITMENT)
        asked = modality.commitment(files)
        check(peer.request(modality.ACTION, modality.COMMITMENT_INSTANCE, asked, ActionTypeID=1).Status == modality.SUCCESS,
              "the request for commitment was not taken")
        peer.release()
        self.start_again("hub")
        self.verified(accession)
        self.wait_for("the study to know that the exam is done", lambda: [
            study for study in self.studies(accession) if study["exam_state"] == "PERFORMED_STEP_STATE_COMPLETED"])
        peer = modality.Peer.accept(listener)
        kind, report = peer.event()
        peer.close()
        check(kind == 1 and report.TransactionUID == asked.TransactionUID, str(report))
        check({item.ReferencedSOPInstanceUID for item in report.ReferencedSOPSequence} ==
              {item.ReferencedSOPInstanceUID for item in asked.ReferencedSOPSequence}, str(report))
        self.wait_for("the order to know that the exam is done", lambda: "exam completed" in self.timeline(accession))
        listener.close()

    def broken_off(self):
        """A device breaks an exam off after its images: the reader is told why, and the order's timeline says so."""
        ae_title, port = CLINIC["device"], self.ports[CLINIC["facility"]]["dicom"]
        order = self.order("broken")
        words = self.scheduled(order)
        uid = modality.generate_uid()

        def tell(operation, dataset):
            check(modality.tell_step(port, "GATEWAY", ae_title, operation, uid, dataset) == modality.SUCCESS, "refused")

        tell(modality.CREATE, modality.begun(words, ae_title))
        files = self.images("broken", words)
        self.push(CLINIC, files)
        tell(modality.SET, modality.ended(files, "DISCONTINUED", "Equipment failure"))
        accession = order["accession_number"]
        task = self.wait_for("the reader to be told", lambda: [
            task for task in self.tasks(accession) if task.get("exam_note")])[0]
        check(task["exam_note"] == "Equipment failure", task)
        self.wait_for("the timeline to say so", lambda: "exam discontinued" in self.timeline(accession))

    def every_return_key(self):
        """The worklist with every return key of the standard, from gateway and hub: all are answered, and what the order says is in."""
        order = self.order("keys", "--placer-number", "HIS-KEYS")
        accession = order["accession_number"]
        self.scheduled(order)
        self.wait_for("the order at the hub", lambda: self.timeline(accession))
        for port, called in ((self.ports[CLINIC["facility"]]["dicom"], "GATEWAY"), (self.ports["hub"]["dicom"], "TONGJIAN")):
            folder = pathlib.Path(self.path(f"keys-{called}"))
            folder.mkdir()
            keys = [f"{key}={accession}" if key == "0008,0050" else key for key in WORKLIST_KEYS if key != "0008,0005"]
            keys += [f"(0040,0100)[0].{key}" for key in STEP_KEYS]
            self.run(["findscu", "-W", "-X", "-od", str(folder), "-aet", CLINIC["device"], "-aec", called,
                      *[word for key in keys for word in ("-k", key)], "localhost", str(port)])
            answers = [modality.dcmread(path, force=True) for path in sorted(folder.glob("rsp*.dcm"))]
            check(len(answers) == 1, f"{called}: {len(answers)} answers")
            entry = answers[0]
            step = entry.ScheduledProcedureStepSequence[0]
            missing = [key for key in WORKLIST_KEYS if int(key.replace(",", ""), 16) not in entry]
            missing += [key for key in STEP_KEYS if int(key.replace(",", ""), 16) not in step]
            check(not missing, f"{called} answers without {missing}")
            told = {"AccessionNumber": accession, "PatientID": "2010", "PatientSex": "F", "PatientBirthDate": "19820214",
                    "PlacerOrderNumberImagingServiceRequest": "HIS-KEYS", "RequestedProcedureID": "1",
                    "StudyInstanceUID": order["items"][0]["study_instance_uid"], "RequestedProcedurePriority": "ROUTINE"}
            wrong = {word: str(entry[word].value) for word, value in told.items() if str(entry[word].value) != value}
            check(not wrong, f"{called} answers {wrong}")
            check(step.ScheduledProcedureStepStatus == "SCHEDULED" and step.Modality == "CR", f"{called}: {step}")

    def timeline(self, accession):
        """What has happened to an order, in its words."""
        order = [order for order in self.ctl("reader", "orders", "list").get("orders", [])
                 if order["accession_number"] == accession]
        return [entry["action"] for entry in self.ctl("reader", "orders", "timeline", order[0]["id"])["entries"]] if order else []

    CASES = (stepping_device, broken_off, every_return_key)
