// What the hub says of instances that a device would delete.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/blob/store.h"
#include "common/acquisition/commitment_store.h"
#include "common/dicom/commitment.h"
#include "common/dicom/service.h"
#include "common/store/database.h"
#include "common/telemetry/metrics.h"
#include "services/imaging/places.h"

namespace tongjian::imaging {

// A verdict for each, in their order: 0112 where it is not the facility's, 0119 where it is of
// another SOP class, 0110 where it cannot be read as it was stored. The rest have been read whole
// and compared with their digests. An error is the store's, and no verdict.
absl::StatusOr<std::vector<dicom::CommitmentVerdict>> JudgeInstances(
    store::Database& database, blob::Store& blobs, const std::string& facility_id,
    const std::vector<dicom::CommitmentReference>& references);

// All that a device asked for.
absl::StatusOr<std::vector<dicom::CommitmentVerdict>> JudgeInstances(
    store::Database& database, blob::Store& blobs, const acquisition::Commitment& commitment);

// Where the device of a request accepts associations: its port in the registry, at its address there
// or else the one it called from. FAILED_PRECONDITION where the registry has no port.
absl::StatusOr<dicom::Destination> LocateDevice(const Places& places,
                                                const acquisition::Commitment& commitment);

// tongjian_imaging_commitments_failed: requests whose device could not be told.
telemetry::Registry::Watch WatchCommitments(telemetry::Registry& metrics,
                                            store::Database& database);

}  // namespace tongjian::imaging
