"""What the table of permissions is asked about: one patient, order, study, task, report and result of a clinic, read at a center.

Made by real processes from real images; `names` are the words that the table's requests use for them.
"""

import base64
import secrets
import subprocess

from stage import CLINIC, HUB_FACILITY, ITEM, PERSON, Stage

import contract
import modality

VILLAGE = "fac-bailongqiao-village"
FACILITIES = {"own": CLINIC["facility"], "child": VILLAGE, "other": "fac-langya", "center": HUB_FACILITY}
MACHINES = ("gateway", "his", "device", "peer")
CRC32C_OF_12345 = 0x18D12335
PEOPLE = ("clinic_doctor", "clinic_technician", "reader", "center_head", "bureau", "operator", "auditor",
          "patient_steward")


class Scene(Stage):
    """A hub, the clinic's gateway, everybody who might call, and the rows they call about."""

    def set_up(self):
        self.empty()
        self.authority((CLINIC,))
        self.hub()
        self.contract = contract.Contract(self.path("stubs"))
        self.names = {"own": CLINIC["facility"], "child": VILLAGE, "center": "center-zhongxin-imaging",
                      "centerhost": HUB_FACILITY}
        self.villages()
        self.gateway(CLINIC)
        self.person("reader", "reader", "prac-zhongxin-reader-1")
        self.person("clerk", "clinic_doctor", facility=CLINIC["facility"])
        self.rows()
        self.callers()

    def at_hub(self, who, method, request):
        """A call that must succeed, as a person who is logged in through ctl."""
        token = contract.read(self.path(f"{who}.token")).decode().strip()
        if not hasattr(self, "person_channel"):
            self.person_channel = contract.channel(f"localhost:{self.ports['hub']['rpc']}", self.path("ca", "ca.pem"))
        answer = self.contract.call(self.person_channel, method, request, contract.bearer(token))
        if answer.code != "OK":
            raise AssertionError(f"{method}: {answer}")
        return answer.first

    def villages(self):
        self.at_hub("operator", "CreateFacility", {"facility": {
            "id": VILLAGE, "name": "白龙桥镇村卫生室", "kind_code": "D600", "level": "FACILITY_LEVEL_VILLAGE",
            "ownership": "OWNERSHIP_PUBLIC", "parent_facility_id": CLINIC["facility"], "active": True}})
        for relation, facility in FACILITIES.items():
            self.at_hub("operator", "CreatePractitioner", {"practitioner": {
                "id": f"prac-{relation}", "name": "示例医师", "facility_ids": [facility], "active": True, "licenses": [{
                    "number": f"SAMPLE-{relation}", "type": "physician", "disciplines": ["DISCIPLINE_IMAGING"],
                    "facility_id": facility, "from": "2015-01-01"}]}})

    def rows(self):
        """The main job once, to a final result; and a conflict, a provisional patient, a device, a decision."""
        order = self.his(CLINIC, "order", "--facility", CLINIC["facility"], "--patient", "1001", *PERSON, "--item", ITEM,
                         "--doctor", "李医生", "--placer-number", "HIS-1", "--question", "颈痛两周")
        accession = order["accession_number"]
        entry = self.wait_for("the order on the worklist", lambda: self.worklist(CLINIC, accession))[0]
        words = {element.keyword: element.value for element in entry}
        files = self.images("scene", words)
        self.push(CLINIC, files)
        study = self.wait_for("the study", lambda: [
            study for study in self.ctl("reader", "studies", "list").get("studies", [])
            if study.get("accession_number") == accession and study.get("state") == "STUDY_STATE_VERIFIED"])[0]
        self.conflict(files[0])
        task = self.wait_for("the task", lambda: [
            task for task in self.ctl("reader", "tasks", "list").get("tasks", [])
            if task.get("accession_number") == accession])[0]
        fence = self.ctl("reader", "tasks", "claim", task["id"])["claim_fence"]
        draft = self.ctl("reader", "reports", "draft", task["id"], fence, "未见异常。", "未见异常。")
        report = self.ctl("reader", "reports", "sign", draft["id"], fence, draft["etag"])
        event = self.his(CLINIC, "pull", "--wait", "20", "--accession", accession, "--until-state", "final")
        result = event["result"]
        instances = self.ctl("reader", "studies", "instances", study["id"])
        prompt = self.his(CLINIC, "recognize", "--facility", CLINIC["facility"], "--patient", "1001", *PERSON, "--item",
                          ITEM, "--doctor", "李医生", "--encounter", "visit-1")["verdicts"][0]["prompt_id"]
        decision = self.his(CLINIC, "decide", "--facility", CLINIC["facility"], "--prompt", prompt, "--result",
                            result["id"], "--kind", "accepted", "--doctor", "李医生")
        patient = result["patient"]["patient_id"]
        self.names |= {"order": result["order_ids"][0], "study": study["id"], "study_uid": study["study_instance_uid"],
                       "task": task["id"], "report": report["id"], "result": result["id"], "patient": patient,
                       "accession": accession, "prompt": prompt, "decision": decision["id"], "fence": fence,
                       "sop": instances["instances"][0]["sop_instance_uid"], "csr": self.signing_request()}
        self.names["conflict"] = self.wait_for("the conflict", lambda: self.ctl(
            "reader", "conflicts", "list").get("conflicts"))[0]["id"]
        self.names["provisional"] = self.at_hub("clerk", "ResolvePatient", {"patient": {
            "facility_id": CLINIC["facility"], "facility_patient_id": "8", "name": "赵六"}})["patient"]["id"]

    def conflict(self, path):
        """The same SOP Instance UID with another content: kept aside at the hub."""
        import pydicom
        image = pydicom.dcmread(path)
        image.ImageComments = "another content"
        other = path.with_name("other.dcm")
        image.save_as(other)
        self.push(CLINIC, [other])

    def signing_request(self):
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=x", "-keyout", self.path("new.key"), "-out", self.path("new.csr")],
                       check=True, capture_output=True)
        return contract.read(self.path("new.csr")).decode()

    def callers(self):
        """Every role at every facility: {(role, relation): (channel, metadata)} at the hub, machines also at the gateway."""
        hub = f"localhost:{self.ports['hub']['rpc']}"
        gateway = f"localhost:{self.ports[CLINIC['facility']]['rpc']}"
        authority = self.path("ca", "ca.pem")
        self.hub_callers, self.gateway_callers = {}, {}
        for relation, facility in FACILITIES.items():
            for role in MACHINES:
                files = self.certificate(role, facility)
                self.hub_callers[role, relation] = (contract.machine_channel(hub, authority, files), ())
                self.gateway_callers[role, relation] = (contract.machine_channel(
                    gateway, authority, files, f"{CLINIC['facility']}.gateway"), ())
            for role in PEOPLE:
                user, password = f"{role}-{relation}", "Try-" + secrets.token_urlsafe(12) + "-9"
                account = self.at_hub("operator", "CreateAccount", {"password": password, "account": {
                    "user_name": user, "facility_id": facility, "roles": [role], "active": True,
                    "practitioner_id": f"prac-{relation}" if role in ("reader", "center_head") else ""}})
                self.names.setdefault("account", account["id"])
                token = self.contract.call(self.person_channel, "LogIn", {"user_name": user, "password": password})
                self.hub_callers[role, relation] = (self.person_channel, contract.bearer(token.first["token"]))
        self.upload()
        self.step()
        self.commitment()

    def commitment(self):
        """A request of the clinic's device at the hub's own port."""
        peer = modality.Peer.call(self.ports["hub"]["dicom"], "TONGJIAN", CLINIC["device"], modality.COMMITMENT)
        status = peer.request(modality.ACTION, modality.COMMITMENT_INSTANCE,
                              modality.commitment(sorted(self.directory.joinpath("images-scene").glob("*.dcm"))[:1]),
                              ActionTypeID=1).Status
        if status != modality.SUCCESS:
            raise AssertionError(f"the request was not taken: {status:04X}")
        peer.event()
        peer.release()
        self.names["commitment"] = self.at_hub("clerk", "CommitmentService/ListCommitments", {})["commitments"][0]["id"]

    def step(self):
        """A performed step of the study's exam, as the clinic's gateway brings it."""
        import pydicom
        from pydicom.dataset import Dataset
        from pydicom.filewriter import write_dataset
        from pydicom.filebase import DicomBytesIO
        scheduled = Dataset()
        scheduled.StudyInstanceUID = self.names["study_uid"]
        step = Dataset()
        step.SpecificCharacterSet = "ISO_IR 192"
        step.ScheduledStepAttributesSequence = pydicom.Sequence([scheduled])
        step.Modality, step.PatientID, step.PatientName = "DX", "1001", PERSON[1]
        step.PerformedStationAETitle, step.PerformedProcedureStepID = "DX1", "1"
        step.PerformedProcedureStepStartDate, step.PerformedProcedureStepStartTime = "20260101", "080000"
        step.PerformedProcedureStepStatus = "IN PROGRESS"
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, False
        write_dataset(buffer, step)
        channel, metadata = self.hub_callers["gateway", "own"]
        self.names["step"] = "2.25.1234567890"
        answer = self.contract.call(channel, "PutPerformedStep", {
            "request_id": "a-step-of-the-clinic", "facility_id": CLINIC["facility"],
            "sop_instance_uid": self.names["step"], "state": "PERFORMED_STEP_STATE_IN_PROGRESS", "version": "1",
            "attributes": base64.b64encode(buffer.getvalue()).decode(), "device_ae_title": "DX1",
            "create_time": "2026-01-01T00:00:00Z", "update_time": "2026-01-01T00:00:00Z"}, metadata)
        if answer.code != "OK":
            raise AssertionError(f"the step was not taken: {answer}")

    def upload(self):
        """An upload that the clinic's gateway has begun and not finished."""
        channel, metadata = self.hub_callers["gateway", "own"]
        self.names["upload"] = "begun-by-the-clinic"
        answer = self.contract.call(channel, "IngestService/Upload", [
            {"begin": {"upload_id": self.names["upload"], "size": "10", "digest": "sha256:" + "0" * 64,
                       "facility_id": CLINIC["facility"]}},
            {"chunk": {"offset": "0", "data": base64.b64encode(b"12345").decode(), "crc32c": CRC32C_OF_12345}}], metadata)
        if answer.code != "OK":
            raise AssertionError(f"the upload was not begun: {answer}")
