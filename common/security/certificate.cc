#include "common/security/certificate.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/rand.h>

#include <algorithm>
#include <iterator>

#include "common/base/check.h"
#include "common/base/status.h"

namespace tongjian::security {
namespace {

constexpr int kVersion3 = 2;
constexpr size_t kCommonNameMax = 64;  // RFC 5280 ub-common-name.
constexpr int kSerialBytes = 16;
constexpr int kRsaBitsMin = 2048;

using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freeing<X509_EXTENSION_free>>;

void AddEntry(X509_NAME* name, const char* field, std::string_view value) {
  const std::string_view cut = value.substr(0, kCommonNameMax);
  TJ_CHECK(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(cut.data()),
                                      static_cast<int>(cut.size()), -1, 0) == 1);
}

void SetSerial(X509* certificate) {
  unsigned char bytes[kSerialBytes];
  TJ_CHECK(RAND_bytes(bytes, sizeof bytes) == 1);
  bytes[0] = (bytes[0] & 0x7f) | 0x40;  // Positive, and always of the same length.
  const std::unique_ptr<BIGNUM, Freeing<BN_free>> number(BN_bin2bn(bytes, sizeof bytes, nullptr));
  TJ_CHECK(number != nullptr);
  TJ_CHECK(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr);
}

void SetTimes(X509* certificate, const CertificateSpec& spec) {
  const time_t from = absl::ToTimeT(spec.not_before);
  const time_t to = absl::ToTimeT(spec.not_after);
  TJ_CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate), from) != nullptr);
  TJ_CHECK(ASN1_TIME_set(X509_getm_notAfter(certificate), to) != nullptr);
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  TJ_CHECK(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

bool IsHostName(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  return !name.empty() && name.size() <= 253 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-';
         });
}

bool IsAddress(const std::string& text) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address) == 1;
}

bool IsStrong(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519")) return true;
  if (EVP_PKEY_is_a(key, "RSA")) return EVP_PKEY_get_bits(key) >= kRsaBitsMin;
  char group[32] = {};
  if (!EVP_PKEY_is_a(key, "EC") ||
      EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1) {
    return false;
  }
  const std::string_view name = group;
  return name == "prime256v1" || name == "P-256" || name == "secp384r1" || name == "P-384";
}

}  // namespace

CertificatePtr MakeCertificate(const CertificateSpec& spec, EVP_PKEY* key, X509* issuer,
                               EVP_PKEY* issuer_key) {
  CertificatePtr made(X509_new());
  X509* x = made.get();
  TJ_CHECK(x != nullptr && X509_set_version(x, kVersion3) == 1 && X509_set_pubkey(x, key) == 1);
  SetSerial(x);
  SetTimes(x, spec);
  X509_NAME* name = X509_get_subject_name(x);
  AddEntry(name, "O", "Tongjian");
  if (!spec.unit.empty()) AddEntry(name, "OU", spec.unit);
  AddEntry(name, "CN", spec.common_name);
  if (issuer == nullptr) issuer = x;
  TJ_CHECK(X509_set_issuer_name(x, X509_get_subject_name(issuer)) == 1);
  AddExtension(x, issuer, NID_basic_constraints, spec.basic_constraints);
  AddExtension(x, issuer, NID_key_usage, spec.key_usage);
  AddExtension(x, issuer, NID_ext_key_usage, spec.extended_key_usage);
  AddExtension(x, issuer, NID_subject_key_identifier, "hash");
  AddExtension(x, issuer, NID_authority_key_identifier, "keyid");
  AddExtension(x, issuer, NID_subject_alt_name, spec.alternative_names);
  TJ_CHECK(X509_sign(x, issuer_key, EVP_sha256()) > 0);
  return made;
}

absl::Status CheckNames(const std::vector<std::string>& dns_names,
                        const std::vector<std::string>& ip_addresses) {
  if (!std::all_of(dns_names.begin(), dns_names.end(), IsHostName)) {
    return base::InvalidField("dns_names", "a DNS name holds letters, digits, dots and dashes");
  }
  if (!std::all_of(ip_addresses.begin(), ip_addresses.end(), IsAddress)) {
    return base::InvalidField("ip_addresses", "an IP address is IPv4 or IPv6 in numbers");
  }
  return absl::OkStatus();
}

HostNames HostNamesOf(X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, Freeing<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  HostNames hosts;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    const ASN1_STRING* text = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
    const unsigned char* bytes = ASN1_STRING_get0_data(text);
    const auto size = static_cast<size_t>(ASN1_STRING_length(text));
    if (name->type == GEN_DNS) {
      hosts.dns_names.emplace_back(reinterpret_cast<const char*>(bytes), size);
      continue;
    }
    char address[INET6_ADDRSTRLEN] = {};
    const int family = size == sizeof(in_addr) ? AF_INET : AF_INET6;
    if (size != sizeof(in_addr) && size != sizeof(in6_addr)) continue;
    if (inet_ntop(family, bytes, address, sizeof address)) hosts.ip_addresses.emplace_back(address);
  }
  DropErrors();
  return hosts;
}

RequestPtr MakeRequest(std::string_view common_name, EVP_PKEY* key) {
  RequestPtr request(X509_REQ_new());
  TJ_CHECK(request != nullptr && X509_REQ_set_pubkey(request.get(), key) == 1);
  AddEntry(X509_REQ_get_subject_name(request.get()), "CN", common_name);
  TJ_CHECK(X509_REQ_sign(request.get(), key, EVP_sha256()) > 0);
  return request;
}

absl::StatusOr<KeyPtr> CheckRequest(X509_REQ* request) {
  KeyPtr key(X509_REQ_get_pubkey(request));
  const bool own = key != nullptr && X509_REQ_verify(request, key.get()) == 1;
  DropErrors();
  if (!own) return base::InvalidField("request", "the request is not signed by its own key");
  if (!IsStrong(key.get())) {
    return base::InvalidField(
        "request", "the request's key is none of P-256, P-384, Ed25519, RSA of 2048 bits");
  }
  return key;
}

}  // namespace tongjian::security
