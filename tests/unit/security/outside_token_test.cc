// Tokens of an outside identity provider (OIDC): RS256 and ES256, made here with OpenSSL as a
// provider would make them.
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>

#include <nlohmann/json.hpp>

#include "common/security/encoding.h"
#include "common/security/jwk.h"
#include "common/security/openssl.h"
#include "common/security/token.h"
#include "tests/unit/security/fixture.h"

namespace tongjian::security {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kIssuer[] = "https://login.example.cn/realms/county";

std::string Number(EVP_PKEY* key, const char* name, int size) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  std::string bytes(static_cast<size_t>(size == 0 ? BN_num_bytes(number) : size), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
               static_cast<int>(bytes.size()));
  BN_free(number);
  return EncodeBase64Url(bytes);
}

json RsaJwk(EVP_PKEY* key, const std::string& id) {
  return {{"kty", "RSA"},
          {"use", "sig"},
          {"alg", "RS256"},
          {"kid", id},
          {"n", Number(key, OSSL_PKEY_PARAM_RSA_N, 0)},
          {"e", Number(key, OSSL_PKEY_PARAM_RSA_E, 0)}};
}

json EcJwk(EVP_PKEY* key, const std::string& id) {
  return {{"kty", "EC"},
          {"crv", "P-256"},
          {"kid", id},
          {"x", Number(key, OSSL_PKEY_PARAM_EC_PUB_X, 32)},
          {"y", Number(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32)}};
}

// r || s of OpenSSL's DER form.
std::string RawEcdsa(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<ECDSA_SIG, Freeing<ECDSA_SIG_free>> signature(
      d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size())));
  std::string raw(64, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + 32, 32);
  return raw;
}

class OutsideTokens : public InDirectory {
 protected:
  OutsideTokens() : rsa_(SharedRsaKey()), ec_(NewP256Key()) {}

  // Made once: RSA keys take their time.
  static EVP_PKEY* SharedRsaKey() {
    static const KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{2048}));
    return key.get();
  }
  json Body() const {
    const int64_t now = absl::ToUnixSeconds(clock_.Now());
    return {{"iss", kIssuer},
            {"aud", json::array({"account", "tongjian"})},
            {"sub", "doctor-7"},
            {"exp", now + 600},
            {"iat", now},
            {"org", "jinhua-f2"},
            {"groups", json::array({"reader", "operator", "unknown", "service", 7})}};
  }
  static std::string Text(const std::string& algorithm, const std::string& id, const json& body) {
    const json header = {{"alg", algorithm}, {"typ", "JWT"}, {"kid", id}};
    return EncodeBase64Url(header.dump()) + "." + EncodeBase64Url(body.dump());
  }
  std::string Rs256(const json& body, const std::string& id = "r1",
                    const std::string& algorithm = "RS256") {
    const std::string text = Text(algorithm, id, body);
    return text + "." + EncodeBase64Url(SignText(rsa_, EVP_sha256(), text));
  }
  std::string Es256(const json& body, bool raw = true) {
    const std::string text = Text("ES256", "e1", body);
    const std::string der = SignText(ec_.get(), EVP_sha256(), text);
    return text + "." + EncodeBase64Url(raw ? RawEcdsa(der) : der);
  }
  // Signed by the provider, whatever stands in the header.
  std::string WithHeader(const json& header) {
    const std::string text = EncodeBase64Url(header.dump()) + "." + EncodeBase64Url(Body().dump());
    return text + "." + EncodeBase64Url(SignText(rsa_, EVP_sha256(), text));
  }
  absl::StatusOr<Claims> Verify(const std::string& token) {
    const json keys = {
        {"keys", json::array({RsaJwk(rsa_, "r1"), EcJwk(ec_.get(), "e1"),
                              json{{"kty", "oct"}, {"kid", "s1"}, {"k", "c2VjcmV0"}}})}};
    TrustedIssuer issuer{kIssuer, "tongjian", keys.dump()};
    issuer.roles_allowed = {"reader", "clinic_doctor"};
    issuer.facility_claim = "org";
    issuer.roles_claim = "groups";
    auto verifier = TokenVerifier::Create({issuer}, clock_);
    EXPECT_TRUE(verifier.ok()) << verifier.status();
    return (*verifier)->Verify(token);
  }

  EVP_PKEY* const rsa_;
  const KeyPtr ec_;
};

TEST_F(OutsideTokens, AreBelievedWithRs256AndEs256) {
  for (const std::string& token : {Rs256(Body()), Es256(Body())}) {
    const auto claims = Verify(token);
    ASSERT_OK(claims) << claims.status();
    EXPECT_EQ("doctor-7", claims->user_id);
    EXPECT_EQ("jinhua-f2", claims->facility_id);
    EXPECT_THAT(claims->roles, ElementsAre("reader"));  // Not operator: this provider may not.
    EXPECT_EQ(Purpose::kTreatment, claims->purpose);
  }
}

TEST_F(OutsideTokens, AreRefusedWithAnUnknownKeyId) {
  EXPECT_CODE(kUnauthenticated, Verify(Rs256(Body(), "r2")));
  EXPECT_CODE(kUnauthenticated, Verify(Rs256(Body(), "s1")));
  EXPECT_CODE(kUnauthenticated, Verify(Rs256(Body(), "")));
}

TEST_F(OutsideTokens, AreRefusedWhenTheKeyIsOfAnotherAlgorithm) {
  EXPECT_CODE(kUnauthenticated, Verify(Rs256(Body(), "e1")));
  EXPECT_CODE(kUnauthenticated, Verify(Rs256(Body(), "r1", "RS512")));
  EXPECT_CODE(kUnauthenticated, Verify(Rs256(Body(), "r1", "HS256")));
}

TEST_F(OutsideTokens, AreRefusedWithAnEcdsaSignatureInDerForm) {
  EXPECT_CODE(kUnauthenticated, Verify(Es256(Body(), false)));
}

TEST_F(OutsideTokens, AreRefusedForAnotherAudienceOrNone) {
  json body = Body();
  for (const json& audience : {json("account"), json::array({"account"}), json::array(), json(7),
                               json("tongjian2"), json("tong")}) {
    body["aud"] = audience;
    EXPECT_CODE(kUnauthenticated, Verify(Rs256(body))) << audience;
  }
  body.erase("aud");
  EXPECT_CODE(kUnauthenticated, Verify(Rs256(body)));
}

TEST_F(OutsideTokens, AreRefusedWithoutAnExpiryThatCanBeRead) {
  json body = Body();
  for (const json& expiry : {json("1999999999"), json(nullptr), json(-1), json(1e300)}) {
    body["exp"] = expiry;
    EXPECT_CODE(kUnauthenticated, Verify(Rs256(body))) << expiry;
  }
  body.erase("exp");
  EXPECT_CODE(kUnauthenticated, Verify(Rs256(body)));
}

TEST_F(OutsideTokens, AreRefusedBeforeTheirNotBefore) {
  json body = Body();
  body["nbf"] = absl::ToUnixSeconds(clock_.Now()) + 61;
  EXPECT_CODE(kUnauthenticated, Verify(Rs256(body)));
  body["nbf"] = absl::ToUnixSeconds(clock_.Now()) + 59;
  EXPECT_TRUE(Verify(Rs256(body)).ok());
}

TEST_F(OutsideTokens, AreRefusedWhenThePersonIsNotWellNamed) {
  for (const std::string& subject :
       {std::string(), std::string("a\nb"), std::string("a\0b", 3), std::string(129, 'x')}) {
    json body = Body();
    body["sub"] = subject;
    EXPECT_CODE(kUnauthenticated, Verify(Rs256(body)));
  }
  json body = Body();
  body["org"] = "f1:hub";
  EXPECT_CODE(kUnauthenticated, Verify(Rs256(body)));
}

TEST_F(OutsideTokens, AreRefusedWhenTheyAskForAnExtension) {
  json header = {{"alg", "RS256"}, {"kid", "r1"}};
  EXPECT_TRUE(Verify(WithHeader(header)).ok());
  header["crit"] = json::array({"b64"});
  EXPECT_CODE(kUnauthenticated, Verify(WithHeader(header)));
}

TEST_F(OutsideTokens, NeedAKeyIdWhereThereIsMoreThanOneKey) {
  EXPECT_CODE(kUnauthenticated, Verify(WithHeader({{"alg", "RS256"}})));
  json nameless = RsaJwk(rsa_, "");
  nameless.erase("kid");
  const TrustedIssuer one{kIssuer, "tongjian", json{{"keys", json::array({nameless})}}.dump()};
  const auto verifier = TokenVerifier::Create({one}, clock_);
  EXPECT_TRUE((*verifier)->Verify(WithHeader({{"alg", "RS256"}})).ok());
  EXPECT_CODE(kUnauthenticated, (*verifier)->Verify(WithHeader({{"alg", "RS256"}, {"kid", ""}})));
}

TEST_F(OutsideTokens, MakeNobodyAServiceOrAMachine) {
  json body = Body();
  body["roles"] = json::array({"service", "machine:hub", "reader", "reader"});
  const TrustedIssuer generous{kIssuer, "tongjian",
                               json{{"keys", json::array({RsaJwk(rsa_, "r1")})}}.dump()};
  const auto verifier = TokenVerifier::Create({generous}, clock_);
  EXPECT_THAT((*verifier)->Verify(Rs256(body))->roles, ElementsAre("reader"));
}

TEST_F(OutsideTokens, WithoutRolesHaveNone) {
  json body = Body();
  body["groups"] = json{{"reader", true}};
  EXPECT_THAT(Verify(Rs256(body))->roles, IsEmpty());
}

class KeySets : public OutsideTokens {
 protected:
  static absl::StatusCode Parsed(const json& key) {
    return CodeOf(ParseJwks(json{{"keys", json::array({key})}}.dump()));
  }
};

TEST_F(KeySets, HoldOnlyKeysThatAreSoundAndForSigning) {
  EXPECT_EQ(absl::StatusCode::kOk, Parsed(RsaJwk(rsa_, "r")));
  EXPECT_EQ(absl::StatusCode::kOk, Parsed(EcJwk(ec_.get(), "e")));
  json key = RsaJwk(rsa_, "r");
  key["use"] = "enc";
  EXPECT_EQ(absl::StatusCode::kInvalidArgument, Parsed(key));
  key = RsaJwk(rsa_, "r");
  key["alg"] = "RS384";
  EXPECT_EQ(absl::StatusCode::kInvalidArgument, Parsed(key));
  key = EcJwk(ec_.get(), "e");
  key["y"] = key["x"];  // Not on the curve.
  EXPECT_EQ(absl::StatusCode::kInvalidArgument, Parsed(key));
  const KeyPtr weak(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{1024}));
  EXPECT_EQ(absl::StatusCode::kInvalidArgument, Parsed(RsaJwk(weak.get(), "w")));
}

TEST_F(KeySets, AreRefusedWithAPrivateKeyInThem) {
  json key = EcJwk(ec_.get(), "e");
  key["d"] = "c2VjcmV0";
  EXPECT_EQ(absl::StatusCode::kInvalidArgument, Parsed(key));
}

// RFC 8037 appendix A.4: the standard's own key, text and signature.
TEST_F(KeySets, VerifyTheStandardsEd25519Example) {
  const auto keys = ParseJwks(
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  ASSERT_OK(keys) << keys.status();
  const auto signature = DecodeBase64Url(
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
  EXPECT_TRUE(VerifyTokenSignature(
      keys->front(), "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", *signature));
  EXPECT_FALSE(VerifyTokenSignature(keys->front(), "eyJhbGciOiJFZERTQSJ9.x", *signature));
  // RFC 8037 appendix A.3: and its thumbprint.
  EXPECT_EQ("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            PublishEd25519(keys->front().key.get()).id);
}

}  // namespace
}  // namespace tongjian::security
