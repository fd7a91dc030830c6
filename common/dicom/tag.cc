#include "common/dicom/tag.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dctk.h"

namespace tongjian::dicom {
namespace {

constexpr std::array<std::string_view, 7> kEncodedText = {"SH", "LO", "PN", "ST", "LT", "UC", "UT"};
constexpr std::array<std::string_view, 14> kMultiValued = {
    "AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UC", "UI", "AT"};

// What this system must know even where DCMTK's dictionary file is not installed. Sorted by tag.
struct Entry {
  Tag tag;
  std::string_view vr;
};
constexpr std::array kEntries = {
    Entry{0x00000000, "UL"}, Entry{0x00000002, "UI"}, Entry{0x00000003, "UI"},
    Entry{0x00000100, "US"}, Entry{0x00000110, "US"}, Entry{0x00000120, "US"},
    Entry{0x00000600, "AE"}, Entry{0x00000700, "US"}, Entry{0x00000800, "US"},
    Entry{0x00000900, "US"}, Entry{0x00000901, "AT"}, Entry{0x00000902, "LO"},
    Entry{0x00000903, "US"}, Entry{0x00001000, "UI"}, Entry{0x00001001, "UI"},
    Entry{0x00001002, "US"}, Entry{0x00001005, "AT"}, Entry{0x00001008, "US"},
    Entry{0x00001020, "US"}, Entry{0x00001021, "US"}, Entry{0x00001022, "US"},
    Entry{0x00001023, "US"}, Entry{0x00001030, "AE"}, Entry{0x00001031, "US"},
    Entry{0x00020000, "UL"}, Entry{0x00020001, "OB"}, Entry{0x00020002, "UI"},
    Entry{0x00020003, "UI"}, Entry{0x00020010, "UI"}, Entry{0x00020012, "UI"},
    Entry{0x00020013, "SH"}, Entry{0x00020016, "AE"}, Entry{0x00080005, "CS"},
    Entry{0x00080008, "CS"}, Entry{0x00080016, "UI"}, Entry{0x00080018, "UI"},
    Entry{0x00080020, "DA"}, Entry{0x00080021, "DA"}, Entry{0x00080022, "DA"},
    Entry{0x00080023, "DA"}, Entry{0x0008002A, "DT"}, Entry{0x00080030, "TM"},
    Entry{0x00080031, "TM"}, Entry{0x00080032, "TM"}, Entry{0x00080033, "TM"},
    Entry{0x00080050, "SH"}, Entry{0x00080051, "SQ"}, Entry{0x00080052, "CS"},
    Entry{0x00080054, "AE"}, Entry{0x00080056, "CS"}, Entry{0x00080058, "UI"},
    Entry{0x00080060, "CS"}, Entry{0x00080061, "CS"}, Entry{0x00080062, "UI"},
    Entry{0x00080070, "LO"}, Entry{0x00080080, "LO"}, Entry{0x00080090, "PN"},
    Entry{0x00080100, "SH"}, Entry{0x00080102, "SH"}, Entry{0x00080104, "LO"},
    Entry{0x00080201, "SH"}, Entry{0x00081010, "SH"}, Entry{0x00081030, "LO"},
    Entry{0x00081032, "SQ"}, Entry{0x0008103E, "LO"}, Entry{0x00081040, "LO"},
    Entry{0x00081048, "PN"}, Entry{0x00081050, "PN"}, Entry{0x00081060, "PN"}, Entry{0x00081070, "PN"},
    Entry{0x00081080, "LO"}, Entry{0x00081090, "LO"}, Entry{0x00081110, "SQ"},
    Entry{0x00081111, "SQ"}, Entry{0x00081115, "SQ"}, Entry{0x00081120, "SQ"},
    Entry{0x00081140, "SQ"}, Entry{0x00081150, "UI"}, Entry{0x00081155, "UI"},
    Entry{0x00081190, "UR"}, Entry{0x00081195, "UI"}, Entry{0x00081197, "US"}, Entry{0x00081198, "SQ"},
    Entry{0x00081199, "SQ"}, Entry{0x00100010, "PN"}, Entry{0x00100020, "LO"},
    Entry{0x00100021, "LO"}, Entry{0x00100022, "CS"}, Entry{0x00100024, "SQ"},
    Entry{0x00100030, "DA"}, Entry{0x00100032, "TM"}, Entry{0x00100040, "CS"},
    Entry{0x00101000, "LO"}, Entry{0x00101001, "PN"}, Entry{0x00101002, "SQ"},
    Entry{0x00101010, "AS"}, Entry{0x00101020, "DS"}, Entry{0x00101030, "DS"},
    Entry{0x00102000, "LO"}, Entry{0x00102110, "LO"}, Entry{0x00102160, "SH"},
    Entry{0x00102180, "SH"}, Entry{0x001021B0, "LT"}, Entry{0x00104000, "LT"},
    Entry{0x00180015, "CS"}, Entry{0x00181000, "LO"}, Entry{0x00181030, "LO"},
    Entry{0x00185100, "CS"}, Entry{0x00185101, "CS"}, Entry{0x0020000D, "UI"}, Entry{0x0020000E, "UI"},
    Entry{0x00200010, "SH"}, Entry{0x00200011, "IS"}, Entry{0x00200013, "IS"},
    Entry{0x00200052, "UI"}, Entry{0x00200060, "CS"}, Entry{0x00200062, "CS"},
    Entry{0x00201200, "IS"}, Entry{0x00201202, "IS"}, Entry{0x00201204, "IS"}, Entry{0x00201206, "IS"},
    Entry{0x00201208, "IS"}, Entry{0x00201209, "IS"}, Entry{0x00280002, "US"},
    Entry{0x00280004, "CS"}, Entry{0x00280008, "IS"}, Entry{0x00280010, "US"},
    Entry{0x00280011, "US"}, Entry{0x00280100, "US"}, Entry{0x00280101, "US"},
    Entry{0x00280102, "US"}, Entry{0x00280103, "US"}, Entry{0x00321060, "LO"},
    Entry{0x00321064, "SQ"}, Entry{0x00400001, "AE"}, Entry{0x00400002, "DA"},
    Entry{0x00400003, "TM"}, Entry{0x00400006, "PN"}, Entry{0x00400007, "LO"},
    Entry{0x00400008, "SQ"}, Entry{0x00400009, "SH"}, Entry{0x00400010, "SH"},
    Entry{0x00400011, "SH"}, Entry{0x00400020, "CS"}, Entry{0x00400031, "UT"},
    Entry{0x00400032, "UT"}, Entry{0x00400033, "CS"}, Entry{0x00400039, "SQ"},
    Entry{0x00400100, "SQ"}, Entry{0x00400220, "SQ"}, Entry{0x00400241, "AE"},
    Entry{0x00400242, "SH"}, Entry{0x00400243, "SH"}, Entry{0x00400244, "DA"},
    Entry{0x00400245, "TM"}, Entry{0x00400250, "DA"}, Entry{0x00400251, "TM"},
    Entry{0x00400252, "CS"}, Entry{0x00400253, "SH"}, Entry{0x00400254, "LO"},
    Entry{0x00400260, "SQ"}, Entry{0x00400270, "SQ"}, Entry{0x00400275, "SQ"},
    Entry{0x00400280, "ST"}, Entry{0x00400281, "SQ"},
    Entry{0x00400340, "SQ"}, Entry{0x00401001, "SH"}, Entry{0x00401003, "SH"},
    Entry{0x00401400, "LT"}, Entry{0x7FE00010, "OW"},
};

const Entry* FindEntry(Tag tag) {
  const auto* found =
      std::lower_bound(kEntries.begin(), kEntries.end(), tag,
                       [](const Entry& entry, Tag wanted) { return entry.tag < wanted; });
  return found != kEntries.end() && found->tag == tag ? found : nullptr;
}

// DCMTK's own pseudo representations become what they are written as.
std::string_view Canonical(DcmEVR vr) {
  switch (vr) {
    case EVR_ox:
    case EVR_px:
    case EVR_lt:
      return "OW";
    case EVR_xs:
    case EVR_up:
      return vr == EVR_up ? "UL" : "US";
    case EVR_na:
    case EVR_UNKNOWN:
    case EVR_UNKNOWN2B:
      return "UN";
    default:
      break;
  }
  // The names are literals of DCMTK's own table: they live as long as the process.
  const char* const name = DcmVR(vr).getVRName();
  const std::string_view text = name == nullptr ? "" : name;
  return text.size() == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' ? text : "UN";
}

}  // namespace

std::string TagText(Tag tag) {
  char text[16];
  std::snprintf(text, sizeof text, "%04X,%04X", GroupOf(tag), ElementOf(tag));
  return text;
}

std::string_view VrOf(Tag tag) {
  if (const Entry* entry = FindEntry(tag)) return entry->vr;
  if (IsPrivate(tag)) return ElementOf(tag) >= 0x10 && ElementOf(tag) <= 0xFF ? "LO" : "UN";
  if (ElementOf(tag) == 0) return "UL";
  return Canonical(DcmTag(GroupOf(tag), ElementOf(tag)).getEVR());
}

bool IsEncodedText(std::string_view vr) {
  return std::find(kEncodedText.begin(), kEncodedText.end(), vr) != kEncodedText.end();
}

bool IsMultiValued(std::string_view vr) {
  return std::find(kMultiValued.begin(), kMultiValued.end(), vr) != kMultiValued.end();
}

}  // namespace tongjian::dicom
