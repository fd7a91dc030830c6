#include "services/exchange/external.h"

#include <google/protobuf/util/message_differencer.h>

#include <optional>
#include <utility>

#include "common/rpc/proto_time.h"
#include "common/rpc/trail.h"
#include "services/exchange/result.h"
#include "services/exchange/result_store.h"
#include "services/exchange/words_store.h"

namespace tongjian::exchange {
namespace {

constexpr size_t kNameBytesMax = 128;
constexpr int kItemsMax = 50;
constexpr int kEvidenceMax = 50;
constexpr size_t kDocumentBytesMax = 512 << 10;
constexpr size_t kTextBytesMax = 80'000;

absl::Status CheckName(std::string_view field, const std::string& text) {
  if (text.empty()) return base::InvalidField(field, "missing");
  if (text.size() > kNameBytesMax) return base::InvalidField(field, "longer than 128 bytes");
  return absl::OkStatus();
}

absl::Status CheckVersion(const v1::Result& stated) {
  if (stated.versions_size() != 1) return base::InvalidField("result.versions", "exactly one is published at a time");
  const v1::ResultVersion& version = stated.versions(0);
  TJ_TRY(CheckName("result.versions.source_version", version.source_version()));
  if (version.state() == v1::RESULT_STATE_RETRACTED) {
    return base::InvalidField("result.versions.state", "retract by RetractExternalResult");
  }
  if (version.document().size() > kDocumentBytesMax) {
    return base::InvalidField("result.versions.document", "larger than 512 KiB");
  }
  if (version.content().findings().size() + version.content().impression().size() > kTextBytesMax) {
    return base::InvalidField("result.versions.content", "longer than 80000 bytes");
  }
  return absl::OkStatus();
}

absl::Status CheckWords(const v1::Result& stated) {
  TJ_TRY(CheckName("result.source", stated.source()));
  if (stated.source() == kOwnSource) return base::InvalidField("result.source", "that is this hub's own name");
  TJ_TRY(CheckName("result.source_id", stated.source_id()));
  TJ_TRY(CheckName("result.patient.name", stated.patient().name()));
  if (stated.items().empty() || stated.items_size() > kItemsMax) return base::InvalidField("result.items", "1 to 50");
  if (stated.evidence_size() > kEvidenceMax) return base::InvalidField("result.evidence", "at most 50");
  if (!stated.has_performed_time()) return base::InvalidField("result.performed_time", "missing");
  TJ_TRY(rpc::CheckedTime(stated.performed_time(), "result.performed_time").status());
  return CheckVersion(stated);
}

void CompleteItem(const std::string& publisher, const Facts& facts, v1::ResultItem& item) {
  const ItemFact* known = nullptr;
  if (!item.item_id().empty()) known = facts.ItemById(item.item_id());
  if (known == nullptr && item.recognition_code().empty()) known = facts.ItemByLocalCode(publisher, item.local_code());
  if (known == nullptr) known = facts.ItemByCode(item.recognition_code(), item.body_part());
  if (known == nullptr) return;
  const bool mapped = item.recognition_code().empty();
  item.set_item_id(known->id);
  if (mapped) item.set_recognition_code(known->recognition_code);
  if (mapped) item.set_contrast(item.contrast() || known->contrast);
  if (item.name().empty()) item.set_name(known->name);
  if (item.modality().empty()) item.set_modality(known->modality);
  if (item.body_part().empty()) item.set_body_part(known->body_part);
  if (item.laterality().empty()) item.set_laterality(known->laterality);
  if (item.method().empty()) item.set_method(known->method);
}

// Whether the same version says the same: what the hub adds is left aside.
bool SameContent(v1::ResultVersion a, v1::ResultVersion b) {
  for (v1::ResultVersion* version : {&a, &b}) {
    version->clear_number();
    version->clear_time();
    version->clear_state();
    version->clear_document();  // Of older versions it is not kept for ever.
  }
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

// The newest version of the source, retractions aside.
const v1::ResultVersion* NewestOf(const v1::Result& result) {
  for (int i = result.versions_size() - 1; i >= 0; --i) {
    if (!result.versions(i).source_version().empty()) return &result.versions(i);
  }
  return nullptr;
}

absl::Status HoldBack(const v1::Result& stated, v1::ResultVersion& version) {
  if (stated.identity_confirmed() || !IsFinal(version.state())) return absl::OkStatus();
  if (version.content().critical_finding().empty()) {
    return base::Conflict("IDENTITY_NOT_CONFIRMED",
                          "a final result needs a confirmed identity: publish it as preliminary, or verify the patient");
  }
  version.set_state(v1::RESULT_STATE_PRELIMINARY);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Result> CheckExternal(const Asked& asked, const v1::Result& stated, const Facts& facts) {
  TJ_TRY(CheckWords(stated));
  v1::Result result = stated;
  if (result.publishing_facility_id().empty()) result.set_publishing_facility_id(FacilityOf(asked));
  const std::string& publisher = result.publishing_facility_id();
  TJ_TRY(CheckFacility(asked, publisher, "result.publishing_facility_id"));
  if (result.performing_facility_id().empty()) result.set_performing_facility_id(publisher);
  if (result.issuing_facility_id().empty()) result.set_issuing_facility_id(publisher);
  // A performing site lends its marks and memberships to the result: nobody states another's.
  TJ_TRY(CheckFacility(asked, result.performing_facility_id(), "result.performing_facility_id"));
  if (result.patient().facility_id().empty()) result.mutable_patient()->set_facility_id(publisher);
  TJ_TRY(CheckFacility(asked, result.patient().facility_id(), "result.patient.facility_id"));
  v1::ResultVersion& version = *result.mutable_versions(0);
  if (version.state() == v1::RESULT_STATE_UNSPECIFIED) version.set_state(v1::RESULT_STATE_FINAL);
  for (v1::ResultItem& item : *result.mutable_items()) CompleteItem(publisher, facts, item);
  result.clear_id();
  result.clear_deliveries();
  result.clear_version();
  result.clear_identity_confirmed();
  result.clear_order_ids();
  result.mutable_patient()->clear_patient_id();
  return result;
}

absl::StatusOr<std::string> External::PublishIn(store::Transaction& tx, const Asked& asked,
                                                const v1::Result& stated) const {
  v1::Result after = stated;
  v1::ResultVersion version = stated.versions(0);
  // A patient that the publisher has registered under a number of its own is confirmed by it, as with an order of its HIS.
  if (!stated.patient().facility_patient_id().empty()) after.set_identity_confirmed(true);
  TJ_TRY(HoldBack(after, version));
  TJ_ASSIGN_OR_RETURN(const std::optional<v1::Result> before,
                      ResultStore::FindBySource(tx, security::Scope::Service(), KeyOf(stated)));
  after.clear_versions();
  after.clear_state();
  asked.trail->TouchPatient(stated.patient().patient_id());
  if (before) {
    if (const v1::ResultVersion* same = FindSourceVersion(*before, version.source_version())) {
      if (SameContent(*same, version)) return before->id();
      return base::Error(absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", "result.versions.source_version",
                         "this source version was published with another content: count it up to amend");
    }
    const v1::ResultVersion* newest = NewestOf(*before);
    if (newest != nullptr && CompareSourceVersions(version.source_version(), newest->source_version()) < 0) {
      return before->id();  // Late: what is newer stands.
    }
    if (version.state() == v1::RESULT_STATE_FINAL && newest != nullptr && IsFinal(newest->state())) {
      version.set_state(v1::RESULT_STATE_AMENDED);
    }
    after.set_id(before->id());
    after.set_state(before->state());
    *after.mutable_versions() = before->versions();
    *after.mutable_deliveries() = before->deliveries();
  } else {
    after.set_id(ids_.New());
  }
  asked.trail->TouchObject(after.id());
  Append(after, std::move(version), tx.Now());
  TJ_TRY(ResultStore::Write(tx, after, before ? before->version() : 0));
  return after.id();
}

absl::StatusOr<v1::Result> External::Read(const Asked& asked, const std::string& id) const {
  absl::StatusOr<v1::Result> result = absl::InternalError("not read");
  TJ_TRY(database_.Read([&](store::Session& session) {
    result = ResultStore::Find(session, asked.scope, id);
    return result.status();
  }));
  return result;
}

absl::StatusOr<v1::Result> External::Publish(const Asked& asked, const v1::Result& stated) const {
  TJ_ASSIGN_OR_RETURN(const std::string id, RunOnce(database_, asked, [&](store::Transaction& tx) {
                        return PublishIn(tx, asked, stated);
                      }));
  return Read(asked, id);
}

absl::StatusOr<v1::Result> External::Retract(const Asked& asked,
                                             const v1::RetractExternalResultRequest& request) const {
  if (request.reason().empty()) return base::InvalidField("reason", "missing");
  const std::string publisher =
      request.publishing_facility_id().empty() ? FacilityOf(asked) : request.publishing_facility_id();
  TJ_TRY(CheckFacility(asked, publisher, "publishing_facility_id"));
  const auto retract = [&](store::Transaction& tx) -> absl::StatusOr<std::string> {
    TJ_ASSIGN_OR_RETURN(std::optional<v1::Result> result,
                        ResultStore::FindBySource(tx, asked.scope, {publisher, request.source(), request.source_id()}));
    if (!result) return base::NotFound("result of that source and source_id");
    asked.trail->TouchObject(result->id());
    asked.trail->TouchPatient(result->patient().patient_id());
    if (result->state() == v1::RESULT_STATE_RETRACTED) return result->id();
    v1::ResultVersion version;
    version.set_state(v1::RESULT_STATE_RETRACTED);
    version.set_reason(request.reason());
    Append(*result, std::move(version), tx.Now());
    TJ_TRY(ResultStore::Write(tx, *result, result->version()));
    return result->id();
  };
  TJ_ASSIGN_OR_RETURN(const std::string id, RunOnce(database_, asked, retract));
  return Read(asked, id);
}

}  // namespace tongjian::exchange
