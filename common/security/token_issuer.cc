#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/security/encoding.h"
#include "common/security/jwk.h"
#include "common/security/key_file.h"
#include "common/security/openssl.h"
#include "common/security/permission.h"
#include "common/security/tls.h"
#include "common/security/token.h"

namespace tongjian::security {
namespace {

using nlohmann::json;

constexpr absl::Duration kLifetimeMax = absl::Hours(24);
constexpr size_t kIdMax = 128;
constexpr size_t kTokenIdBytes = 16;

absl::Status CheckPerson(const Claims& claims) {
  if (!IsPlainId(claims.user_id, kIdMax)) {
    return base::InvalidField("user_id", "a user id is 1 to 128 bytes of text");
  }
  if (!claims.practitioner_id.empty() && !IsPlainId(claims.practitioner_id, kIdMax)) {
    return base::InvalidField("practitioner_id", "a practitioner id is at most 128 bytes of text");
  }
  if (!claims.facility_id.empty()) TJ_TRY(CheckFacilityId(claims.facility_id));
  if (!std::all_of(claims.roles.begin(), claims.roles.end(), IsPersonRole)) {
    return base::InvalidField("roles", "a person holds roles of the permission table only");
  }
  return absl::OkStatus();
}

}  // namespace

struct TokenIssuer::Key {
  KeyPtr key;
};

TokenIssuer::TokenIssuer(std::unique_ptr<Key> key, std::string_view issuer,
                         std::string_view audience, const base::Clock& clock)
    : key_(std::move(key)), issuer_(issuer), audience_(audience), clock_(clock) {
  PublishedKey published = PublishEd25519(key_->key.get());
  jwks_ = std::move(published.jwks);
  key_id_ = std::move(published.id);
}

TokenIssuer::~TokenIssuer() = default;

absl::StatusOr<std::unique_ptr<TokenIssuer>> TokenIssuer::Open(const std::string& key_path,
                                                               std::string_view issuer,
                                                               std::string_view audience,
                                                               const base::Clock& clock) {
  if (issuer.empty() || audience.empty()) {
    return base::InvalidField("issuer", "tokens name their issuer and their audience");
  }
  auto pem = ReadSmallFile(key_path, FileMode::kSecret);
  if (absl::IsNotFound(pem.status())) {
    const std::string fresh = PrivateKeyToPem(NewEd25519Key().get());
    const absl::Status created = CreateDurably(key_path, fresh, FileMode::kSecret);
    if (!created.ok() && !absl::IsAlreadyExists(created)) return created;
    pem = ReadSmallFile(key_path, FileMode::kSecret);  // Another process may have been first.
  }
  if (!pem.ok()) return pem.status();
  auto key = PrivateKeyFromPem(*pem);
  if (!key.ok() || !EVP_PKEY_is_a(key->get(), "ED25519")) {
    return absl::FailedPreconditionError(absl::StrCat(key_path, " holds no Ed25519 private key"));
  }
  auto owned = std::make_unique<Key>(Key{*std::move(key)});
  return std::unique_ptr<TokenIssuer>(new TokenIssuer(std::move(owned), issuer, audience, clock));
}

absl::StatusOr<std::string> TokenIssuer::Issue(const Claims& claims,
                                               absl::Duration lifetime) const {
  TJ_TRY(CheckPerson(claims));
  if (lifetime <= absl::ZeroDuration() || lifetime > kLifetimeMax) {
    return base::InvalidField("lifetime", "a token lives for more than 0 and at most 24 hours");
  }
  const absl::Time now = clock_.Now();
  const int64_t now_s = absl::ToUnixSeconds(now);
  const json header = {{"alg", "EdDSA"}, {"typ", "JWT"}, {"kid", key_id_}};
  const json body = {{"iss", issuer_},
                     {"aud", audience_},
                     {"sub", claims.user_id},
                     {"facility", claims.facility_id},
                     {"practitioner", claims.practitioner_id},
                     {"roles", claims.roles},
                     {"purpose", Name(claims.purpose)},
                     {"iat", absl::ToDoubleSeconds(now - absl::UnixEpoch())},  // Fine enough for VoidTokens.
                     {"nbf", now_s},
                     {"exp", absl::ToUnixSeconds(now + lifetime)},
                     {"jti", base::RandomHex(kTokenIdBytes)}};
  const std::string text =
      absl::StrCat(EncodeBase64Url(header.dump()), ".", EncodeBase64Url(body.dump()));
  return absl::StrCat(text, ".", EncodeBase64Url(SignText(key_->key.get(), nullptr, text)));
}

}  // namespace tongjian::security
