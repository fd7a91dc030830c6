#include <charconv>
#include <cstring>

#include "common/dicom/dataset.h"
#include "common/dicom/dataset_builder.h"
#include "common/dicom/element_parser.h"
#include "common/dicom/inflater.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

class Writer {
 public:
  Writer(Coding coding, const CharacterSet& charset) : coding_(coding), charset_(charset) {}

  absl::StatusOr<std::string> Write(const Dataset& dataset) {
    std::string out;
    for (const auto& [tag, element] : dataset.elements()) {
      std::string value;
      if (element.vr == "SQ") {
        for (const Dataset& item : element.items) {
          TJ_ASSIGN_OR_RETURN(const std::string content, Write(item));
          AppendTag(value, tags::kItem);
          AppendNumber(value, content.size(), 4);
          value += content;
        }
      } else {
        TJ_ASSIGN_OR_RETURN(value, Value(tag, element));
      }
      TJ_TRY(AppendElement(out, tag, element.vr, value));
    }
    return out;
  }

 private:
  bool big() const { return coding_ == Coding::kExplicitBig; }

  void AppendNumber(std::string& out, uint64_t number, size_t size) const {
    for (size_t i = 0; i < size; ++i) {
      const size_t shift = 8 * (big() ? size - 1 - i : i);
      out.push_back(static_cast<char>(number >> shift & 0xFF));
    }
  }

  void AppendTag(std::string& out, Tag tag) const {
    AppendNumber(out, GroupOf(tag), 2);
    AppendNumber(out, ElementOf(tag), 2);
  }

  absl::Status AppendElement(std::string& out, Tag tag, std::string_view vr,
                             std::string_view value) const {
    AppendTag(out, tag);
    const bool long_form = vr == "SQ" || vr == "UN" || vr == "UT" || vr == "UC" || vr == "UR" ||
                           vr == "SV" || vr == "UV" || vr[0] == 'O';
    if (coding_ == Coding::kImplicitLittle) {
      AppendNumber(out, value.size(), 4);
    } else if (long_form) {
      out.append(vr).append(2, '\0');
      AppendNumber(out, value.size(), 4);
    } else {
      if (value.size() > 0xFFFF) {
        return absl::InvalidArgumentError("value of (" + TagText(tag) +
                                          ") is longer than 65,535 bytes");
      }
      out.append(vr);
      AppendNumber(out, value.size(), 2);
    }
    out.append(value);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Value(Tag tag, const Dataset::Element& element) const {
    if (tag == tags::kSpecificCharacterSet) return Padded(charset_.label(), ' ');
    std::string joined;
    const std::string_view vr = element.vr;
    if (vr == "UN" || vr[0] == 'O') {
      for (const std::string& value : element.values) joined += value;
      return Padded(std::move(joined), '\0');
    }
    if (const size_t size = NumberSize(vr)) return Numbers(tag, element, size);
    for (size_t i = 0; i < element.values.size(); ++i) {
      if (i > 0) joined.push_back('\\');
      joined += element.values[i];
    }
    if (IsEncodedText(vr)) joined = charset_.Encode(joined);
    return Padded(std::move(joined), vr == "UI" ? '\0' : ' ');
  }

  static std::string Padded(std::string value, char padding) {
    if (value.size() & 1) value.push_back(padding);
    return value;
  }

  static size_t NumberSize(std::string_view vr) {
    if (vr == "US" || vr == "SS") return 2;
    if (vr == "UL" || vr == "SL" || vr == "FL" || vr == "AT") return 4;
    return vr == "FD" || vr == "SV" || vr == "UV" ? 8 : 0;
  }

  absl::StatusOr<std::string> Numbers(Tag tag, const Dataset::Element& element, size_t size) const {
    std::string out;
    for (const std::string& text : element.values) {
      const char* const end = text.data() + text.size();
      std::from_chars_result result{};
      if (element.vr == "AT") {
        uint32_t number = 0;
        result = std::from_chars(text.data(), end, number, 16);
        AppendTag(out, number);
      } else if (element.vr[0] == 'F') {
        double number = 0;
        result = std::from_chars(text.data(), end, number);
        AppendReal(out, number, size);
      } else if (text.starts_with('-')) {
        int64_t number = 0;
        result = std::from_chars(text.data(), end, number);
        AppendNumber(out, static_cast<uint64_t>(number), size);
      } else {
        uint64_t number = 0;
        result = std::from_chars(text.data(), end, number);
        AppendNumber(out, number, size);
      }
      if (result.ec != std::errc() || result.ptr != end) {
        return absl::InvalidArgumentError("value of (" + TagText(tag) + ") is no number");
      }
    }
    return out;
  }

  void AppendReal(std::string& out, double number, size_t size) const {
    uint64_t bits = 0;
    const float single = static_cast<float>(number);
    if (size == 4) {
      std::memcpy(&bits, &single, 4);
    } else {
      std::memcpy(&bits, &number, 8);
    }
    AppendNumber(out, bits, size);
  }

  const Coding coding_;
  const CharacterSet& charset_;
};

bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) > 0x7E) return false;
  }
  return true;
}

bool NeedsCharset(const Dataset& dataset) {
  for (const auto& [tag, element] : dataset.elements()) {
    for (const Dataset& item : element.items) {
      if (NeedsCharset(item)) return true;
    }
    if (!IsEncodedText(element.vr)) continue;
    for (const std::string& value : element.values) {
      if (!IsAscii(value)) return true;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<ReadResult> ReadDataset(std::string_view bytes, std::string_view transfer_syntax_uid,
                                       const ReadLimits& limits) {
  if (bytes.size() > limits.bytes_max) {
    return base::Error(absl::StatusCode::kResourceExhausted, "MALFORMED_OBJECT", "",
                       "data set of " + std::to_string(bytes.size()) + " bytes, allowed are " +
                           std::to_string(limits.bytes_max));
  }
  // A value takes at most its bytes and its bookkeeping; the element count bounds the latter.
  const size_t room = limits.bytes_max + static_cast<size_t>(limits.elements_max) * 128;
  DatasetBuilder builder({limits.value_bytes_max, room, {}});
  ElementParser parser(CodingOf(transfer_syntax_uid),
                       {limits.depth_max, limits.elements_max, limits.bytes_max * 16}, builder);
  if (transfer_syntax_uid == uids::kDeflatedLittleEndian) {
    Inflater inflater(100, limits.bytes_max * 16,
                      [&parser](std::string_view chunk) { return parser.Push(chunk); });
    TJ_TRY(inflater.Push(bytes));
    TJ_TRY(inflater.Finish());
  } else {
    TJ_TRY(parser.Push(bytes));
  }
  TJ_TRY(parser.Finish());
  if (builder.overflowed()) {
    return base::Error(
        absl::StatusCode::kResourceExhausted, "MALFORMED_OBJECT", "",
        "a value is longer than " + std::to_string(limits.value_bytes_max) + " bytes");
  }
  BuiltDataset built = builder.Build();
  return ReadResult{std::move(built.dataset), std::move(built.charset), built.guessed};
}

absl::StatusOr<std::string> WriteDataset(const Dataset& dataset,
                                         std::string_view transfer_syntax_uid,
                                         const CharacterSet& charset) {
  if (IsEncapsulated(transfer_syntax_uid) || transfer_syntax_uid == uids::kDeflatedLittleEndian) {
    return absl::InvalidArgumentError(
        "data sets are written in uncompressed transfer syntaxes only");
  }
  Dataset labelled = dataset;
  labelled.Erase(tags::kSpecificCharacterSet);
  if (!charset.label().empty() && NeedsCharset(dataset)) {
    labelled.Set(tags::kSpecificCharacterSet, charset.label());
  }
  return Writer(CodingOf(transfer_syntax_uid), charset).Write(labelled);
}

}  // namespace tongjian::dicom
