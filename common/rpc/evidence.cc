#include "common/rpc/evidence.h"

#include <grpcpp/server_context.h>

#include <chrono>
#include <functional>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/text.h"
#include "common/telemetry/log.h"

namespace tongjian::rpc {
namespace {

absl::Status Take(const grpc::ServerContextBase& context, const char* key, std::string* value) {
  const auto [first, last] = context.client_metadata().equal_range(key);
  if (first == last) return absl::OkStatus();
  if (std::next(first) != last) {
    return base::Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "",
                       absl::StrCat("metadata ", key, " came more than once"));
  }
  value->assign(first->second.data(), first->second.size());
  return absl::OkStatus();
}

// Properties of the connection; nothing of a caller is ever kept there.
std::string Property(const grpc::AuthContext* auth, const char* name) {
  if (auth == nullptr) return {};
  const std::vector<grpc::string_ref> values = auth->FindPropertyValues(name);
  return values.empty() ? std::string() : std::string(values[0].data(), values[0].size());
}

absl::Time DeadlineOf(const grpc::ServerContextBase& context) {
  const std::chrono::system_clock::time_point deadline = context.deadline();
  return deadline == std::chrono::system_clock::time_point::max() ? absl::InfiniteFuture()
                                                                  : absl::FromChrono(deadline);
}

}  // namespace

absl::StatusOr<Arrival> ArrivalOf(const grpc::ServerContextBase& context) {
  Arrival arrival;
  arrival.address = AddressOf(context.peer());
  arrival.deadline = DeadlineOf(context);
  const auto auth = context.auth_context();
  arrival.evidence.certificate_pem = Property(auth.get(), "x509_pem_cert");
  // Only the process itself has no address, and only the loopback port goes without TLS (ServerHost
  // sees to it).
  arrival.evidence.inside =
      arrival.address.empty() || Property(auth.get(), "transport_security_type") == "insecure";
  if (!arrival.evidence.certificate_pem.empty()) {
    arrival.peer =
        absl::StrCat("certificate ", std::hash<std::string>()(arrival.evidence.certificate_pem));
  } else {
    arrival.peer = arrival.address;
  }
  TJ_TRY(Take(context, kAuthorizationMetadata, &arrival.evidence.authorization));
  TJ_TRY(Take(context, security::kPrincipalMetadata, &arrival.evidence.principal));
  TJ_TRY(Take(context, kBehalfMetadata, &arrival.evidence.on_behalf));
  TJ_TRY(Take(context, kCertificateMetadata, &arrival.evidence.forwarded_certificate));
  return arrival;
}

std::string RequestIdOf(const grpc::ServerContextBase& context) {
  const auto found = context.client_metadata().find(kRequestIdMetadata);
  if (found != context.client_metadata().end()) {
    const std::string_view id(found->second.data(), found->second.size());
    if (IsRequestId(id)) return std::string(id);
  }
  return telemetry::NewRequestId();
}

}  // namespace tongjian::rpc
