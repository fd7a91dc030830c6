// Accession numbers of a hub that came back from a backup older than now.
#include <stdlib.h>

#include <filesystem>
#include <set>

#include "services/orders/block_store.h"
#include "services/orders/schema.h"
#include "tests/unit/orders/orders_fixture.h"

namespace tongjian::orders {
namespace {

constexpr int64_t kSkip = 50'000;

class Restore : public ::testing::Test {
 protected:
  Restore() {
    std::string name = testing::TempDir() + "tongjian-restore-XXXXXX";
    folder_ = mkdtemp(name.data());
    hub_ = Open("hub.db");
  }
  ~Restore() override {
    hub_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  // As the module does when it starts.
  std::unique_ptr<store::Database> Open(const std::string& file) {
    auto opened = store::Database::Open(
        {.url = "sqlite:" + folder_ + "/" + file, .name = "orders", .migrations = Schema()},
        clock_);
    EXPECT_THAT(opened.status(), IsOk());
    return *std::move(opened);
  }
  static int64_t Start(store::Database& database) {
    int64_t lost = -1;
    EXPECT_THAT(database.Write([&](store::Transaction& tx) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(lost, SkipLostLeases(tx, kSkip));
      return absl::OkStatus();
    }),
                IsOk());
    return lost;
  }
  static AccessionBlock Lease(store::Database& database, const std::string& facility) {
    AccessionBlock block;
    EXPECT_THAT(database.Write([&](store::Transaction& tx) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(block, LeaseBlock(tx, "JINHUA", facility, 1000));
      return absl::OkStatus();
    }),
                IsOk());
    return block;
  }

  base::ManualClock clock_{absl::FromUnixSeconds(1'767'600'000)};
  std::string folder_;
  std::unique_ptr<store::Database> hub_;
};

TEST_F(Restore, GivesNoNumberThatWasLeasedAfterTheBackup) {
  EXPECT_EQ(Start(*hub_), 0);
  const AccessionBlock before = Lease(*hub_, "town-a");
  ASSERT_THAT(hub_->Backup(folder_ + "/restored.db"), IsOk());
  std::set<int64_t> given;
  for (int i = 0; i < 20; ++i) {
    const AccessionBlock block = Lease(*hub_, i % 2 == 0 ? "town-a" : "");
    for (int64_t number = block.first; number <= block.last; ++number) given.insert(number);
  }
  const auto restored = Open("restored.db");
  ASSERT_THAT(restored->StartNewEpoch(), IsOk());
  EXPECT_EQ(Start(*restored), kSkip);
  for (int i = 0; i < 20; ++i) {
    const AccessionBlock block = Lease(*restored, "town-b");
    for (int64_t number = block.first; number <= block.last; ++number)
      ASSERT_FALSE(given.contains(number)) << number;
  }
  // What the gateways number meanwhile out of blocks the hub no longer knows is theirs all the
  // same.
  ASSERT_THAT(restored->Read([&](store::Session& session) -> absl::Status {
    for (const int64_t number : given) {
      TJ_ASSIGN_OR_RETURN(const bool lost, IsLeasedTo(session, "JINHUA", kLostLeases, number));
      EXPECT_TRUE(lost) << number;
    }
    TJ_ASSIGN_OR_RETURN(const bool known, IsLeasedTo(session, "JINHUA", "town-a", before.first));
    EXPECT_TRUE(known);
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_EQ(Start(*restored), 0);  // Once.
}

TEST_F(Restore, LeavesNothingOutOnAnOrdinaryStart) {
  Start(*hub_);
  const AccessionBlock first = Lease(*hub_, "");
  hub_.reset();
  hub_ = Open("hub.db");
  EXPECT_EQ(Start(*hub_), 0);
  EXPECT_EQ(Lease(*hub_, "").first, first.last + 1);
}

using Lost = OrdersTest;
INSTANTIATE_TEST_SUITE_P(Sqlite, Lost, ::testing::Values(Backend::kSqlite));

TEST_P(Lost, NumbersAreAcceptedFromTheGatewayThatUsedThem) {
  ASSERT_THAT(database_->StartNewEpoch(), IsOk());
  AccessionBlock next;
  ASSERT_THAT(database_->Write([&](store::Transaction& tx) -> absl::Status {
    TJ_TRY(SkipLostLeases(tx, kSkip).status());
    TJ_ASSIGN_OR_RETURN(next, LeaseBlock(tx, "JINHUA", "town-b", 10));
    return absl::OkStatus();
  }),
              IsOk());
  Order order = ChestOrder();
  order.accession_number = FormatAccession("JINHUA", next.first - 7);
  EXPECT_THAT(orders_->Create(Gateway("town-a"), order, false).status(), IsOk());
  EXPECT_THAT(orders_->Create(Gateway("town-a"), order, false).status(),
              HasReason("ALREADY_EXISTS"));
  order.accession_number = FormatAccession("JINHUA", next.first);
  EXPECT_THAT(orders_->Create(Gateway("town-a"), order, false).status(),
              HasReason("INVALID_FIELD"));
}

}  // namespace
}  // namespace tongjian::orders
