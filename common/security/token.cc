#include "common/security/token.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/security/encoding.h"
#include "common/security/jwk.h"
#include "common/security/permission.h"
#include "common/security/tls.h"

namespace tongjian::security {
namespace {

using nlohmann::json;

constexpr size_t kTokenMax = 8192;  // gRPC's own limit for all metadata.
constexpr size_t kIdMax = 128;
constexpr size_t kRolesMax = 32;
constexpr absl::Duration kSkew = absl::Seconds(60);
constexpr double kSecondsMax = 253402300799;  // The year 9999.

absl::Status Refused(const char* why) {
  return base::Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "",
                     absl::StrCat("bearer token ", why));
}

// A token cut into its parts; the views point into the token.
struct Parts {
  std::string_view signed_text;
  json header;
  json body;
  std::string signature;
};

std::optional<json> DecodeObject(std::string_view text) {
  const auto bytes = DecodeBase64Url(text);
  if (!bytes) return std::nullopt;
  json value = json::parse(*bytes, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  return value;
}

absl::StatusOr<Parts> Split(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (token.size() > kTokenMax || second == std::string_view::npos) return Refused("is malformed");
  auto header = DecodeObject(token.substr(0, first));
  auto body = DecodeObject(token.substr(first + 1, second - first - 1));
  auto signature = DecodeBase64Url(token.substr(second + 1));
  if (!header || !body || !signature) return Refused("is malformed");
  // RFC 7515 4.1.11: an extension we must understand is one we do not.
  if (header->contains("crit")) return Refused("asks for an unknown extension");
  // Moved, not copied: nlohmann copies nested values by recursion, and nobody has signed this yet.
  return Parts{token.substr(0, second), *std::move(header), *std::move(body),
               *std::move(signature)};
}

// A member's text; empty when it is missing or no text.
std::string Text(const json& object, const std::string& name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

std::optional<absl::Time> Time(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_number()) return std::nullopt;
  const double seconds = member->get<double>();
  if (!(seconds >= 0 && seconds <= kSecondsMax)) return std::nullopt;
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

bool IsFor(const json& body, const std::string& audience) {
  const auto member = body.find("aud");
  if (member == body.end()) return false;
  if (member->is_string()) return *member == audience;
  return member->is_array() &&
         std::find(member->begin(), member->end(), json(audience)) != member->end();
}

absl::Status CheckTimes(const json& body, absl::Time now, Claims* claims) {
  const auto expiry = Time(body, "exp");
  if (!expiry) return Refused("has no expiry");
  if (now >= *expiry + kSkew) return Refused("is expired");
  for (const char* start : {"nbf", "iat"}) {
    if (!body.contains(start)) continue;
    const auto time = Time(body, start);
    if (!time || *time > now + kSkew) return Refused("is not valid yet");
  }
  claims->expiry = *expiry;
  claims->issued = Time(body, "iat").value_or(absl::UnixEpoch());
  return absl::OkStatus();
}

// Those of the token's roles that the issuer may give and the table knows. One role may be plain
// text.
std::vector<std::string> RolesOf(const json& body, const TrustedIssuer& issuer) {
  std::vector<std::string> roles;
  const auto add = [&](const json& role) {
    if (!role.is_string() || roles.size() >= kRolesMax) return;
    const auto& name = role.get_ref<const std::string&>();
    const auto& allowed = issuer.roles_allowed;
    const bool may_give =
        allowed.empty() || std::find(allowed.begin(), allowed.end(), name) != allowed.end();
    const bool is_new = std::find(roles.begin(), roles.end(), name) == roles.end();
    if (may_give && is_new && IsPersonRole(name)) roles.push_back(name);
  };
  const auto member = body.find(issuer.roles_claim);
  if (member == body.end()) return roles;
  if (member->is_array()) {
    for (const json& role : *member) add(role);
  } else {
    add(*member);
  }
  return roles;
}

absl::Status ReadPerson(const json& body, const TrustedIssuer& issuer, Claims* claims) {
  claims->user_id = Text(body, "sub");
  claims->facility_id = Text(body, issuer.facility_claim);
  claims->practitioner_id = Text(body, issuer.practitioner_claim);
  claims->token_id = Text(body, "jti");
  claims->roles = RolesOf(body, issuer);
  if (body.contains("purpose")) {
    claims->purpose = ParsePurpose(Text(body, "purpose")).value_or(Purpose::kUnspecified);
  }
  const auto fits = [](const std::string& id) { return id.empty() || IsPlainId(id, kIdMax); };
  const bool facility_fits =
      claims->facility_id.empty() || CheckFacilityId(claims->facility_id).ok();
  if (claims->user_id.empty() || !fits(claims->user_id) || !fits(claims->practitioner_id) ||
      !fits(claims->token_id) || !facility_fits) {
    return Refused("names its person wrongly");
  }
  return absl::OkStatus();
}

}  // namespace

Caller CallerOf(const Claims& claims) {
  Caller caller;
  caller.kind = CallerKind::kPerson;
  caller.facility_id = claims.facility_id;
  caller.user_id = claims.user_id;
  caller.practitioner_id = claims.practitioner_id;
  caller.roles = claims.roles;
  caller.purpose = claims.purpose;
  return caller;
}

struct TokenVerifier::Issuer {
  TrustedIssuer trusted;
  std::vector<VerificationKey> keys;

  // Null when no key, or more than one, can be meant.
  const VerificationKey* Find(const json& header) const {
    if (!header.contains("kid")) return keys.size() == 1 ? &keys[0] : nullptr;
    const std::string id = Text(header, "kid");
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [&](const VerificationKey& k) { return k.id == id; });
    return id.empty() || key == keys.end() ? nullptr : &*key;
  }
};

TokenVerifier::TokenVerifier(std::vector<std::unique_ptr<Issuer>> issuers, const base::Clock& clock)
    : issuers_(std::move(issuers)), clock_(clock) {}

TokenVerifier::~TokenVerifier() = default;

absl::StatusOr<std::unique_ptr<TokenVerifier>> TokenVerifier::Create(
    const std::vector<TrustedIssuer>& issuers, const base::Clock& clock) {
  std::vector<std::unique_ptr<Issuer>> known;
  for (const TrustedIssuer& trusted : issuers) {
    if (trusted.issuer.empty() || trusted.audience.empty()) {
      return base::InvalidField("issuer", "a trusted issuer has a name and an audience");
    }
    if (std::any_of(known.begin(), known.end(),
                    [&](const auto& other) { return other->trusted.issuer == trusted.issuer; })) {
      return base::InvalidField("issuer", "two trusted issuers have the same name");
    }
    TJ_ASSIGN_OR_RETURN(std::vector<VerificationKey> keys, ParseJwks(trusted.jwks));
    known.push_back(std::make_unique<Issuer>(Issuer{trusted, std::move(keys)}));
  }
  return std::unique_ptr<TokenVerifier>(new TokenVerifier(std::move(known), clock));
}

absl::StatusOr<Claims> TokenVerifier::Verify(std::string_view token) const {
  TJ_ASSIGN_OR_RETURN(const Parts parts, Split(token));
  Claims claims;
  claims.issuer = Text(parts.body, "iss");
  const auto found = std::find_if(issuers_.begin(), issuers_.end(), [&](const auto& issuer) {
    return issuer->trusted.issuer == claims.issuer;
  });
  if (found == issuers_.end()) return Refused("is from an unknown issuer");
  const Issuer& issuer = **found;
  const VerificationKey* key = issuer.Find(parts.header);
  if (key == nullptr) return Refused("is signed with an unknown key");
  if (Text(parts.header, "alg") != Name(key->algorithm)) {
    return Refused("names another algorithm than its key's");
  }
  if (!VerifyTokenSignature(*key, parts.signed_text, parts.signature)) {
    return Refused("has a wrong signature");
  }
  if (!IsFor(parts.body, issuer.trusted.audience)) return Refused("is for another audience");
  claims.audience = issuer.trusted.audience;
  TJ_TRY(CheckTimes(parts.body, clock_.Now(), &claims));
  TJ_TRY(ReadPerson(parts.body, issuer.trusted, &claims));
  return claims;
}

}  // namespace tongjian::security
