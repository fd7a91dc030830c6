#include "services/edge/edge_grpc.h"

#include "absl/strings/numbers.h"
#include "common/acquisition/commitment_page.h"
#include "common/acquisition/commitments.h"
#include "common/rpc/page.h"
#include "common/rpc/proto_time.h"
#include "common/security/digest.h"
#include "common/store/idempotency.h"
#include "services/edge/progress.h"
#include "services/edge/state.h"
#include "services/edge/trail_store.h"

namespace tongjian::edge {
namespace {

constexpr char kService[] = "tongjian.edge.v1.EdgeService/";
constexpr rpc::PageLimits kPages = {.size_default = 50, .size_max = 200};

void Encode(const GatewayState& state, v1::EdgeStatus* out) {
  out->set_hub_reachable(state.hub_reachable);
  if (state.last_contact != absl::InfinitePast()) {
    *out->mutable_last_contact_time() = rpc::ToProto(state.last_contact);
  }
  out->set_spooled_objects(state.spool.waiting);
  out->set_spooled_bytes(state.spool.bytes);
  out->set_failed_objects(state.spool.failed);
  out->set_damaged_objects(state.spool.damaged);
  out->set_pending_orders(state.pending_orders);
  out->set_accession_numbers_left(state.numbers_left);
  if (state.certificate_expiry != absl::InfinitePast()) {
    *out->mutable_certificate_expire_time() = rpc::ToProto(state.certificate_expiry);
  }
  out->set_upload_rate(state.upload_rate);
  out->set_audit_waiting(state.trail.records);
  out->set_sending_objects(state.progress.sending);
  out->set_committed_bytes(state.progress.committed);
  for (const DeviceClock& clock : state.clocks) {
    v1::DeviceClock& device = *out->add_device_clocks();
    device.set_ae_title(clock.ae_title);
    device.set_offset_ms(clock.offset_ms);
    device.set_implausible(clock.implausible);
    *device.mutable_last_seen_time() = rpc::ToProto(clock.last_seen);
  }
}

const char* StateOf(const SpoolObject& object, const Progress::Upload& upload) {
  if (object.state == SpoolState::kFailed) return "failed";
  if (object.state == SpoolState::kDamaged) return "damaged";
  return upload.sending ? "sending" : "waiting";
}

void Encode(const SpoolObject& object, const Progress::Upload& upload, v1::SpooledObject* out) {
  out->set_id(object.id);
  out->set_study_instance_uid(object.study_instance_uid);
  out->set_size(object.size);
  *out->mutable_receive_time() = rpc::ToProto(object.receipt_time);
  out->set_state(StateOf(object, upload));
  out->set_committed_size(upload.committed);
  out->set_attempts(static_cast<int32_t>(object.attempts));
  out->set_last_error(object.last_error);
}

// Idempotent by the request id, with the audit record in the same transaction.
template <class Request, class Response, class Work>
absl::Status Mutate(store::Database& database, rpc::Call& call, const Request& request,
                    Response* out, const Work& work) {
  Request content = request;
  content.clear_request_id();
  const store::RequestKey key = {
      .caller = security::Describe(call.caller()),
      .method = call.method(),
      .request_id = request.request_id(),
      .fingerprint = security::Sha256Text(content.SerializeAsString())};
  return database.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const std::string bytes,
                        store::Once(tx, key, [&]() -> absl::StatusOr<std::string> {
                          TJ_TRY(work(tx));
                          return out->SerializeAsString();
                        }));
    if (!out->ParseFromString(bytes)) return absl::InternalError("a remembered answer is damaged");
    return call.trail().WriteIn(tx);
  });
}

absl::Status CheckFacility(const rpc::Call& call, const std::string& facility_id) {
  if (call.scope().Contains(facility_id)) return absl::OkStatus();
  return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "",
                     "this gateway belongs to another facility");
}

}  // namespace

grpc::Status EdgeGrpc::GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest*,
                                 v1::EdgeStatus* out) {
  return door_.Serve(context, std::string(kService) + "GetStatus",
                     [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckFacility(call, parts_.facility_id));
    TJ_ASSIGN_OR_RETURN(const GatewayState state, parts_.state.Read());
    Encode(state, out);
    const absl::Time now = call.clock().Now();
    out->set_facility_id(parts_.facility_id);
    out->set_version(parts_.version);
    out->set_oldest_age_s(state.spool.waiting == 0
                              ? 0
                              : absl::ToInt64Seconds(now - state.spool.oldest));
    out->set_audit_oldest_age_s(state.trail.records == 0
                                    ? 0
                                    : absl::ToInt64Seconds(now - state.trail.oldest));
    for (const std::string& alarm : AlarmsOf(state, now, parts_.numbers_low)) out->add_alarms(alarm);
    return absl::OkStatus();
  });
}

grpc::Status EdgeGrpc::ListSpool(grpc::ServerContext* context,
                                 const v1::ListSpoolRequest* request,
                                 v1::ListSpoolResponse* out) {
  return door_.Serve(context, std::string(kService) + "ListSpool",
                     [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckFacility(call, parts_.facility_id));
    TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request, kPages));
    int64_t after = 0;
    if (!page.after().empty() && !absl::SimpleAtoi(page.after(), &after)) {
      return base::Error(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN", "page_token",
                         "not a token of this list");
    }
    TJ_ASSIGN_OR_RETURN(const std::vector<SpoolObject> objects,
                        parts_.spool.List(request->failed(), after, page.size() + 1));
    for (const SpoolObject& object : objects) {
      if (out->objects_size() == page.size()) {
        out->set_next_page_token(page.TokenAfter(std::to_string(after)));
        break;
      }
      Encode(object, parts_.progress.Find(object.id), out->add_objects());
      after = object.sequence;
    }
    return absl::OkStatus();
  });
}

grpc::Status EdgeGrpc::FinishStudy(grpc::ServerContext* context,
                                   const v1::FinishLocalStudyRequest* request,
                                   v1::FinishLocalStudyResponse* out) {
  return door_.Serve(context, std::string(kService) + "FinishStudy",
                     [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckFacility(call, parts_.facility_id));
    call.trail().TouchObject(request->study_instance_uid());
    return Mutate(parts_.database, call, *request, out,
                  [&](store::Transaction& tx) -> absl::Status {
                    TJ_ASSIGN_OR_RETURN(const int64_t instances,
                                        parts_.spool.AskToFinish(tx, request->study_instance_uid()));
                    out->set_instance_count(static_cast<int32_t>(instances));
                    return absl::OkStatus();
                  });
  });
}

grpc::Status EdgeGrpc::ListTrailHeads(grpc::ServerContext* context,
                                      const v1::ListTrailHeadsRequest* request,
                                      v1::ListTrailHeadsResponse* out) {
  return door_.Serve(context, std::string(kService) + "ListTrailHeads",
                     [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckFacility(call, parts_.facility_id));
    TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request, kPages));
    int64_t before = 0;
    if (!page.after().empty() && !absl::SimpleAtoi(page.after(), &before)) {
      return base::Error(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN", "page_token",
                         "not a token of this list");
    }
    std::vector<KeptHead> heads;
    TJ_TRY(parts_.database.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(heads, edge::ListTrailHeads(session, before, page.size() + 1));
      return absl::OkStatus();
    }));
    for (KeptHead& kept : heads) {
      if (out->heads_size() == page.size()) {
        out->set_next_page_token(page.TokenAfter(std::to_string(before)));
        break;
      }
      before = kept.period;
      *out->add_heads() = std::move(kept.head);
    }
    return absl::OkStatus();
  });
}

grpc::Status EdgeGrpc::RetrySpool(grpc::ServerContext* context,
                                  const v1::RetrySpoolRequest* request,
                                  v1::RetrySpoolResponse* out) {
  return door_.Serve(context, std::string(kService) + "RetrySpool",
                     [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckFacility(call, parts_.facility_id));
    return Mutate(parts_.database, call, *request, out,
                  [&](store::Transaction& tx) -> absl::Status {
                    TJ_ASSIGN_OR_RETURN(const int64_t objects,
                                        parts_.spool.Retry(tx, request->id()));
                    if (objects == 0 && !request->id().empty()) return base::NotFound("object");
                    out->set_objects(static_cast<int32_t>(objects));
                    return absl::OkStatus();
                  });
  });
}

grpc::Status EdgeGrpc::ListCommitments(grpc::ServerContext* context,
                                       const imaging::v1::ListCommitmentsRequest* request,
                                       imaging::v1::ListCommitmentsResponse* out) {
  return door_.Serve(context, std::string(kService) + "ListCommitments",
                     [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckFacility(call, parts_.facility_id));
    return parts_.database.Read([&](store::Session& session) {
      return acquisition::FillCommitmentPage(session, request->facility_id(), *request, out);
    });
  });
}

grpc::Status EdgeGrpc::ReplayCommitment(grpc::ServerContext* context,
                                        const imaging::v1::ReplayCommitmentRequest* request,
                                        imaging::v1::Commitment* out) {
  return door_.Serve(context, std::string(kService) + "ReplayCommitment",
                     [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckFacility(call, parts_.facility_id));
    return Mutate(parts_.database, call, *request, out,
                  [&](store::Transaction& tx) -> absl::Status {
                    TJ_TRY(parts_.commitments.Replay(tx, request->id()));
                    TJ_ASSIGN_OR_RETURN(const auto commitment,
                                        acquisition::FindCommitment(tx, request->id()));
                    *out = acquisition::ToProto(*commitment);
                    return absl::OkStatus();
                  });
  });
}

}  // namespace tongjian::edge
