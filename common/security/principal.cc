#include "common/security/principal.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/security/digest.h"
#include "common/security/encoding.h"
#include "common/security/key_file.h"

namespace tongjian::security {
namespace {

using nlohmann::json;

constexpr size_t kKeySize = 32;
constexpr size_t kTextMax = 8192;
constexpr size_t kChainMax = 4;
constexpr absl::Duration kSkew = absl::Seconds(5);
// What is signed begins with this, so that the key can never be led to sign for another use.
constexpr std::string_view kContext = "tongjian principal 1:";

absl::Status Refused(const char* why) {
  return base::Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "",
                     absl::StrCat("internal principal ", why));
}

std::string Mac(const std::string& key, std::string_view payload) {
  const std::string text = absl::StrCat(ToAbsl(kContext), ToAbsl(payload));
  std::string mac(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  TJ_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                reinterpret_cast<unsigned char*>(mac.data()), &size) != nullptr);
  mac.resize(size);
  return mac;
}

json Encode(const Caller& caller) {
  json value = {{"k", Name(caller.kind)}, {"f", caller.facility_id}};
  if (caller.machine_role != MachineRole::kNone) value["m"] = Name(caller.machine_role);
  if (!caller.service.empty()) value["s"] = caller.service;
  if (!caller.user_id.empty()) value["u"] = caller.user_id;
  if (!caller.practitioner_id.empty()) value["n"] = caller.practitioner_id;
  if (!caller.roles.empty()) value["r"] = caller.roles;
  if (caller.purpose != Purpose::kUnspecified) value["p"] = Name(caller.purpose);
  if (caller.weak_identity) value["w"] = true;
  return value;
}

// Throws json::exception where the shape is wrong.
Caller Decode(const json& value) {
  Caller caller;
  const auto kind = ParseCallerKind(value.at("k").get<std::string>());
  const auto role = ParseMachineRole(value.value("m", ""));
  const auto purpose = ParsePurpose(value.value("p", "UNSPECIFIED"));
  if (!kind || !purpose || (value.contains("m") && !role))
    throw json::other_error::create(501, "unknown name", nullptr);
  caller.kind = *kind;
  caller.machine_role = role.value_or(MachineRole::kNone);
  caller.service = value.value("s", "");
  caller.facility_id = value.at("f").get<std::string>();
  caller.user_id = value.value("u", "");
  caller.practitioner_id = value.value("n", "");
  caller.roles = value.value("r", std::vector<std::string>());
  caller.purpose = *purpose;
  caller.weak_identity = value.value("w", false);
  return caller;
}

// The chain nearest first, at most kChainMax long; the originator is always its last.
json EncodeChain(const Caller* behalf) {
  std::vector<const Caller*> chain;
  for (; behalf != nullptr; behalf = behalf->on_behalf_of.get()) chain.push_back(behalf);
  if (chain.size() > kChainMax) chain.erase(chain.begin() + kChainMax - 1, chain.end() - 1);
  json list = json::array();
  for (const Caller* caller : chain) list.push_back(Encode(*caller));
  return list;
}

std::shared_ptr<const Caller> DecodeChain(const json& list) {
  std::shared_ptr<const Caller> behalf;
  for (auto item = list.rbegin(); item != list.rend(); ++item) {
    Caller caller = Decode(*item);
    caller.on_behalf_of = std::move(behalf);
    behalf = std::make_shared<const Caller>(std::move(caller));
  }
  return behalf;
}

absl::StatusOr<Principal> DecodePayload(const std::string& payload) {
  try {
    const json value = json::parse(payload);
    Principal principal;
    principal.caller.kind = CallerKind::kService;
    principal.caller.service = value.at("svc").get<std::string>();
    principal.caller.on_behalf_of = DecodeChain(value.at("for"));
    if (principal.caller.on_behalf_of) {
      principal.caller.purpose = principal.caller.on_behalf_of->purpose;
    }
    principal.request_id = value.at("req").get<std::string>();
    principal.issued = absl::FromUnixMicros(value.at("iat").get<int64_t>());
    principal.expiry = absl::FromUnixMicros(value.at("exp").get<int64_t>());
    return principal;
  } catch (const json::exception&) {
    return Refused("is malformed");
  }
}

}  // namespace

Principals::Principals(std::string key, const base::Clock& clock, absl::Duration lifetime)
    : key_(std::move(key)), clock_(clock), lifetime_(lifetime) {}

absl::StatusOr<std::unique_ptr<Principals>> Principals::Open(const std::string& key_path,
                                                             const base::Clock& clock,
                                                             absl::Duration lifetime) {
  TJ_CHECK(lifetime > absl::ZeroDuration());
  auto key = ReadSmallFile(key_path, FileMode::kSecret);
  if (absl::IsNotFound(key.status())) {
    std::string fresh(kKeySize, '\0');
    TJ_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(fresh.data()), kKeySize) == 1);
    const absl::Status created = CreateDurably(key_path, fresh, FileMode::kSecret);
    if (!created.ok() && !absl::IsAlreadyExists(created)) return created;
    key = ReadSmallFile(key_path, FileMode::kSecret);  // Another process may have been first.
  }
  if (!key.ok()) return key.status();
  if (key->size() != kKeySize) {
    return absl::FailedPreconditionError(absl::StrCat(key_path, " is not a key of 32 bytes"));
  }
  return std::unique_ptr<Principals>(new Principals(*std::move(key), clock, lifetime));
}

std::string Principals::Sign(std::string_view service, const Caller* behalf,
                             std::string_view request_id) const {
  const absl::Time now = clock_.Now();
  const json value = {{"svc", service},
                      {"req", request_id},
                      {"iat", absl::ToUnixMicros(now)},
                      {"exp", absl::ToUnixMicros(now + lifetime_)},
                      {"for", EncodeChain(behalf)}};
  // Whatever an id holds, this does not throw: what is not UTF-8 becomes U+FFFD.
  const std::string payload =
      EncodeBase64Url(value.dump(-1, ' ', true, json::error_handler_t::replace));
  return absl::StrCat(payload, ".", EncodeBase64Url(Mac(key_, payload)));
}

absl::StatusOr<Principal> Principals::Verify(std::string_view text) const {
  const size_t dot = text.find('.');
  if (text.size() > kTextMax || dot == std::string_view::npos) return Refused("is malformed");
  const std::string_view payload = text.substr(0, dot);
  const auto mac = DecodeBase64Url(text.substr(dot + 1));
  // Nothing is parsed before the signature holds.
  if (!mac || !EqualInConstantTime(*mac, Mac(key_, payload)))
    return Refused("has a wrong signature");
  const auto decoded = DecodeBase64Url(payload);
  if (!decoded) return Refused("is malformed");
  TJ_ASSIGN_OR_RETURN(Principal principal, DecodePayload(*decoded));
  const absl::Time now = clock_.Now();
  if (principal.issued > now + kSkew) return Refused("is from the future");
  if (now >= principal.expiry) return Refused("is expired");
  return principal;
}

}  // namespace tongjian::security
