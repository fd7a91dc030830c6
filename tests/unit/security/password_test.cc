#include "common/security/password.h"

#include "tests/unit/security/fixture.h"

namespace tongjian::security {
namespace {

constexpr char kPassword[] = "county-hub-2026";

TEST(Passwords, FitTheirOwnHashAndNoOther) {
  const auto hash = HashPassword(kPassword);
  ASSERT_OK(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_TRUE(VerifyPassword(kPassword, *hash));
  EXPECT_FALSE(VerifyPassword("county-hub-2027", *hash));
  EXPECT_FALSE(VerifyPassword("", *hash));
  EXPECT_FALSE(VerifyPassword(std::string(kPassword) + std::string(1, '\0'), *hash));
}

TEST(Passwords, AreSaltedEachTime) {
  EXPECT_NE(*HashPassword(kPassword), *HashPassword(kPassword));
}

TEST(Passwords, FitNoHashThatIsDamagedOrOfAnotherKind) {
  const std::string hash = *HashPassword(kPassword);
  for (const std::string& text :
       {std::string(), std::string("plain"), hash.substr(0, hash.size() - 1), hash + "A",
        "$argon2i$" + hash.substr(10), "$argon2id$v=16$" + hash.substr(15)}) {
    EXPECT_FALSE(VerifyPassword(kPassword, text)) << text;
  }
}

// A row somebody altered must not make a log-in take gigabytes or minutes.
TEST(Passwords, FitNoHashThatAsksForTooMuch) {
  for (const char* parameters : {"m=4194304,t=2,p=1", "m=19456,t=4000000000,p=1",
                                 "m=19456,t=2,p=64", "m=99999999999,t=2,p=1"}) {
    const std::string hash = std::string("$argon2id$v=19$") + parameters +
                             "$c29tZXNhbHRzb21lc2FsdA$c29tZWhhc2hzb21laGFzaHNvbWVoYXNoc29tZWhhc2g";
    EXPECT_FALSE(VerifyPassword(kPassword, hash)) << parameters;
  }
}

TEST(DecoyHash, IsWellFormedAndFitsNoPassword) {
  EXPECT_FALSE(NeedsRehash(DecoyHash()));
  EXPECT_FALSE(VerifyPassword(kPassword, DecoyHash()));
  // As long as a real one, so it costs the same to refuse.
  EXPECT_EQ(HashPassword(kPassword)->size(), DecoyHash().size());
}

TEST(Passwords, AreHashedAgainWhenParametersMoveOn) {
  EXPECT_FALSE(NeedsRehash(*HashPassword(kPassword)));
  EXPECT_TRUE(NeedsRehash("$argon2id$v=19$m=4096,t=3,p=1$c2FsdA$aGFzaA"));
}

TEST(PasswordPolicy, TakesLongMixedPasswords) {
  EXPECT_TRUE(CheckPasswordPolicy("abcdefghi1", "zhang").ok());
  EXPECT_TRUE(CheckPasswordPolicy("correct horse battery", "zhang").ok());
  EXPECT_TRUE(CheckPasswordPolicy("县级影像中心的密码是a1", "zhang").ok());
}

TEST(PasswordPolicy, RefusesWhatIsShortUniformOrTheName) {
  for (const char* password : {"", "abcdefgh1", "abcdefghijkl", "1234567890", "zhang-zhang1",
                               "tab\there-123", "bad utf8 \xff 123456", "cut short 12\xe5\x8e"}) {
    EXPECT_CODE(kInvalidArgument, CheckPasswordPolicy(password, "zhang")) << password;
  }
  EXPECT_CODE(kInvalidArgument,
              CheckPasswordPolicy(std::string(200, 'a') + std::string(57, '1'), ""));
}

TEST(PasswordPolicy, CountsCharactersAndNotBytes) {
  EXPECT_CODE(kInvalidArgument, CheckPasswordPolicy("密码密码a1", "zhang"));
}

}  // namespace
}  // namespace tongjian::security
