// The bytes that a signature is over: a text form of our own, because protobuf promises no stable encoding.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/reading/report.h"

namespace tongjian::reading {

// Format "tongjian-report 1". UTF-8; lines of `name: value` ended by LF, in the order canonical.cc writes them, every name
// present once per value. In values a backslash is `\\`, LF is `\n`, CR is `\r`. Numbers are decimal, booleans 0 or 1. It holds
// what the version says, of whom, by whose question and on which evidence, as on the day; not the master patient's id, which
// is a link that may move, nor times and signers, which each signature covers itself.
std::string Canonical(const Report& report, const Version& version);

// What a canonical text says of the day: these may change in the report afterwards (an order is bound, a study moves).
struct DayFacts {
  std::string accession_number;
  std::vector<std::string> order_ids;
  std::vector<std::string> study_ids;
  std::vector<std::string> item_names;
  std::string requesting_facility_name;
  std::string issuing_facility_name;
  std::string requesting_facility_id;
  std::string issuing_facility_id;
  Patient patient;  // The words the text has, no others.
};
// DATA_LOSS when it is not such a text.
absl::StatusOr<DayFacts> ParseDay(std::string_view canonical);

// The canonical text that the stored report and version would have, with the facts of the day taken from `canonical`: equal to
// it unless a byte was changed somewhere. Patient and facilities are the report's for its newest version, which was written with
// them, and the day's for those before.
absl::StatusOr<std::string> Rebuild(const Report& report, const Version& version, std::string_view canonical);

}  // namespace tongjian::reading
