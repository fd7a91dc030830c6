#include "services/imaging/commitment_judge.h"

#include <optional>

#include "common/base/status.h"
#include "services/imaging/healing.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

using dicom::CommitmentFailure;

absl::StatusOr<CommitmentFailure> Judge(store::Database& database, blob::Store& blobs,
                                        const std::string& facility_id,
                                        const dicom::CommitmentReference& reference) {
  std::optional<Instance> instance;
  TJ_TRY(database.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(instance, InstanceOf(session, facility_id, reference.sop_instance_uid));
    return absl::OkStatus();
  }));
  if (!instance) return CommitmentFailure::kNoSuchInstance;
  if (instance->sop_class_uid != reference.sop_class_uid) return CommitmentFailure::kClassConflict;
  TJ_ASSIGN_OR_RETURN(const bool whole, IsWhole(blobs, instance->locator));
  return whole ? CommitmentFailure::kNone : CommitmentFailure::kProcessing;
}

}  // namespace

absl::StatusOr<std::vector<dicom::CommitmentVerdict>> JudgeInstances(
    store::Database& database, blob::Store& blobs, const std::string& facility_id,
    const std::vector<dicom::CommitmentReference>& references) {
  std::vector<dicom::CommitmentVerdict> verdicts;
  for (const dicom::CommitmentReference& reference : references) {
    TJ_ASSIGN_OR_RETURN(const CommitmentFailure failure,
                        Judge(database, blobs, facility_id, reference));
    verdicts.push_back({reference, failure});
  }
  return verdicts;
}

absl::StatusOr<std::vector<dicom::CommitmentVerdict>> JudgeInstances(
    store::Database& database, blob::Store& blobs, const acquisition::Commitment& commitment) {
  std::vector<dicom::CommitmentReference> references;
  for (const dicom::CommitmentVerdict& asked : commitment.verdicts)
    references.push_back(asked.reference);
  return JudgeInstances(database, blobs, commitment.facility_id, references);
}

absl::StatusOr<dicom::Destination> LocateDevice(const Places& places,
                                                const acquisition::Commitment& commitment) {
  constexpr std::string_view kMapped = "::ffff:";
  const auto device = places.Destination(commitment.device_ae_title, commitment.facility_id);
  if (!device || device->port <= 0) {
    return absl::FailedPreconditionError(
        "the registry has no port for the device: it hears only on its own association");
  }
  std::string_view caller = commitment.device_address;
  if (caller.starts_with(kMapped)) caller.remove_prefix(kMapped.size());
  return dicom::Destination{device->ae_title,
                            device->address.empty() ? std::string(caller) : device->address,
                            static_cast<uint16_t>(device->port)};
}

telemetry::Registry::Watch WatchCommitments(telemetry::Registry& metrics,
                                            store::Database& database) {
  return metrics.WatchGauge(
      "tongjian_imaging_commitments_failed",
      "Requests for storage commitment whose device could not be told", {}, [&database] {
        int64_t failed = -1;
        const absl::Status read = database.Read([&](store::Session& session) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(failed,
                              acquisition::CountCommitments(
                                  session, acquisition::CommitmentState::kFailed));
          return absl::OkStatus();
        });
        return read.ok() ? static_cast<double>(failed) : -1.0;
      });
}

}  // namespace tongjian::imaging
