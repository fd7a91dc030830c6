#include "services/imaging/healing.h"

#include "common/base/status.h"
#include "services/imaging/study_changes.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

absl::Status Note(store::Transaction& tx, const Study& study, const Instance& good) {
  return AddHistory(
      tx, study.id,
      {.action = "object_healed", .by = "sender", .reason = good.sop_instance_uid});
}

absl::Status Read(blob::Store& blobs, std::string_view locator) {
  TJ_ASSIGN_OR_RETURN(const std::unique_ptr<blob::Reader> reader, blobs.OpenReader(locator));
  return blob::Verify(*reader);
}

}  // namespace

absl::StatusOr<bool> IsWhole(blob::Store& blobs, std::string_view locator) {
  const absl::Status read = Read(blobs, locator);
  if (absl::IsDataLoss(read) || absl::IsNotFound(read)) return false;
  TJ_TRY(read);
  return true;
}

bool IsAside(const Conflict& conflict, std::string_view digest) {
  return (conflict.state == ConflictState::kTookLater) == (conflict.first_digest == digest);
}

absl::StatusOr<bool> KeepsWhole(store::Database& database, blob::Store& blobs,
                                const FinishedUpload& upload) {
  std::string locator;
  TJ_TRY(database.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const Study study,
                        FindStudy(session, security::Scope::Service(), upload.study_id));
    TJ_ASSIGN_OR_RETURN(const auto first,
                        InstanceOf(session, study.facility_id, upload.sop_instance_uid));
    if (!first) return absl::OkStatus();
    if (first->digest == upload.digest || upload.outcome == StoreOutcome::kDuplicate) {
      locator = first->locator;
      return absl::OkStatus();
    }
    TJ_ASSIGN_OR_RETURN(const auto aside,
                        ConflictOf(session, study.facility_id, upload.sop_instance_uid,
                                   upload.digest, upload.digest));
    if (aside && IsAside(*aside, upload.digest)) locator = aside->locator;
    return absl::OkStatus();
  }));
  if (locator.empty()) return true;
  return IsWhole(blobs, locator);
}

absl::Status HealInstance(store::Transaction& tx, Study& study, const Instance& damaged,
                          const Instance& good) {
  Instance healed = damaged;
  healed.locator = good.locator;
  healed.size = good.size;
  healed.digest = good.digest;
  healed.dataset_digest = good.dataset_digest;
  TJ_TRY(ReplaceInstance(tx, healed));
  TJ_TRY(Note(tx, study, good));
  const Study before = study;
  study.size += good.size - damaged.size;
  return SaveStudy(tx, before, study, News::kSoon);
}

absl::Status HealConflict(store::Transaction& tx, const Study& study, const Conflict& damaged,
                          const Instance& good) {
  Conflict healed = damaged;
  healed.locator = good.locator;
  healed.size = good.size;
  TJ_TRY(SetConflictObject(tx, healed));
  return Note(tx, study, good);
}

}  // namespace tongjian::imaging
