#include "common/dicom/part10.h"

#include <cstdint>

#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

void AppendShort(std::string& out, uint32_t value) {
  out.push_back(static_cast<char>(value & 0xFF));
  out.push_back(static_cast<char>(value >> 8 & 0xFF));
}

void AppendLong(std::string& out, uint32_t value) {
  AppendShort(out, value & 0xFFFF);
  AppendShort(out, value >> 16);
}

// A group 2 element of a representation with a 16-bit length, padded to even.
void AppendText(std::string& out, uint32_t element, std::string_view vr, std::string_view value, char padding) {
  AppendShort(out, 0x0002);
  AppendShort(out, element);
  out.append(vr);
  AppendShort(out, static_cast<uint32_t>(value.size() + (value.size() & 1)));
  out.append(value);
  if (value.size() & 1) out.push_back(padding);
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

}  // namespace tongjian::dicom
