#include "services/edge/spool_store.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "services/edge/order_store.h"
#include "tests/unit/edge/records.h"

namespace tongjian::edge {
namespace {

class SpoolTest : public RecordsTest {
 protected:
  blob::Receipt Bytes(const std::string& content) {
    auto writer = blobs_->Create();
    EXPECT_TRUE((*writer)->Append(content).ok());
    const auto receipt = (*writer)->Commit();
    EXPECT_TRUE(receipt.ok()) << receipt.status();
    return *receipt;
  }

  void Keep(const std::string& study, const std::string& sop, const std::string& content,
            bool urgent_device = false) {
    const Received received = {.sop_instance_uid = sop,
                               .study_instance_uid = study,
                               .facility_id = "f1",
                               .device_ae_title = "DR1",
                               .device_address = "10.0.0.5",
                               .urgent_device = urgent_device,
                               .device_time = clock_.Now() + absl::Minutes(7),
                               .receipt_time = clock_.Now()};
    const absl::Status kept = spool_->Keep(received, Bytes(content),
                                          [](store::Transaction&) { return absl::OkStatus(); });
    ASSERT_TRUE(kept.ok()) << kept;
  }

  QuietSince Quiet() const {
    return {.routine = clock_.Now() - absl::Minutes(1), .urgent = clock_.Now() - absl::Seconds(10)};
  }

  std::vector<SpoolObject> Next(Lane lane) {
    const auto next = spool_->Next(lane, clock_.Now(), 10, [](const std::string&) { return false; });
    EXPECT_TRUE(next.ok()) << next.status();
    return *next;
  }

  void Ordered(const std::string& id, orders::v1::OrderOrigin origin, common::v1::Priority priority) {
    orders::v1::Order order;
    order.set_id(id);
    order.set_accession_number("A-" + id);
    order.set_origin(origin);
    order.set_priority(priority);
    order.set_version(1);
    order.add_items()->set_study_instance_uid("1.2");
    Write([&](store::Transaction& tx) { return ApplyHubOrder(tx, order); });
  }

  // Another byte in the middle of an object's file; how many files hold objects.
  int Damage(const SpoolObject& object) {
    int files = 0;
    const std::string name = object.locator.substr(object.locator.rfind('/') + 1);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ + "/blobs")) {
      if (entry.path().filename() != name) continue;
      ++files;
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(0);
      const char byte = static_cast<char>(file.get() ^ 1);
      file.seekp(0);
      file.put(byte);
    }
    return files;
  }

  std::string ContentOf(const SpoolObject& object) {
    const auto reader = blobs_->OpenReader(object.locator);
    if (!reader.ok()) return std::string(reader.status().message());
    const auto bytes = (*reader)->Next(1000);
    return bytes.ok() ? *bytes : std::string(bytes.status().message());
  }

  int64_t Objects() { return blobs_->Stats().objects_written - blobs_->Stats().objects_removed; }

  void SetUp() override {
    RecordsTest::SetUp();
    spool_ = std::make_unique<Spool>(*database_, *blobs_, ids_);
  }
  void TearDown() override {
    spool_.reset();
    RecordsTest::TearDown();
  }

  base::Ids ids_{"edge", clock_};
  std::unique_ptr<Spool> spool_;
};

TEST_F(SpoolTest, SameObjectTwiceIsOneAndOtherContentIsAnother) {
  Keep("1.2", "1.2.3", "bytes");
  Keep("1.2", "1.2.3", "bytes");
  EXPECT_EQ(Next(Lane::kRoutine).size(), 1u);
  EXPECT_EQ(Objects(), 1);
  Keep("1.2", "1.2.3", "other bytes");
  EXPECT_EQ(Next(Lane::kRoutine).size(), 2u);
}

TEST_F(SpoolTest, ObjectsGoInTheOrderTheyCame) {
  Keep("1.2", "1.2.1", "a");
  clock_.JumpTo(clock_.Now() - absl::Hours(2));
  Keep("1.2", "1.2.2", "b");
  const auto next = Next(Lane::kRoutine);
  ASSERT_EQ(next.size(), 2u);
  EXPECT_EQ(next[0].sop_instance_uid, "1.2.1");
  EXPECT_EQ(next[1].sop_instance_uid, "1.2.2");
}

TEST_F(SpoolTest, DeviceTimeReceiptTimeAndOffsetAreKeptApart) {
  Keep("1.2", "1.2.1", "a");
  const SpoolObject object = Next(Lane::kRoutine).at(0);
  EXPECT_EQ(object.device_time, clock_.Now() + absl::Minutes(7));
  EXPECT_EQ(object.receipt_time, clock_.Now());
  EXPECT_EQ(object.offset_ms, 7 * 60 * 1000);
}

TEST_F(SpoolTest, BytesGoOnlyWhenTheHubHasThem) {
  Keep("1.2", "1.2.1", "a");
  ASSERT_TRUE(spool_->Done(Next(Lane::kRoutine)).ok());
  EXPECT_EQ(Objects(), 0);
  EXPECT_TRUE(Next(Lane::kRoutine).empty());
}

TEST_F(SpoolTest, WhatTheHubHadGoesAgainUnderItsOldIdWhenTheDeviceSendsItAgain) {
  Keep("1.2", "1.2.1", "a");
  const auto first = Next(Lane::kRoutine);
  ASSERT_TRUE(spool_->Done(first).ok());
  Keep("1.2", "1.2.1", "a");
  const auto again = Next(Lane::kRoutine);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].id, first[0].id);
  EXPECT_NE(again[0].locator, "");
  EXPECT_EQ(Objects(), 1);
}

TEST_F(SpoolTest, UrgencyComesFromTheOrderAlsoWhenItComesLater) {
  Keep("1.2", "1.2.1", "a");
  EXPECT_TRUE(Next(Lane::kUrgent).empty());
  orders::v1::Order order;
  order.set_id("o1");
  order.set_accession_number("A1");
  order.set_priority(common::v1::PRIORITY_STAT);
  order.add_items()->set_study_instance_uid("1.2");
  Write([&](store::Transaction& tx) { return InsertOrder(tx, order); });
  EXPECT_EQ(Next(Lane::kUrgent).size(), 1u);
  EXPECT_TRUE(Next(Lane::kRoutine).empty());
  Keep("1.2", "1.2.2", "b");
  EXPECT_EQ(Next(Lane::kUrgent).size(), 2u);
}

TEST_F(SpoolTest, AnUrgentDevicesObjectIsUrgentUnlessTheClinicsOrderSaysOtherwise) {
  Keep("1.2", "1.2.1", "a", true);
  ASSERT_EQ(Next(Lane::kUrgent).size(), 1u);
  EXPECT_EQ(Next(Lane::kUrgent)[0].priority, common::v1::PRIORITY_URGENT);
  // What the hub makes of images without an order is not an order's word.
  Ordered("provisional", orders::v1::ORDER_ORIGIN_DEVICE, common::v1::PRIORITY_ROUTINE);
  Keep("1.2", "1.2.2", "b", true);
  EXPECT_EQ(Next(Lane::kUrgent).size(), 2u);
  Ordered("ordered", orders::v1::ORDER_ORIGIN_HIS, common::v1::PRIORITY_ROUTINE);
  Keep("1.2", "1.2.3", "c", true);
  EXPECT_TRUE(Next(Lane::kUrgent).empty());
  EXPECT_EQ(Next(Lane::kRoutine).size(), 3u);
}

TEST_F(SpoolTest, AnUrgentStudyIsReportedAfterAShorterQuiet) {
  Keep("1.2", "1.2.1", "a", true);
  Keep("1.3", "1.3.1", "b");
  ASSERT_TRUE(spool_->Done(Next(Lane::kUrgent)).ok());
  ASSERT_TRUE(spool_->Done(Next(Lane::kRoutine)).ok());
  EXPECT_TRUE(spool_->Finishable(Quiet(), 10)->empty());
  clock_.Advance(absl::Seconds(11));
  const auto finishable = spool_->Finishable(Quiet(), 10);
  ASSERT_EQ(finishable->size(), 1u);
  EXPECT_EQ(finishable->at(0).study_instance_uid, "1.2");
}

TEST_F(SpoolTest, PostponedObjectsWaitUntilTheyAreDueOrTheLinkIsBack) {
  Keep("1.2", "1.2.1", "a");
  const std::string id = Next(Lane::kRoutine).at(0).id;
  ASSERT_TRUE(spool_->Postpone(id, "away", absl::Minutes(5)).ok());
  EXPECT_TRUE(Next(Lane::kRoutine).empty());
  ASSERT_TRUE(spool_->DueNow().ok());
  ASSERT_EQ(Next(Lane::kRoutine).size(), 1u);
  EXPECT_EQ(Next(Lane::kRoutine).at(0).attempts, 1);
}

TEST_F(SpoolTest, NothingWaitsForYearsWhenTheClockIsSetBack) {
  Keep("1.2", "1.2.1", "a");
  Keep("1.2", "1.2.2", "b");
  ASSERT_TRUE(spool_->Postpone(Next(Lane::kRoutine).at(0).id, "away", absl::Minutes(6)).ok());
  clock_.JumpTo(clock_.Now() - absl::Hours(24 * 365 * 7));
  ASSERT_EQ(Next(Lane::kRoutine).size(), 2u);
  EXPECT_EQ(Next(Lane::kRoutine).at(0).sop_instance_uid, "1.2.1");
  ASSERT_TRUE(spool_->Done(Next(Lane::kRoutine)).ok());
  EXPECT_EQ(spool_->Finishable(Quiet(), 10)->size(), 1u);
}

TEST_F(SpoolTest, ObjectsGoInTheOrderTheyCameThroughYearsOfJumps) {
  for (int i = 0; i < 20; ++i) {
    clock_.JumpTo(absl::FromUnixSeconds(1'773'900'000) + absl::Hours(24 * 365) * ((i * 7) % 11 - 5));
    Keep("1.2", absl::StrCat("1.2.", 100 + i), absl::StrCat("bytes ", i));
  }
  const auto next = spool_->Next(Lane::kRoutine, clock_.Now(), 100,
                                 [](const std::string&) { return false; });
  ASSERT_EQ(next->size(), 20u);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(next->at(i).sop_instance_uid, absl::StrCat("1.2.", 100 + i));
  }
}

TEST_F(SpoolTest, RefusedObjectsStayForAPersonWhoTriesAgain) {
  Keep("1.2", "1.2.1", "a");
  ASSERT_TRUE(spool_->Fail(Next(Lane::kRoutine).at(0).id, "MALFORMED_OBJECT: no").ok());
  EXPECT_EQ(spool_->Totals()->failed, 1);
  EXPECT_EQ(spool_->List(true, 0, 10)->at(0).last_error, "MALFORMED_OBJECT: no");
  EXPECT_EQ(Objects(), 1);
  Write([&](store::Transaction& tx) { return spool_->Retry(tx, "").status(); });
  EXPECT_EQ(Next(Lane::kRoutine).size(), 1u);
}

TEST_F(SpoolTest, AWaitingObjectThatDoesNotVerifyTakesTheCopyThatComesAgain) {
  Keep("1.2", "1.2.1", "bytes");
  const SpoolObject first = Next(Lane::kRoutine).at(0);
  ASSERT_EQ(Damage(first), 1);
  ASSERT_NE(ContentOf(first), "bytes");
  Keep("1.2", "1.2.1", "bytes");
  const auto again = Next(Lane::kRoutine);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].id, first.id);
  EXPECT_EQ(ContentOf(again[0]), "bytes");
  EXPECT_EQ(Objects(), 1);
  // An upload that still read the damaged copy changes nothing.
  ASSERT_TRUE(spool_->Damaged(first).ok());
  EXPECT_EQ(Next(Lane::kRoutine).size(), 1u);
}

TEST_F(SpoolTest, ADamagedObjectWaitsAgainWithTheBytesThatTheDeviceSends) {
  Keep("1.2", "1.2.1", "bytes");
  const SpoolObject first = Next(Lane::kRoutine).at(0);
  ASSERT_EQ(Damage(first), 1);
  ASSERT_TRUE(spool_->Damaged(first).ok());
  EXPECT_EQ(spool_->Totals()->failed, 0);
  EXPECT_EQ(spool_->Totals()->damaged, 1);
  const SpoolObject listed = spool_->List(true, 0, 10)->at(0);
  EXPECT_EQ(listed.state, SpoolState::kDamaged);
  EXPECT_EQ(listed.last_error, kDamagedHere);
  Keep("1.2", "1.2.1", "bytes");
  ASSERT_EQ(Next(Lane::kRoutine).size(), 1u);
  EXPECT_EQ(ContentOf(Next(Lane::kRoutine)[0]), "bytes");
  EXPECT_EQ(spool_->Totals()->damaged, 0);
  EXPECT_EQ(Objects(), 1);
}

TEST_F(SpoolTest, ARefusedObjectTakesTheCopyThatComesAgain) {
  Keep("1.2", "1.2.1", "bytes");
  ASSERT_TRUE(spool_->Fail(Next(Lane::kRoutine).at(0).id, "MALFORMED_OBJECT: no").ok());
  Keep("1.2", "1.2.1", "bytes");
  ASSERT_EQ(Next(Lane::kRoutine).size(), 1u);
  EXPECT_EQ(ContentOf(Next(Lane::kRoutine)[0]), "bytes");
  EXPECT_EQ(Objects(), 1);
}

TEST_F(SpoolTest, AStudyIsReportedOnceItIsQuietAndAllAtTheHub) {
  Keep("1.2", "1.2.1", "a");
  Keep("1.2", "1.2.2", "b");
  clock_.Advance(absl::Minutes(2));
  const auto finishable = [&] { return *spool_->Finishable(Quiet(), 10); };
  EXPECT_TRUE(finishable().empty());
  ASSERT_TRUE(spool_->Done(Next(Lane::kRoutine)).ok());
  ASSERT_EQ(finishable().size(), 1u);
  EXPECT_EQ(finishable()[0].instances, 2);
  ASSERT_TRUE(spool_->Reported(finishable()[0]).ok());
  EXPECT_TRUE(finishable().empty());
  Keep("1.2", "1.2.3", "c");  // A late one opens it again.
  ASSERT_TRUE(spool_->Done(Next(Lane::kRoutine)).ok());
  EXPECT_TRUE(finishable().empty());
  Write([&](store::Transaction& tx) { return spool_->AskToFinish(tx, "1.2").status(); });
  EXPECT_EQ(finishable().size(), 1u);
}

}  // namespace
}  // namespace tongjian::edge
