#include "common/dicom/dataset_builder.h"

#include <algorithm>

#include "common/base/check.h"

namespace tongjian::dicom {

struct DatasetBuilder::RawElement {
  char vr[3] = "UN";
  Coding coding = Coding::kExplicitLittle;
  std::string bytes;
  std::vector<std::unique_ptr<RawDataset>> items;
};

struct DatasetBuilder::RawDataset {
  std::map<Tag, RawElement> elements;

  // Iterative where it matters is the parser: it bounds the depth of this to its own limit.
  void Decode(const CharacterSet& inherited, BuiltDataset& built, Dataset& out) const {
    const auto own = elements.find(tags::kSpecificCharacterSet);
    const CharacterSet charset =
        own == elements.end() ? inherited : CharacterSet(own->second.bytes);
    for (const auto& [tag, raw] : elements) {
      if (std::string_view(raw.vr) != "SQ") {
        out.SetElement(tag, DecodeValue(raw.vr, raw.bytes, raw.coding, charset, &built.guessed,
                                        &built.damaged));
        continue;
      }
      Dataset::Element element{"SQ", {}, {}};
      for (const auto& item : raw.items) {
        item->Decode(charset, built, element.items.emplace_back());
      }
      out.SetElement(tag, std::move(element));
    }
  }
};

DatasetBuilder::DatasetBuilder(BuilderOptions options)
    : options_(std::move(options)),
      root_(std::make_unique<RawDataset>()),
      open_items_{root_.get()} {}

DatasetBuilder::~DatasetBuilder() = default;

bool DatasetBuilder::Keeps(Tag tag) const {
  if (passed_over_ > 0) return false;
  return open_items_.size() > 1 || !options_.keep || options_.keep(tag);
}

// Every kept element costs its bytes and the room around them, so that a million empty ones are not
// free.
bool DatasetBuilder::Charge(size_t bytes) {
  constexpr size_t kOverhead = 128;
  if (total_ + bytes + kOverhead > options_.total_bytes_max) {
    overflowed_ = true;
    return false;
  }
  total_ += bytes + kOverhead;
  return true;
}

bool DatasetBuilder::Wants(const ElementHead& head) {
  if (head.tag == tags::kItem || ElementOf(head.tag) == 0 || !Keeps(head.tag)) return false;
  if (head.length > options_.value_bytes_max) {
    overflowed_ = true;
    return false;
  }
  if (open_items_.back()->elements.contains(head.tag)) {
    Remark("repeated element (" + TagText(head.tag) + ")");
    return false;
  }
  return Charge(head.length);
}

void DatasetBuilder::Value(const ElementHead& head, std::string_view bytes) {
  RawElement& element = open_items_.back()->elements[head.tag];
  std::copy(head.vr, head.vr + 2, element.vr);
  element.coding = head.coding;
  element.bytes.assign(bytes);
}

void DatasetBuilder::BeginSequence(const ElementHead& head) {
  if (!Keeps(head.tag) || open_items_.back()->elements.contains(head.tag) || !Charge(0)) {
    ++passed_over_;
    return;
  }
  RawElement& element = open_items_.back()->elements[head.tag];
  std::copy_n("SQ", 2, element.vr);
  open_sequences_.push_back(&element);
}

void DatasetBuilder::EndSequence() {
  if (passed_over_ > 0) {
    --passed_over_;
  } else {
    open_sequences_.pop_back();
  }
}

void DatasetBuilder::BeginItem() {
  // Items count as levels too while something is passed over.
  if (passed_over_ > 0 || !Charge(0)) {
    ++passed_over_;
    return;
  }
  TJ_CHECK(!open_sequences_.empty());
  open_items_.push_back(
      open_sequences_.back()->items.emplace_back(std::make_unique<RawDataset>()).get());
}

void DatasetBuilder::EndItem() {
  if (passed_over_ > 0) {
    --passed_over_;
  } else {
    open_items_.pop_back();
  }
}

void DatasetBuilder::BeginFragments(const ElementHead&) { ++passed_over_; }
void DatasetBuilder::EndFragments(uint64_t) { --passed_over_; }

void DatasetBuilder::Remark(std::string text) {
  constexpr size_t kRemarksMax = 20;
  if (remarks_.size() >= kRemarksMax) return;
  if (std::find(remarks_.begin(), remarks_.end(), text) == remarks_.end()) {
    remarks_.push_back(std::move(text));
  }
}

BuiltDataset DatasetBuilder::Build() const {
  BuiltDataset built;
  const auto own = root_->elements.find(tags::kSpecificCharacterSet);
  if (own != root_->elements.end()) built.charset = CharacterSet(own->second.bytes);
  root_->Decode(built.charset, built, built.dataset);
  return built;
}

}  // namespace tongjian::dicom
