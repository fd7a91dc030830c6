// What a stored object says before its pixels.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/blob/store.h"
#include "common/dicom/dataset.h"
#include "common/dicom/scan.h"
#include "common/store/transaction.h"

namespace tongjian::imaging {

// The attributes of an object's top level that `keep` is true for, sequences with all their items,
// text in UTF-8. Reads from the beginning until the pixels, and not beyond 4 MiB; values over 64 kB
// are left out. Errors as of blob::Store::OpenReader and of reading; INVALID_ARGUMENT where it is
// malformed.
absl::StatusOr<dicom::Dataset> ReadObjectHeader(blob::Store& blobs, std::string_view locator,
                                                const std::function<bool(dicom::Tag)>& keep);

// Keeps what queries may ask of a new study, or of a new series, and no column has; with a series
// also the transfer syntax its class is stored in.
absl::Status KeepStudyHeader(store::Transaction& tx, std::string_view study_id,
                             const dicom::Header& header);
absl::Status KeepSeriesHeader(store::Transaction& tx, std::string_view study_id,
                              std::string_view series_instance_uid, const dicom::Header& header);
// What was kept, decoded.
absl::StatusOr<dicom::Dataset> DecodeKept(std::string_view kept);

}  // namespace tongjian::imaging
