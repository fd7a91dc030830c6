// Goal: a gateway can only say what it may say, and says it once. Method: records of every kind,
// honest and hostile, delivered to a real trail.
#include "services/audit/delivery.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/rpc/proto_time.h"
#include "common/security/digest.h"
#include "services/audit/encode.h"
#include "tests/unit/audit/trail_rig.h"
#include "tongjian/audit/v1/record.pb.h"

namespace tongjian::audit {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

// As a gateway of f1 writes it: its HIS created an order.
v1::AuditRecord Honest(int number = 1) {
  v1::AuditRecord record;
  *record.mutable_time() = rpc::ToProto(kNow - absl::Minutes(5));
  record.set_request_id(absl::StrCat("r", number));
  record.set_service("edge");
  record.set_method("tongjian.orders.v1.OrderService/CreateOrder");
  record.mutable_actor()->set_kind("MACHINE");
  record.mutable_actor()->set_machine_role("his");
  record.mutable_actor()->set_facility_id("f1");
  record.add_patients()->set_facility_patient_digest("sha256:abc");
  record.add_object_ids("o1");
  return record;
}

v1::AuditRecord Sealed(const v1::AuditRecord& record) {
  v1::AuditRecord sealed;
  EXPECT_TRUE(sealed.ParseFromString(Seal("f1", record.SerializeAsString(), kNow).record));
  return sealed;
}

TEST(Seal, NamesTheGatewayAndForWhomOfItsClinicItActed) {
  const v1::AuditRecord sealed = Sealed(Honest());
  EXPECT_EQ("gateway", sealed.actor().machine_role());
  EXPECT_EQ("f1", sealed.actor().facility_id());
  EXPECT_EQ("his", sealed.actor().on_behalf_of().machine_role());
  EXPECT_EQ("f1", sealed.delivery().facility_id());
  EXPECT_FALSE(sealed.delivery().has_claimed_actor());
  EXPECT_EQ(security::Sha256Text(Honest().SerializeAsString()), sealed.delivery().digest());
}

TEST(Seal, KeepsDeviceTimeAndReceiptTimeApart) {
  const v1::AuditRecord sealed = Sealed(Honest());
  EXPECT_EQ(kNow - absl::Minutes(5), rpc::FromProto(sealed.time()));
  EXPECT_EQ(kNow, rpc::FromProto(sealed.delivery().receive_time()));
}

TEST(Seal, TakesAPersonOfAnotherFacilityForAClaimOnly) {
  v1::AuditRecord forged = Honest();
  forged.mutable_actor()->set_kind("PERSON");
  forged.mutable_actor()->set_facility_id("f2");
  forged.mutable_actor()->set_user_id("u-victim");
  const v1::AuditRecord sealed = Sealed(forged);
  EXPECT_FALSE(sealed.actor().has_on_behalf_of());
  EXPECT_EQ("u-victim", sealed.delivery().claimed_actor().user_id());
  const SealedRecord raw = Seal("f1", forged.SerializeAsString(), kNow);
  EXPECT_EQ("gateway@f1", raw.index.actor);
  EXPECT_EQ("f1", raw.index.facility);
}

TEST(Seal, TakesNobodyOfAnotherFacilityBehindAnOwnMachine) {
  v1::AuditRecord forged = Honest();
  forged.mutable_actor()->mutable_on_behalf_of()->set_kind("PERSON");
  forged.mutable_actor()->mutable_on_behalf_of()->set_user_id("u-victim");
  forged.mutable_actor()->mutable_on_behalf_of()->set_facility_id("f2");
  EXPECT_FALSE(Sealed(forged).actor().has_on_behalf_of());
}

TEST(Seal, TakesNoGatewayForAServiceOfTheHub) {
  v1::AuditRecord forged = Honest();
  forged.set_service("reading");
  forged.mutable_actor()->set_kind("SERVICE");
  forged.mutable_actor()->set_service("reading");
  const v1::AuditRecord sealed = Sealed(forged);
  EXPECT_EQ("edge", sealed.service());
  EXPECT_EQ("reading", sealed.delivery().claimed_service());
  EXPECT_EQ("reading", sealed.delivery().claimed_actor().service());
}

TEST(Seal, DropsADeliveryThatTheGatewayWroteItself) {
  v1::AuditRecord forged = Honest();
  forged.mutable_delivery()->set_facility_id("f2");
  forged.mutable_delivery()->mutable_claimed_actor()->set_user_id("u-victim");
  const v1::AuditRecord sealed = Sealed(forged);
  EXPECT_EQ("f1", sealed.delivery().facility_id());
  EXPECT_FALSE(sealed.delivery().has_claimed_actor());
}

TEST(Seal, KeepsWhatCannotBeReadOrStoredAsItCame) {
  v1::AuditRecord hostile = Honest();
  hostile.add_object_ids(std::string("o\0x", 3));
  v1::AuditRecord long_id = Honest();
  long_id.add_object_ids(std::string(3000, 'x'));
  v1::AuditRecord deep = Honest();
  v1::Actor* actor = deep.mutable_actor();
  for (int i = 0; i < 20; ++i) actor = actor->mutable_on_behalf_of();
  for (const std::string& bytes :
       {std::string("\xff\xff no record"), hostile.SerializeAsString(),
        long_id.SerializeAsString(), deep.SerializeAsString()}) {
    const SealedRecord sealed = Seal("f1", bytes, kNow);
    v1::AuditRecord record;
    ASSERT_TRUE(record.ParseFromString(sealed.record));
    EXPECT_EQ(bytes, record.delivery().unreadable());
    EXPECT_EQ("gateway@f1", sealed.index.actor);
    EXPECT_TRUE(sealed.index.objects.empty());
  }
}

TEST(Seal, HidesNoRecordInAnotherAge) {
  for (const absl::Time time : {absl::FromUnixSeconds(0), kNow + absl::Hours(24)}) {
    v1::AuditRecord record = Honest();
    *record.mutable_time() = rpc::ToProto(time);
    EXPECT_EQ(kNow, Seal("f1", record.SerializeAsString(), kNow).index.time);
  }
}

class DeliveriesTest : public testing::Test, protected TrailRig {
 protected:
  DeliveriesTest() : deliveries_(*store_, *heads_, clock_, metrics_) {}

  static v1::AppendRecordsRequest Batch(int from, int to) {
    v1::AppendRecordsRequest request;
    for (int i = from; i <= to; ++i) request.add_records(Honest(i).SerializeAsString());
    return request;
  }

  v1::AppendRecordsResponse Deliver(const v1::AppendRecordsRequest& request,
                                    std::string_view facility = "f1") {
    auto response = deliveries_.Append(facility, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return *response;
  }

  telemetry::Registry metrics_;
  Deliveries deliveries_;
};

TEST_F(DeliveriesTest, ChainsEachRecordOnceHoweverOftenItComes) {
  EXPECT_EQ(10, Deliver(Batch(1, 10)).appended());
  clock_.Advance(absl::Minutes(1));
  const v1::AppendRecordsResponse again = Deliver(Batch(6, 15));
  EXPECT_EQ(5, again.appended());
  EXPECT_EQ(5, again.repeated_records());
  EXPECT_EQ(15, again.position().sequence());
  EXPECT_TRUE(Check().intact());
}

TEST_F(DeliveriesTest, LetsNoGatewayTakeAnothersRecordAway) {
  EXPECT_EQ(3, Deliver(Batch(1, 3), "f2").appended());
  EXPECT_EQ(3, Deliver(Batch(1, 3), "f1").appended());
}

TEST_F(DeliveriesTest, AnswersTheNewestHeadWhereTheGatewayHasAnOlder) {
  EXPECT_FALSE(Deliver(Batch(1, 3)).has_head());
  ASSERT_TRUE(heads_->Sign().ok());
  v1::AppendRecordsRequest request = Batch(4, 4);
  const v1::AppendRecordsResponse response = Deliver(request);
  EXPECT_EQ(3, response.head().sequence());
  *request.mutable_known_head() = response.head();
  EXPECT_FALSE(Deliver(request).has_head());
}

TEST_F(DeliveriesTest, SeesATrailTurnedBackByTheHeadAGatewayKeeps) {
  Deliver(Batch(1, 20));
  v1::AppendRecordsRequest request;
  Encode(*heads_->Sign(), request.mutable_known_head());
  EXPECT_FALSE(Deliver(request).rewound());
  Tamper("delete from entry where sequence > 12; delete from head");
  std::filesystem::remove(heads_file());
  ASSERT_TRUE(Check().intact());  // Nothing here is left to show it...
  EXPECT_TRUE(Deliver(request).rewound());
  EXPECT_TRUE(Has(Check(), "truncated", 20));  // ...but a gateway has told.
}

TEST_F(DeliveriesTest, AsksForEverythingAgainWhenTheGatewaysPositionIsGone) {
  v1::AppendRecordsRequest request = Batch(1, 20);
  *request.mutable_known_position() = Deliver(request).position();
  EXPECT_FALSE(Deliver(request).rewound());
  Tamper("delete from entry where sequence > 12");
  const v1::AppendRecordsResponse response = Deliver(request);
  EXPECT_TRUE(response.rewound());
  EXPECT_EQ(8, response.appended());
}

TEST_F(DeliveriesTest, BelievesNoHeadButTheHubsOwn) {
  Deliver(Batch(1, 20));
  v1::AppendRecordsRequest request;
  Encode(*heads_->Sign(), request.mutable_known_head());
  request.mutable_known_head()->set_sequence(500);
  EXPECT_FALSE(Deliver(request).rewound());
  EXPECT_TRUE(Check().intact());
}

TEST_F(DeliveriesTest, RefusesABatchBeyondTheLimitsWhole) {
  EXPECT_TRUE(absl::IsInvalidArgument(deliveries_.Append("f1", Batch(1, 501)).status()));
  v1::AppendRecordsRequest request;
  request.add_records(std::string((512 << 10) + 1, 'x'));
  EXPECT_TRUE(absl::IsInvalidArgument(deliveries_.Append("f1", request).status()));
  EXPECT_EQ(0, store_->Tail()->sequence);
}

}  // namespace
}  // namespace tongjian::audit
