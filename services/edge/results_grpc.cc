#include "services/edge/results_grpc.h"

#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "common/rpc/page.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/reactor.h"
#include "common/security/digest.h"
#include "common/store/feed.h"
#include "common/store/idempotency.h"
#include "services/edge/clinic_orders.h"
#include "services/edge/result_store.h"
#include "services/edge/forward.h"
#include "services/edge/outgoing.h"
#include "services/edge/result_events.h"

namespace tongjian::edge {
namespace {

using exchange::v1::Result;
using exchange::v1::ResultService;

constexpr rpc::PageLimits kPages = {.size_default = 20, .size_max = 100};
constexpr int64_t kEventsDefault = 50;
constexpr int64_t kEventsMax = 200;
constexpr absl::Duration kWaitMax = absl::Seconds(55);
constexpr absl::Duration kLook = absl::Milliseconds(250);

std::string MethodOf(std::string_view name) {
  return "tongjian.exchange.v1.ResultService/" + std::string(name);
}

void Touch(rpc::Call& call, const Result& result) {
  call.trail().TouchObject(result.id());
  call.trail().TouchFacilityPatient(result.patient().facility_id(),
                                    result.patient().facility_patient_id(),
                                    result.patient().patient_id());
}

absl::StatusOr<ResultPosition> PositionIn(const rpc::Page& page) {
  ResultPosition position;
  if (page.after().empty()) return position;
  const size_t space = page.after().find(' ');
  if (space == std::string::npos ||
      !absl::SimpleAtoi(absl::string_view(page.after()).substr(0, space), &position.updated)) {
    return base::Error(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN", "page_token",
                       "not a token of this list");
  }
  position.id = page.after().substr(space + 1);
  return position;
}

}  // namespace

grpc::Status ResultsGrpc::GetResult(grpc::ServerContext* context,
                                    const exchange::v1::GetResultRequest* request, Result* out) {
  return door_.Serve(context, MethodOf("GetResult"), [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckOwn(call, orders_.facility_id()));
    std::optional<Result> found;
    TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(found, FindResult(session, request->id()));
      return absl::OkStatus();
    }));
    if (found) {
      *out = *std::move(found);
    } else {
      TJ_TRY(Forward<ResultService>(orders_.link(), call, &ResultService::Stub::GetResult, *request,
                                    out));
    }
    Touch(call, *out);
    return absl::OkStatus();
  });
}

grpc::Status ResultsGrpc::ListResults(grpc::ServerContext* context,
                                      const exchange::v1::ListResultsRequest* request,
                                      exchange::v1::ListResultsResponse* out) {
  return door_.Serve(context, MethodOf("ListResults"), [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckOwn(call, orders_.facility_id()));
    if (request->order_id().empty()) {
      // Results of a patient from other sites are at the hub alone.
      return Forward<ResultService>(orders_.link(), call, &ResultService::Stub::ListResults,
                                    *request, out);
    }
    TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request, kPages));
    TJ_ASSIGN_OR_RETURN(const ResultPosition position, PositionIn(page));
    const auto order_id = orders_.HubId(request->order_id());
    if (!order_id.ok()) return absl::OkStatus();  // The hub has no such order yet: no result.
    std::vector<Result> results;
    TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(results, ListOfOrder(session, *order_id, position, page.size() + 1));
      return absl::OkStatus();
    }));
    for (Result& result : results) {
      if (out->results_size() == page.size()) {
        const Result& last = out->results(out->results_size() - 1);
        out->set_next_page_token(page.TokenAfter(
            std::to_string(absl::ToUnixMicros(rpc::FromProto(last.update_time()))) + " " +
            last.id()));
        break;
      }
      Touch(call, result);
      *out->add_results() = std::move(result);
    }
    return absl::OkStatus();
  });
}

grpc::Status ResultsGrpc::PullEvents(grpc::ServerContext* context,
                                     const exchange::v1::PullEventsRequest* request,
                                     exchange::v1::PullEventsResponse* out) {
  return door_.Serve(context, MethodOf("PullEvents"), [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckOwn(call, orders_.facility_id()));
    TJ_ASSIGN_OR_RETURN(absl::Duration wait,
                        rpc::CheckedDuration(request->wait(), kWaitMax, "wait"));
    if (request->page_size() < 0) return base::InvalidField("page_size", "not below zero");
    const int64_t limit = request->page_size() == 0
                              ? kEventsDefault
                              : std::min<int64_t>(request->page_size(), kEventsMax);
    const absl::Duration until =
        call.clock().Elapsed() + std::min(wait, call.TimeLeft(kWaitMax) - absl::Seconds(1));
    std::string cursor = request->cursor();
    while (true) {
      TJ_ASSIGN_OR_RETURN(
          *out, ReadResultEvents(database_, orders_.facility_id(), cursor, limit, call.trail()));
      if (!out->events().empty()) return absl::OkStatus();
      cursor = out->next_cursor();
      if (call.clock().Elapsed() >= until || call.cancelled()) break;
      database_.feed().Wait(kResultStream, cursor, kLook);
    }
    call.trail().Omit();
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<exchange::v1::ResultEvent>* ResultsGrpc::WatchResults(
    grpc::CallbackServerContext* context, const exchange::v1::WatchResultsRequest* request) {
  using Reactor = grpc::ServerWriteReactor<exchange::v1::ResultEvent>;
  grpc::Status refusal;
  auto call = door_.Open(context, MethodOf("WatchResults"), &refusal);
  if (call == nullptr) return rpc::Refuse<Reactor>(refusal);
  if (const absl::Status own = CheckOwn(*call, orders_.facility_id()); !own.ok()) {
    return rpc::Refuse<Reactor>(call->Close(own));
  }
  return WatchResultEvents(database_, orders_.facility_id(), request->cursor(), std::move(call));
}

absl::Status ResultsGrpc::Acknowledge(rpc::Call& call,
                                      const exchange::v1::AcknowledgeResultRequest& request,
                                      Result* out) {
  exchange::v1::AcknowledgeResultRequest content = request;
  content.clear_request_id();
  const store::RequestKey key = {
      .caller = security::Describe(call.caller()),
      .method = call.method(),
      .request_id = request.request_id(),
      .fingerprint = security::Sha256Text(content.SerializeAsString())};
  return database_.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const std::optional<Result> found, FindResult(tx, request.id()));
    if (!found) return base::NotFound("result");
    if (request.number() < 1 || request.number() > found->versions_size()) {
      return base::InvalidField("number", "no such version");
    }
    TJ_TRY(store::Once(tx, key, [&]() -> absl::StatusOr<std::string> {
             TJ_TRY(outgoing_.Acknowledge(tx, call.caller(), request.id(), request));
             return std::string();
           }).status());
    *out = *found;
    Touch(call, *out);
    return call.trail().WriteIn(tx);
  });
}

grpc::Status ResultsGrpc::AcknowledgeResult(grpc::ServerContext* context,
                                            const exchange::v1::AcknowledgeResultRequest* request,
                                            Result* out) {
  return door_.Serve(context, MethodOf("AcknowledgeResult"), [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckOwn(call, orders_.facility_id()));
    if (!exchange::v1::Acknowledgement_IsValid(request->acknowledgement()) ||
        request->acknowledgement() == exchange::v1::ACKNOWLEDGEMENT_UNSPECIFIED) {
      return base::InvalidField("acknowledgement", "DELIVERED or VIEWED");
    }
    return Acknowledge(call, *request, out);
  });
}

grpc::Status ResultsGrpc::PublishExternalResult(
    grpc::ServerContext* context, const exchange::v1::PublishExternalResultRequest* request,
    Result* out) {
  return door_.Serve(
      context, MethodOf("PublishExternalResult"), [&](rpc::Call& call) -> absl::Status {
        TJ_TRY(CheckOwn(call, orders_.facility_id()));
        TJ_TRY(Forward<ResultService>(orders_.link(), call,
                                      &ResultService::Stub::PublishExternalResult, *request, out));
        Touch(call, *out);
        return absl::OkStatus();
      });
}

grpc::Status ResultsGrpc::BatchPublishExternalResults(
    grpc::ServerContext* context, const exchange::v1::BatchPublishExternalResultsRequest* request,
    exchange::v1::BatchPublishExternalResultsResponse* out) {
  return door_.Serve(
      context, MethodOf("BatchPublishExternalResults"), [&](rpc::Call& call) -> absl::Status {
        TJ_TRY(CheckOwn(call, orders_.facility_id()));
        return Forward<ResultService>(orders_.link(), call,
                                      &ResultService::Stub::BatchPublishExternalResults, *request,
                                      out);
      });
}

grpc::Status ResultsGrpc::RetractExternalResult(
    grpc::ServerContext* context, const exchange::v1::RetractExternalResultRequest* request,
    Result* out) {
  return door_.Serve(
      context, MethodOf("RetractExternalResult"), [&](rpc::Call& call) -> absl::Status {
        TJ_TRY(CheckOwn(call, orders_.facility_id()));
        TJ_TRY(Forward<ResultService>(orders_.link(), call,
                                      &ResultService::Stub::RetractExternalResult, *request, out));
        Touch(call, *out);
        return absl::OkStatus();
      });
}

}  // namespace tongjian::edge
