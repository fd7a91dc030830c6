#include "services/imaging/query_keys.h"

#include <algorithm>
#include <array>

#include "common/dicom/uid.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;
using dicom::Tag;

struct Known {
  Tag tag;
  QueryLevel level;
  KeySource source;
};

constexpr auto kPatient = QueryLevel::kPatient;
constexpr auto kStudy = QueryLevel::kStudy;
constexpr auto kSeries = QueryLevel::kSeries;
constexpr auto kImage = QueryLevel::kImage;
constexpr auto kRow = KeySource::kRow;
constexpr auto kKept = KeySource::kKept;
constexpr auto kCount = KeySource::kCount;

constexpr std::array kKnown = {
    Known{tags::kPatientName, kPatient, kRow},
    Known{tags::kPatientId, kPatient, kRow},
    Known{tags::kIssuerOfPatientId, kPatient, kRow},
    Known{tags::kPatientBirthDate, kPatient, kRow},
    Known{tags::kPatientSex, kPatient, kRow},
    Known{0x00100032, kPatient, kKept},  // Patient's Birth Time
    Known{tags::kOtherPatientIds, kPatient, kKept},
    Known{0x00101001, kPatient, kKept},  // Other Patient Names
    Known{tags::kOtherPatientIdsSequence, kPatient, kKept},
    Known{0x00102160, kPatient, kKept},  // Ethnic Group
    Known{0x00104000, kPatient, kKept},  // Patient Comments
    Known{query_tags::kNumberOfPatientRelatedStudies, kPatient, kCount},
    Known{query_tags::kNumberOfPatientRelatedSeries, kPatient, kCount},
    Known{query_tags::kNumberOfPatientRelatedInstances, kPatient, kCount},

    Known{tags::kStudyInstanceUid, kStudy, kRow},
    Known{tags::kStudyDate, kStudy, kRow},
    Known{tags::kStudyTime, kStudy, kRow},
    Known{tags::kStudyId, kStudy, kRow},
    Known{tags::kStudyDescription, kStudy, kRow},
    Known{tags::kAccessionNumber, kStudy, kRow},
    Known{tags::kModalitiesInStudy, kStudy, kRow},
    Known{tags::kNumberOfStudyRelatedSeries, kStudy, kRow},
    Known{tags::kNumberOfStudyRelatedInstances, kStudy, kRow},
    Known{query_tags::kSopClassesInStudy, kStudy, kCount},
    Known{tags::kReferringPhysicianName, kStudy, kKept},
    Known{tags::kTimezoneOffsetFromUtc, kStudy, kKept},
    Known{tags::kIssuerOfAccessionNumberSequence, kStudy, kKept},
    Known{tags::kProcedureCodeSequence, kStudy, kKept},
    Known{0x00081048, kStudy, kKept},  // Physicians of Record
    Known{0x00081060, kStudy, kKept},  // Name of Physicians Reading Study
    Known{0x00081080, kStudy, kKept},  // Admitting Diagnoses Description
    Known{tags::kPatientAge, kStudy, kKept},
    Known{tags::kPatientSize, kStudy, kKept},
    Known{tags::kPatientWeight, kStudy, kKept},
    Known{0x00102180, kStudy, kKept},  // Occupation
    Known{0x001021B0, kStudy, kKept},  // Additional Patient History

    Known{tags::kSeriesInstanceUid, kSeries, kRow},
    Known{tags::kModality, kSeries, kRow},
    Known{tags::kSeriesNumber, kSeries, kRow},
    Known{tags::kSeriesDescription, kSeries, kRow},
    Known{tags::kBodyPartExamined, kSeries, kRow},
    Known{tags::kNumberOfSeriesRelatedInstances, kSeries, kRow},
    Known{tags::kSeriesDate, kSeries, kKept},
    Known{tags::kSeriesTime, kSeries, kKept},
    Known{tags::kManufacturer, kSeries, kKept},
    Known{tags::kInstitutionName, kSeries, kKept},
    Known{tags::kStationName, kSeries, kKept},
    Known{tags::kInstitutionalDepartmentName, kSeries, kKept},
    Known{0x00081050, kSeries, kKept},  // Performing Physician's Name
    Known{tags::kOperatorsName, kSeries, kKept},
    Known{tags::kManufacturerModelName, kSeries, kKept},
    Known{tags::kDeviceSerialNumber, kSeries, kKept},
    Known{tags::kProtocolName, kSeries, kKept},
    Known{0x00185100, kSeries, kKept},  // Patient Position
    Known{0x00200052, kSeries, kKept},  // Frame of Reference UID
    Known{tags::kLaterality, kSeries, kKept},
    Known{tags::kPerformedProcedureStepStartDate, kSeries, kKept},
    Known{tags::kPerformedProcedureStepStartTime, kSeries, kKept},
    Known{tags::kPerformedProcedureStepId, kSeries, kKept},
    Known{0x00400254, kSeries, kKept},  // Performed Procedure Step Description
    Known{tags::kRequestAttributesSequence, kSeries, kKept},

    Known{tags::kSopClassUid, kImage, kRow},
    Known{tags::kSopInstanceUid, kImage, kRow},
    Known{tags::kInstanceNumber, kImage, kRow},
    Known{tags::kNumberOfFrames, kImage, kRow},
    Known{tags::kRows, kImage, kRow},
    Known{tags::kColumns, kImage, kRow},
    Known{tags::kBitsAllocated, kImage, kRow},
};

}  // namespace

std::optional<QueryLevel> ParseLevel(std::string_view text) {
  text = dicom::TrimPadding(text);
  for (const QueryLevel level : {kPatient, kStudy, kSeries, kImage}) {
    if (text == LevelName(level)) return level;
  }
  return std::nullopt;
}

std::string_view LevelName(QueryLevel level) {
  constexpr std::array<std::string_view, 4> kNames = {"PATIENT", "STUDY", "SERIES", "IMAGE"};
  return kNames[static_cast<size_t>(level)];
}

KeyPlace PlaceOf(Tag tag) {
  const auto* const found = std::find_if(kKnown.begin(), kKnown.end(),
                                         [tag](const Known& known) { return known.tag == tag; });
  if (found == kKnown.end()) return {};
  return {found->level, found->source};
}

std::vector<Tag> KeptTags(QueryLevel level) {
  std::vector<Tag> kept;
  for (const Known& known : kKnown) {
    const bool of_study = known.level == kPatient || known.level == kStudy;
    if (known.source == kKept && of_study == (level <= kStudy)) kept.push_back(known.tag);
  }
  return kept;
}

bool IsControlKey(Tag tag) {
  return tag == tags::kSpecificCharacterSet || tag == tags::kQueryRetrieveLevel ||
         tag == tags::kRetrieveAeTitle || tag == tags::kInstanceAvailability ||
         tag == tags::kTimezoneOffsetFromUtc || tag == query_tags::kRetrieveUrl ||
         dicom::ElementOf(tag) == 0;
}

bool IsUniversal(const dicom::Dataset::Element& key) {
  if (key.vr == "SQ") {
    return std::all_of(key.items.begin(), key.items.end(), [](const dicom::Dataset& item) {
      return std::all_of(item.elements().begin(), item.elements().end(),
                         [](const auto& entry) { return IsUniversal(entry.second); });
    });
  }
  return std::all_of(key.values.begin(), key.values.end(), [](const std::string& value) {
    return value.find_first_not_of("* ") == std::string::npos;
  });
}

}  // namespace tongjian::imaging
