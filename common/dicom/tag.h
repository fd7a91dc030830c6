// Data element tags and their dictionary (DICOM PS3.6), as far as this system names them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tongjian::dicom {

// Group in the upper, element in the lower 16 bits.
using Tag = uint32_t;

constexpr uint16_t GroupOf(Tag tag) { return static_cast<uint16_t>(tag >> 16); }
constexpr uint16_t ElementOf(Tag tag) { return static_cast<uint16_t>(tag & 0xFFFF); }
constexpr bool IsPrivate(Tag tag) { return (GroupOf(tag) & 1) != 0; }

// "0010,0020", for messages.
std::string TagText(Tag tag);

// The value representation of a tag, "UN" where it is unknown or private. Safe for concurrent use.
std::string_view VrOf(Tag tag);

// True for the representations whose value is text in the data set's character set (SH LO PN ST LT
// UC UT).
bool IsEncodedText(std::string_view vr);
// True for those whose value a backslash splits into several.
bool IsMultiValued(std::string_view vr);

namespace tags {
constexpr Tag kSpecificCharacterSet = 0x00080005;
constexpr Tag kImageType = 0x00080008;
constexpr Tag kSopClassUid = 0x00080016;
constexpr Tag kSopInstanceUid = 0x00080018;
constexpr Tag kStudyDate = 0x00080020;
constexpr Tag kSeriesDate = 0x00080021;
constexpr Tag kAcquisitionDate = 0x00080022;
constexpr Tag kContentDate = 0x00080023;
constexpr Tag kAcquisitionDateTime = 0x0008002A;
constexpr Tag kStudyTime = 0x00080030;
constexpr Tag kSeriesTime = 0x00080031;
constexpr Tag kAcquisitionTime = 0x00080032;
constexpr Tag kContentTime = 0x00080033;
constexpr Tag kAccessionNumber = 0x00080050;
constexpr Tag kIssuerOfAccessionNumberSequence = 0x00080051;
constexpr Tag kQueryRetrieveLevel = 0x00080052;
constexpr Tag kRetrieveAeTitle = 0x00080054;
constexpr Tag kInstanceAvailability = 0x00080056;
constexpr Tag kFailedSopInstanceUidList = 0x00080058;
constexpr Tag kModality = 0x00080060;
constexpr Tag kModalitiesInStudy = 0x00080061;
constexpr Tag kManufacturer = 0x00080070;
constexpr Tag kInstitutionName = 0x00080080;
constexpr Tag kReferringPhysicianName = 0x00080090;
constexpr Tag kCodeValue = 0x00080100;
constexpr Tag kCodingSchemeDesignator = 0x00080102;
constexpr Tag kCodeMeaning = 0x00080104;
constexpr Tag kTimezoneOffsetFromUtc = 0x00080201;
constexpr Tag kStationName = 0x00081010;
constexpr Tag kStudyDescription = 0x00081030;
constexpr Tag kProcedureCodeSequence = 0x00081032;
constexpr Tag kSeriesDescription = 0x0008103E;
constexpr Tag kInstitutionalDepartmentName = 0x00081040;
constexpr Tag kOperatorsName = 0x00081070;
constexpr Tag kManufacturerModelName = 0x00081090;
constexpr Tag kReferencedStudySequence = 0x00081110;
constexpr Tag kReferencedSeriesSequence = 0x00081115;
constexpr Tag kReferencedPatientSequence = 0x00081120;
constexpr Tag kReferencedImageSequence = 0x00081140;
constexpr Tag kReferencedSopClassUid = 0x00081150;
constexpr Tag kReferencedSopInstanceUid = 0x00081155;
constexpr Tag kTransactionUid = 0x00081195;
constexpr Tag kFailureReason = 0x00081197;
constexpr Tag kFailedSopSequence = 0x00081198;
constexpr Tag kReferencedSopSequence = 0x00081199;
constexpr Tag kPatientName = 0x00100010;
constexpr Tag kPatientId = 0x00100020;
constexpr Tag kIssuerOfPatientId = 0x00100021;
constexpr Tag kPatientBirthDate = 0x00100030;
constexpr Tag kPatientSex = 0x00100040;
constexpr Tag kOtherPatientIds = 0x00101000;
constexpr Tag kOtherPatientIdsSequence = 0x00101002;
constexpr Tag kPatientAge = 0x00101010;
constexpr Tag kPatientSize = 0x00101020;
constexpr Tag kPatientWeight = 0x00101030;
constexpr Tag kBodyPartExamined = 0x00180015;
constexpr Tag kDeviceSerialNumber = 0x00181000;
constexpr Tag kProtocolName = 0x00181030;
constexpr Tag kViewPosition = 0x00185101;
constexpr Tag kStudyInstanceUid = 0x0020000D;
constexpr Tag kSeriesInstanceUid = 0x0020000E;
constexpr Tag kStudyId = 0x00200010;
constexpr Tag kSeriesNumber = 0x00200011;
constexpr Tag kInstanceNumber = 0x00200013;
constexpr Tag kLaterality = 0x00200060;
constexpr Tag kImageLaterality = 0x00200062;
constexpr Tag kNumberOfStudyRelatedSeries = 0x00201206;
constexpr Tag kNumberOfStudyRelatedInstances = 0x00201208;
constexpr Tag kNumberOfSeriesRelatedInstances = 0x00201209;
constexpr Tag kSamplesPerPixel = 0x00280002;
constexpr Tag kPhotometricInterpretation = 0x00280004;
constexpr Tag kNumberOfFrames = 0x00280008;
constexpr Tag kRows = 0x00280010;
constexpr Tag kColumns = 0x00280011;
constexpr Tag kBitsAllocated = 0x00280100;
constexpr Tag kBitsStored = 0x00280101;
constexpr Tag kPixelRepresentation = 0x00280103;
constexpr Tag kRequestedProcedureDescription = 0x00321060;
constexpr Tag kRequestedProcedureCodeSequence = 0x00321064;
constexpr Tag kScheduledStationAeTitle = 0x00400001;
constexpr Tag kScheduledProcedureStepStartDate = 0x00400002;
constexpr Tag kScheduledProcedureStepStartTime = 0x00400003;
constexpr Tag kScheduledPerformingPhysicianName = 0x00400006;
constexpr Tag kScheduledProcedureStepDescription = 0x00400007;
constexpr Tag kScheduledProtocolCodeSequence = 0x00400008;
constexpr Tag kScheduledProcedureStepId = 0x00400009;
constexpr Tag kScheduledStationName = 0x00400010;
constexpr Tag kScheduledProcedureStepLocation = 0x00400011;
constexpr Tag kScheduledProcedureStepStatus = 0x00400020;
constexpr Tag kScheduledProcedureStepSequence = 0x00400100;
constexpr Tag kPerformedStationAeTitle = 0x00400241;
constexpr Tag kPerformedStationName = 0x00400242;
constexpr Tag kPerformedLocation = 0x00400243;
constexpr Tag kPerformedProcedureStepStartDate = 0x00400244;
constexpr Tag kPerformedProcedureStepStartTime = 0x00400245;
constexpr Tag kPerformedProcedureStepEndDate = 0x00400250;
constexpr Tag kPerformedProcedureStepEndTime = 0x00400251;
constexpr Tag kPerformedProcedureStepStatus = 0x00400252;
constexpr Tag kPerformedProcedureStepId = 0x00400253;
constexpr Tag kPerformedProcedureStepDescription = 0x00400254;
constexpr Tag kPerformedProcedureStepComments = 0x00400280;
constexpr Tag kDiscontinuationReasonCodeSequence = 0x00400281;
constexpr Tag kReferencedNonImageCompositeSequence = 0x00400220;
constexpr Tag kScheduledStepAttributesSequence = 0x00400270;
constexpr Tag kRequestAttributesSequence = 0x00400275;
constexpr Tag kPerformedSeriesSequence = 0x00400340;
constexpr Tag kRequestedProcedureId = 0x00401001;
constexpr Tag kRequestedProcedurePriority = 0x00401003;
constexpr Tag kPixelData = 0x7FE00010;
constexpr Tag kItem = 0xFFFEE000;
constexpr Tag kItemDelimitation = 0xFFFEE00D;
constexpr Tag kSequenceDelimitation = 0xFFFEE0DD;
}  // namespace tags
}  // namespace tongjian::dicom
