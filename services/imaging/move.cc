#include "services/imaging/move.h"

#include <algorithm>

#include "common/base/status.h"
#include "common/dicom/uid.h"
#include "common/telemetry/log.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;

constexpr int64_t kPageSize = 1000;
constexpr size_t kUidsMax = 1000;

class BlobSource final : public dicom::ObjectSource {
 public:
  explicit BlobSource(std::unique_ptr<blob::Reader> reader) : reader_(std::move(reader)) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    TJ_ASSIGN_OR_RETURN(const std::string bytes, reader_->Next(size));
    std::copy(bytes.begin(), bytes.end(), buffer);
    return bytes.size();
  }

 private:
  const std::unique_ptr<blob::Reader> reader_;
};

// Whether the query's list of UIDs is empty or holds this one.
bool Wanted(const dicom::Dataset& identifier, dicom::Tag tag, const std::string& uid) {
  const std::vector<std::string>& uids = identifier.Values(tag);
  const bool any =
      std::all_of(uids.begin(), uids.end(), [](const std::string& value) { return value.empty(); });
  return any || std::find(uids.begin(), uids.end(), uid) != uids.end();
}

absl::Status CheckIdentifier(const dicom::Dataset& identifier) {
  const std::string_view level = dicom::TrimPadding(identifier.Text(tags::kQueryRetrieveLevel));
  if (level != "STUDY" && level != "SERIES" && level != "IMAGE") {
    return absl::InvalidArgumentError("the levels STUDY, SERIES and IMAGE are served");
  }
  const std::vector<std::string>& uids = identifier.Values(tags::kStudyInstanceUid);
  if (uids.empty() || uids.front().empty())
    return absl::InvalidArgumentError("a C-MOVE names its studies");
  if (uids.size() > kUidsMax) return absl::InvalidArgumentError("too many studies in one C-MOVE");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<dicom::MovePlan> StudyMove::Plan(const dicom::AssociationInfo& info,
                                                const dicom::MoveRequest& request) {
  const absl::StatusOr<DicomPeer> peer = peers_.IdentifyReader(info);
  if (!peer.ok()) {
    peers_.RecordRefusal(info, "C-MOVE", peer.status());
    return peer.status();
  }
  absl::StatusOr<dicom::MovePlan> plan = PlanFor(info, *peer, request);
  if (!plan.ok()) peers_.RecordRefusal(info, peer->caller, "C-MOVE", plan.status());
  return plan;
}

absl::StatusOr<dicom::MovePlan> StudyMove::PlanFor(const dicom::AssociationInfo& info,
                                                   const DicomPeer& peer,
                                                   const dicom::MoveRequest& request) const {
  TJ_TRY(CheckIdentifier(request.identifier));
  const auto destination = places_.Destination(request.destination_ae, peer.facility_id);
  if (!destination) {
    return base::Error(absl::StatusCode::kNotFound, "DESTINATION_UNKNOWN", "",
                       "unknown move destination");
  }
  TJ_ASSIGN_OR_RETURN(const std::vector<Study> studies, StudiesOf(peer, request.identifier));
  dicom::MovePlan plan;
  plan.destination = {destination->ae_title, destination->address,
                      static_cast<uint16_t>(destination->port)};
  rpc::Trail trail = peers_.TrailOf(info, peer, "C-MOVE");
  for (const Study& study : studies) {
    TJ_TRY(AddObjects(study, request.identifier, plan.objects));
    trail.TouchFacilityPatient(study.facility_id, study.patient.facility_patient_id,
                               study.patient_id);
    trail.TouchObject(study.id);
  }
  if (!studies.empty()) TJ_TRY(trail.Finish(peers_.sink(), absl::OkStatus()));
  return plan;
}

absl::StatusOr<std::vector<Study>> StudyMove::StudiesOf(const DicomPeer& peer,
                                                        const dicom::Dataset& identifier) const {
  const security::Scope scope = security::Scope::Facilities({peer.facility_id});
  std::vector<Study> studies;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    for (const std::string& uid : identifier.Values(tags::kStudyInstanceUid)) {
      StudyFilter filter;
      filter.study_instance_uid = uid;
      if (uid.empty()) continue;
      TJ_ASSIGN_OR_RETURN(const std::vector<Study> found,
                          ListStudies(session, scope, filter, kPageSize));
      for (const Study& study : found) studies.push_back(study);
    }
    return absl::OkStatus();
  }));
  return studies;
}

absl::Status StudyMove::AddObjects(const Study& study, const dicom::Dataset& identifier,
                                   std::vector<dicom::StoredObject>& objects) const {
  std::optional<InstancePosition> after;
  while (true) {
    std::vector<Instance> instances;
    TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(instances, ListInstances(session, study, after, kPageSize));
      return absl::OkStatus();
    }));
    for (const Instance& instance : instances) {
      after = {instance.series_instance_uid, instance.number, instance.sop_instance_uid};
      if (!Wanted(identifier, tags::kSeriesInstanceUid, instance.series_instance_uid) ||
          !Wanted(identifier, tags::kSopInstanceUid, instance.sop_instance_uid)) {
        continue;
      }
      if (static_cast<int64_t>(objects.size()) >= options_.objects_max) {
        return absl::ResourceExhaustedError("too many objects in one C-MOVE");
      }
      const auto open =
          [this,
           locator = instance.locator]() -> absl::StatusOr<std::unique_ptr<dicom::ObjectSource>> {
        TJ_ASSIGN_OR_RETURN(std::unique_ptr<blob::Reader> reader, blobs_.OpenReader(locator));
        return std::make_unique<BlobSource>(std::move(reader));
      };
      objects.push_back(
          {instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid, open});
    }
    if (static_cast<int64_t>(instances.size()) < kPageSize) return absl::OkStatus();
  }
}

void StudyMove::Moved(const dicom::AssociationInfo& info, const dicom::MoveRequest&,
                      const dicom::MoveCounts& counts) {
  telemetry::Log(counts.failed > 0 ? telemetry::Level::kWarning : telemetry::Level::kInfo,
                 "dicom_moved",
                 {{"association", info.id},
                  {"completed", counts.completed},
                  {"failed", counts.failed},
                  {"warning", counts.warning}});
}

}  // namespace tongjian::imaging
