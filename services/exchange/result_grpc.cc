#include "services/exchange/result_grpc.h"

#include <string>
#include <vector>

#include "common/rpc/page.h"
#include "services/exchange/adapter.h"
#include "services/exchange/external.h"
#include "services/exchange/patient_resolver.h"
#include "services/exchange/result.h"
#include "services/exchange/result_feed.h"
#include "services/exchange/result_store.h"

namespace tongjian::exchange {
namespace {

constexpr char kService[] = "tongjian.exchange.v1.ResultService/";
constexpr rpc::PageLimits kPages = {.size_default = 20, .size_max = 100};
constexpr int kBatchMax = 500;
constexpr absl::Duration kResolveTimeout = absl::Seconds(5);
// Below the 4 MiB a receiver takes.
constexpr size_t kPageBytesMax = 3 << 20;

void Touch(rpc::Trail& trail, const v1::Result& result) {
  trail.TouchObject(result.id());
  if (IsWithheld(result)) return;
  trail.TouchFacilityPatient(result.patient().facility_id(), result.patient().facility_patient_id(),
                             result.patient().patient_id());
}

absl::StatusOr<v1::Result> Find(store::Database& database, const security::Scope& scope, const std::string& id) {
  absl::StatusOr<v1::Result> result = absl::InternalError("not read");
  TJ_TRY(database.Read([&](store::Session& session) {
    result = ResultStore::Find(session, scope, id);
    return result.status();
  }));
  return result;
}

absl::StatusOr<std::string> AcknowledgeIn(store::Transaction& tx, const Asked& asked,
                                          const v1::AcknowledgeResultRequest& request) {
  const std::string& facility_id = FacilityOf(asked);
  TJ_TRY(CheckFacility(asked, facility_id, ""));
  TJ_ASSIGN_OR_RETURN(v1::Result result, ResultStore::Find(tx, asked.scope, request.id()));
  Touch(*asked.trail, result);
  TJ_ASSIGN_OR_RETURN(const bool changed,
                      Acknowledge(result, facility_id, request.number(), request.acknowledgement(),
                                  request.viewed_by(), tx.Now()));
  if (changed) TJ_TRY(ResultStore::Write(tx, result, result.version()));
  return result.id();
}

absl::Status CheckListed(const rpc::Call& call, const v1::ListResultsRequest& request) {
  const int named = int{!request.patient_id().empty()} + int{!request.order_id().empty()} +
                    int{!request.facility_id().empty()};
  if (named != 1) return base::InvalidField("patient_id", "name either the patient, the order or the facility");
  if (request.facility_id().empty() || call.scope().Contains(request.facility_id())) return absl::OkStatus();
  return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "facility_id",
                     "not a facility of the caller's");
}

}  // namespace

grpc::Status ResultGrpc::GetResult(grpc::ServerContext* context, const v1::GetResultRequest* request,
                                   v1::Result* out) {
  return parts_.door.Serve(context, std::string(kService) + "GetResult", [&](rpc::Call& call) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(*out, Find(parts_.database, call.scope(), request->id()));
    Touch(call.trail(), *out);
    return absl::OkStatus();
  });
}

grpc::Status ResultGrpc::ListResults(grpc::ServerContext* context, const v1::ListResultsRequest* request,
                                     v1::ListResultsResponse* out) {
  return parts_.door.Serve(context, std::string(kService) + "ListResults", [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckListed(call, *request));
    TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request, kPages));
    TJ_ASSIGN_OR_RETURN(const ListPosition after, ParsePosition(page.after()));
    std::vector<ListedResult> listed;
    TJ_TRY(parts_.database.Read([&](store::Session& session) -> absl::Status {
      absl::StatusOr<std::vector<ListedResult>> found =
          request->facility_id().empty()
              ? ResultStore::List(session, call.scope(), request->patient_id(), request->order_id(), after,
                                  page.size() + 1)
              : ResultStore::ListOfFacility(session, request->facility_id(), after, page.size() + 1);
      TJ_ASSIGN_OR_RETURN(listed, std::move(found));
      return absl::OkStatus();
    }));
    size_t bytes = 0;
    for (size_t i = 0; i < listed.size(); ++i) {
      bytes += listed[i].result.ByteSizeLong();
      if (static_cast<int64_t>(i) == page.size() || (i > 0 && bytes > kPageBytesMax)) {
        out->set_next_page_token(page.TokenAfter(ToText(listed[i - 1].position)));
        break;
      }
      Touch(call.trail(), listed[i].result);
      *out->add_results() = std::move(listed[i].result);
    }
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::ResultEvent>* ResultGrpc::WatchResults(grpc::CallbackServerContext* context,
                                                                    const v1::WatchResultsRequest* request) {
  return parts_.feed.Watch(context, request);
}

grpc::ServerUnaryReactor* ResultGrpc::PullEvents(grpc::CallbackServerContext* context,
                                                 const v1::PullEventsRequest* request, v1::PullEventsResponse* out) {
  return parts_.feed.Pull(context, request, out);
}

grpc::Status ResultGrpc::AcknowledgeResult(grpc::ServerContext* context, const v1::AcknowledgeResultRequest* request,
                                           v1::Result* out) {
  return parts_.door.Serve(context, std::string(kService) + "AcknowledgeResult", [&](rpc::Call& call) -> absl::Status {
    const Asked asked = AskedBy(call, *request);
    TJ_ASSIGN_OR_RETURN(const std::string id, RunOnce(parts_.database, asked, [&](store::Transaction& tx) {
                          return AcknowledgeIn(tx, asked, *request);
                        }));
    TJ_ASSIGN_OR_RETURN(*out, Find(parts_.database, call.scope(), id));
    return absl::OkStatus();
  });
}

absl::StatusOr<v1::Result> ResultGrpc::PublishOne(rpc::Call& call,
                                                  const v1::PublishExternalResultRequest& request) const {
  const Asked asked = AskedBy(call, request);
  TJ_ASSIGN_OR_RETURN(v1::Result stated, CheckExternal(asked, request.result(), *parts_.facts()));
  TJ_ASSIGN_OR_RETURN(
      const Person patient,
      parts_.patients.Resolve(stated.patient(), call.caller(), call.TimeLeft(kResolveTimeout)));
  stated.mutable_patient()->set_patient_id(patient.patient_id);
  stated.set_identity_confirmed(patient.certain);
  return parts_.external.Publish(asked, stated);
}

grpc::Status ResultGrpc::PublishExternalResult(grpc::ServerContext* context,
                                               const v1::PublishExternalResultRequest* request, v1::Result* out) {
  return parts_.door.Serve(context, std::string(kService) + "PublishExternalResult",
                           [&](rpc::Call& call) -> absl::Status {
                             TJ_ASSIGN_OR_RETURN(*out, PublishOne(call, *request));
                             Touch(call.trail(), *out);
                             return absl::OkStatus();
                           });
}

grpc::Status ResultGrpc::BatchPublishExternalResults(grpc::ServerContext* context,
                                                     const v1::BatchPublishExternalResultsRequest* request,
                                                     v1::BatchPublishExternalResultsResponse* out) {
  return parts_.door.Serve(
      context, std::string(kService) + "BatchPublishExternalResults", [&](rpc::Call& call) -> absl::Status {
        if (request->requests_size() > kBatchMax) return base::InvalidField("requests", "at most 500");
        for (const v1::PublishExternalResultRequest& one : request->requests()) {
          const absl::StatusOr<v1::Result> result = PublishOne(call, one);
          v1::BatchPublishOutcome& outcome = *out->add_outcomes();
          outcome.set_request_id(one.request_id());
          outcome.set_code(static_cast<int>(result.status().code()));
          if (result.ok()) outcome.set_result_id(result->id());
          if (!result.ok()) outcome.set_message(std::string(result.status().message()));
        }
        return absl::OkStatus();
      });
}

grpc::Status ResultGrpc::RetractExternalResult(grpc::ServerContext* context,
                                               const v1::RetractExternalResultRequest* request, v1::Result* out) {
  return parts_.door.Serve(context, std::string(kService) + "RetractExternalResult",
                           [&](rpc::Call& call) -> absl::Status {
                             TJ_ASSIGN_OR_RETURN(*out, parts_.external.Retract(AskedBy(call, *request), *request));
                             Touch(call.trail(), *out);
                             return absl::OkStatus();
                           });
}

}  // namespace tongjian::exchange
