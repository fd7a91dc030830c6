// TLS of both ends from PEM files that may be renewed while they are in use.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/security/tls.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace tongjian::rpc {

// FAILED_PRECONDITION naming the file that is missing or unfit. gRPC itself would only log it and
// fail each handshake. `refresh`: how often the files are looked at, whole seconds.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerTls(
    const security::CredentialFiles& files, bool client_certificate_required,
    absl::Duration refresh);
// Without certificate_chain and private_key the client shows no certificate.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientTls(
    const security::CredentialFiles& files, absl::Duration refresh);

}  // namespace tongjian::rpc
