#include "services/imaging/evidence.h"

#include <algorithm>
#include <charconv>

#include "absl/time/civil_time.h"
#include "common/dicom/person_name.h"
#include "common/dicom/scan.h"
#include "common/dicom/uid.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;

// The birth dates the master index takes.
constexpr std::string_view kEarliestBirth = "18500101", kLatestBirth = "22001231";

// The size of the character at the front of `text` that must not be shown: C0 and C1 controls, line
// and paragraph separators, marks that turn the direction of writing (U+200E, 200F, 202A..E,
// 2066..9).
size_t HiddenSize(std::string_view text) {
  const auto byte = [&](size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
  };
  if (byte(0) < 0x20 || byte(0) == 0x7F) return 1;
  if (byte(0) == 0xC2 && byte(1) < 0xA0) return 2;
  if (byte(0) != 0xE2) return 0;
  const bool turns = (byte(1) == 0x80 && (byte(2) == 0x8E || byte(2) == 0x8F ||
                                          (byte(2) >= 0xA8 && byte(2) <= 0xAE))) ||
                     (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9);
  return turns ? 3 : 0;
}

// `text` without padding and hidden characters, cut to `size_max` bytes between characters.
std::string Clean(std::string_view text, size_t size_max) {
  std::string clean;
  text = dicom::TrimPadding(text);
  while (!text.empty()) {
    const size_t hidden = HiddenSize(text);
    if (hidden == 0) clean.push_back(text.front());
    text.remove_prefix(std::max<size_t>(hidden, 1));
  }
  if (clean.size() > size_max) {
    size_t end = size_max;
    while (end > 0 && (static_cast<unsigned char>(clean[end]) & 0xC0) == 0x80) --end;
    clean.resize(end);
  }
  return clean;
}

std::string Digits(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  return digits;
}

// The digits of text that holds nothing but digits, the separators given, and padding.
std::string DigitsBetween(std::string_view text, std::string_view separators) {
  text = dicom::TrimPadding(text);
  for (const char c : text) {
    if ((c < '0' || c > '9') && separators.find(c) == std::string_view::npos) return "";
  }
  return Digits(text);
}

int Number(std::string_view digits) {
  int number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

int64_t Small(std::optional<int64_t> number, int64_t otherwise) {
  constexpr int64_t kMax = 2147483647;
  return number ? std::clamp<int64_t>(*number, -kMax, kMax) : otherwise;
}

// "+0800" (PS3.3 C.12.1.1.8); nothing where it is none.
std::optional<absl::TimeZone> ParseZone(std::string_view text) {
  text = dicom::TrimPadding(text);
  if (text.size() != 5 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const std::string digits = Digits(text);
  if (digits.size() != 4) return std::nullopt;
  const int seconds = (Number(digits.substr(0, 2)) * 60 + Number(digits.substr(2))) * 60;
  if (seconds > 14 * 3600) return std::nullopt;
  return absl::FixedTimeZone(text[0] == '-' ? -seconds : seconds);
}

// DT: YYYYMMDDHHMMSS.FFFFFF&ZZXX (PS3.5 6.2), shortened from the right.
std::optional<absl::Time> ParseDt(std::string_view text, absl::TimeZone zone) {
  text = dicom::TrimPadding(text);
  const size_t sign = text.find_first_of("+-");
  if (sign != std::string_view::npos) {
    if (const auto own = ParseZone(text.substr(sign))) zone = *own;
    text = text.substr(0, sign);
  }
  if (text.size() < 8) return std::nullopt;
  return ParseDateTime(text.substr(0, 8), text.substr(8), zone);
}

std::optional<absl::Time> DeviceTime(const dicom::Header& header, const TimeRules& rules) {
  const absl::TimeZone zone = ZoneOf(header.attributes, rules);
  if (auto time = ParseDt(header.Text(tags::kAcquisitionDateTime), zone)) return time;
  constexpr std::pair<dicom::Tag, dicom::Tag> kPairs[] = {
      {tags::kAcquisitionDate, tags::kAcquisitionTime},
      {tags::kContentDate, tags::kContentTime},
      {tags::kSeriesDate, tags::kSeriesTime},
      {tags::kStudyDate, tags::kStudyTime},
  };
  for (const auto& [date, time] : kPairs) {
    if (auto parsed = ParseDateTime(header.Text(date), header.Text(time), zone)) return parsed;
  }
  return std::nullopt;
}

int64_t SexOf(std::string_view text) {
  text = dicom::TrimPadding(text);
  return text == "M" ? 1 : text == "F" ? 2 : text == "O" ? 3 : 0;
}

// YYYY-MM-DD, or empty for what is none: devices fill the field with dates such as 0001-01-01.
std::string BirthDate(std::string_view text) {
  const std::string digits = DigitsBetween(text, ".-");
  if (!ParseDateTime(digits, "", absl::UTCTimeZone()) || digits < kEarliestBirth ||
      digits > kLatestBirth) {
    return "";
  }
  return digits.substr(0, 4) + "-" + digits.substr(4, 2) + "-" + digits.substr(6, 2);
}

}  // namespace

PatientWords PatientWordsOf(const dicom::Dataset& attributes) {
  PatientWords words;
  const dicom::PersonName name =
      dicom::ParsePersonName(Clean(attributes.Text(tags::kPatientName), 512));
  words.name = Clean(dicom::DisplayName(name), 128);
  words.person_name = dicom::PersonNameText(name);
  words.name_key = NameKey(words.name);
  if (!name.ideographic.empty()) {
    dicom::PersonName latin;
    latin.alphabetic = name.alphabetic;
    words.name_latin = Clean(dicom::DisplayName(latin), 128);
    words.latin_key = NameKey(words.name_latin);
  }
  words.facility_patient_id = Clean(attributes.Text(tags::kPatientId), 64);
  words.sex = SexOf(attributes.Text(tags::kPatientSex));
  words.birth_date = BirthDate(attributes.Text(tags::kPatientBirthDate));
  return words;
}

absl::TimeZone ZoneOf(const dicom::Dataset& attributes, const TimeRules& rules) {
  return ParseZone(attributes.Text(tags::kTimezoneOffsetFromUtc)).value_or(rules.zone);
}

std::string Shown(std::string_view text, size_t size_max) { return Clean(text, size_max); }

std::string NameKey(std::string_view utf8_name) {
  std::string key = dicom::SearchKey(utf8_name);
  std::erase(key, ' ');
  return key;
}

std::optional<absl::Time> ParseDateTime(std::string_view date, std::string_view time,
                                        absl::TimeZone zone) {
  const std::string day = DigitsBetween(date, ".-");
  if (day.size() != 8) return std::nullopt;
  std::string clock = DigitsBetween(time.substr(0, time.find('.')), ":");
  clock.resize(6, '0');
  const int year = Number(day.substr(0, 4)), month = Number(day.substr(4, 2));
  const int number = Number(day.substr(6, 2));
  const absl::CivilDay civil(year, month, number);
  if (civil.month() != month || civil.day() != number || year == 0) return std::nullopt;
  const int hour = Number(clock.substr(0, 2)), minute = Number(clock.substr(2, 2));
  const int second = Number(clock.substr(4, 2));
  if (hour > 23 || minute > 59 || second > 60) return absl::FromCivil(civil, zone);
  return absl::FromCivil(absl::CivilSecond(year, month, number, hour, minute, second), zone);
}

bool Implausible(std::optional<absl::Time> device_time, absl::Time receipt,
                 const TimeRules& rules) {
  return device_time &&
         (*device_time > receipt + rules.future_max || *device_time < rules.earliest);
}

Evidence ReadEvidence(const dicom::Header& header, const TimeRules& rules) {
  Evidence evidence;
  evidence.patient = PatientWordsOf(header.attributes);
  evidence.study_instance_uid = dicom::TrimPadding(header.Text(tags::kStudyInstanceUid));
  evidence.accession_number = Clean(header.Text(tags::kAccessionNumber), 64);
  evidence.study_description = Clean(header.Text(tags::kStudyDescription), 256);
  evidence.study_number = Clean(header.Text(tags::kStudyId), 64);
  evidence.study_date = Clean(DigitsBetween(header.Text(tags::kStudyDate), ".-"), 8);
  const std::string& study_time = header.Text(tags::kStudyTime);
  evidence.study_time =
      Clean(DigitsBetween(std::string_view(study_time).substr(0, study_time.find('.')), ":"), 6);
  evidence.device_time = DeviceTime(header, rules);
  evidence.charset_guessed = header.charset_guessed;

  Series& series = evidence.series;
  series.series_instance_uid = dicom::TrimPadding(header.Text(tags::kSeriesInstanceUid));
  series.modality = Clean(header.Text(tags::kModality), 16);
  series.number = Small(header.attributes.Int(tags::kSeriesNumber), 0);
  series.description = Clean(header.Text(tags::kSeriesDescription), 256);
  series.body_part = Clean(header.Text(tags::kBodyPartExamined), 64);
  evidence.study_body_part = series.body_part;

  Instance& instance = evidence.instance;
  instance.sop_instance_uid = dicom::TrimPadding(header.Text(tags::kSopInstanceUid));
  instance.sop_class_uid = dicom::TrimPadding(header.Text(tags::kSopClassUid));
  instance.series_instance_uid = series.series_instance_uid;
  instance.transfer_syntax_uid = header.transfer_syntax_uid;
  instance.number = Small(header.attributes.Int(tags::kInstanceNumber), 0);
  const bool picture = header.attributes.Has(tags::kRows);
  instance.frames = Small(header.attributes.Int(tags::kNumberOfFrames), picture ? 1 : 0);
  instance.pixel_rows = Small(header.attributes.Int(tags::kRows), 0);
  instance.pixel_columns = Small(header.attributes.Int(tags::kColumns), 0);
  instance.bits_allocated = Small(header.attributes.Int(tags::kBitsAllocated), 0);
  return evidence;
}

}  // namespace tongjian::imaging
