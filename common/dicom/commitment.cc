#include "common/dicom/commitment.h"

#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr int kRequestCommitment = 1;  // Action type.
constexpr int kAllCommitted = 1;       // Event types.
constexpr int kSomeFailed = 2;

std::string TextOf(const Dataset& dataset, Tag tag) {
  return std::string(TrimPadding(dataset.Text(tag)));
}

CommitmentReference ReferenceOf(const Dataset& item) {
  return {TextOf(item, tags::kReferencedSopClassUid), TextOf(item, tags::kReferencedSopInstanceUid)};
}

Dataset ItemOf(const CommitmentReference& reference) {
  Dataset item;
  item.Set(tags::kReferencedSopClassUid, reference.sop_class_uid);
  item.Set(tags::kReferencedSopInstanceUid, reference.sop_instance_uid);
  return item;
}

NormalizedRequest ToTheService(NormalizedOperation operation, int type_id) {
  NormalizedRequest request;
  request.operation = operation;
  request.sop_class_uid = uids::kStorageCommitment;
  request.sop_instance_uid = uids::kStorageCommitmentInstance;
  request.type_id = type_id;
  return request;
}

}  // namespace

absl::StatusOr<CommitmentRequest> ReadCommitment(const NormalizedRequest& request) {
  if (request.operation != NormalizedOperation::kAction || request.type_id != kRequestCommitment)
    return absl::UnimplementedError("only a request for storage commitment is served");
  if (request.sop_instance_uid != uids::kStorageCommitmentInstance)
    return base::NotFound("SOP instance");
  CommitmentRequest commitment;
  commitment.transaction_uid = TextOf(request.attributes, tags::kTransactionUid);
  TJ_TRY(CheckUid("transaction_uid", commitment.transaction_uid));
  for (const Dataset& item : request.attributes.Items(tags::kReferencedSopSequence)) {
    CommitmentReference reference = ReferenceOf(item);
    TJ_TRY(CheckUid("referenced_sop_class_uid", reference.sop_class_uid));
    TJ_TRY(CheckUid("referenced_sop_instance_uid", reference.sop_instance_uid));
    commitment.references.push_back(std::move(reference));
  }
  if (commitment.references.empty())
    return base::InvalidField("referenced_sop_sequence", "names no instance");
  return commitment;
}

NormalizedRequest CommitmentAction(const CommitmentRequest& request) {
  NormalizedRequest action = ToTheService(NormalizedOperation::kAction, kRequestCommitment);
  action.attributes.Set(tags::kTransactionUid, request.transaction_uid);
  std::vector<Dataset> items;
  for (const CommitmentReference& reference : request.references) items.push_back(ItemOf(reference));
  action.attributes.SetItems(tags::kReferencedSopSequence, std::move(items));
  return action;
}

NormalizedRequest CommitmentReport(const std::string& transaction_uid,
                                   const std::vector<CommitmentVerdict>& verdicts,
                                   const std::string& retrieve_ae_title) {
  std::vector<Dataset> committed, failed;
  for (const CommitmentVerdict& verdict : verdicts) {
    Dataset item = ItemOf(verdict.reference);
    if (verdict.failure == CommitmentFailure::kNone) {
      committed.push_back(std::move(item));
      continue;
    }
    item.Set(tags::kFailureReason, std::to_string(static_cast<int>(verdict.failure)));
    failed.push_back(std::move(item));
  }
  NormalizedRequest report = ToTheService(NormalizedOperation::kEventReport,
                                          failed.empty() ? kAllCommitted : kSomeFailed);
  report.attributes.Set(tags::kTransactionUid, transaction_uid);
  if (!retrieve_ae_title.empty())
    report.attributes.Set(tags::kRetrieveAeTitle, retrieve_ae_title);
  if (!committed.empty())
    report.attributes.SetItems(tags::kReferencedSopSequence, std::move(committed));
  if (!failed.empty()) report.attributes.SetItems(tags::kFailedSopSequence, std::move(failed));
  return report;
}

absl::StatusOr<CommitmentResult> ReadReport(const NormalizedRequest& event) {
  CommitmentResult result = {.transaction_uid = TextOf(event.attributes, tags::kTransactionUid)};
  TJ_TRY(CheckUid("transaction_uid", result.transaction_uid));
  for (const Dataset& item : event.attributes.Items(tags::kReferencedSopSequence))
    result.verdicts.push_back({ReferenceOf(item)});
  for (const Dataset& item : event.attributes.Items(tags::kFailedSopSequence)) {
    const int64_t reason = item.Int(tags::kFailureReason).value_or(
        static_cast<int64_t>(CommitmentFailure::kProcessing));
    result.verdicts.push_back({ReferenceOf(item), static_cast<CommitmentFailure>(reason)});
  }
  return result;
}

}  // namespace tongjian::dicom
