#include "common/security/token.h"

#include <nlohmann/json.hpp>

#include "common/security/encoding.h"
#include "common/security/key_file.h"
#include "common/security/permission.h"
#include "tests/unit/security/fixture.h"

namespace tongjian::security {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class TokenTest : public InDirectory {
 protected:
  void SetUp() override {
    InDirectory::SetUp();
    issuer_ = Open("token.key", "jinhua");
    verifier_ = Verifier({{"jinhua", "tongjian", issuer_->jwks()}});
  }
  std::unique_ptr<TokenIssuer> Open(const std::string& key, const std::string& name) {
    auto opened = TokenIssuer::Open(Path(key), name, "tongjian", clock_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }
  std::unique_ptr<TokenVerifier> Verifier(const std::vector<TrustedIssuer>& issuers) {
    auto made = TokenVerifier::Create(issuers, clock_);
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }
  static Claims Reader() {
    Claims claims;
    claims.user_id = "jinhua-u1";
    claims.facility_id = "jinhua-f1";
    claims.practitioner_id = "jinhua-p1";
    claims.roles = {"reader", "center_head"};
    claims.purpose = Purpose::kTreatment;
    return claims;
  }
  std::string Token(absl::Duration lifetime = absl::Hours(8)) {
    return *issuer_->Issue(Reader(), lifetime);
  }
  // The token with its header or body changed and its signature kept.
  static std::string Altered(const std::string& token, int part, const json& change) {
    const size_t first = token.find('.');
    const size_t second = token.find('.', first + 1);
    std::string parts[] = {token.substr(0, first), token.substr(first + 1, second - first - 1),
                           token.substr(second + 1)};
    json value = json::parse(*DecodeBase64Url(parts[part]));
    value.update(change);
    parts[part] = EncodeBase64Url(value.dump());
    return parts[0] + "." + parts[1] + "." + parts[2];
  }

  std::unique_ptr<TokenIssuer> issuer_;
  std::unique_ptr<TokenVerifier> verifier_;
};

TEST_F(TokenTest, SaysWhoThePersonIs) {
  const auto claims = verifier_->Verify(Token());
  ASSERT_OK(claims) << claims.status();
  EXPECT_EQ("jinhua", claims->issuer);
  EXPECT_EQ("tongjian", claims->audience);
  EXPECT_EQ(clock_.Now() + absl::Hours(8), claims->expiry);
  EXPECT_EQ(clock_.Now(), claims->issued);
  EXPECT_EQ(32u, claims->token_id.size());
  const Caller caller = CallerOf(*claims);
  EXPECT_EQ("person:jinhua-u1@jinhua-f1", Describe(caller));
  EXPECT_EQ("jinhua-p1", caller.practitioner_id);
  EXPECT_EQ(Purpose::kTreatment, caller.purpose);
  EXPECT_THAT(caller.roles, ElementsAre("reader", "center_head"));
  EXPECT_TRUE(Allows(caller, "reading.sign"));
}

TEST_F(TokenTest, HasAnIdOfItsOwn) {
  EXPECT_NE(verifier_->Verify(Token())->token_id, verifier_->Verify(Token())->token_id);
}

TEST_F(TokenTest, IsRefusedAfterItsExpiryAndAMinute) {
  const std::string token = Token(absl::Minutes(10));
  clock_.Advance(absl::Minutes(10) + absl::Seconds(59));
  EXPECT_TRUE(verifier_->Verify(token).ok());
  clock_.Advance(absl::Seconds(1));
  EXPECT_CODE(kUnauthenticated, verifier_->Verify(token));
}

TEST_F(TokenTest, IsRefusedBeforeItsTime) {
  const std::string token = Token();
  clock_.JumpTo(clock_.Now() - absl::Seconds(61));
  EXPECT_CODE(kUnauthenticated, verifier_->Verify(token));
}

TEST_F(TokenTest, IsRefusedWhenAltered) {
  const std::string token = Token();
  EXPECT_CODE(kUnauthenticated, verifier_->Verify(Altered(token, 1, {{"sub", "jinhua-u2"}})));
  EXPECT_CODE(kUnauthenticated,
              verifier_->Verify(Altered(token, 1, {{"roles", json::array({"operator"})}})));
  EXPECT_CODE(kUnauthenticated, verifier_->Verify(Altered(token, 1, {{"exp", 9'999'999'999}})));
  for (size_t i = 0; i + 1 < token.size(); i += 3) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_CODE(kUnauthenticated, verifier_->Verify(changed)) << i;
  }
}

TEST_F(TokenTest, IsRefusedWithAlgorithmNone) {
  const std::string token = Token();
  for (const char* name : {"none", "None", "NONE", "", "HS256", "ES256", "RS256"}) {
    const std::string changed = Altered(token, 0, {{"alg", name}});
    EXPECT_CODE(kUnauthenticated, verifier_->Verify(changed)) << name;
    const std::string unsigned_token = changed.substr(0, changed.rfind('.') + 1);
    EXPECT_CODE(kUnauthenticated, verifier_->Verify(unsigned_token)) << name;
  }
}

TEST_F(TokenTest, IsRefusedForAnotherAudience) {
  const auto other = Verifier({{"jinhua", "another-hub", issuer_->jwks()}});
  EXPECT_CODE(kUnauthenticated, other->Verify(Token()));
}

TEST_F(TokenTest, IsRefusedFromAnotherIssuerOrKey) {
  const auto stranger = Open("other.key", "lanxi");
  EXPECT_CODE(kUnauthenticated, verifier_->Verify(*stranger->Issue(Reader(), absl::Hours(1))));
  const auto impostor = Open("impostor.key", "jinhua");
  EXPECT_CODE(kUnauthenticated, verifier_->Verify(*impostor->Issue(Reader(), absl::Hours(1))));
}

TEST_F(TokenTest, OfOneIssuerIsNotVerifiedWithAnothersKey) {
  const auto second = Open("second.key", "lanxi");
  const auto both =
      Verifier({{"jinhua", "tongjian", issuer_->jwks()}, {"lanxi", "tongjian", second->jwks()}});
  EXPECT_EQ("lanxi", both->Verify(*second->Issue(Reader(), absl::Hours(1)))->issuer);
  const auto impostor = Open("second.key", "jinhua");  // lanxi's key says it is jinhua.
  EXPECT_CODE(kUnauthenticated, both->Verify(*impostor->Issue(Reader(), absl::Hours(1))));
}

TEST_F(TokenTest, IsRefusedWhenMalformed) {
  const std::string token = Token();
  const std::string deep = EncodeBase64Url(std::string(5000, '['));
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), std::string("a.b.c"),
        token.substr(0, token.rfind('.')), token + ".x", token + "=", " " + token, token + "\n",
        deep + "." + deep + ".AAAA", std::string(9000, 'A'),
        EncodeBase64Url("[]") + "." + EncodeBase64Url("{}") + "."}) {
    EXPECT_CODE(kUnauthenticated, verifier_->Verify(text));
  }
}

TEST_F(TokenTest, IsNeverQuotedInARefusal) {
  const auto refused = verifier_->Verify(Altered(Token(), 1, {{"iss", "secret-issuer"}}));
  EXPECT_THAT(std::string(refused.status().message()), Not(HasSubstr("secret-issuer")));
}

TEST_F(TokenTest, CarriesOnlyRolesItsIssuerMayGive) {
  TrustedIssuer limited{"jinhua", "tongjian", issuer_->jwks()};
  limited.roles_allowed = {"reader"};
  EXPECT_THAT(Verifier({limited})->Verify(Token())->roles, ElementsAre("reader"));
}

TEST_F(TokenTest, IsNotIssuedForWhatIsNoPerson) {
  const auto refused = [&](auto change, absl::Duration lifetime = absl::Hours(1)) {
    Claims claims = Reader();
    change(claims);
    EXPECT_CODE(kInvalidArgument, issuer_->Issue(claims, lifetime));
  };
  refused([](Claims& c) { c.user_id = ""; });
  refused([](Claims& c) { c.user_id = "a\nb"; });
  refused([](Claims& c) { c.user_id = std::string(129, 'u'); });
  refused([](Claims& c) { c.facility_id = "f 1"; });
  refused([](Claims& c) { c.roles = {"service"}; });
  refused([](Claims& c) { c.roles = {"machine:hub"}; });
  refused([](Claims&) {}, absl::ZeroDuration());
  refused([](Claims&) {}, absl::Hours(25));
}

TEST_F(TokenTest, KeyIsKeptAcrossStartsAndFromOthers) {
  const std::string token = Token();
  const auto again = Open("token.key", "jinhua");
  EXPECT_EQ(issuer_->jwks(), again->jwks());
  EXPECT_EQ(0600, Mode(Path("token.key")));
  EXPECT_THAT(issuer_->jwks(), Not(HasSubstr("\"d\"")));
  ASSERT_OK(WriteDurably(Path("token.key"), Content(Path("token.key")), FileMode::kPublic));
  EXPECT_CODE(kFailedPrecondition, TokenIssuer::Open(Path("token.key"), "j", "t", clock_));
  ASSERT_OK(WriteDurably(Path("token.key"), "no key", FileMode::kSecret));
  EXPECT_CODE(kFailedPrecondition, TokenIssuer::Open(Path("token.key"), "j", "t", clock_));
}

TEST_F(TokenTest, IssuersMustBeNamedOnceWithAUsableKey) {
  const auto refused = [&](const std::vector<TrustedIssuer>& issuers) {
    EXPECT_CODE(kInvalidArgument, TokenVerifier::Create(issuers, clock_));
  };
  const TrustedIssuer good{"jinhua", "tongjian", issuer_->jwks()};
  refused({good, good});
  refused({{"", "tongjian", issuer_->jwks()}});
  refused({{"x", "", issuer_->jwks()}});
  refused({{"x", "y", "not json"}});
  refused({{"x", "y", R"({"keys":[]})"}});
  refused({{"x", "y", R"({"keys":[{"kty":"oct","k":"c2VjcmV0"}]})"}});
}

}  // namespace
}  // namespace tongjian::security
