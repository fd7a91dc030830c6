#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "common/dicom/json.h"
#include "common/dicom/person_name.h"

namespace tongjian::dicom {
namespace {

using Json = nlohmann::json;

absl::Status Malformed(std::string_view what) {
  return base::Error(absl::StatusCode::kInvalidArgument, "MALFORMED_OBJECT", "",
                     "no DICOM JSON: " + std::string(what));
}

absl::Status TooMuch(std::string_view what) {
  return base::Error(absl::StatusCode::kResourceExhausted, "MALFORMED_OBJECT", "",
                     "DICOM JSON over the limit of " + std::string(what));
}

class Reader {
 public:
  explicit Reader(const ReadLimits& limits) : limits_(limits) {}

  absl::StatusOr<Dataset> Read(const Json& object, int depth) {
    if (!object.is_object()) return Malformed("an object was expected");
    if (depth > limits_.depth_max) return TooMuch("depth");
    Dataset dataset;
    for (const auto& [key, value] : object.items()) {
      const std::optional<Tag> tag = key.size() == 8 ? ParseJsonTag(key) : std::nullopt;
      if (!tag || !value.is_object()) return Malformed("a member is no element");
      if (++elements_ > limits_.elements_max) return TooMuch("elements");
      TJ_ASSIGN_OR_RETURN(Dataset::Element element, ReadElement(*tag, value, depth));
      dataset.SetElement(*tag, std::move(element));
    }
    return dataset;
  }

 private:
  absl::StatusOr<Dataset::Element> ReadElement(Tag tag, const Json& object, int depth) {
    Dataset::Element element;
    element.vr = VrOf(tag);
    if (const auto vr = object.find("vr"); vr != object.end()) {
      if (!vr->is_string() || !IsVr(vr->get_ref<const std::string&>()))
        return Malformed("a vr has two letters");
      element.vr = vr->get_ref<const std::string&>();
    }
    if (const auto binary = object.find("InlineBinary"); binary != object.end()) {
      if (!binary->is_string()) return Malformed("InlineBinary is text");
      if (element.vr != "UN" && element.vr[0] != 'O')
        return Malformed("InlineBinary of a vr that is no bytes");
      const std::string& text = binary->get_ref<const std::string&>();
      std::string bytes;
      if (!absl::Base64Unescape(text, &bytes)) return Malformed("InlineBinary is no base64");
      if (!bytes.empty()) element.values.push_back(std::move(bytes));
      return element;
    }
    const auto values = object.find("Value");
    if (values == object.end()) return element;
    if (!values->is_array()) return Malformed("a Value is an array");
    for (const Json& value : *values) {
      if (element.vr == "SQ") {
        // An empty item may be written as null.
        TJ_ASSIGN_OR_RETURN(Dataset item, value.is_null() ? Dataset() : Read(value, depth + 1));
        element.items.push_back(std::move(item));
      } else {
        TJ_ASSIGN_OR_RETURN(std::string text, ReadValue(element.vr, value));
        if (text.size() > limits_.value_bytes_max) return TooMuch("a value");
        element.values.push_back(std::move(text));
      }
    }
    return element;
  }

  absl::StatusOr<std::string> ReadValue(std::string_view vr, const Json& value) {
    if (value.is_null()) return std::string();
    if (value.is_string()) return value.get_ref<const std::string&>();
    if (value.is_number()) return value.dump();
    if (vr == "PN" && value.is_object()) {
      return PersonNameText(
          {Group(value, "Alphabetic"), Group(value, "Ideographic"), Group(value, "Phonetic")});
    }
    return Malformed("a value of a kind that none has");
  }

  static bool IsVr(const std::string& text) {
    return text.size() == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z';
  }

  static std::string Group(const Json& name, const char* key) {
    const auto found = name.find(key);
    return found != name.end() && found->is_string() ? found->get_ref<const std::string&>() : "";
  }

  const ReadLimits limits_;
  int64_t elements_ = 0;
};

}  // namespace

absl::StatusOr<Dataset> ReadJson(std::string_view json, const ReadLimits& limits) {
  if (json.size() > limits.bytes_max) return TooMuch("bytes");
  // Each level of items is an object in an array in an object.
  const int depth_max = 3 * limits.depth_max + 3;
  bool too_deep = false;
  const auto check = [&](int depth, Json::parse_event_t, Json&) {
    too_deep |= depth > depth_max;
    return !too_deep;
  };
  const Json parsed = Json::parse(json.begin(), json.end(), check, /*allow_exceptions=*/false);
  if (too_deep) return TooMuch("depth");
  if (parsed.is_discarded()) return Malformed("it is no JSON");
  return Reader(limits).Read(parsed, 0);
}

}  // namespace tongjian::dicom
