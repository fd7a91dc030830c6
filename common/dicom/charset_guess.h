// Recognition of text by its bytes, for labels that are missing or wrong.
#pragma once

#include <string_view>

namespace tongjian::dicom {

// How well bytes read as UTF-8: whole multi-byte sequences and places that are none. `cut`: the
// only fault is a sequence that the end of the value cuts off.
struct Utf8Shape {
  int sequences = 0;
  int faults = 0;
  bool cut = false;
  bool likely() const { return sequences > 0 && (faults == 0 || (faults == 1 && cut)); }
};
Utf8Shape ShapeAsUtf8(std::string_view bytes);

// How well bytes read as GBK or GB18030: pairs in the everyday range of GB 2312 against pairs whose
// second byte is ASCII, which is also what a lone accented letter of Latin-1 before an ASCII letter
// looks like.
struct GbkShape {
  bool valid = true;
  int everyday = 0;
  int ascii_tails = 0;
  bool likely() const { return valid && everyday > 0 && everyday >= ascii_tails; }
};
GbkShape ShapeAsGbk(std::string_view bytes);

// Length of the valid UTF-8 sequence at the front of `bytes`, 0 where there is none.
size_t Utf8SequenceSize(std::string_view bytes);

}  // namespace tongjian::dicom
