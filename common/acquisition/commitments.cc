#include "common/acquisition/commitments.h"

#include <utility>

#include "common/base/status.h"
#include "common/dicom/uid.h"
#include "common/telemetry/log.h"

namespace tongjian::acquisition {
namespace {

constexpr char kOperation[] = "N-ACTION storage commitment";
constexpr char kReport[] = "report";
// More than that are judged behind the device's back: it may not wait so long.
constexpr size_t kOnAssociationMax = 500;
constexpr absl::Duration kInHandMax = absl::Seconds(60);

bool SameReferences(const Commitment& a, const dicom::CommitmentRequest& b) {
  if (a.verdicts.size() != b.references.size()) return false;
  for (size_t i = 0; i < b.references.size(); ++i) {
    if (a.verdicts[i].reference != b.references[i]) return false;
  }
  return true;
}

absl::Status Repeated() {
  return base::Error(absl::StatusCode::kAlreadyExists, dicom::kTransactionRepeated, "",
                     "transaction UID is in use for another request");
}

// In the log and the list of those who run the system.
std::string Words(const absl::Status& status) {
  return std::string(status.message().substr(0, 200));
}

}  // namespace

Commitments::Commitments(Senders& senders, store::Database& database, base::Ids& ids,
                         CommitmentOptions options, Judge judge, Locate locate)
    : senders_(senders),
      database_(database),
      ids_(ids),
      options_(std::move(options)),
      judge_(std::move(judge)),
      locate_(std::move(locate)),
      deliveries_(database, "commitment", options_.retry) {}

Commitments::~Commitments() { Stop(); }

void Commitments::Start() {
  auto worker = std::make_unique<store::DeliveryWorker>(
      deliveries_, store::DeliveryWorkerOptions{},
      [this](const store::Delivery& delivery) { return Deliver(delivery); });
  const std::lock_guard lock(mutex_);
  worker_ = std::move(worker);
}

// Associations may go on for a while: they find no worker then.
void Commitments::Stop() {
  std::unique_ptr<store::DeliveryWorker> worker;
  const std::lock_guard lock(mutex_);
  worker = std::move(worker_);
}

absl::Status Commitments::Queue(store::Transaction& tx, const Commitment& commitment) {
  return deliveries_.Enqueue(tx, commitment.facility_id + "/" + commitment.device_ae_title, kReport,
                             commitment.id);
}

absl::StatusOr<dicom::NormalizedReply> Commitments::Handle(
    const dicom::AssociationInfo& info, const dicom::NormalizedRequest& request) {
  const absl::StatusOr<Commitment> accepted = Accept(info, request);
  if (accepted.ok()) return dicom::NormalizedReply();
  senders_.Refused(info, kOperation, accepted.status());
  return accepted.status();
}

absl::StatusOr<Commitment> Commitments::Accept(const dicom::AssociationInfo& info,
                                               const dicom::NormalizedRequest& request) {
  TJ_ASSIGN_OR_RETURN(const Sender sender, senders_.Identify(info));
  TJ_ASSIGN_OR_RETURN(const dicom::CommitmentRequest asked, dicom::ReadCommitment(request));
  Commitment commitment = {.id = ids_.New(),
                           .facility_id = sender.facility_id,
                           .transaction_uid = asked.transaction_uid,
                           .device_ae_title = info.calling_ae};
  for (const dicom::CommitmentReference& reference : asked.references)
    commitment.verdicts.push_back({reference});
  rpc::Trail trail = senders_.TrailOf(info, kOperation);
  trail.TouchObject(asked.transaction_uid);
  const std::string fresh_id = commitment.id;
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    commitment.id = fresh_id;
    TJ_ASSIGN_OR_RETURN(const auto known,
                        FindCommitment(tx, sender.facility_id, info.calling_ae,
                                       asked.transaction_uid));
    if (known && !SameReferences(*known, asked)) return Repeated();
    // A device that asks the same again has not heard: it is told again, judged anew.
    if (known) commitment.id = known->id;
    commitment.device_address = info.peer_address;
    commitment.called_ae_title = info.called_ae;
    commitment.created = commitment.updated = tx.Now();
    commitment.delivery_id = 0;
    TJ_TRY(known ? UpdateCommitment(tx, commitment) : InsertCommitment(tx, commitment));
    const bool waits = known && (known->state == CommitmentState::kWaiting ||
                                 known->state == CommitmentState::kDecided);
    if (!waits) TJ_TRY(Queue(tx, commitment));
    {
      const std::lock_guard lock(mutex_);
      in_hand_[commitment.id] = database_.clock().Elapsed() + kInHandMax;
    }
    return trail.WriteIn(tx);
  }));
  return commitment;
}

bool Commitments::InHand(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = in_hand_.find(id);
  if (found == in_hand_.end()) return false;
  if (database_.clock().Elapsed() < found->second) return true;
  in_hand_.erase(found);
  return false;
}

void Commitments::Answered(const dicom::AssociationInfo& info,
                           const dicom::NormalizedRequest& request, dicom::EventChannel& events) {
  const auto tell = [&]() -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const Sender sender, senders_.Identify(info));
    TJ_ASSIGN_OR_RETURN(const dicom::CommitmentRequest asked, dicom::ReadCommitment(request));
    std::optional<Commitment> found;
    TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(found, FindCommitment(session, sender.facility_id, info.calling_ae,
                                                asked.transaction_uid));
      return absl::OkStatus();
    }));
    if (!found) return absl::OkStatus();
    Commitment& commitment = *found;
    absl::Status told;
    if (asked.references.size() <= kOnAssociationMax) {
      told = Decide(commitment);
      if (told.ok()) {
        told = events.Report(dicom::CommitmentReport(
            commitment.transaction_uid, commitment.verdicts, options_.retrieve_ae_title));
      }
      if (told.ok()) {
        commitment.state = CommitmentState::kReported;
        told = Save(commitment);
      }
    }
    const std::lock_guard lock(mutex_);
    in_hand_.erase(commitment.id);
    return told;
  };
  // What was not told here is told on an association of its own.
  if (const absl::Status told = tell(); !told.ok()) {
    telemetry::Log(telemetry::Level::kInfo, "commitment_not_told_at_once",
                   {{"association", info.id}, {"status", told}});
  }
  const std::lock_guard lock(mutex_);
  if (worker_ != nullptr) worker_->Wake();
}

absl::Status Commitments::Save(const Commitment& commitment) {
  return database_.Write(
      [&](store::Transaction& tx) { return UpdateCommitment(tx, commitment); });
}

absl::Status Commitments::Decide(Commitment& commitment) {
  if (commitment.state == CommitmentState::kDecided) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(std::vector<dicom::CommitmentVerdict> verdicts, judge_(commitment));
  if (verdicts.size() != commitment.verdicts.size())
    return absl::InternalError("not every instance was judged");
  commitment.verdicts = std::move(verdicts);
  commitment.state = CommitmentState::kDecided;
  return Save(commitment);
}

absl::Status Commitments::Call(const Commitment& commitment) {
  TJ_ASSIGN_OR_RETURN(const dicom::Destination device, locate_(commitment));
  TJ_ASSIGN_OR_RETURN(
      const std::unique_ptr<dicom::Scu> scu,
      dicom::Scu::Open({.calling_ae = commitment.called_ae_title,
                        .called_ae = device.ae_title,
                        .host = device.host,
                        .port = device.port,
                        .response_timeout = options_.response_timeout},
                       {{std::string(dicom::uids::kStorageCommitment),
                         {std::string(dicom::uids::kExplicitLittleEndian),
                          std::string(dicom::uids::kImplicitLittleEndian)},
                         dicom::PresentationRole::kProvider}}));
  return scu
      ->Call(dicom::CommitmentReport(commitment.transaction_uid, commitment.verdicts,
                                     options_.retrieve_ae_title))
      .status();
}

absl::Status Commitments::Deliver(const store::Delivery& delivery) {
  if (InHand(delivery.payload)) return absl::UnavailableError("told on its own association");
  std::optional<Commitment> found;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(found, FindCommitment(session, delivery.payload));
    return absl::OkStatus();
  }));
  if (!found || found->state == CommitmentState::kReported) return absl::OkStatus();
  Commitment& commitment = *found;
  commitment.delivery_id = delivery.id;
  absl::Status told = Decide(commitment);
  if (told.ok()) told = Call(commitment);
  const int64_t most = options_.retry.attempts_max;
  const bool last = store::IsPermanent(told) || (most > 0 && delivery.attempts + 1 >= most);
  if (told.ok()) commitment.state = CommitmentState::kReported;
  if (!told.ok() && last) commitment.state = CommitmentState::kFailed;
  commitment.last_error = told.ok() ? "" : Words(told);
  if (const absl::Status saved = Save(commitment); !saved.ok()) return saved;
  if (!told.ok() && last) {
    telemetry::Log(telemetry::Level::kError, "commitment_not_told",
                   {{"commitment", commitment.id}, {"status", told}});
    return absl::FailedPreconditionError(told.message());
  }
  return told;
}

absl::Status Commitments::Replay(store::Transaction& tx, const std::string& id) {
  TJ_ASSIGN_OR_RETURN(std::optional<Commitment> commitment, FindCommitment(tx, id));
  if (!commitment) return base::NotFound("commitment");
  if (commitment->state == CommitmentState::kWaiting ||
      commitment->state == CommitmentState::kDecided) {
    return base::Conflict("STATE_NOT_ALLOWED", "its report is on its way");
  }
  commitment->state = CommitmentState::kWaiting;
  commitment->last_error.clear();
  TJ_TRY(UpdateCommitment(tx, *commitment));
  return Queue(tx, *commitment);
}

absl::Status Commitments::Trim(absl::Time before) {
  constexpr int64_t kAtOnce = 1000;
  TJ_TRY(database_.Write([&](store::Transaction& tx) {
    return TrimCommitments(tx, before, kAtOnce).status();
  }));
  return deliveries_.Trim(before, kAtOnce).status();
}

}  // namespace tongjian::acquisition
