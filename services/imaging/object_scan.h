// What an object in the blob store says, and the digest of its data set alone.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/blob/store.h"
#include "common/dicom/scan.h"
#include "common/security/digest.h"

namespace tongjian::imaging {

// The digest of a file's data set alone, pushed from the file's first byte: two files that differ
// in preamble and meta header (every gateway writes its own) have the same.
class DatasetDigest {
 public:
  void Update(std::string_view bytes);
  // `dataset_offset`: where the scanner found the data set to begin. Where the meta header's own
  // length says otherwise nothing is known of the data set alone, and `otherwise` is returned: the
  // digest of the file.
  std::string FinishText(uint64_t dataset_offset, const std::string& otherwise);

 private:
  // Preamble, magic, and the meta header's group length element (PS3.10 7.1).
  static constexpr size_t kLeadSize = 144;
  void TakeLead();

  security::Sha256 hash_;
  std::string lead_;
  uint64_t offset_ = 0;  // Of the data set, as the meta header says.
  uint64_t skip_ = 0;    // Bytes of the meta header that are still to come.
  bool started_ = false;
};

// A whole object: where its bytes are, and what they say.
struct WrittenObject {
  blob::Receipt receipt;
  std::string dataset_digest;
  dicom::Header header;
};

// Reads a stored object once more: for objects whose first bytes came before a restart, and for
// those that have a UID another has.
// INVALID_ARGUMENT as the scanner.
absl::StatusOr<WrittenObject> ScanObject(blob::Reader& reader, const dicom::ScanLimits& limits);

// The digest of a stored object's data set alone; of the whole file where that cannot be told.
// Errors as of blob::Store::OpenReader and of reading.
absl::StatusOr<std::string> DatasetDigestOf(blob::Store& blobs, std::string_view locator);

}  // namespace tongjian::imaging
