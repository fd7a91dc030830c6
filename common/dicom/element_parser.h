// The push parser under every look into data-set bytes: a state machine with a stack of open items,
// never recursive.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/tag.h"

namespace tongjian::dicom {

// How elements are written (PS3.5 7.1).
enum class Coding { kImplicitLittle, kExplicitLittle, kExplicitBig };

// The coding of a transfer syntax's data set; deflated counts as explicit little endian once
// inflated.
Coding CodingOf(std::string_view transfer_syntax_uid);
// The coding that the first bytes of a data set speak for (at least 8), `declared` where they do
// not contradict it.
Coding GuessCoding(std::string_view first_bytes, Coding declared);

constexpr uint32_t kUndefinedLength = 0xFFFFFFFF;

struct ElementHead {
  Tag tag = 0;
  char vr[3] = "UN";
  uint32_t length = 0;
  uint64_t offset = 0;  // Of the value's first byte in the data set.
  int depth = 0;        // 0 at the top level.
  Coding coding = Coding::kExplicitLittle;
};

// Takes what the parser meets, in order.
class ElementVisitor {
 public:
  virtual ~ElementVisitor() = default;
  // Whether Value is to be called for this element (not a sequence). The bytes are gathered in
  // memory, so ask for no more than is needed: at most `length` bytes of head.length.
  virtual bool Wants(const ElementHead& head) = 0;
  virtual void Value(const ElementHead& head, std::string_view bytes) = 0;
  // Bytes of a value that was not wanted, as they come.
  virtual void Passed(std::string_view /*bytes*/) {}
  virtual void BeginSequence(const ElementHead& head) = 0;
  virtual void EndSequence() = 0;
  virtual void BeginItem() = 0;
  virtual void EndItem() = 0;
  // Pixel data in fragments: BeginFragments, then Wants/Value for those asked for with tag Item,
  // then EndFragments.
  virtual void BeginFragments(const ElementHead& head) = 0;
  virtual void EndFragments(uint64_t offset) = 0;
  // A dialect, without values.
  virtual void Remark(std::string text) = 0;
};

struct ParserLimits {
  int depth_max = 64;
  int64_t elements_max = 1000000;
  uint64_t bytes_max = uint64_t{4} << 30;
};

// Parses one data set pushed in chunks. `visitor` must outlive it. After an error every call
// returns it again.
class ElementParser {
 public:
  ElementParser(Coding coding, const ParserLimits& limits, ElementVisitor& visitor);

  absl::Status Push(std::string_view bytes);
  absl::Status Finish();
  uint64_t offset() const { return offset_; }

 private:
  enum class Kind { kElements, kItems, kFragments };
  enum class State { kHead, kValue, kSkip };
  // An open level: the top, an item (kElements), a sequence (kItems) or encapsulated pixel data
  // (kFragments).
  struct Level {
    Kind kind;
    uint64_t end;  // Offset, or kOpen.
    Coding coding;
  };

  absl::Status Consume(std::string_view& bytes);
  absl::Status CloseEndedLevels();
  absl::Status TakeHead(std::string_view& bytes);
  size_t HeadSize() const;
  absl::Status OnHead();
  absl::Status OnDelimiter(Tag tag, uint32_t length);
  absl::Status OnItem(uint32_t length);
  absl::Status OnElement(ElementHead head);
  absl::Status OpenSequence(const ElementHead& head);
  absl::Status CheckFits(const ElementHead& head) const;
  absl::Status BeginValue(const ElementHead& head);
  void FinishValue();
  ElementHead DecodeHead() const;
  void CloseLevel();
  absl::Status Malformed(Tag tag, std::string_view what) const;

  const ParserLimits limits_;
  ElementVisitor& visitor_;
  std::vector<Level> levels_;
  int depth_ = 0;
  int64_t elements_ = 0;
  uint64_t offset_ = 0;
  State state_ = State::kHead;
  std::string pending_;  // Bytes of a head or a wanted value that came in pieces.
  ElementHead head_;
  uint64_t remaining_ = 0;
  bool first_ = true;
  absl::Status failure_;
};

}  // namespace tongjian::dicom
