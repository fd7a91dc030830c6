#include "services/registry/seed.h"

#include <filesystem>
#include <map>

#include "services/registry/kinds.h"
#include "services/registry/membership_codec.h"
#include "services/registry/signing_right.h"
#include "services/registry/turnaround_seed.h"
#include "tests/unit/registry/registry_fixture.h"
#include "tongjian/registry/v1/seed.pb.h"

namespace tongjian::registry {
namespace {

using ::testing::SizeIs;

std::string JinhuaFile() {
  return (std::filesystem::path(TJ_SOURCE_DIR) / "deploy/community/jinhua.json").string();
}

class SeedTest : public RegistryTest {
 protected:
  absl::Status Load(const v1::RegistrySeed& seed) {
    return LoadSeed({*database_, directory_, facilities_, communities_}, seed);
  }
  template <class T>
  std::vector<T> All(const std::string& group = "") {
    const auto found = Ask<std::vector<T>>(
        [&](store::Session& session) { return Directory::List<T>(session, group, "", 1000); });
    EXPECT_TRUE(found.ok()) << found.status();
    return found.value_or(std::vector<T>());
  }
};

TJ_REGISTRY_ON_BOTH(SeedTest);

TEST_P(SeedTest, HoldsTheThreeJinhuaNetworks) {
  const auto seed = ReadSeed(JinhuaFile());
  ASSERT_TRUE(seed.ok()) << seed.status();
  ASSERT_TRUE(Load(*seed).ok()) << Load(*seed);
  EXPECT_THAT(All<pb::Facility>(), SizeIs(3 + 21 + 9 + 14));
  const std::map<std::string, size_t> members = {
      {"com-jinhua-zhongxin", 21}, {"com-jinhua-zhongyi", 9}, {"com-jinhua-renmin", 14}};
  for (const auto& [community, count] : members) {
    size_t active = 0;
    for (const pb::Membership& membership : All<pb::Membership>(ByCommunity(community))) {
      const bool lead = membership.role() == pb::MEMBERSHIP_ROLE_LEAD;
      active += !lead && StateAt(HistoryOf(membership), clock_.Now()) == MembershipState::kActive;
    }
    EXPECT_EQ(active, count) << community;
  }
}

TEST_P(SeedTest, LetsTheCentersReadersSignForTheirClinics) {
  const auto seed = ReadSeed(JinhuaFile());
  ASSERT_TRUE(seed.ok());
  ASSERT_TRUE(Load(*seed).ok());
  const auto may_sign = [&](const char* reader, const char* clinic) {
    const auto answer = Ask<Entitlement>([&](store::Session& session) {
      return CheckSigningRight(session, reader, clinic, Discipline::kImaging, clock_.Now());
    });
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() && answer->entitled;
  };
  EXPECT_TRUE(may_sign("prac-zhongxin-reader-1", "fac-bailongqiao"));
  EXPECT_TRUE(may_sign("prac-zhongxin-reader-1", "fac-langya"));  // As the fallback, by agreement.
  EXPECT_FALSE(may_sign("prac-zhongyi-reader-1", "fac-bailongqiao"));
  EXPECT_FALSE(may_sign("prac-zhongxin-ecg-1", "fac-bailongqiao"));
  EXPECT_FALSE(may_sign("prac-bailongqiao-technician-1", "fac-bailongqiao"));
}

TEST_P(SeedTest, LeavesWhatIsThereAsItIs) {
  const auto seed = ReadSeed(JinhuaFile());
  ASSERT_TRUE(seed.ok());
  ASSERT_TRUE(Load(*seed).ok());
  const size_t announced = seed->facilities_size() + seed->communities_size() +
                           3 * seed->memberships_size() + seed->practitioners_size() +
                           seed->centers_size() + seed->agreements_size() + seed->items_size() +
                           seed->policies_size() + seed->devices_size() +
                           seed->qualifications_size() + 1;
  EXPECT_THAT(News(announced), SizeIs(announced));
  auto clinic = Ask<pb::Facility>(
      [](store::Session& s) { return Directory::Get<pb::Facility>(s, "fac-tangxi"); });
  ASSERT_TRUE(clinic.ok());
  clinic->set_active(false);
  ASSERT_TRUE(Change<pb::Facility>([&](store::Transaction& tx) {
                return facilities_.Update(tx, all_, *clinic);
              }).ok());
  ASSERT_TRUE(Load(*seed).ok());
  EXPECT_THAT(News(1), SizeIs(1));
  clinic = Ask<pb::Facility>(
      [](store::Session& s) { return Directory::Get<pb::Facility>(s, "fac-tangxi"); });
  EXPECT_FALSE(clinic->active());
}

TEST_P(SeedTest, NamesTheRecordThatIsRefused) {
  v1::RegistrySeed seed;
  seed.add_facilities()->set_id("nameless");
  const absl::Status refused = Load(seed);
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("facility nameless"));
}

TEST_P(SeedTest, GivesEveryHubItsTurnaroundTargets) {
  const SeedTarget target{*database_, directory_, facilities_, communities_};
  ASSERT_TRUE(LoadDefaults(target).ok()) << LoadDefaults(target);
  ASSERT_TRUE(LoadDefaults(target).ok());
  EXPECT_THAT(All<pb::TurnaroundTarget>(), SizeIs(TurnaroundSeed().size()));
  for (const pb::TurnaroundTarget& one : All<pb::TurnaroundTarget>())
    EXPECT_FALSE(one.source().empty());
}

TEST(ReadSeed, SaysWhatIsWrongWithAFile) {
  EXPECT_TRUE(absl::IsNotFound(ReadSeed("/nowhere/seed.json").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      ReadSeed(std::filesystem::path(TJ_SOURCE_DIR) / "CMakeLists.txt").status()));
}

}  // namespace
}  // namespace tongjian::registry
