#include "common/dicom/element_parser.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

#include "common/base/check.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr uint64_t kOpen = ~uint64_t{0};

// Representations with a 32-bit length after two reserved bytes (PS3.5 table 7.1-1).
constexpr std::array<std::string_view, 13> kLongForms = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ",
                                                         "SV", "UC", "UN", "UR", "UT", "UV"};
constexpr std::array<std::string_view, 21> kShortForms = {"AE", "AS", "AT", "CS", "DA", "DS", "DT",
                                                          "FD", "FL", "IS", "LO", "LT", "PN", "SH",
                                                          "SL", "SS", "ST", "TM", "UI", "UL", "US"};

template <size_t N>
bool Contains(const std::array<std::string_view, N>& list, std::string_view vr) {
  return std::find(list.begin(), list.end(), vr) != list.end();
}

uint32_t Byte(std::string_view bytes, size_t at) { return static_cast<unsigned char>(bytes[at]); }

uint32_t Short(std::string_view bytes, size_t at, Coding coding) {
  return coding == Coding::kExplicitBig ? Byte(bytes, at) << 8 | Byte(bytes, at + 1)
                                        : Byte(bytes, at + 1) << 8 | Byte(bytes, at);
}

uint32_t Long(std::string_view bytes, size_t at, Coding coding) {
  return coding == Coding::kExplicitBig
             ? Short(bytes, at, coding) << 16 | Short(bytes, at + 2, coding)
             : Short(bytes, at + 2, coding) << 16 | Short(bytes, at, coding);
}

bool LooksLikeVr(std::string_view vr) {
  return vr[0] >= 'A' && vr[0] <= 'Z' && vr[1] >= 'A' && vr[1] <= 'Z';
}

// A representation that never was, as some writers put ("??", spaces): the length behind it is
// still a short one. Other bytes there are the length of an element without representation.
bool LooksLikeText(std::string_view vr) {
  return vr[0] >= ' ' && vr[0] <= '~' && vr[1] >= ' ' && vr[1] <= '~';
}

// `head` (8 bytes): whether the length stands in four bytes behind two reserved ones. A
// representation from the future has that form (PS3.5 6.2.2); one that never was may not.
bool HasLongForm(std::string_view head) {
  const std::string_view vr = head.substr(4, 2);
  if (Contains(kLongForms, vr)) return true;
  return LooksLikeVr(vr) && !Contains(kShortForms, vr) && head[6] == 0 && head[7] == 0;
}

}  // namespace

Coding CodingOf(std::string_view transfer_syntax_uid) {
  if (transfer_syntax_uid == uids::kImplicitLittleEndian) return Coding::kImplicitLittle;
  if (transfer_syntax_uid == uids::kExplicitBigEndian) return Coding::kExplicitBig;
  return Coding::kExplicitLittle;
}

Coding GuessCoding(std::string_view first_bytes, Coding declared) {
  if (first_bytes.size() < 8) return declared;
  const std::string_view vr = first_bytes.substr(4, 2);
  const bool is_explicit = Contains(kLongForms, vr) || Contains(kShortForms, vr);
  if (!is_explicit) {
    // A length that fits reads as implicit; anything else keeps what was declared and fails there
    // with a reason.
    return Long(first_bytes, 4, Coding::kImplicitLittle) <= 0xFFFF ? Coding::kImplicitLittle
                                                                   : declared;
  }
  const bool big = Byte(first_bytes, 0) == 0 && Byte(first_bytes, 1) != 0;
  return big ? Coding::kExplicitBig : Coding::kExplicitLittle;
}

ElementParser::ElementParser(Coding coding, const ParserLimits& limits, ElementVisitor& visitor)
    : limits_(limits), visitor_(visitor) {
  levels_.push_back({Kind::kElements, kOpen, coding});
}

absl::Status ElementParser::Malformed(Tag tag, std::string_view what) const {
  return base::Error(absl::StatusCode::kInvalidArgument, "MALFORMED_OBJECT", "",
                     "data set malformed at offset " + std::to_string(offset_) + ", (" +
                         TagText(tag) + "): " + std::string(what));
}

absl::Status ElementParser::Push(std::string_view bytes) {
  while (failure_.ok() && !bytes.empty()) failure_ = Consume(bytes);
  return failure_;
}

absl::Status ElementParser::Consume(std::string_view& bytes) {
  if (state_ == State::kHead) return TakeHead(bytes);
  const size_t take = static_cast<size_t>(std::min<uint64_t>(remaining_, bytes.size()));
  if (state_ == State::kValue) {
    if (pending_.empty() && take == remaining_) {
      visitor_.Value(head_, bytes.substr(0, take));
    } else {
      pending_.append(bytes.substr(0, take));
      if (take == remaining_) visitor_.Value(head_, pending_);
    }
  } else {
    visitor_.Passed(bytes.substr(0, take));
  }
  bytes.remove_prefix(take);
  offset_ += take;
  remaining_ -= take;
  if (remaining_ == 0) FinishValue();
  return absl::OkStatus();
}

void ElementParser::FinishValue() {
  state_ = State::kHead;
  pending_.clear();
  if (pending_.capacity() > 4096) pending_.shrink_to_fit();
}

// Bytes the head at hand needs, as far as the ones already there tell.
size_t ElementParser::HeadSize() const {
  if (pending_.size() < 8) return 8;
  const Level& level = levels_.back();
  const Tag tag = Short(pending_, 0, level.coding) << 16 | Short(pending_, 2, level.coding);
  if (GroupOf(tag) == 0xFFFE || level.coding == Coding::kImplicitLittle) return 8;
  return HasLongForm(pending_) ? 12 : 8;
}

absl::Status ElementParser::TakeHead(std::string_view& bytes) {
  if (pending_.empty()) TJ_TRY(CloseEndedLevels());
  while (pending_.size() < HeadSize()) {
    if (bytes.empty()) return absl::OkStatus();
    const size_t take = std::min(HeadSize() - pending_.size(), bytes.size());
    pending_.append(bytes.substr(0, take));
    bytes.remove_prefix(take);
    offset_ += take;
    if (first_ && pending_.size() == 8) {
      first_ = false;
      const Coding guess = GuessCoding(pending_, levels_.back().coding);
      if (guess != levels_.back().coding)
        visitor_.Remark("transfer syntax contradicted by the data set");
      levels_.back().coding = guess;
    }
  }
  if (offset_ > limits_.bytes_max) {
    return base::Error(
        absl::StatusCode::kResourceExhausted, "MALFORMED_OBJECT", "",
        "data set over the limit of " + std::to_string(limits_.bytes_max) + " bytes");
  }
  const absl::Status status = OnHead();
  if (state_ == State::kHead) pending_.clear();
  return status;
}

absl::Status ElementParser::CloseEndedLevels() {
  while (levels_.back().end != kOpen && offset_ >= levels_.back().end) {
    if (offset_ > levels_.back().end) return Malformed(0, "an item ends inside an element");
    CloseLevel();
  }
  return absl::OkStatus();
}

void ElementParser::CloseLevel() {
  TJ_CHECK(levels_.size() > 1);
  const Kind kind = levels_.back().kind;
  levels_.pop_back();
  if (kind == Kind::kElements) return visitor_.EndItem();
  --depth_;
  if (kind == Kind::kItems) return visitor_.EndSequence();
  visitor_.EndFragments(offset_);
}

ElementHead ElementParser::DecodeHead() const {
  const Coding coding = levels_.back().coding;
  ElementHead head;
  head.tag = Short(pending_, 0, coding) << 16 | Short(pending_, 2, coding);
  head.depth = depth_;
  head.coding = coding;
  head.offset = offset_;
  if (GroupOf(head.tag) == 0xFFFE || coding == Coding::kImplicitLittle ||
      !LooksLikeText(std::string_view(pending_).substr(4, 2))) {
    // Also the dialect that leaves out a representation within explicit ones.
    head.length = Long(pending_, 4, coding);
    std::memcpy(head.vr, VrOf(head.tag).data(), 2);
  } else {
    const std::string_view vr = std::string_view(pending_).substr(4, 2);
    const bool known = Contains(kLongForms, vr) || Contains(kShortForms, vr);
    std::memcpy(head.vr, known ? vr.data() : VrOf(head.tag).data(), 2);
    head.length = pending_.size() == 12 ? Long(pending_, 8, coding) : Short(pending_, 6, coding);
  }
  return head;
}

absl::Status ElementParser::OnHead() {
  if (levels_.back().kind != Kind::kFragments && ++elements_ > limits_.elements_max) {
    return base::Error(absl::StatusCode::kResourceExhausted, "MALFORMED_OBJECT", "",
                       "more than " + std::to_string(limits_.elements_max) + " elements");
  }
  const ElementHead head = DecodeHead();
  if (head.tag == tags::kItem) return OnItem(head.length);
  if (GroupOf(head.tag) == 0xFFFE) return OnDelimiter(head.tag, head.length);
  if (levels_.back().kind != Kind::kElements) return Malformed(head.tag, "expected an item");
  return OnElement(head);
}

absl::Status ElementParser::OnDelimiter(Tag tag, uint32_t length) {
  if (length != 0) visitor_.Remark("delimiter with a length");
  const Kind kind = levels_.back().kind;
  if (tag == tags::kSequenceDelimitation && kind != Kind::kElements) {
    CloseLevel();
  } else if (tag == tags::kItemDelimitation && kind == Kind::kElements && levels_.size() > 1) {
    CloseLevel();
  } else if (tag == tags::kSequenceDelimitation && kind == Kind::kElements && levels_.size() > 1 &&
             levels_.back().end == kOpen) {
    // An item of undefined length whose delimiter was forgotten.
    visitor_.Remark("item without its delimiter");
    CloseLevel();
    CloseLevel();
  } else if (levels_.size() == 1 || kind == Kind::kItems) {
    visitor_.Remark("stray delimiter");
  } else {
    return Malformed(tag, "delimiter out of place");
  }
  return absl::OkStatus();
}

absl::Status ElementParser::OnItem(uint32_t length) {
  const Level& level = levels_.back();
  if (level.kind == Kind::kElements) return Malformed(tags::kItem, "item outside a sequence");
  ElementHead head;
  head.tag = tags::kItem;
  head.length = length;
  head.offset = offset_;
  head.depth = depth_;
  head.coding = level.coding;
  if (level.kind == Kind::kFragments) {
    if (length == kUndefinedLength) return Malformed(tags::kItem, "fragment of undefined length");
    return BeginValue(head);
  }
  if (length != kUndefinedLength) TJ_TRY(CheckFits(head));
  levels_.push_back(
      {Kind::kElements, length == kUndefinedLength ? kOpen : offset_ + length, level.coding});
  visitor_.BeginItem();
  return absl::OkStatus();
}

absl::Status ElementParser::OnElement(ElementHead head) {
  const bool undefined = head.length == kUndefinedLength;
  const std::string_view vr(head.vr, 2);
  if (head.coding != Coding::kImplicitLittle &&
      !LooksLikeVr(std::string_view(pending_).substr(4, 2))) {
    visitor_.Remark("invalid VR (" + TagText(head.tag) + ")");
  }
  if (undefined && (vr == "OB" || vr == "OW" || GroupOf(head.tag) == 0x7FE0)) {
    if (depth_ + 1 > limits_.depth_max) return Malformed(head.tag, "nested deeper than allowed");
    ++depth_;
    levels_.push_back({Kind::kFragments, kOpen, head.coding});
    visitor_.BeginFragments(head);
    return absl::OkStatus();
  }
  if (undefined || vr == "SQ") return OpenSequence(head);
  if (head.length & 1) visitor_.Remark("odd length (" + TagText(head.tag) + ")");
  return BeginValue(head);
}

absl::Status ElementParser::OpenSequence(const ElementHead& head) {
  if (depth_ + 1 > limits_.depth_max) {
    return Malformed(head.tag, "sequences nested deeper than " + std::to_string(limits_.depth_max));
  }
  const bool undefined = head.length == kUndefinedLength;
  if (!undefined) TJ_TRY(CheckFits(head));
  Coding coding = head.coding;
  if (undefined && std::string_view(head.vr, 2) == "UN" && coding != Coding::kImplicitLittle) {
    // PS3.5 6.2.2 note: the content of an unknown of undefined length is implicit little endian.
    visitor_.Remark("undefined length UN");
    coding = Coding::kImplicitLittle;
  }
  ++depth_;
  levels_.push_back({Kind::kItems, undefined ? kOpen : offset_ + head.length, coding});
  visitor_.BeginSequence(head);
  return absl::OkStatus();
}

absl::Status ElementParser::CheckFits(const ElementHead& head) const {
  const uint64_t end = head.offset + head.length;
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    if (level->end == kOpen) continue;
    if (end > level->end) return Malformed(head.tag, "length past the end of its item or sequence");
    break;  // Outer levels were checked when this one opened.
  }
  if (end > limits_.bytes_max) {
    return base::Error(absl::StatusCode::kResourceExhausted, "MALFORMED_OBJECT", "",
                       "element (" + TagText(head.tag) + ") of " + std::to_string(head.length) +
                           " bytes goes over the limit of " + std::to_string(limits_.bytes_max));
  }
  return absl::OkStatus();
}

absl::Status ElementParser::BeginValue(const ElementHead& head) {
  TJ_TRY(CheckFits(head));
  const bool wanted = visitor_.Wants(head);
  pending_.clear();
  if (head.length == 0) {
    if (wanted) visitor_.Value(head, "");
    return absl::OkStatus();
  }
  head_ = head;
  remaining_ = head.length;
  state_ = wanted ? State::kValue : State::kSkip;
  return absl::OkStatus();
}

absl::Status ElementParser::Finish() {
  if (!failure_.ok()) return failure_;
  if (state_ != State::kHead) return failure_ = Malformed(head_.tag, "ends inside a value");
  if (pending_.empty()) failure_ = CloseEndedLevels();
  const bool zeros = pending_.find_first_not_of('\0') == std::string::npos;
  if (!pending_.empty() && !zeros) return failure_ = Malformed(0, "ends inside an element's head");
  if (!pending_.empty()) visitor_.Remark("zero bytes at the end");
  pending_.clear();
  while (failure_.ok() && levels_.size() > 1) {
    if (levels_.back().end != kOpen)
      return failure_ = Malformed(0, "ends inside an item or sequence");
    visitor_.Remark("missing delimiter at the end");
    CloseLevel();
  }
  return failure_;
}

}  // namespace tongjian::dicom
