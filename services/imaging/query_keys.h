// Which attributes belong to which level of a query (PS3.4 C.6.1.1 and C.6.2.1), and where each is
// found.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/dicom/dataset.h"

namespace tongjian::imaging {

enum class QueryLevel { kPatient, kStudy, kSeries, kImage };

// Attributes that only queries name.
namespace query_tags {
constexpr dicom::Tag kSopClassesInStudy = 0x00080062;
constexpr dicom::Tag kRetrieveUrl = 0x00081190;
constexpr dicom::Tag kNumberOfPatientRelatedStudies = 0x00201200;
constexpr dicom::Tag kNumberOfPatientRelatedSeries = 0x00201202;
constexpr dicom::Tag kNumberOfPatientRelatedInstances = 0x00201204;
}  // namespace query_tags

// "PATIENT", "STUDY", "SERIES", "IMAGE", padding allowed; nothing for anything else.
std::optional<QueryLevel> ParseLevel(std::string_view text);
std::string_view LevelName(QueryLevel level);

// Where an attribute of a level comes from.
enum class KeySource {
  kRow,     // Columns of study, series or instance.
  kKept,    // What was kept of the first object's header (search_store.h HeaderOf).
  kCount,   // Counted when somebody asks.
  kObject,  // The stored object alone.
};
struct KeyPlace {
  QueryLevel level = QueryLevel::kImage;
  KeySource source = KeySource::kObject;
};
// Attributes nobody has listed are the object's own.
KeyPlace PlaceOf(dicom::Tag tag);

// What is kept of an object's header for its study, or its series.
std::vector<dicom::Tag> KeptTags(QueryLevel level);

// Not matched and not looked up: character set, level, who to ask, group lengths.
bool IsControlKey(dicom::Tag tag);
// Without a value to match, or with one that matches everything.
bool IsUniversal(const dicom::Dataset::Element& key);

}  // namespace tongjian::imaging
