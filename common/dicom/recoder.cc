#include "common/dicom/recoder.h"

#include <algorithm>
#include <array>
#include <limits>

#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr std::array<std::string_view, 13> kLongForms = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ",
                                                         "SV", "UC", "UN", "UR", "UT", "UV"};

bool IsLittle(std::string_view syntax) {
  return syntax == uids::kImplicitLittleEndian || syntax == uids::kExplicitLittleEndian;
}

void AppendLittle(std::string& out, uint32_t number, int size) {
  for (int i = 0; i < size; ++i) out.push_back(static_cast<char>(number >> (8 * i) & 0xFF));
}

}  // namespace

bool CanRecode(std::string_view from_syntax, std::string_view to_syntax) {
  return from_syntax != to_syntax && IsLittle(from_syntax) && IsLittle(to_syntax);
}

Recoder::Recoder(std::string_view from_syntax, std::string_view to_syntax)
    : to_explicit_(to_syntax == uids::kExplicitLittleEndian),
      parser_(CodingOf(from_syntax),
              // It was within the limits when it came.
              {64, std::numeric_limits<int64_t>::max(), std::numeric_limits<uint64_t>::max() / 2},
              *this) {}

absl::Status Recoder::Push(std::string_view bytes, std::string& out) {
  out_ = &out;
  return parser_.Push(bytes);
}

absl::Status Recoder::Finish(std::string& out) {
  out_ = &out;
  return parser_.Finish();
}

bool Recoder::Wants(const ElementHead& head) {
  dropped_ = head.tag != tags::kItem && ElementOf(head.tag) == 0;
  if (head.tag == tags::kItem) {
    AppendTag(head.tag, head.length);
  } else if (!dropped_) {
    AppendHead(head.tag, std::string_view(head.vr, 2), head.length);
  }
  return false;
}

void Recoder::Passed(std::string_view bytes) {
  if (!dropped_) out_->append(bytes);
}

void Recoder::BeginSequence(const ElementHead& head) {
  AppendHead(head.tag, "SQ", kUndefinedLength);
}
void Recoder::EndSequence() { AppendTag(tags::kSequenceDelimitation, 0); }
void Recoder::BeginItem() { AppendTag(tags::kItem, kUndefinedLength); }
void Recoder::EndItem() { AppendTag(tags::kItemDelimitation, 0); }
void Recoder::BeginFragments(const ElementHead& head) {
  AppendHead(head.tag, std::string_view(head.vr, 2), kUndefinedLength);
}
void Recoder::EndFragments(uint64_t) { AppendTag(tags::kSequenceDelimitation, 0); }

void Recoder::AppendTag(Tag tag, uint32_t length) {
  AppendLittle(*out_, GroupOf(tag), 2);
  AppendLittle(*out_, ElementOf(tag), 2);
  AppendLittle(*out_, length, 4);
}

void Recoder::AppendHead(Tag tag, std::string_view vr, uint32_t length) {
  if (!to_explicit_) return AppendTag(tag, length);
  AppendLittle(*out_, GroupOf(tag), 2);
  AppendLittle(*out_, ElementOf(tag), 2);
  const bool is_long = std::find(kLongForms.begin(), kLongForms.end(), vr) != kLongForms.end();
  if (!is_long && length <= 0xFFFF) {
    out_->append(vr);
    return AppendLittle(*out_, length, 2);
  }
  out_->append(is_long ? vr : "UN").append(2, '\0');
  AppendLittle(*out_, length, 4);
}

}  // namespace tongjian::dicom
