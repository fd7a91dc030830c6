#include "common/dicom/part10.h"

#include <algorithm>
#include <cstdint>

#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr size_t kPreambleSize = 128;
constexpr size_t kMetaMax = 65536;

void AppendShort(std::string& out, uint32_t value) {
  out.push_back(static_cast<char>(value & 0xFF));
  out.push_back(static_cast<char>(value >> 8 & 0xFF));
}

void AppendLong(std::string& out, uint32_t value) {
  AppendShort(out, value & 0xFFFF);
  AppendShort(out, value >> 16);
}

// A group 2 element of a representation with a 16-bit length, padded to even.
void AppendText(std::string& out, uint32_t element, std::string_view vr, std::string_view value,
                char padding) {
  AppendShort(out, 0x0002);
  AppendShort(out, element);
  out.append(vr);
  AppendShort(out, static_cast<uint32_t>(value.size() + (value.size() & 1)));
  out.append(value);
  if (value.size() & 1) out.push_back(padding);
}

uint32_t Little(std::string_view bytes, size_t at, size_t size) {
  uint32_t number = 0;
  for (size_t i = size; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

bool IsLetters(std::string_view vr) {
  return std::all_of(vr.begin(), vr.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// How far group 2 reaches in `bytes`. Its own group length is often wrong, so the elements are
// walked.
struct MetaExtent {
  bool complete = false;
  bool is_explicit = true;
  size_t size = 0;
};

MetaExtent MeasureMeta(std::string_view bytes) {
  MetaExtent extent;
  size_t at = 0;
  for (;;) {
    extent.size = at;
    if (at + 8 > bytes.size()) return extent;
    if (Little(bytes, at, 2) != 0x0002) {
      extent.complete = true;
      return extent;
    }
    const std::string_view vr = bytes.substr(at + 4, 2);
    if (at == 0) extent.is_explicit = IsLetters(vr);
    uint64_t next = 0;
    if (!IsLetters(vr)) {
      next = at + 8 + uint64_t{Little(bytes, at + 4, 4)};
    } else if (vr[0] == 'O' || vr == "UN" || vr == "UT" || vr == "SQ") {
      if (at + 12 > bytes.size()) return extent;
      next = at + 12 + uint64_t{Little(bytes, at + 8, 4)};
    } else {
      next = at + 8 + uint64_t{Little(bytes, at + 6, 2)};
    }
    if (next > bytes.size()) return extent;
    at = static_cast<size_t>(next);
  }
}

}  // namespace

std::string WriteMetaHeader(const MetaHeader& meta) {
  std::string group;
  AppendShort(group, 0x0002);
  AppendShort(group, 0x0001);
  group.append("OB");
  AppendShort(group, 0);
  AppendLong(group, 2);
  group.append(std::string_view("\0\1", 2));
  AppendText(group, 0x0002, "UI", meta.sop_class_uid, '\0');
  AppendText(group, 0x0003, "UI", meta.sop_instance_uid, '\0');
  AppendText(group, 0x0010, "UI", meta.transfer_syntax_uid, '\0');
  AppendText(group, 0x0012, "UI", uids::kImplementationClass, '\0');
  AppendText(group, 0x0013, "SH", uids::kImplementationVersion, ' ');
  if (!meta.source_ae_title.empty()) AppendText(group, 0x0016, "AE", meta.source_ae_title, ' ');

  std::string file(128, '\0');
  file.append("DICM");
  AppendShort(file, 0x0002);
  AppendShort(file, 0x0000);
  file.append("UL");
  AppendShort(file, 4);
  AppendLong(file, static_cast<uint32_t>(group.size()));
  return file + group;
}

absl::StatusOr<std::optional<FileStart>> ReadFileStart(std::string_view start, bool at_end) {
  FileStart found;
  if (start.size() < kPreambleSize + 12 && !at_end) return std::nullopt;
  found.has_preamble =
      start.size() >= kPreambleSize + 4 && start.substr(kPreambleSize, 4) == "DICM";
  const size_t meta_at = found.has_preamble ? kPreambleSize + 4 : start.starts_with("DICM") ? 4 : 0;
  const MetaExtent extent = MeasureMeta(start.substr(meta_at));
  if (!extent.complete && !at_end) {
    if (start.size() <= kMetaMax) return std::nullopt;
    return base::Error(absl::StatusCode::kInvalidArgument, "MALFORMED_OBJECT", "",
                       "meta header over 64 kB");
  }
  const std::string_view meta = start.substr(meta_at, extent.size);
  if (!meta.empty()) {
    TJ_ASSIGN_OR_RETURN(ReadResult read,
                        ReadDataset(meta, extent.is_explicit ? uids::kExplicitLittleEndian
                                                             : uids::kImplicitLittleEndian));
    found.meta = std::move(read.dataset);
  }
  found.dataset_offset = meta_at + extent.size;
  return found;
}

}  // namespace tongjian::dicom
