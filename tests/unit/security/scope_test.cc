#include "common/security/scope.h"

#include <type_traits>

#include "tests/unit/security/fixture.h"

namespace tongjian::security {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

static_assert(!std::is_default_constructible_v<Scope>, "a query needs a scope that somebody gave");

TEST(Scopes, HoldTheirFacilitiesSortedAndOnce) {
  const Scope scope = Scope::Facilities({"f2", "f1", "f2"});
  EXPECT_THAT(scope.facilities(), ElementsAre("f1", "f2"));
  EXPECT_FALSE(scope.all());
  EXPECT_TRUE(scope.Contains("f1"));
  EXPECT_FALSE(scope.Contains("f3"));
  EXPECT_TRUE(scope.ContainsAny({"f3", "f2"}));
  EXPECT_FALSE(scope.ContainsAny({"f3", ""}));
}

TEST(Scopes, DoNotMatchRowsWithoutAFacilityThroughAnEmptyId) {
  const Scope scope = Scope::Facilities({""});
  EXPECT_THAT(scope.facilities(), IsEmpty());
  EXPECT_FALSE(scope.Contains(""));
}

TEST(Scopes, OfNothingContainNothing) {
  EXPECT_FALSE(Scope::Nothing().all());
  EXPECT_FALSE(Scope::Nothing().Contains("f1"));
}

TEST(Scopes, OfEverythingSayWhy) {
  const Scope scope = Scope::Everything("bureau", Purpose::kSupervision);
  EXPECT_TRUE(scope.all());
  EXPECT_TRUE(scope.Contains("any"));
  EXPECT_EQ("bureau", scope.reason());
  EXPECT_EQ(Purpose::kSupervision, scope.purpose());
  EXPECT_TRUE(Scope::Service().all());
}

TEST(Scopes, GrowByAFacilityAndKeepTheirPurpose) {
  const Scope scope = Scope::Facilities({"f1"}, Purpose::kRecognition).With("f0");
  EXPECT_THAT(scope.facilities(), ElementsAre("f0", "f1"));
  EXPECT_EQ(Purpose::kRecognition, scope.purpose());
  EXPECT_TRUE(Scope::Everything("audit").With("f0").all());
  EXPECT_EQ(Purpose::kEmergency, scope.For(Purpose::kEmergency).purpose());
}

}  // namespace
}  // namespace tongjian::security
