// Makes X.509 certificates and requests (RFC 5280). Used by authority.cc alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/security/openssl.h"

namespace tongjian::security {

// What a new certificate says. The values go into OpenSSL's comma-separated extension language, so
// whoever fills this has checked that names hold no comma or line break (CheckNames does).
struct CertificateSpec {
  std::string common_name;
  std::string unit;               // The role; empty for an authority.
  std::string alternative_names;  // "URI:...,DNS:...,IP:..."; empty for none.
  std::string basic_constraints;
  std::string key_usage;
  std::string extended_key_usage;  // Empty for none.
  absl::Time not_before;
  absl::Time not_after;
};

// A certificate of `key` under `spec`, signed by the issuer with ECDSA and SHA-256, with 127 random
// bits of serial. For a root `issuer` is null and `issuer_key` is `key`.
CertificatePtr MakeCertificate(const CertificateSpec& spec, EVP_PKEY* key, X509* issuer,
                               EVP_PKEY* issuer_key);

// INVALID_ARGUMENT unless the names are host names (letters, digits, dots and dashes, at most 253;
// a first label "*") and the addresses are IPv4 or IPv6.
absl::Status CheckNames(const std::vector<std::string>& dns_names,
                        const std::vector<std::string>& ip_addresses);

// The DNS names and IP addresses of a certificate, as text.
struct HostNames {
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
};
HostNames HostNamesOf(X509* certificate);

// A request for `key`, signed by it.
RequestPtr MakeRequest(std::string_view common_name, EVP_PKEY* key);

// The request's key, when it signed the request and is strong enough; INVALID_ARGUMENT otherwise.
absl::StatusOr<KeyPtr> CheckRequest(X509_REQ* request);

}  // namespace tongjian::security
