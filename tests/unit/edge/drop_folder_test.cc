#include "services/edge/drop_folder.h"

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/rpc/trail.h"
#include "services/edge/result_events.h"
#include "services/edge/result_store.h"
#include "tests/unit/edge/records.h"

namespace tongjian::edge {
namespace {

TEST(DropName, HoldsIdsOnlyAndIsNoPath) {
  exchange::v1::Result result;
  result.set_id("../../etc/passwd");
  exchange::v1::ResultVersion version;
  version.set_number(2);
  EXPECT_EQ(DropName(result, version), "______etc_passwd-v2");
  result.set_id("jinhua-01j8");
  EXPECT_EQ(DropName(result, version), "jinhua-01j8-v2");
}

TEST(ResultText, SaysThatARetractedResultIsNone) {
  exchange::v1::Result result;
  exchange::v1::ResultVersion version;
  version.set_state(exchange::v1::RESULT_STATE_RETRACTED);
  version.set_reason("wrong patient");
  const std::string text = ResultText(result, version);
  EXPECT_EQ(text.find("RETRACTED"), 0u);
  EXPECT_NE(text.find("wrong patient"), std::string::npos);
}

exchange::v1::Result CriticalPreliminary() {
  exchange::v1::Result result;
  result.set_id("jinhua-r1");
  result.set_version(1);
  result.mutable_patient()->set_name("李四");
  result.mutable_patient()->set_sex(common::v1::SEX_FEMALE);
  result.mutable_patient()->set_birth_date("1961-02-03");
  exchange::v1::ResultVersion& version = *result.add_versions();
  version.set_number(1);
  version.set_state(exchange::v1::RESULT_STATE_PRELIMINARY);
  version.mutable_content()->set_critical_finding("tension\npneumothorax");
  reading::v1::Signature& signature = *version.add_signatures();
  signature.mutable_signer()->set_name("王医生");
  signature.set_role("author");
  signature.mutable_time()->set_seconds(1'773'900'000);
  return result;
}

std::vector<std::string> LinesOf(const exchange::v1::Result& result) {
  return absl::StrSplit(ResultText(result, result.versions(0)), '\n');
}

TEST(ResultText, SaysACriticalFindingInItsSecondLine) {
  const std::vector<std::string> lines = LinesOf(CriticalPreliminary());
  ASSERT_GT(lines.size(), 3u);
  EXPECT_EQ(lines[0], "PRELIMINARY 初步报告 (非正式)");
  EXPECT_EQ(lines[1], "CRITICAL 危急值: tension pneumothorax");
  EXPECT_EQ(lines[2], "identity not confirmed 身份未确认");
}

TEST(ResultText, DoubtsTheIdentityOfAnUnconfirmedPreliminaryOnly) {
  constexpr char kDoubt[] = "identity not confirmed";
  exchange::v1::Result result = CriticalPreliminary();
  result.mutable_versions(0)->mutable_content()->clear_critical_finding();
  EXPECT_EQ(LinesOf(result)[1].find(kDoubt), 0u);
  result.set_identity_confirmed(true);
  EXPECT_EQ(ResultText(result, result.versions(0)).find(kDoubt), std::string::npos);
  result.set_identity_confirmed(false);
  result.mutable_versions(0)->set_state(exchange::v1::RESULT_STATE_FINAL);
  EXPECT_EQ(ResultText(result, result.versions(0)).find(kDoubt), std::string::npos);
}

TEST(ResultText, NamesThePatientsSexAndBirthDateAndWhoSignedWhen) {
  const exchange::v1::Result result = CriticalPreliminary();
  const std::string text = ResultText(result, result.versions(0));
  for (const char* line : {"Sex 性别: female 女\n", "Birth date 出生日期: 1961-02-03\n",
                           "Written by 报告医师: 王医生, 2026-03-19 06:00:00 UTC\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

// Whether `holds` becomes true within twenty seconds.
bool SoonTrue(const std::function<bool()>& holds) {
  for (int i = 0; i < 1000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

class DropFolderTest : public RecordsTest {
 protected:
  // What is acknowledged, and whether both files were there then.
  struct Acknowledged {
    exchange::v1::AcknowledgeResultRequest request;
    bool written = false;
  };

  void SetUp() override {
    RecordsTest::SetUp();
    drop_ = std::make_unique<DropFolder>(
        *database_, folder_,
        [this](store::Transaction&, const exchange::v1::AcknowledgeResultRequest& request) {
          const std::string path = folder_ + "/jinhua-r1-v" + std::to_string(request.number());
          const std::lock_guard lock(mutex_);
          acknowledged_.push_back({request, std::filesystem::exists(path + ".txt") &&
                                                std::filesystem::exists(path + ".json")});
          changed_.notify_all();
          return absl::OkStatus();
        });
    drop_->Start();
  }
  void TearDown() override {
    drop_.reset();
    RecordsTest::TearDown();
  }

  void Offer(const exchange::v1::Result& result) {
    Write([&](store::Transaction& tx) -> absl::Status {
      const auto news = ApplyResult(tx, "f1", result);
      return news.ok() ? drop_->Offer(tx, result) : news.status();
    });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Acknowledged> acknowledged_;
  std::unique_ptr<DropFolder> drop_;
};

TEST_F(DropFolderTest, EachVersionIsAcknowledgedOnceItsFilesAreThere) {
  exchange::v1::Result result = CriticalPreliminary();
  Offer(result);
  *result.add_versions() = result.versions(0);
  result.mutable_versions(1)->set_number(2);
  result.mutable_versions(1)->set_state(exchange::v1::RESULT_STATE_FINAL);
  result.set_version(2);
  Offer(result);
  std::unique_lock lock(mutex_);
  ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20),
                                [&] { return acknowledged_.size() >= 2; }));
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(acknowledged_[i].written);
    const exchange::v1::AcknowledgeResultRequest& request = acknowledged_[i].request;
    EXPECT_EQ(request.request_id(), "drop-jinhua-r1-v" + std::to_string(i + 1));
    EXPECT_EQ(request.id(), "jinhua-r1");
    EXPECT_EQ(request.number(), i + 1);
    EXPECT_EQ(request.acknowledgement(), exchange::v1::ACKNOWLEDGEMENT_DELIVERED);
  }
}

TEST_F(DropFolderTest, SaysThatItsFolderIsNotThereUntilItIs) {
  const std::string folder = folder_ + "/share";
  DropFolder away(*database_, folder,
                  [](store::Transaction&, const exchange::v1::AcknowledgeResultRequest&) {
                    return absl::OkStatus();
                  });
  away.Look();
  EXPECT_NE(away.fault().find(folder + " is not there"), std::string::npos) << away.fault();
  std::filesystem::create_directories(folder);
  away.Look();
  EXPECT_EQ(away.fault(), "");
}

TEST_F(DropFolderTest, AWithheldResultIsHiddenUntilItComesWholeAgain) {
  exchange::v1::Result whole = CriticalPreliminary();
  whole.set_version(1);
  const std::string path = folder_ + "/jinhua-r1";
  const auto there = [&](const char* end) { return std::filesystem::exists(path + end); };
  const auto find = [&] {
    std::optional<exchange::v1::Result> found;
    Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(found, FindResult(session, whole.id()));
      return absl::OkStatus();
    });
    return found;
  };
  rpc::Trail trail({}, clock_);
  const auto events = [&] { return *ReadResultEvents(*database_, "f1", "", 10, trail); };
  const auto acknowledged = [&](size_t times) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return acknowledged_.size() >= times; });
  };
  Offer(WithheldResult(whole.id()));  // Never was here: nothing to say.
  EXPECT_TRUE(events().events().empty());
  Offer(whole);
  ASSERT_TRUE(acknowledged(1));
  ASSERT_TRUE(find().has_value());

  Offer(WithheldResult(whole.id()));
  Offer(WithheldResult(whole.id()));
  EXPECT_FALSE(find().has_value());
  const exchange::v1::PullEventsResponse hidden = events();
  ASSERT_EQ(hidden.events_size(), 2);
  for (const exchange::v1::ResultEvent& event : hidden.events()) {
    EXPECT_EQ(event.result().SerializeAsString(), WithheldResult(whole.id()).SerializeAsString());
  }
  EXPECT_TRUE(SoonTrue([&] { return there("-withheld.txt") && !there("-v1.txt") && !there("-v1.json"); }));

  Offer(whole);
  EXPECT_TRUE(find().has_value());
  const exchange::v1::PullEventsResponse shown = events();
  ASSERT_EQ(shown.events_size(), 3);
  EXPECT_EQ(shown.events(2).result().SerializeAsString(), whole.SerializeAsString());
  ASSERT_TRUE(acknowledged(2));
  EXPECT_TRUE(there("-v1.txt") && there("-v1.json") && !there("-withheld.txt"));
}

TEST_F(RecordsTest, ResultsThatARestoredHubPublishesAnewAreNewsOnlyWhereTheyDiffer) {
  const auto apply = [&](const exchange::v1::Result& result) {
    bool news = false;
    Write([&](store::Transaction& tx) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(news, ApplyResult(tx, "f1", result));
      return absl::OkStatus();
    });
    return news;
  };
  const auto dropped = [&] {
    int64_t number = 0;
    Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(number, DroppedVersion(session, "jinhua-r1"));
      return absl::OkStatus();
    });
    return number;
  };
  exchange::v1::Result result = CriticalPreliminary();
  EXPECT_TRUE(apply(result));
  exchange::v1::Result second = result;
  second.set_version(2);
  *second.add_versions() = result.versions(0);
  second.mutable_versions(1)->set_number(2);
  EXPECT_TRUE(apply(second));
  Write([](store::Transaction& tx) { return SetDropped(tx, "jinhua-r1", 2); });
  EXPECT_FALSE(apply(result));

  Write([](store::Transaction& tx) { return ForgetResultVersions(tx); });
  EXPECT_FALSE(apply(second));
  EXPECT_EQ(dropped(), 2);
  Write([](store::Transaction& tx) { return ForgetResultVersions(tx); });
  exchange::v1::Result other = second;  // Signed again after the restore, in other words.
  other.mutable_versions(1)->mutable_content()->set_findings("other");
  EXPECT_TRUE(apply(other));
  EXPECT_EQ(dropped(), 1);
}

}  // namespace
}  // namespace tongjian::edge
