#include "common/web/door.h"

#include <exception>
#include <functional>
#include <typeinfo>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/door.h"
#include "common/rpc/evidence.h"
#include "common/rpc/text.h"
#include "common/telemetry/log.h"

namespace tongjian::web {
namespace {

// A header that decides on identity: once, or not at all.
absl::Status Take(const Request& request, const char* name, std::string* value) {
  std::vector<std::string> values = request.headers(name);
  if (values.size() > 1) {
    return base::Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "",
                       absl::StrCat("header ", name, " came more than once"));
  }
  if (!values.empty()) *value = std::move(values.front());
  return absl::OkStatus();
}

// Nothing from HTTP counts as from inside, whatever its address: principals are not for here.
absl::Status Fill(const Request& request, rpc::Arrival* arrival) {
  arrival->address = request.remote_address;
  arrival->deadline = absl::InfiniteFuture();
  rpc::Evidence& evidence = arrival->evidence;
  evidence.certificate_pem = request.certificate_pem;
  arrival->peer =
      evidence.certificate_pem.empty()
          ? request.remote_address
          : absl::StrCat("certificate ", std::hash<std::string>()(evidence.certificate_pem));
  TJ_TRY(Take(request, rpc::kAuthorizationMetadata, &evidence.authorization));
  TJ_TRY(Take(request, rpc::kBehalfMetadata, &evidence.on_behalf));
  return Take(request, rpc::kCertificateMetadata, &evidence.forwarded_certificate);
}

std::string RequestIdOf(const Request& request) {
  std::string id = request.Header(rpc::kRequestIdMetadata);
  return rpc::IsRequestId(id) ? id : telemetry::NewRequestId();
}

absl::StatusOr<Response> Run(HttpDoor::Work work, const std::shared_ptr<rpc::Call>& call) {
  try {
    return work(call);
  } catch (const std::exception& error) {
    telemetry::Log(telemetry::Level::kError, "handler_threw",
                   {{"method", call->method()}, {"type", typeid(error).name()}});
  } catch (...) {
    telemetry::Log(telemetry::Level::kError, "handler_threw", {{"method", call->method()}});
  }
  return base::Error(absl::StatusCode::kInternal, "INTERNAL", "", "a fault on our side");
}

int HttpCode(const absl::Status& status) {
  const std::string reason = base::DetailOf(status).reason;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return reason == "OVERLOADED" ? 429 : reason == "STORAGE_FULL" ? 507 : 413;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

// What an answer of the handler's own making means to log, numbers and trail.
absl::Status OutcomeOf(const Response& response) {
  if (response.status < 400) return absl::OkStatus();
  const std::string text = absl::StrCat("answered ", response.status);
  if (response.status == 409) return absl::FailedPreconditionError(text);
  return response.status < 500 ? absl::InvalidArgumentError(text) : absl::UnavailableError(text);
}

}  // namespace

Response ErrorResponse(const absl::Status& status) {
  const int code = HttpCode(status);
  Response response = TextResponse(
      code, code == 500 ? "a fault on our side"
                        : rpc::OneLine({status.message().data(), status.message().size()}, 1000));
  if (code == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (code == 429 || code == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

Response HttpDoor::Serve(const Request& request, std::string_view method, Work work) const {
  const std::string request_id = RequestIdOf(request);
  const telemetry::RequestScope log_scope(request_id);
  const auto finish = [&](Response response) {
    response.headers.emplace_back("X-Request-Id", request_id);
    return response;
  };
  rpc::Arrival arrival;
  const absl::Status clear = Fill(request, &arrival);
  // A doubtful identity goes through the door as none, so that the refusal is on record too.
  if (!clear.ok()) arrival.evidence = {};
  absl::StatusOr<std::unique_ptr<rpc::Call>> opened =
      door_.OpenHttp(std::move(arrival), method, request_id);
  if (!opened.ok()) return finish(ErrorResponse(clear.ok() ? opened.status() : clear));
  const std::shared_ptr<rpc::Call> call = *std::move(opened);

  absl::StatusOr<Response> response = Run(work, call);
  if (!response.ok()) return finish(ErrorResponse(call->CloseHttp(response.status())));
  if (response->stream == nullptr) {
    const absl::Status outcome = OutcomeOf(*response);
    const absl::Status settled = call->CloseHttp(outcome);
    // Where the trail could not be written, what was to be answered is not.
    return finish(settled == outcome ? *std::move(response) : ErrorResponse(settled));
  }
  response->stream = [call, request_id, inner = std::move(response->stream)](BodyWriter& writer) {
    const telemetry::RequestScope scope(request_id);
    return call->CloseHttp(inner(writer));
  };
  return finish(*std::move(response));
}

}  // namespace tongjian::web
