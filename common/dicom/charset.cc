#include "common/dicom/charset.h"

#include <array>
#include <cctype>
#include <map>

#include "common/dicom/charset_guess.h"
#include "common/dicom/iconv_text.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr char kEscape = '\x1B';

struct Term {
  std::string_view label;
  std::string_view
      encoding;  // iconv's name for the part with the high bit set; US-ASCII where there is none.
};

// By the term's letters and digits only, which makes most wrong spellings right ones.
const std::map<std::string_view, Term>& Terms() {
  static const std::map<std::string_view, Term> terms = {
      {"", {"", "US-ASCII"}},
      {"ISOIR6", {"ISO_IR 6", "US-ASCII"}},
      {"ISOIR100", {"ISO_IR 100", "ISO-8859-1"}},
      {"ISOIR101", {"ISO_IR 101", "ISO-8859-2"}},
      {"ISOIR109", {"ISO_IR 109", "ISO-8859-3"}},
      {"ISOIR110", {"ISO_IR 110", "ISO-8859-4"}},
      {"ISOIR144", {"ISO_IR 144", "ISO-8859-5"}},
      {"ISOIR127", {"ISO_IR 127", "ISO-8859-6"}},
      {"ISOIR126", {"ISO_IR 126", "ISO-8859-7"}},
      {"ISOIR138", {"ISO_IR 138", "ISO-8859-8"}},
      {"ISOIR148", {"ISO_IR 148", "ISO-8859-9"}},
      {"ISOIR203", {"ISO_IR 203", "ISO-8859-15"}},
      {"ISOIR13", {"ISO_IR 13", "SHIFT_JIS"}},
      {"ISOIR166", {"ISO_IR 166", "TIS-620"}},
      {"ISOIR192", {"ISO_IR 192", "UTF-8"}},
      {"GB18030", {"GB18030", "GB18030"}},
      {"GBK", {"GBK", "GB18030"}},
      {"ISO2022IR6", {"ISO 2022 IR 6", "US-ASCII"}},
      {"ISO2022IR100", {"ISO 2022 IR 100", "ISO-8859-1"}},
      {"ISO2022IR101", {"ISO 2022 IR 101", "ISO-8859-2"}},
      {"ISO2022IR109", {"ISO 2022 IR 109", "ISO-8859-3"}},
      {"ISO2022IR110", {"ISO 2022 IR 110", "ISO-8859-4"}},
      {"ISO2022IR144", {"ISO 2022 IR 144", "ISO-8859-5"}},
      {"ISO2022IR127", {"ISO 2022 IR 127", "ISO-8859-6"}},
      {"ISO2022IR126", {"ISO 2022 IR 126", "ISO-8859-7"}},
      {"ISO2022IR138", {"ISO 2022 IR 138", "ISO-8859-8"}},
      {"ISO2022IR148", {"ISO 2022 IR 148", "ISO-8859-9"}},
      {"ISO2022IR203", {"ISO 2022 IR 203", "ISO-8859-15"}},
      {"ISO2022IR13", {"ISO 2022 IR 13", "SHIFT_JIS"}},
      {"ISO2022IR166", {"ISO 2022 IR 166", "TIS-620"}},
      {"ISO2022IR87", {"ISO 2022 IR 87", "US-ASCII"}},
      {"ISO2022IR159", {"ISO 2022 IR 159", "US-ASCII"}},
      {"ISO2022IR149", {"ISO 2022 IR 149", "EUC-KR"}},
      {"ISO2022IR58", {"ISO 2022 IR 58", "GB18030"}},
      // Spellings in use that are no terms of the standard.
      {"ISO2022GBK", {"GBK", "GB18030"}},
      {"ISO2022GB18030", {"GB18030", "GB18030"}},
      {"GB2312", {"GBK", "GB18030"}},
      {"ISOIR58", {"ISO 2022 IR 58", "GB18030"}},
      {"UTF8", {"ISO_IR 192", "UTF-8"}},
      {"ISO106461", {"ISO_IR 192", "UTF-8"}},
      {"LATIN1", {"ISO_IR 100", "ISO-8859-1"}},
      {"ISO88591", {"ISO_IR 100", "ISO-8859-1"}},
      {"ASCII", {"ISO_IR 6", "US-ASCII"}},
  };
  return terms;
}

std::string Simplified(std::string_view term) {
  std::string simple;
  for (const char c : term) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && std::isalnum(byte)) simple.push_back(static_cast<char>(std::toupper(byte)));
  }
  return simple;
}

// What an escape sequence selects (PS3.3 tables C.12-3 and C.12-4).
struct Escape {
  std::string_view sequence;  // After ESC.
  bool is_g0;
  std::string_view encoding;
};
constexpr std::array<Escape, 20> kEscapes = {{
    {"(B", true, "US-ASCII"},    {"(J", true, "US-ASCII"},    {"$B", true, "JIS X 0208"},
    {"$@", true, "JIS X 0208"},  {"$(D", true, "JIS X 0212"}, {")I", false, "SHIFT_JIS"},
    {"$)C", false, "EUC-KR"},    {"$)A", false, "GB18030"},   {"-A", false, "ISO-8859-1"},
    {"-B", false, "ISO-8859-2"}, {"-C", false, "ISO-8859-3"}, {"-D", false, "ISO-8859-4"},
    {"-L", false, "ISO-8859-5"}, {"-G", false, "ISO-8859-6"}, {"-F", false, "ISO-8859-7"},
    {"-H", false, "ISO-8859-8"}, {"-M", false, "ISO-8859-9"}, {"-b", false, "ISO-8859-15"},
    {"-T", false, "TIS-620"},    {"$A", false, "GB18030"},
}};

bool IsPlain(std::string_view bytes) {
  for (const char c : bytes) {
    if (static_cast<unsigned char>(c) > 0x7F || c == kEscape) return false;
  }
  return true;
}

bool IsDelimiter(char c) {
  return c == '\\' || c == '^' || c == '=' || c == '\n' || c == '\r' || c == '\f' || c == '\t';
}

// Reads text with code extensions, one run of equal state after the other.
class ExtendedDecoder {
 public:
  explicit ExtendedDecoder(std::string_view first) : first_(first), g1_(first) {}

  DecodedText Decode(std::string_view bytes) {
    for (size_t at = 0; at < bytes.size();) {
      if (bytes[at] == kEscape) {
        at += TakeEscape(bytes.substr(at + 1));
        continue;
      }
      run_.push_back(bytes[at]);
      // Within a two-byte set every byte is half a character, but a line end returns to the
      // beginning.
      if (IsDelimiter(bytes[at]) && (g0_ == "US-ASCII" || bytes[at] < ' ')) Reset();
      ++at;
    }
    Flush();
    return std::move(out_);
  }

 private:
  size_t TakeEscape(std::string_view rest) {
    Flush();
    for (const Escape& escape : kEscapes) {
      if (!rest.starts_with(escape.sequence)) continue;
      (escape.is_g0 ? g0_ : g1_) = escape.encoding;
      return 1 + escape.sequence.size();
    }
    out_.text += "\xEF\xBF\xBD";
    out_.damaged = true;
    return 1;
  }

  // Writers often forget to select their second set again, so it stays where the first term gives
  // no other.
  void Reset() {
    Flush();
    g0_ = "US-ASCII";
    if (first_ != "US-ASCII") g1_ = first_;
  }

  void Flush() {
    if (run_.empty()) return;
    Converted converted;
    if (g0_ == "JIS X 0208") {
      converted = ToUtf8("ISO-2022-JP-2", "\x1B$B" + run_);
    } else if (g0_ == "JIS X 0212") {
      converted = ToUtf8("ISO-2022-JP-2", "\x1B$(D" + run_);
    } else {
      converted = ToUtf8(std::string(g1_), run_);
    }
    out_.text += converted.text;
    out_.damaged |= !converted.exact;
    run_.clear();
  }

  const std::string_view first_;
  std::string_view g0_ = "US-ASCII";
  std::string_view g1_;
  std::string run_;
  DecodedText out_;
};

// UTF-8 as ASCII with one two-byte set in G1, selected anew after every delimiter that resets it.
std::string EncodeExtended(std::string_view utf8, std::string_view escape,
                           const std::string& encoding) {
  const std::string bytes = FromUtf8(encoding, utf8).text;
  std::string out;
  bool selected = false;
  for (size_t at = 0; at < bytes.size(); ++at) {
    const bool high = static_cast<unsigned char>(bytes[at]) > 0x7F;
    if (high && !selected) out += escape;
    if (high) selected = true;
    if (IsDelimiter(bytes[at])) selected = false;
    out.push_back(bytes[at]);
  }
  return out;
}

DecodedText Guess(std::string_view bytes, bool latin_allowed) {
  if (ShapeAsUtf8(bytes).likely()) {
    Converted converted = ToUtf8("UTF-8", bytes);
    return {std::move(converted.text), true, !converted.exact};
  }
  if (ShapeAsGbk(bytes).likely()) {
    Converted converted = ToUtf8("GB18030", bytes);
    return {std::move(converted.text), true, !converted.exact};
  }
  return {ToUtf8("ISO-8859-1", bytes).text, !latin_allowed, false};
}

}  // namespace

CharacterSet::CharacterSet(std::string_view specific_character_set) {
  std::string_view rest = TrimPadding(specific_character_set);
  for (bool more = true; more;) {
    const size_t end = rest.find('\\');
    more = end != std::string_view::npos;
    const auto found = Terms().find(Simplified(rest.substr(0, end)));
    const Term term = found == Terms().end() ? Term{"", "US-ASCII"} : found->second;
    known_ = known_ && found != Terms().end();
    if (!encodings_.empty()) label_.push_back('\\');
    label_ += term.label;
    encodings_.emplace_back(term.encoding);
    extensions_ = extensions_ || term.label.starts_with("ISO 2022");
    if (more) rest.remove_prefix(end + 1);
    if (encodings_.size() >= 16) break;
  }
}

DecodedText CharacterSet::Decode(std::string_view bytes) const {
  if (IsPlain(bytes)) return {std::string(bytes)};
  const std::string& first = encodings_.front();
  const bool escaped = bytes.find(kEscape) != std::string_view::npos;
  if (escaped && first != "UTF-8" && (first != "GB18030" || extensions_)) {
    // GB 2312 alone in the label needs no escape: it is read as if selected from the start.
    return ExtendedDecoder(first).Decode(bytes);
  }
  if (first == "US-ASCII") {
    for (const std::string& encoding : encodings_) {
      // The label names the second set, the text forgot to select it.
      if (encoding == "US-ASCII") continue;
      Converted converted = ToUtf8(encoding, bytes);
      if (converted.exact) return {std::move(converted.text), true, false};
    }
    return Guess(bytes, false);
  }
  if (first == "ISO-8859-1") return Guess(bytes, true);
  Converted converted = ToUtf8(first, bytes);
  if (converted.exact) return {std::move(converted.text)};
  const Utf8Shape utf8 = ShapeAsUtf8(bytes);
  const bool mostly_utf8 = first == "UTF-8" && utf8.sequences > utf8.faults;
  if (!mostly_utf8 && (utf8.likely() || ShapeAsGbk(bytes).likely())) {
    DecodedText guess = Guess(bytes, true);
    if (!guess.damaged) return guess;
  }
  return {std::move(converted.text), false, true};
}

std::string CharacterSet::Encode(std::string_view utf8) const {
  const std::string clean = SanitizeUtf8(utf8);
  if (IsPlain(clean)) return clean;
  for (size_t i = 0; extensions_ && i < encodings_.size(); ++i) {
    if (encodings_[i] == "GB18030") return EncodeExtended(clean, "\x1B$)A", "GB2312");
    if (encodings_[i] == "EUC-KR") return EncodeExtended(clean, "\x1B$)C", "EUC-KR");
  }
  // Readers of GBK do not know the four-byte characters of GB18030.
  return FromUtf8(label_ == "GBK" ? "GBK" : encodings_.front(), clean).text;
}

std::string SanitizeUtf8(std::string_view text) { return ToUtf8("UTF-8", text).text; }

}  // namespace tongjian::dicom
