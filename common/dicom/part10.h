// The Part 10 file format (PS3.10): the meta header we put before a data set that came without one.
#pragma once

#include <string>
#include <string_view>

namespace tongjian::dicom {

struct MetaHeader {
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::string transfer_syntax_uid;
  std::string source_ae_title;
};

// Preamble of zeros, "DICM" and group 2 with our implementation UID: the data set's bytes follow as they were sent.
std::string WriteMetaHeader(const MetaHeader& meta);

}  // namespace tongjian::dicom
