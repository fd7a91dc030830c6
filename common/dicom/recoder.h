// From one uncompressed little endian coding of a data set to the other: what a receiver that takes
// only implicit, or only explicit, representations is sent.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/dicom/element_parser.h"

namespace tongjian::dicom {

// Whether a data set in one of these transfer syntaxes can be sent in the other: they are implicit
// and explicit little endian. Values stay as they are, byte for byte.
bool CanRecode(std::string_view from_syntax, std::string_view to_syntax);

// Streams: memory does not grow with values. Sequences get undefined lengths, group lengths are left
// out, and a value too long for its representation's length becomes UN (PS3.5 6.2.2 note 5).
// Representations of implicit elements are the dictionary's. Not safe for concurrent use.
class Recoder final : private ElementVisitor {
 public:
  // CanRecode holds for the two.
  Recoder(std::string_view from_syntax, std::string_view to_syntax);

  // What comes out of these bytes is appended to `out`. Errors as the parser's.
  absl::Status Push(std::string_view bytes, std::string& out);
  absl::Status Finish(std::string& out);

 private:
  bool Wants(const ElementHead& head) override;
  void Value(const ElementHead&, std::string_view) override {}
  void Passed(std::string_view bytes) override;
  void BeginSequence(const ElementHead& head) override;
  void EndSequence() override;
  void BeginItem() override;
  void EndItem() override;
  void BeginFragments(const ElementHead& head) override;
  void EndFragments(uint64_t offset) override;
  void Remark(std::string) override {}

  void AppendTag(Tag tag, uint32_t length);
  void AppendHead(Tag tag, std::string_view vr, uint32_t length);

  const bool to_explicit_;
  ElementParser parser_;
  std::string* out_ = nullptr;
  bool dropped_ = false;  // The value at hand is a group length.
};

}  // namespace tongjian::dicom
