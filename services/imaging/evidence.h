// What one DICOM object says about its patient, study, series and itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "services/imaging/study.h"

namespace tongjian::dicom {
class Dataset;
struct Header;
}  // namespace tongjian::dicom

namespace tongjian::imaging {

// When a device's clock is not believed, and in which zone it is read.
struct TimeRules {
  absl::Duration future_max = absl::Hours(24);             // Ahead of the receipt.
  absl::Time earliest = absl::FromUnixSeconds(946684800);  // 2000-01-01.
  absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);     // Where an object names none.
};

// An object's words in UTF-8, cut to the limits of the proto, without control characters.
struct Evidence {
  PatientWords patient;  // facility_id is for the caller to set.
  std::string study_instance_uid;
  std::string accession_number;
  std::string study_description;
  std::string study_body_part;
  std::string study_number;
  std::string study_date;
  std::string study_time;
  std::optional<absl::Time> device_time;  // When it was recorded, by the device's clock.
  bool charset_guessed = false;
  Series series;
  Instance instance;  // Without digests, locator and times.
};

// The patient of any data set, as in Evidence; facility_id is for the caller to set.
PatientWords PatientWordsOf(const dicom::Dataset& attributes);
// The zone of a data set's times: its own, else that of the rules.
absl::TimeZone ZoneOf(const dicom::Dataset& attributes, const TimeRules& rules);
// A device's words as they may be shown: without control characters, at most `size_max` bytes.
std::string Shown(std::string_view text, size_t size_max);

// `header` has passed dicom::CheckStorable. PS3.3 C.7.1.1, C.7.2.1, C.7.3.1, C.12.1.
Evidence ReadEvidence(const dicom::Header& header, const TimeRules& rules);

// True where the device's time cannot be: too far ahead of the receipt, or before `rules.earliest`.
bool Implausible(std::optional<absl::Time> device_time, absl::Time receipt, const TimeRules& rules);

// A DICOM date and time (DA and TM, either with the separators of ACR-NEMA) in `zone`; nothing for
// what is no date. A missing or broken time is midnight.
std::optional<absl::Time> ParseDateTime(std::string_view date, std::string_view time,
                                        absl::TimeZone zone);

// The folded form names are compared by: no case, no width, no carets, no spaces.
std::string NameKey(std::string_view utf8_name);

}  // namespace tongjian::imaging
