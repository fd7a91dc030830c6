// What the files of this folder share of OpenSSL: owning pointers, PEM in and out, keys. Included
// by .cc files alone.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tongjian::security {

template <auto free>
struct Freeing {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};

using KeyPtr = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freeing<X509_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freeing<X509_REQ_free>>;
using BioPtr = std::unique_ptr<BIO, Freeing<BIO_free_all>>;

// New keys; CHECK on failure, which is a broken OpenSSL.
KeyPtr NewP256Key();
KeyPtr NewEd25519Key();

// INVALID_ARGUMENT when the text holds no such thing. A key that needs a passphrase is refused,
// never asked for.
absl::StatusOr<KeyPtr> PrivateKeyFromPem(std::string_view pem);
absl::StatusOr<RequestPtr> RequestFromPem(std::string_view pem);
// Every certificate of a bundle, at least one and at most 64.
absl::StatusOr<std::vector<CertificatePtr>> CertificatesFromPem(std::string_view pem);

std::string PrivateKeyToPem(EVP_PKEY* key);
std::string CertificateToPem(X509* certificate);
std::string RequestToPem(X509_REQ* request);

// Lower-case hexadecimal.
std::string SerialOf(const X509* certificate);
// The epoch's start for a time that is none (which is then long expired).
absl::Time ToTime(const ASN1_TIME* time);

enum class Usage { kTlsClient, kAny };
// OK when the first of `chain` leads to one of `roots` at `now`, with keys of at least 112 bits of
// strength. UNAUTHENTICATED says why not.
absl::Status VerifyChain(const std::vector<CertificatePtr>& chain,
                         const std::vector<CertificatePtr>& roots, absl::Time now, Usage usage);

// One-shot signatures; `digest` null for Ed25519, which hashes by itself. Sign checks, Verify is
// true only for a fit.
std::string SignText(EVP_PKEY* key, const EVP_MD* digest, std::string_view text);
bool VerifyText(EVP_PKEY* key, const EVP_MD* digest, std::string_view text,
                std::string_view signature);

// Throws away what OpenSSL queued for this thread: errors here are told by return value, and a
// later call (gRPC's) must not find them.
void DropErrors();

}  // namespace tongjian::security
