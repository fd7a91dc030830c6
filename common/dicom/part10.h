// The Part 10 file format (PS3.10): the meta header we put before a data set that came without one,
// and that we find in files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/dicom/dataset.h"

namespace tongjian::dicom {

struct MetaHeader {
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::string transfer_syntax_uid;
  std::string source_ae_title;
};

// Preamble of zeros, "DICM" and group 2 with our implementation UID: the data set's bytes follow as
// they were sent.
std::string WriteMetaHeader(const MetaHeader& meta);

// How a file begins. Files without preamble, or without any meta header, are read too: `meta` is
// then empty.
struct FileStart {
  bool has_preamble = false;
  Dataset meta;
  size_t dataset_offset = 0;
};

// From the first bytes of a file; nothing where more of them are needed and `at_end` is false.
// INVALID_ARGUMENT for a broken meta header or one over 64 kB.
absl::StatusOr<std::optional<FileStart>> ReadFileStart(std::string_view start, bool at_end);

}  // namespace tongjian::dicom
