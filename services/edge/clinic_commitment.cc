#include "services/edge/clinic_commitment.h"

#include <string_view>

#include "common/base/status.h"
#include "common/rpc/channel.h"
#include "services/edge/link.h"
#include "tongjian/imaging/v1/commitment.grpc.pb.h"

namespace tongjian::edge {
namespace {

using dicom::CommitmentFailure;

constexpr size_t kAtOnce = 100;  // The hub reads every one of them.
constexpr absl::Duration kAskTimeout = absl::Minutes(2);
constexpr std::string_view kMappedPrefix = "::ffff:";

std::string Plain(std::string_view address) {
  if (address.starts_with(kMappedPrefix)) address.remove_prefix(kMappedPrefix.size());
  return std::string(address);
}

}  // namespace

// Whatever the gateway knows by itself: what waits, what the hub refused, what is damaged. An
// instance it does not know may be at the hub all the same.
absl::StatusOr<std::vector<dicom::CommitmentVerdict>> ClinicCommitment::Here(
    const acquisition::Commitment& commitment, bool* on_the_way) const {
  std::vector<dicom::CommitmentVerdict> verdicts = commitment.verdicts;
  std::vector<std::optional<SpoolObject>> objects;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    objects.clear();
    for (const dicom::CommitmentVerdict& verdict : verdicts) {
      TJ_ASSIGN_OR_RETURN(auto object,
                          spool_.Latest(session, verdict.reference.sop_instance_uid));
      objects.push_back(std::move(object));
    }
    return absl::OkStatus();
  }));
  for (size_t i = 0; i < verdicts.size(); ++i) {
    verdicts[i].failure = CommitmentFailure::kNone;
    if (!objects[i]) {
      if (by_spool_) verdicts[i].failure = CommitmentFailure::kNoSuchInstance;
    } else if (objects[i]->state == SpoolState::kFailed ||
               objects[i]->state == SpoolState::kDamaged) {
      verdicts[i].failure = CommitmentFailure::kProcessing;
    } else if (objects[i]->state == SpoolState::kWaiting) {
      *on_the_way = true;
      if (!by_spool_) continue;
      TJ_ASSIGN_OR_RETURN(const auto reader, blobs_.OpenReader(objects[i]->locator));
      if (!blob::Verify(*reader).ok()) verdicts[i].failure = CommitmentFailure::kProcessing;
    }
  }
  return verdicts;
}

absl::Status ClinicCommitment::AskHub(const acquisition::Commitment& commitment,
                                      std::vector<dicom::CommitmentVerdict>& verdicts) const {
  std::vector<size_t> asked;
  for (size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i].failure == CommitmentFailure::kNone) asked.push_back(i);
  }
  const auto stub = imaging::v1::CommitmentService::NewStub(link_.calls());
  for (size_t at = 0; at < asked.size(); at += kAtOnce) {
    const size_t end = std::min(at + kAtOnce, asked.size());
    imaging::v1::CheckInstancesRequest request;
    request.set_facility_id(commitment.facility_id);
    for (size_t i = at; i < end; ++i) {
      imaging::v1::CommittedInstance& instance = *request.add_instances();
      instance.set_sop_class_uid(verdicts[asked[i]].reference.sop_class_uid);
      instance.set_sop_instance_uid(verdicts[asked[i]].reference.sop_instance_uid);
    }
    rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.timeout = kAskTimeout});
    imaging::v1::CheckInstancesResponse answer;
    TJ_TRY(call.Result(stub->CheckInstances(call.context(), request, &answer)));
    if (answer.instances_size() != request.instances_size())
      return absl::InternalError("the hub did not judge every instance");
    for (size_t i = at; i < end; ++i) {
      verdicts[asked[i]].failure = static_cast<CommitmentFailure>(
          answer.instances(static_cast<int>(i - at)).failure_reason());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<dicom::CommitmentVerdict>> ClinicCommitment::Judge(
    const acquisition::Commitment& commitment) const {
  bool on_the_way = false;
  TJ_ASSIGN_OR_RETURN(std::vector<dicom::CommitmentVerdict> verdicts,
                      Here(commitment, &on_the_way));
  if (by_spool_) return verdicts;
  if (on_the_way) return absl::UnavailableError("objects are on their way to the hub");
  if (!link_.reachable()) return absl::UnavailableError("the hub is away");
  TJ_TRY(AskHub(commitment, verdicts));
  return verdicts;
}

absl::StatusOr<dicom::Destination> ClinicCommitment::Locate(
    const acquisition::Commitment& commitment) const {
  const auto device = catalog_.FindDevice(commitment.facility_id, commitment.device_ae_title);
  if (!device || device->port() <= 0) {
    return absl::FailedPreconditionError(
        "the registry has no port for the device: it hears only on its own association");
  }
  return dicom::Destination{
      .ae_title = device->ae_title(),
      .host = device->address().empty() ? Plain(commitment.device_address) : device->address(),
      .port = static_cast<uint16_t>(device->port())};
}

}  // namespace tongjian::edge
