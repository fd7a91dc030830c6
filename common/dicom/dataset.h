// Plain data sets: queries, responses, collected headers. Text is UTF-8 inside, whatever it was on
// the wire.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/charset.h"
#include "common/dicom/tag.h"

namespace tongjian::dicom {

// An ordered map of elements. Numbers (US, FD, ...) are kept as decimal text, AT as "GGGGEEEE",
// bytes (OB, OW, UN) as one raw value. A value, like a string; not safe for concurrent change.
class Dataset {
 public:
  struct Element {
    std::string vr;
    std::vector<std::string> values;
    std::vector<Dataset> items;  // Only with vr "SQ".
    bool operator==(const Element&) const = default;
  };

  bool empty() const { return elements_.empty(); }
  const std::map<Tag, Element>& elements() const { return elements_; }
  const Element* Find(Tag tag) const;
  bool Has(Tag tag) const { return Find(tag) != nullptr; }
  // The first value, or "" where the element is absent or empty.
  const std::string& Text(Tag tag) const;
  const std::vector<std::string>& Values(Tag tag) const;
  const std::vector<Dataset>& Items(Tag tag) const;
  // The first value as a whole number, also from IS text with spaces; nothing where it is none.
  std::optional<int64_t> Int(Tag tag) const;

  // The representation is the dictionary's. An empty value makes an empty element.
  void Set(Tag tag, std::string_view value);
  void SetValues(Tag tag, std::vector<std::string> values);
  void SetItems(Tag tag, std::vector<Dataset> items);
  void SetElement(Tag tag, Element element);
  void Erase(Tag tag) { elements_.erase(tag); }

  bool operator==(const Dataset&) const = default;

 private:
  std::map<Tag, Element> elements_;
};

struct ReadLimits {
  size_t bytes_max = 1 << 20;
  int depth_max = 64;
  int64_t elements_max = 20000;
  size_t value_bytes_max = 1 << 18;
};

struct ReadResult {
  Dataset dataset;
  CharacterSet charset = CharacterSet();
  bool charset_guessed = false;
};

// Decodes a whole data set by the bounded scanner (scan.h); DCMTK's parser is not involved.
// INVALID_ARGUMENT where it is malformed, RESOURCE_EXHAUSTED over a limit.
absl::StatusOr<ReadResult> ReadDataset(std::string_view bytes, std::string_view transfer_syntax_uid,
                                       const ReadLimits& limits = {});

// Encodes with lengths defined, text in `charset`, in one of the three uncompressed transfer
// syntaxes: INVALID_ARGUMENT for others and for values that do not fit. Specific Character Set is
// written where text needs it.
absl::StatusOr<std::string> WriteDataset(const Dataset& dataset,
                                         std::string_view transfer_syntax_uid,
                                         const CharacterSet& charset);

}  // namespace tongjian::dicom
