#include "services/registry/account_store.h"
#include "services/registry/directory.h"

#include "absl/time/time.h"
#include "common/base/status.h"
#include "services/registry/kinds.h"
#include "services/registry/membership_codec.h"
#include "services/registry/signing_right.h"
#include "tests/unit/registry/registry_fixture.h"

namespace tongjian::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DirectoryTest : public RegistryTest {
 protected:
  void SetUp() override {
    RegistryTest::SetUp();
    if (database_ != nullptr) AddSample();
  }

  template <class T>
  absl::StatusOr<T> Create(const T& record) {
    return Change<T>([&](store::Transaction& tx) { return directory_.Create(tx, all_, record); });
  }
  template <class T>
  absl::StatusOr<T> Replace(const T& record, const security::Scope& scope) {
    return Change<T>([&](store::Transaction& tx) { return directory_.Replace(tx, scope, record); });
  }
  absl::StatusOr<pb::Membership> Apply(const std::string& facility_id) {
    pb::Membership membership;
    membership.set_community_id("com");
    membership.set_facility_id(facility_id);
    membership.set_role(pb::MEMBERSHIP_ROLE_MEMBER);
    return Change<pb::Membership>(
        [&](store::Transaction& tx) { return communities_.Apply(tx, all_, membership, tx.Now()); });
  }
  absl::StatusOr<pb::Membership> Move(const std::string& id, MembershipState state,
                                      absl::Time from) {
    return Change<pb::Membership>([&](store::Transaction& tx) {
      return communities_.Transition(tx, all_, id, {state, from, "board", ""});
    });
  }
  // An active membership since one hour ago.
  std::string Join(const std::string& facility_id) {
    const auto applied = Apply(facility_id);
    EXPECT_TRUE(applied.ok()) << applied.status();
    clock_.Advance(absl::Minutes(1));
    EXPECT_TRUE(Move(applied->id(), MembershipState::kAdmitted, clock_.Now()).ok());
    clock_.Advance(absl::Minutes(1));
    EXPECT_TRUE(Move(applied->id(), MembershipState::kActive, clock_.Now()).ok());
    return applied->id();
  }

  pb::Device Device(const std::string& facility_id, const std::string& ae_title) {
    pb::Device device;
    device.set_facility_id(facility_id);
    device.set_ae_title(ae_title);
    device.set_modality("DX");
    return device;
  }
};

TJ_REGISTRY_ON_BOTH(DirectoryTest);

TEST_P(DirectoryTest, AnnouncesEveryWriteToEverybodyWithItsSnapshot) {
  const auto device = Create(Device("clinic-a", "DR1"));
  ASSERT_TRUE(device.ok()) << device.status();
  const auto news = News(1);
  ASSERT_THAT(news, SizeIs(1));
  EXPECT_EQ(news[0].type, "tongjian.events.v1.DeviceChanged");
  EXPECT_EQ(news[0].key, device->id());
  EXPECT_THAT(news[0].audiences, ElementsAre("*"));
  events::v1::DeviceChanged changed;
  ASSERT_TRUE(changed.ParseFromString(news[0].payload));
  EXPECT_EQ(changed.device().SerializeAsString(), device->SerializeAsString());
}

TEST_P(DirectoryTest, AnnouncesNothingThatWasRefused) {
  EXPECT_FALSE(Create(Device("nowhere", "DR1")).ok());
  ASSERT_TRUE(Create(Device("clinic-a", "DR1")).ok());
  EXPECT_THAT(News(1), SizeIs(1));
}

TEST_P(DirectoryTest, HasAnAeTitleOncePerFacility) {
  ASSERT_TRUE(Create(Device("clinic-a", "DR1")).ok());
  EXPECT_EQ(Create(Device("clinic-a", "DR1")).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(Create(Device("clinic-b", "DR1")).ok());
}

TEST_P(DirectoryTest, FreesAnAeTitleThatIsGivenUp) {
  auto device = Create(Device("clinic-a", "DR1"));
  ASSERT_TRUE(device.ok());
  device->set_ae_title("DR2");
  ASSERT_TRUE(Replace(*device, all_).ok());
  EXPECT_TRUE(Create(Device("clinic-a", "DR1")).ok());
}

TEST_P(DirectoryTest, RefusesAnEtagThatIsNoLongerCurrent) {
  const auto device = Create(Device("clinic-a", "DR1"));
  ASSERT_TRUE(device.ok());
  ASSERT_TRUE(Replace(*device, all_).ok());
  const auto refused = Replace(*device, all_);
  EXPECT_EQ(base::DetailOf(refused.status()).reason, "ETAG_MISMATCH");
  pb::Device without = *device;
  without.clear_etag();
  EXPECT_EQ(Replace(without, all_).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(DirectoryTest, HidesOtherFacilitiesRecordsFromAWriter) {
  const auto device = Create(Device("clinic-a", "DR1"));
  ASSERT_TRUE(device.ok());
  pb::Device taken = *device;
  EXPECT_TRUE(absl::IsNotFound(Replace(taken, security::Scope::Facilities({"clinic-b"})).status()));
  taken.set_facility_id("clinic-b");
  EXPECT_TRUE(absl::IsNotFound(Replace(taken, security::Scope::Facilities({"clinic-b"})).status()));
  EXPECT_TRUE(Replace(*device, security::Scope::Facilities({"clinic-a"})).ok());
}

TEST_P(DirectoryTest, ListsAGroupPageByPage) {
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(Create(Device("clinic-a", "DR" + std::to_string(i))).ok());
  ASSERT_TRUE(Create(Device("clinic-b", "DR1")).ok());
  std::vector<std::string> titles;
  std::string after;
  for (int pages = 0; pages < 10; ++pages) {
    const auto page = Ask<std::vector<pb::Device>>([&](store::Session& session) {
      return Directory::List<pb::Device>(session, ByFacility("clinic-a"), after, 2);
    });
    ASSERT_TRUE(page.ok());
    if (page->empty()) break;
    for (const pb::Device& device : *page) titles.push_back(device.ae_title());
    after = page->back().id();
  }
  EXPECT_THAT(titles, ElementsAre("DR0", "DR1", "DR2", "DR3", "DR4"));
}

TEST_P(DirectoryTest, FindsAnItemByAFacilitysOwnCode) {
  pb::Item item;
  item.set_id("dx-chest");
  item.set_name("胸部正位");
  item.set_discipline(common::v1::DISCIPLINE_IMAGING);
  item.set_recognition_code("R1");
  item.set_window_source("[design]");
  item.add_local_codes()->set_facility_id("clinic-a");
  item.mutable_local_codes(0)->set_code("XR001");
  ASSERT_TRUE(Create(item).ok());
  const auto find = [&](const char* facility) {
    return Ask<pb::Item>([&](store::Session& session) {
      return Directory::GetUnique<pb::Item>(session, ByLocalCode(facility, "XR001"));
    });
  };
  ASSERT_TRUE(find("clinic-a").ok());
  EXPECT_EQ(find("clinic-a")->id(), "dx-chest");
  EXPECT_TRUE(absl::IsNotFound(find("clinic-b").status()));
  // The same code of the same facility can't mean two items.
  item.set_id("dx-other");
  EXPECT_EQ(Create(item).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_P(DirectoryTest, WarnsOfACreditCodeAndTakesTheFacility) {
  pb::Facility facility;
  facility.set_name("某卫生院");
  facility.set_legal_entity_code("12371002494460815M");
  const auto created = Change<pb::Facility>(
      [&](store::Transaction& tx) { return facilities_.Create(tx, all_, facility); });
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_THAT(created->warnings(), SizeIs(1));
  EXPECT_EQ(created->names(0).name(), "某卫生院");
}

TEST_P(DirectoryTest, RefusesAFacilityAboveItself) {
  const auto hub =
      Ask<pb::Facility>([&](store::Session& s) { return Directory::Get<pb::Facility>(s, "hub"); });
  auto clinic = Ask<pb::Facility>(
      [&](store::Session& s) { return Directory::Get<pb::Facility>(s, "clinic-a"); });
  clinic->set_parent_facility_id("hub");
  const auto update = [&](const pb::Facility& facility) {
    return Change<pb::Facility>(
        [&](store::Transaction& tx) { return facilities_.Update(tx, all_, facility); });
  };
  ASSERT_TRUE(update(*clinic).ok());
  pb::Facility below = *hub;
  below.set_parent_facility_id("clinic-a");
  EXPECT_EQ(base::DetailOf(update(below).status()).field, "facility.parent_facility_id");
}

TEST_P(DirectoryTest, KeepsAMembershipsPeriods) {
  const std::string id = Join("clinic-a");
  const auto membership =
      Ask<pb::Membership>([&](store::Session& s) { return Directory::Get<pb::Membership>(s, id); });
  ASSERT_TRUE(membership.ok());
  EXPECT_EQ(membership->state(), pb::MEMBERSHIP_STATE_ACTIVE);
  ASSERT_EQ(membership->periods_size(), 3);
  EXPECT_TRUE(membership->periods(0).has_to());
  EXPECT_FALSE(membership->periods(2).has_to());
  EXPECT_EQ(membership->periods(2).approver(), "board");
}

TEST_P(DirectoryTest, LetsAFacilityIntoACommunityOnceUntilItExits) {
  const std::string id = Join("clinic-a");
  EXPECT_EQ(Apply("clinic-a").status().code(), absl::StatusCode::kAlreadyExists);
  clock_.Advance(absl::Minutes(1));
  ASSERT_TRUE(Move(id, MembershipState::kExited, clock_.Now()).ok());
  EXPECT_FALSE(Move(id, MembershipState::kActive, clock_.Now() + absl::Hours(1)).ok());
  EXPECT_TRUE(Apply("clinic-a").ok());
}

TEST_P(DirectoryTest, TakesATransitionThatLiesAhead) {
  const std::string id = Join("clinic-a");
  const auto moved = Move(id, MembershipState::kSuspended, clock_.Now() + absl::Hours(24));
  ASSERT_TRUE(moved.ok());
  EXPECT_EQ(moved->state(), pb::MEMBERSHIP_STATE_ACTIVE);
  EXPECT_EQ(StateAt(HistoryOf(*moved), clock_.Now() + absl::Hours(25)),
            MembershipState::kSuspended);
}

TEST_P(DirectoryTest, LetsOnlyTheLeadBeLead) {
  pb::Membership membership;
  membership.set_community_id("com");
  membership.set_facility_id("clinic-a");
  membership.set_role(pb::MEMBERSHIP_ROLE_LEAD);
  const auto refused = Change<pb::Membership>(
      [&](store::Transaction& tx) { return communities_.Apply(tx, all_, membership, tx.Now()); });
  EXPECT_EQ(base::DetailOf(refused.status()).field, "membership.role");
}

TEST_P(DirectoryTest, WarnsOfAFourthCommunityInACounty) {
  for (int i = 0; i < 3; ++i) {
    pb::Community community;
    community.set_name("another");
    community.set_kind(pb::COMMUNITY_KIND_COUNTY_COMMUNITY);
    community.set_binding(pb::BINDING_TIGHT);
    community.set_lead_facility_id("hub");
    community.set_region_code("330702");
    const auto created = Change<pb::Community>(
        [&](store::Transaction& tx) { return communities_.Create(tx, all_, community); });
    ASSERT_TRUE(created.ok()) << created.status();
    EXPECT_EQ(created->warnings_size(), i < 2 ? 0 : 1);
  }
}

TEST_P(DirectoryTest, EntitlesAReaderThroughACommonCommunity) {
  pb::Practitioner reader;
  reader.set_id("reader");
  reader.set_name("某医师");
  reader.set_active(true);
  reader.add_facility_ids("hub");
  pb::License* license = reader.add_licenses();
  license->set_number("L1");
  license->set_type("physician");
  license->add_disciplines(common::v1::DISCIPLINE_IMAGING);
  ASSERT_TRUE(Create(reader).ok());
  const auto check = [&](absl::Time time) {
    return Ask<Entitlement>([&](store::Session& session) {
      return CheckSigningRight(session, "reader", "clinic-a", Discipline::kImaging, time);
    });
  };
  EXPECT_FALSE(check(clock_.Now())->entitled);
  Join("hub");
  const std::string id = Join("clinic-a");
  EXPECT_TRUE(check(clock_.Now())->entitled);
  EXPECT_FALSE(check(clock_.Now() - absl::Hours(1))->entitled);
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(Move(id, MembershipState::kSuspended, clock_.Now()).ok());
  EXPECT_FALSE(check(clock_.Now())->entitled);
  EXPECT_TRUE(check(clock_.Now() - absl::Minutes(30))->entitled);
}

TEST_P(DirectoryTest, LetsNobodySignWhoseAccountsAreAllClosed) {
  pb::Practitioner reader;
  reader.set_id("reader");
  reader.set_name("某医师");
  reader.set_active(true);
  reader.add_facility_ids("hub");
  pb::License* license = reader.add_licenses();
  license->set_number("L1");
  license->set_type("physician");
  license->add_disciplines(common::v1::DISCIPLINE_IMAGING);
  ASSERT_TRUE(Create(reader).ok());
  const auto may_sign = [&] {
    return Ask<Entitlement>([&](store::Session& session) {
             return CheckSigningRight(session, "reader", "hub", Discipline::kImaging, clock_.Now());
           })
        ->entitled;
  };
  const auto add = [&](const std::string& id, bool active) {
    Account account;
    account.id = id;
    account.user_name = id;
    account.facility_id = "hub";
    account.practitioner_id = "reader";
    account.active = active;
    account.version = 1;
    ASSERT_TRUE(database_->Write([&](store::Transaction& tx) { return InsertAccount(tx, account); }).ok());
  };
  EXPECT_TRUE(may_sign());  // Somebody of an outside identity provider.
  add("closed", false);
  EXPECT_FALSE(may_sign());
  add("open", true);
  EXPECT_TRUE(may_sign());
}

TEST_P(DirectoryTest, RefusesAFallbackThatLeadsBack) {
  pb::Center center;
  center.set_name("影像中心");
  center.set_discipline(common::v1::DISCIPLINE_IMAGING);
  center.set_host_facility_id("hub");
  const auto create = [&](pb::Center record) {
    return Change<pb::Center>(
        [&](store::Transaction& tx) { return facilities_.CreateCenter(tx, all_, record); });
  };
  center.set_id("first");
  auto first = create(center);
  ASSERT_TRUE(first.ok()) << first.status();
  center.set_id("second");
  center.set_fallback_center_id("first");
  ASSERT_TRUE(create(center).ok());
  first->set_fallback_center_id("second");
  const auto refused = Change<pb::Center>(
      [&](store::Transaction& tx) { return facilities_.UpdateCenter(tx, all_, *first); });
  EXPECT_EQ(base::DetailOf(refused.status()).field, "center.fallback_center_id");
}

}  // namespace
}  // namespace tongjian::registry
