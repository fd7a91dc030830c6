#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <climits>

#include "common/base/check.h"
#include "common/dicom/byte_stream.h"

namespace tongjian::dicom {
namespace {

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

class TlsStream : public ByteStream {
 public:
  TlsStream(std::unique_ptr<SSL, SslDeleter> ssl, int fd)
      : socket_(OpenPlainStream(fd)), ssl_(std::move(ssl)) {}

  int fd() const override { return socket_->fd(); }
  IoResult Handshake() override { return Result(SSL_do_handshake(ssl_.get())); }
  IoResult Read(char* buffer, size_t size) override {
    return Result(SSL_read(ssl_.get(), buffer, static_cast<int>(std::min<size_t>(size, INT_MAX))));
  }
  IoResult Write(const char* data, size_t size) override {
    return Result(SSL_write(ssl_.get(), data, static_cast<int>(std::min<size_t>(size, INT_MAX))));
  }
  bool HasPending() const override { return SSL_pending(ssl_.get()) > 0; }

  void Shutdown() override {
    SSL_shutdown(ssl_.get());  // One close notification, best effort.
    ERR_clear_error();
    socket_->Shutdown();
  }

  std::string PeerCertificatePem() const override {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        SSL_get1_peer_certificate(ssl_.get()), X509_free);
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    if (!certificate || !out || PEM_write_bio_X509(out.get(), certificate.get()) != 1) return "";
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return std::string(data, static_cast<size_t>(size));
  }

 private:
  IoResult Result(int result) const {
    if (result > 0) return {result, 0};
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return {IoResult::kAgain, POLLIN};
      case SSL_ERROR_WANT_WRITE:
        return {IoResult::kAgain, POLLOUT};
      case SSL_ERROR_ZERO_RETURN:
        return {0, 0};
      default:
        break;
    }
    ERR_clear_error();
    return {IoResult::kBroken, 0};
  }

  const std::unique_ptr<ByteStream> socket_;  // Closed after the session above it.
  const std::unique_ptr<SSL, SslDeleter> ssl_;
};

class OpenSslContext : public TlsContext {
 public:
  OpenSslContext(std::unique_ptr<SSL_CTX, SslDeleter> context, bool is_server)
      : context_(std::move(context)), is_server_(is_server) {}

  std::unique_ptr<ByteStream> Open(int fd, const std::string& host) override {
    std::unique_ptr<SSL, SslDeleter> ssl(SSL_new(context_.get()));
    TJ_CHECK(ssl != nullptr && SSL_set_fd(ssl.get(), fd) == 1);
    SSL_set_mode(ssl.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (is_server_) {
      SSL_set_accept_state(ssl.get());
    } else {
      SSL_set_connect_state(ssl.get());
      X509_VERIFY_PARAM* const rules = SSL_get0_param(ssl.get());
      // A number is checked as an address, anything else as a name.
      if (!host.empty() && X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) != 1) {
        X509_VERIFY_PARAM_set1_host(rules, host.c_str(), 0);
        SSL_set_tlsext_host_name(ssl.get(), host.c_str());
      }
    }
    return std::make_unique<TlsStream>(std::move(ssl), fd);
  }

 private:
  const std::unique_ptr<SSL_CTX, SslDeleter> context_;
  const bool is_server_;
};

absl::Status BadFile(std::string_view which) {
  ERR_clear_error();
  return base::Error(absl::StatusCode::kInvalidArgument, "TLS_FILE_UNUSABLE", "",
                     "TLS " + std::string(which) + " file cannot be used");
}

}  // namespace

absl::StatusOr<std::shared_ptr<TlsContext>> TlsContext::Create(const TlsOptions& options,
                                                               bool is_server) {
  std::unique_ptr<SSL_CTX, SslDeleter> context(
      SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method()));
  TJ_CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // BCP 195: forward secrecy and authenticated encryption only.
  TJ_CHECK(SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM") == 1);
  const bool has_certificate = !options.certificate_file.empty();
  if (has_certificate || is_server) {
    if (SSL_CTX_use_certificate_chain_file(context.get(), options.certificate_file.c_str()) != 1) {
      return BadFile("certificate");
    }
    if (SSL_CTX_use_PrivateKey_file(context.get(), options.key_file.c_str(), SSL_FILETYPE_PEM) !=
            1 ||
        SSL_CTX_check_private_key(context.get()) != 1) {
      return BadFile("key");
    }
  }
  if (!options.authority_file.empty()) {
    if (SSL_CTX_load_verify_locations(context.get(), options.authority_file.c_str(), nullptr) !=
        1) {
      return BadFile("authority");
    }
  } else if (options.require_peer_certificate) {
    return BadFile("authority");  // Nothing to check the peer's certificate with.
  }
  int verify = options.authority_file.empty() ? SSL_VERIFY_NONE : SSL_VERIFY_PEER;
  if (options.require_peer_certificate) verify |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(context.get(), verify, nullptr);
  return std::make_shared<OpenSslContext>(std::move(context), is_server);
}

}  // namespace tongjian::dicom
