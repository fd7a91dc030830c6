#include "common/security/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/security/digest.h"
#include "common/security/encoding.h"

namespace tongjian::security {
namespace {

using nlohmann::json;
using BigNumberPtr = std::unique_ptr<BIGNUM, Freeing<BN_free>>;
using ParamBuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Freeing<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, Freeing<OSSL_PARAM_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Freeing<EVP_PKEY_CTX_free>>;
using EcdsaPtr = std::unique_ptr<ECDSA_SIG, Freeing<ECDSA_SIG_free>>;

constexpr size_t kJwksMax = 256 * 1024;
constexpr size_t kKeysMax = 64;
constexpr size_t kP256Size = 32;
constexpr size_t kEd25519Size = 32;
constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;

absl::Status BadSet(const char* why) {
  return absl::InvalidArgumentError(absl::StrCat("JWK set: ", why));
}

// A member's text, decoded; nothing when it is missing or not base64url.
std::optional<std::string> Member(const json& jwk, const char* name) {
  const auto member = jwk.find(name);
  if (member == jwk.end() || !member->is_string()) return std::nullopt;
  return DecodeBase64Url(member->get_ref<const std::string&>());
}

std::string Text(const json& jwk, const char* name) {
  const auto member = jwk.find(name);
  return member != jwk.end() && member->is_string() ? member->get<std::string>() : "";
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

BigNumberPtr Number(std::string_view bytes) {
  BigNumberPtr number(BN_bin2bn(Bytes(bytes), static_cast<int>(bytes.size()), nullptr));
  TJ_CHECK(number != nullptr);
  return number;
}

// Null when OpenSSL refuses the numbers, as a point that is not on the curve.
KeyPtr FromParams(const char* type, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  TJ_CHECK(params != nullptr && context != nullptr);
  EVP_PKEY* key = nullptr;
  TJ_CHECK(EVP_PKEY_fromdata_init(context.get()) == 1);
  const int made = EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get());
  DropErrors();
  return KeyPtr(made == 1 ? key : nullptr);
}

KeyPtr RsaKey(const json& jwk) {
  const auto n = Member(jwk, "n");
  const auto e = Member(jwk, "e");
  if (!n || !e || n->size() > kRsaBitsMax / 8 + 1 || e->size() > 8) return nullptr;
  const BigNumberPtr modulus = Number(*n);
  const BigNumberPtr exponent = Number(*e);
  const int bits = BN_num_bits(modulus.get());
  const bool sane = bits >= kRsaBitsMin && bits <= kRsaBitsMax && BN_is_odd(exponent.get()) &&
                    !BN_is_one(exponent.get());
  if (!sane) return nullptr;
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  TJ_CHECK(builder != nullptr);
  TJ_CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1);
  TJ_CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1);
  return FromParams("RSA", builder.get());
}

KeyPtr EcKey(const json& jwk) {
  const auto x = Member(jwk, "x");
  const auto y = Member(jwk, "y");
  const bool sane =
      Text(jwk, "crv") == "P-256" && x && y && x->size() == kP256Size && y->size() == kP256Size;
  if (!sane) return nullptr;
  const std::string point = "\x04" + *x + *y;  // Uncompressed, SEC 1 2.3.3.
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  TJ_CHECK(builder != nullptr);
  TJ_CHECK(OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) ==
           1);
  TJ_CHECK(OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                            point.size()) == 1);
  return FromParams("EC", builder.get());
}

KeyPtr Ed25519Key(const json& jwk) {
  const auto x = Member(jwk, "x");
  if (Text(jwk, "crv") != "Ed25519" || !x || x->size() != kEd25519Size) return nullptr;
  return KeyPtr(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(*x), x->size()));
}

// Nothing when the key is of no use here.
std::optional<VerificationKey> ParseKey(const json& jwk) {
  const std::string type = Text(jwk, "kty");
  VerificationKey parsed;
  parsed.id = Text(jwk, "kid");
  if (type == "RSA") {
    parsed.algorithm = TokenAlgorithm::kRs256;
    parsed.key = RsaKey(jwk);
  } else if (type == "EC") {
    parsed.algorithm = TokenAlgorithm::kEs256;
    parsed.key = EcKey(jwk);
  } else if (type == "OKP") {
    parsed.algorithm = TokenAlgorithm::kEdDsa;
    parsed.key = Ed25519Key(jwk);
  }
  const bool for_signing = !jwk.contains("use") || Text(jwk, "use") == "sig";
  const bool same_algorithm = !jwk.contains("alg") || Text(jwk, "alg") == Name(parsed.algorithm);
  if (parsed.key == nullptr || !for_signing || !same_algorithm) return std::nullopt;
  return parsed;
}

// The DER form OpenSSL wants of a raw r || s (RFC 7518 3.4); empty when it is not 64 bytes.
std::string EcdsaDer(std::string_view raw) {
  if (raw.size() != 2 * kP256Size) return "";
  const EcdsaPtr signature(ECDSA_SIG_new());
  TJ_CHECK(signature != nullptr);
  TJ_CHECK(ECDSA_SIG_set0(signature.get(), Number(raw.substr(0, kP256Size)).release(),
                          Number(raw.substr(kP256Size)).release()) == 1);
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  TJ_CHECK(size > 0);
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

}  // namespace

std::string_view Name(TokenAlgorithm algorithm) {
  switch (algorithm) {
    case TokenAlgorithm::kEdDsa:
      return "EdDSA";
    case TokenAlgorithm::kEs256:
      return "ES256";
    case TokenAlgorithm::kRs256:
      return "RS256";
  }
  return "";
}

absl::StatusOr<std::vector<VerificationKey>> ParseJwks(std::string_view jwks) {
  if (jwks.size() > kJwksMax) return BadSet("larger than 256 kB");
  const json set = json::parse(jwks, nullptr, false);
  if (!set.is_object() || !set.contains("keys") || !set["keys"].is_array()) {
    return BadSet("not a JSON object with a list of keys");
  }
  if (set["keys"].size() > kKeysMax) return BadSet("more than 64 keys");
  std::vector<VerificationKey> keys;
  for (const json& jwk : set["keys"]) {
    if (!jwk.is_object()) return BadSet("a key is no JSON object");
    if (jwk.contains("d")) return BadSet("holds a private key");
    if (auto key = ParseKey(jwk)) keys.push_back(*std::move(key));
  }
  if (keys.empty()) return BadSet("no key that signs with EdDSA, ES256 or RS256");
  return keys;
}

PublishedKey PublishEd25519(EVP_PKEY* key) {
  std::string raw(kEd25519Size, '\0');
  size_t size = raw.size();
  TJ_CHECK(EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size) ==
           1);
  const std::string x = EncodeBase64Url(raw);
  PublishedKey published;
  // RFC 8037 appendix A.3: the members in this order, without blanks.
  published.id = EncodeBase64Url(
      Sha256Bytes(absl::StrCat(R"({"crv":"Ed25519","kty":"OKP","x":")", x, R"("})")));
  const json jwk = {{"kty", "OKP"},   {"crv", "Ed25519"},    {"use", "sig"},
                    {"alg", "EdDSA"}, {"kid", published.id}, {"x", x}};
  published.jwks = json{{"keys", json::array({jwk})}}.dump();
  return published;
}

bool VerifyTokenSignature(const VerificationKey& key, std::string_view text,
                          std::string_view signature) {
  switch (key.algorithm) {
    case TokenAlgorithm::kEdDsa:
      return VerifyText(key.key.get(), nullptr, text, signature);
    case TokenAlgorithm::kEs256:
      return VerifyText(key.key.get(), EVP_sha256(), text, EcdsaDer(signature));
    case TokenAlgorithm::kRs256:
      return VerifyText(key.key.get(), EVP_sha256(), text, signature);
  }
  return false;
}

}  // namespace tongjian::security
