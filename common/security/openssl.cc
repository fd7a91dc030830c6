#include "common/security/openssl.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <ctime>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/security/encoding.h"

namespace tongjian::security {
namespace {

constexpr size_t kPemMax = 1 << 20;
constexpr size_t kCertificatesMax = 64;
constexpr int kAuthLevel = 2;  // 112 bits: RSA 2048, EC 224, SHA-224 and up.

using StorePtr = std::unique_ptr<X509_STORE, Freeing<X509_STORE_free>>;
// sk_X509_free is a macro: the stack goes, the certificates stay their owner's.
struct FreeingStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using StackPtr = std::unique_ptr<STACK_OF(X509), FreeingStack>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Freeing<X509_STORE_CTX_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Freeing<EVP_MD_CTX_free>>;

BioPtr Reader(std::string_view text) {
  TJ_CHECK(text.size() <= kPemMax);
  BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  TJ_CHECK(bio != nullptr);
  return bio;
}

// Calls `write` with a memory BIO and returns what it wrote.
template <class Write>
std::string Written(Write write) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  TJ_CHECK(bio != nullptr && write(bio.get()) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return std::string(bytes, static_cast<size_t>(size));
}

// OpenSSL would ask the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

absl::Status Unreadable(const char* what) {
  DropErrors();
  return absl::InvalidArgumentError(absl::StrCat("no readable ", what, " in PEM form"));
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

void DropErrors() { ERR_clear_error(); }

KeyPtr NewP256Key() {
  KeyPtr key(EVP_EC_gen("P-256"));
  TJ_CHECK(key != nullptr);
  return key;
}

KeyPtr NewEd25519Key() {
  KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  TJ_CHECK(key != nullptr);
  return key;
}

absl::StatusOr<KeyPtr> PrivateKeyFromPem(std::string_view pem) {
  if (pem.size() > kPemMax) return Unreadable("private key");
  KeyPtr key(PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) return Unreadable("private key without a passphrase");
  return key;
}

absl::StatusOr<RequestPtr> RequestFromPem(std::string_view pem) {
  if (pem.size() > kPemMax) return Unreadable("certificate request");
  RequestPtr request(PEM_read_bio_X509_REQ(Reader(pem).get(), nullptr, NoPassphrase, nullptr));
  if (request == nullptr) return Unreadable("certificate request");
  return request;
}

absl::StatusOr<std::vector<CertificatePtr>> CertificatesFromPem(std::string_view pem) {
  if (pem.size() > kPemMax) return Unreadable("certificate");
  const BioPtr bio = Reader(pem);
  std::vector<CertificatePtr> certificates;
  while (CertificatePtr one{PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)}) {
    certificates.push_back(std::move(one));
    if (certificates.size() > kCertificatesMax) return Unreadable("bundle of 64 certificates");
  }
  // The loop ends well only where there is no further PEM block; a damaged block must not cut a
  // bundle short.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (certificates.empty() || !at_end) return Unreadable("certificate");
  DropErrors();
  return certificates;
}

std::string PrivateKeyToPem(EVP_PKEY* key) {
  return Written([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string CertificateToPem(X509* certificate) {
  return Written([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string RequestToPem(X509_REQ* request) {
  return Written([&](BIO* bio) { return PEM_write_bio_X509_REQ(bio, request); });
}

std::string SerialOf(const X509* certificate) {
  const std::unique_ptr<BIGNUM, Freeing<BN_free>> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  TJ_CHECK(number != nullptr);
  char* text = BN_bn2hex(number.get());
  TJ_CHECK(text != nullptr);
  std::string hex = absl::AsciiStrToLower(text);
  OPENSSL_free(text);
  return hex;
}

absl::Time ToTime(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return absl::UnixEpoch();
  return absl::FromTM(parts, absl::UTCTimeZone());
}

absl::Status VerifyChain(const std::vector<CertificatePtr>& chain,
                         const std::vector<CertificatePtr>& roots, absl::Time now, Usage usage) {
  const StorePtr store(X509_STORE_new());
  const StoreContextPtr context(X509_STORE_CTX_new());
  const StackPtr between(sk_X509_new_null());
  TJ_CHECK(store != nullptr && context != nullptr && between != nullptr && !chain.empty());
  for (const auto& root : roots) TJ_CHECK(X509_STORE_add_cert(store.get(), root.get()) == 1);
  for (size_t i = 1; i < chain.size(); ++i) sk_X509_push(between.get(), chain[i].get());
  TJ_CHECK(X509_STORE_CTX_init(context.get(), store.get(), chain[0].get(), between.get()) == 1);
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(rules, absl::ToTimeT(now));
  X509_VERIFY_PARAM_set_auth_level(rules, kAuthLevel);
  if (usage == Usage::kTlsClient)
    X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_CLIENT);
  const bool verified = X509_verify_cert(context.get()) == 1;
  DropErrors();
  if (verified) return absl::OkStatus();
  const char* why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
  return base::Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "",
                     absl::StrCat("certificate refused: ", why));
}

std::string SignText(EVP_PKEY* key, const EVP_MD* digest, std::string_view text) {
  const DigestContextPtr context(EVP_MD_CTX_new());
  TJ_CHECK(context != nullptr);
  TJ_CHECK(EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key) == 1);
  size_t size = 0;
  TJ_CHECK(EVP_DigestSign(context.get(), nullptr, &size, Bytes(text), text.size()) == 1);
  std::string signature(size, '\0');
  TJ_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                          Bytes(text), text.size()) == 1);
  signature.resize(size);
  return signature;
}

bool VerifyText(EVP_PKEY* key, const EVP_MD* digest, std::string_view text,
                std::string_view signature) {
  const DigestContextPtr context(EVP_MD_CTX_new());
  TJ_CHECK(context != nullptr);
  const bool fits = EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
                    EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(text),
                                     text.size()) == 1;
  DropErrors();
  return fits;
}

}  // namespace tongjian::security
