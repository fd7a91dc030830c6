// From parser events to a Dataset: raw values are gathered within a budget and decoded at the end,
// when the character set is known whatever the order of elements.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/dicom/charset.h"
#include "common/dicom/dataset.h"
#include "common/dicom/element_parser.h"

namespace tongjian::dicom {

struct BuilderOptions {
  size_t value_bytes_max = 65536;
  size_t total_bytes_max = 4 << 20;
  // Which top-level elements to keep; everything inside a kept sequence is kept too. Empty keeps
  // all.
  std::function<bool(Tag)> keep;
};

struct BuiltDataset {
  Dataset dataset;
  CharacterSet charset;
  bool guessed = false;
  bool damaged = false;
};

// Not safe for concurrent use. Values over a limit are left out; `overflowed` tells.
class DatasetBuilder : public ElementVisitor {
 public:
  explicit DatasetBuilder(BuilderOptions options);
  ~DatasetBuilder() override;

  bool Wants(const ElementHead& head) override;
  void Value(const ElementHead& head, std::string_view bytes) override;
  void BeginSequence(const ElementHead& head) override;
  void EndSequence() override;
  void BeginItem() override;
  void EndItem() override;
  void BeginFragments(const ElementHead& head) override;
  void EndFragments(uint64_t offset) override;
  void Remark(std::string text) override;

  BuiltDataset Build() const;
  bool overflowed() const { return overflowed_; }
  const std::vector<std::string>& remarks() const { return remarks_; }

 private:
  struct RawDataset;
  struct RawElement;
  bool Keeps(Tag tag) const;
  bool Charge(size_t bytes);

  const BuilderOptions options_;
  std::unique_ptr<RawDataset> root_;
  std::vector<RawDataset*> open_items_;
  std::vector<RawElement*> open_sequences_;  // A null marks one that is not kept.
  int passed_over_ = 0;                      // Levels open below a sequence that is not kept.
  size_t total_ = 0;
  bool overflowed_ = false;
  std::vector<std::string> remarks_;
};

// One raw value field as its values: text in UTF-8, numbers as decimal text, bytes as they are.
Dataset::Element DecodeValue(std::string_view vr, std::string_view bytes, Coding coding,
                             const CharacterSet& charset, bool* guessed, bool* damaged);

}  // namespace tongjian::dicom
