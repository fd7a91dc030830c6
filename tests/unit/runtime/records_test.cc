// What is old goes, and nothing that somebody still has to take.
#include "common/runtime/records.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "common/store/consumer.h"
#include "common/store/feed.h"

namespace tongjian::runtime {
namespace {

class Trimming : public testing::Test {
 protected:
  Trimming() {
    char name[] = "/tmp/tongjian-records-XXXXXX";
    directory_ = mkdtemp(name);
    options_.state = directory_;
    records_ = std::make_unique<Records>(options_, gate_, feeds_, metrics_, clock_);
  }
  ~Trimming() override {
    records_.reset();
    std::filesystem::remove_all(directory_);
  }

  store::Database* Open(const std::string& service) {
    const auto opened = records_->OpenDatabase(service, {});
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *opened : nullptr;
  }
  static void Record(store::Database& database) {
    const absl::Status written = database.Write([](store::Transaction& tx) {
      tx.Audit("a deed");
      return absl::OkStatus();
    });
    EXPECT_TRUE(written.ok()) << written;
  }
  // How many of its audit records a database has.
  static int64_t Kept(store::Database& database) {
    const auto page = database.feed().Read(store::kAuditStream, "", std::nullopt, 100);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? static_cast<int64_t>(page->events.size()) : -1;
  }
  // The audit service has all of them, as its follower says it.
  static void TakeAll(store::Database& audit, store::Database& from, const std::string& feed) {
    const auto head = from.feed().Head(store::kAuditStream);
    ASSERT_TRUE(head.ok()) << head.status();
    const absl::Status saved = audit.Write(
        [&](store::Transaction& tx) { return store::SaveCursor(tx, feed, *head); });
    EXPECT_TRUE(saved.ok()) << saved;
  }
  void Pass(absl::Duration time) {
    records_->Trim();  // It looks often.
    clock_.Advance(time);
    records_->Trim();
  }

  std::string directory_;
  base::ManualClock clock_{absl::FromUnixSeconds(1'780'000'000)};
  telemetry::Registry metrics_;
  ProcessOptions options_;
  rpc::Gate gate_{rpc::GateOptions(), clock_, metrics_};
  feed::FeedService feeds_;
  std::unique_ptr<Records> records_;
};

TEST_F(Trimming, RemovesAuditRecordsThatAreOld) {
  store::Database* orders = Open("orders");
  Record(*orders);
  Pass(options_.trail_keep - absl::Hours(1));
  Record(*orders);
  EXPECT_EQ(Kept(*orders), 2);
  Pass(absl::Hours(2));
  EXPECT_EQ(Kept(*orders), 1);
}

TEST_F(Trimming, LeavesAuditRecordsThatTheAuditServiceHasNotTaken) {
  store::Database* orders = Open("orders");
  store::Database* audit = Open("audit");
  Record(*orders);
  TakeAll(*audit, *orders, "orders.audit");
  clock_.Advance(absl::Seconds(1));
  Record(*orders);
  Pass(options_.trail_keep * 2);
  EXPECT_EQ(Kept(*orders), 1) << "the second is not taken";
  TakeAll(*audit, *orders, "orders.audit");
  records_->Trim();
  EXPECT_EQ(Kept(*orders), 0);
}

TEST_F(Trimming, LeavesAGatewaysRecordsToTheGateway) {
  store::Database* edge = Open("edge");
  Record(*edge);
  Pass(options_.trail_keep * 2);
  EXPECT_EQ(Kept(*edge), 1);
}

}  // namespace
}  // namespace tongjian::runtime
