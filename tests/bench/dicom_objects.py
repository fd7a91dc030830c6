"""Objects to send: CT slices as a scanner makes them, uncompressed Explicit VR Little Endian, of any size."""

import io
import os

from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

ROOT = "1.2.826.0.1.3680043.10.9999"

SCANNER = {
    "SpecificCharacterSet": "GB18030", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "StudyDate": "20260301",
    "SeriesDate": "20260301", "AcquisitionDate": "20260301", "ContentDate": "20260301", "StudyTime": "093000",
    "SeriesTime": "093010", "AcquisitionTime": "093011.25", "ContentTime": "093012", "AccessionNumber": "", "Modality": "CT",
    "Manufacturer": "Bench", "InstitutionName": "Bench", "ReferringPhysicianName": "", "StationName": "BENCH-CT",
    "StudyDescription": "Head", "SeriesDescription": "Axial 1 mm", "ManufacturerModelName": "Bench 64", "PatientName": "测试^甲",
    "PatientBirthDate": "19800101", "PatientSex": "O", "PatientAge": "046Y", "BodyPartExamined": "HEAD", "ScanOptions": "HELICAL",
    "SliceThickness": "1.0", "KVP": "120", "DataCollectionDiameter": "500", "SoftwareVersions": "1.0", "ProtocolName": "Head",
    "ReconstructionDiameter": "230", "GantryDetectorTilt": "0", "TableHeight": "150", "RotationDirection": "CW",
    "ExposureTime": "1000", "XRayTubeCurrent": "200", "Exposure": "200", "FilterType": "BODY", "GeneratorPower": "24",
    "FocalSpots": "0.7", "ConvolutionKernel": "STANDARD", "PatientPosition": "HFS", "StudyID": "1", "SeriesNumber": "1",
    "AcquisitionNumber": "1", "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"], "PositionReferenceIndicator": "",
    "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "PixelSpacing": ["0.45", "0.45"], "BitsAllocated": 16,
    "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0, "WindowCenter": "40", "WindowWidth": "80",
    "RescaleIntercept": "-1024", "RescaleSlope": "1",
}


def ct_slice(rows, columns, study, number, more=None):
    """One CT slice without pixels. Its UIDs grow from `study` (a UID); `more` adds or replaces attributes."""
    uid = f"{study}.2.{number}"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    image.is_little_endian, image.is_implicit_VR = True, False
    of_this_one = {
        "SOPClassUID": CTImageStorage, "SOPInstanceUID": uid, "StudyInstanceUID": study, "SeriesInstanceUID": study + ".1",
        "FrameOfReferenceUID": study + ".3", "PatientID": "BENCH" + study.rpartition(".")[2], "Rows": rows, "Columns": columns,
        "InstanceNumber": str(number % 100000), "SliceLocation": str(number % 1000),
        "ImagePositionPatient": ["-115", "-115", str(number % 1000)],
    }
    for keyword, value in {**SCANNER, **of_this_one, **(more or {})}.items():
        setattr(image, keyword, value)
    return image


def encoded(image):
    """The Part 10 file of a data set."""
    out = io.BytesIO()
    image.save_as(out, write_like_original=False)
    return out.getvalue()


def write_study(folder, study, count, rows, columns):
    """Writes `count` slices of one new study into `folder`, quickly: the first is encoded, the others differ from it in their UID,
    which has the same length, and in a few pixels. Returns the size of one file."""
    first = 100000
    image = ct_slice(rows, columns, study, first)
    image.PixelData = os.urandom(rows * columns * 2)
    template = encoded(image)
    uid = str(image.SOPInstanceUID).encode()
    folder.mkdir(parents=True)
    for number in range(first, first + count):
        other = f"{study}.2.{number}".encode()
        body = template.replace(uid, other)
        (folder / f"{number}.dcm").write_bytes(body[:-8] + number.to_bytes(8, "little"))
    return len(template)


