#include "services/edge/device_time.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/civil_time.h"
#include "common/dicom/scan.h"
#include "common/dicom/tag.h"

namespace tongjian::edge {
namespace {

namespace tags = dicom::tags;

std::string DigitsOf(std::string_view text) {
  std::string digits;
  for (const char c : text.substr(0, 14 + 5)) {
    if (c == '.' && digits.size() >= 6) break;  // Fractions of a second.
    if (c == '+' || c == '-') {
      if (digits.size() >= 8) break;  // The zone of a DT value.
      continue;
    }
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  return digits;
}

int Number(std::string_view digits, size_t at, size_t size) {
  int value = 0;
  for (const char c : digits.substr(std::min(at, digits.size()), size)) value = value * 10 + c - '0';
  return value;
}

// `date` and `time` as digits, YYYYMMDD and HHMMSS.
std::optional<absl::Time> TimeOf(std::string_view date, std::string_view time,
                                 absl::TimeZone zone) {
  if (date.size() != 8) return std::nullopt;
  const absl::CivilDay day(Number(date, 0, 4), Number(date, 4, 2), Number(date, 6, 2));
  if (day.month() != Number(date, 4, 2) || day.day() != Number(date, 6, 2)) return std::nullopt;
  const absl::CivilSecond second = absl::CivilSecond(day) + Number(time, 0, 2) * 3600 +
                                   Number(time, 2, 2) * 60 + Number(time, 4, 2);
  return absl::FromCivil(second, zone);
}

// "+0800" of Timezone Offset From UTC.
absl::TimeZone ZoneOf(const dicom::Header& header, const ClockRules& rules) {
  const std::string& text = header.Text(tags::kTimezoneOffsetFromUtc);
  if (text.size() < 5 || (text[0] != '+' && text[0] != '-')) return rules.zone;
  for (size_t i = 1; i < 5; ++i) {
    if (text[i] < '0' || text[i] > '9') return rules.zone;
  }
  const int seconds = Number(text, 1, 2) * 3600 + Number(text, 3, 2) * 60;
  return absl::FixedTimeZone(text[0] == '-' ? -seconds : seconds);
}

}  // namespace

std::optional<absl::Time> DeviceTimeOf(const dicom::Header& header, const ClockRules& rules) {
  constexpr std::pair<dicom::Tag, dicom::Tag> kPairs[] = {
      {tags::kContentDate, tags::kContentTime},
      {tags::kAcquisitionDate, tags::kAcquisitionTime},
      {tags::kSeriesDate, tags::kSeriesTime},
      {tags::kStudyDate, tags::kStudyTime}};
  const absl::TimeZone zone = ZoneOf(header, rules);
  std::optional<absl::Time> latest;
  const auto take = [&latest](std::optional<absl::Time> time) {
    if (time && (!latest || *time > *latest)) latest = time;
  };
  for (const auto& [date, time] : kPairs) {
    take(TimeOf(DigitsOf(header.Text(date)), DigitsOf(header.Text(time)), zone));
  }
  const std::string both = DigitsOf(header.Text(tags::kAcquisitionDateTime));
  if (both.size() >= 8) take(TimeOf(both.substr(0, 8), both.substr(8), zone));
  return latest;
}

bool Implausible(std::optional<absl::Time> device_time, absl::Time receipt,
                 const ClockRules& rules) {
  if (!device_time) return false;
  return *device_time > receipt + rules.ahead_max || *device_time < rules.earliest;
}

}  // namespace tongjian::edge
