#include "common/rpc/tls_files.h"

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <algorithm>

#include "common/base/status.h"
#include "common/security/key_file.h"

namespace tongjian::rpc {
namespace {

using grpc::experimental::FileWatcherCertificateProvider;

unsigned SecondsOf(absl::Duration refresh) {
  return static_cast<unsigned>(std::max<int64_t>(1, absl::ToInt64Seconds(refresh)));
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerTls(
    const security::CredentialFiles& files, bool client_certificate_required,
    absl::Duration refresh) {
  TJ_TRY(security::LoadCredentials(files).status());
  auto provider = std::make_shared<FileWatcherCertificateProvider>(
      files.private_key, files.certificate_chain, files.authorities, SecondsOf(refresh));
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(client_certificate_required
                                    ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                    : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientTls(
    const security::CredentialFiles& files, absl::Duration refresh) {
  grpc::experimental::TlsChannelCredentialsOptions options;
  if (files.certificate_chain.empty() && files.private_key.empty()) {
    TJ_TRY(security::ReadSmallFile(files.authorities, security::FileMode::kPublic).status());
    options.set_certificate_provider(
        std::make_shared<FileWatcherCertificateProvider>(files.authorities, SecondsOf(refresh)));
  } else {
    TJ_TRY(security::LoadCredentials(files).status());
    options.set_certificate_provider(std::make_shared<FileWatcherCertificateProvider>(
        files.private_key, files.certificate_chain, files.authorities, SecondsOf(refresh)));
    options.watch_identity_key_cert_pairs();
  }
  options.watch_root_certs();
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace tongjian::rpc
