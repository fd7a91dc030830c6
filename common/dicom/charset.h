// Text in the wild: DICOM character sets to UTF-8 and back (PS3.3 C.12.1.1.2, PS3.5 6.1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tongjian::dicom {

// Valid UTF-8 always. `guessed`: the label was missing or wrong and the text was recognised by its
// bytes (GBK in a file labelled ISO_IR 100). `damaged`: something could not be decoded and stands
// as U+FFFD.
struct DecodedText {
  std::string text;
  bool guessed = false;
  bool damaged = false;
};

// One data set's Specific Character Set (0008,0005). An immutable value, safe for concurrent use.
class CharacterSet {
 public:
  // The raw attribute value, terms split by backslashes; empty is ISO_IR 6. Wrong spellings in use
  // ("ISO-IR 100", "ISO IR 192", "UTF-8", "GB2312") are understood.
  explicit CharacterSet(std::string_view specific_character_set = "");

  // The value as the standard spells it, for a response's own (0008,0005).
  const std::string& label() const { return label_; }
  // False where a term is not known: its text is then recognised by its bytes.
  bool known() const { return known_; }

  // Decodes a whole value field before anything is split: trail bytes of GBK equal ^, \ and |.
  DecodedText Decode(std::string_view bytes) const;
  // UTF-8 to this set; '?' for what it does not have. Sets with code extensions answer in their
  // first term.
  std::string Encode(std::string_view utf8) const;

 private:
  std::string label_;
  std::vector<std::string> encodings_;  // Names for iconv, by term.
  bool extensions_ = false;
  bool known_ = true;
};

// `text` with what is not UTF-8 replaced by U+FFFD.
std::string SanitizeUtf8(std::string_view text);

}  // namespace tongjian::dicom
