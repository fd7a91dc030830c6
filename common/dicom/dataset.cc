#include "common/dicom/dataset.h"

#include <charconv>

#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

const std::string kNoText;
const std::vector<std::string> kNoValues;
const std::vector<Dataset> kNoItems;

}  // namespace

const Dataset::Element* Dataset::Find(Tag tag) const {
  const auto found = elements_.find(tag);
  return found == elements_.end() ? nullptr : &found->second;
}

const std::string& Dataset::Text(Tag tag) const {
  const Element* element = Find(tag);
  return element == nullptr || element->values.empty() ? kNoText : element->values.front();
}

const std::vector<std::string>& Dataset::Values(Tag tag) const {
  const Element* element = Find(tag);
  return element == nullptr ? kNoValues : element->values;
}

const std::vector<Dataset>& Dataset::Items(Tag tag) const {
  const Element* element = Find(tag);
  return element == nullptr ? kNoItems : element->items;
}

std::optional<int64_t> Dataset::Int(Tag tag) const {
  std::string_view text = TrimPadding(Text(tag));
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size())
    return {};
  return number;
}

void Dataset::Set(Tag tag, std::string_view value) {
  Element element{std::string(VrOf(tag)), {}, {}};
  if (!value.empty()) element.values.emplace_back(value);
  elements_[tag] = std::move(element);
}

void Dataset::SetValues(Tag tag, std::vector<std::string> values) {
  elements_[tag] = Element{std::string(VrOf(tag)), std::move(values), {}};
}

void Dataset::SetItems(Tag tag, std::vector<Dataset> items) {
  elements_[tag] = Element{"SQ", {}, std::move(items)};
}

void Dataset::SetElement(Tag tag, Element element) { elements_[tag] = std::move(element); }

}  // namespace tongjian::dicom
