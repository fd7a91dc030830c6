#include "common/telemetry/log.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tongjian::telemetry {
namespace {

using nlohmann::json;

class Log : public testing::Test {
 protected:
  void SetUp() override { Start(Level::kInfo); }
  void TearDown() override { ASSERT_TRUE(StartLog({}).ok()); }

  void Start(Level level) {
    LogOptions options;
    options.service = "orders";
    options.level = level;
    options.sink = [this](std::string_view line) { lines_.emplace_back(line); };
    ASSERT_TRUE(StartLog(options).ok());
  }
  json Last() const { return json::parse(lines_.back()); }

  std::vector<std::string> lines_;  // Written under the sink's lock.
};

TEST_F(Log, WritesOneObjectALineWithTypedFields) {
  const std::string id = "jinhua-01";
  telemetry::Log(Level::kWarning, "study_stored",
                 {{"study_id", id},
                  {"bytes", size_t{12}},
                  {"ok", true},
                  {"took", absl::Milliseconds(250)},
                  {"ratio", 0.1},
                  {"at", absl::FromUnixMicros(1500000)},
                  {"status", absl::NotFoundError("gone")}});
  ASSERT_EQ(lines_.size(), 1u);
  const json line = Last();
  EXPECT_EQ(line["level"], "WARNING");
  EXPECT_EQ(line["service"], "orders");
  EXPECT_EQ(line["event"], "study_stored");
  EXPECT_EQ(line["study_id"], id);
  EXPECT_EQ(line["bytes"], 12);
  EXPECT_EQ(line["ok"], true);
  EXPECT_EQ(line["took"], 0.25);
  EXPECT_EQ(line["ratio"], 0.1);
  EXPECT_EQ(line["at"], "1970-01-01T00:00:01.500000Z");
  EXPECT_EQ(line["status"], "NOT_FOUND: gone");
  EXPECT_THAT(line["time"].get<std::string>(),
              testing::ContainsRegex("^20[0-9-]+T[0-9:]+\\.[0-9]{6}Z$"));
}

TEST_F(Log, KeepsHostileTextOnOneLineAndVisible) {
  telemetry::Log(
      Level::kInfo, "peer",
      {{"title", "A\nB\x1b[2J\"\\ \xE2\x80\xAE evil \xE2\x80\xA8 \xC2\x85"}, {"name", "患者检查"}});
  const std::string& line = lines_.back();
  for (char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  EXPECT_EQ(line.find("\xE2\x80\xAE"), std::string::npos);
  EXPECT_EQ(line.find("\xE2\x80\xA8"), std::string::npos);
  EXPECT_THAT(line, testing::HasSubstr(R"(A\nB\u001b[2J\"\\ \u202e evil \u2028 \u0085)"));
  EXPECT_EQ(Last()["name"], "患者检查");
}

TEST_F(Log, ReplacesWhatIsNotUtf8) {
  for (const char* bad :
       {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xE2\x82", "\xF5\x80\x80\x80", "\xC1\xB0"}) {
    telemetry::Log(Level::kInfo, "peer", {{"text", bad}});
    const std::string text = Last()["text"];
    EXPECT_THAT(text, testing::StartsWith("\xEF\xBF\xBD")) << json(text).dump();
  }
}

TEST_F(Log, CutsLongTextBetweenCharacters) {
  std::string text = "x";
  for (int i = 0; i < 3000; ++i) text += "检";
  telemetry::Log(Level::kInfo, "peer", {{"text", text}});
  const std::string kept = Last()["text"];
  EXPECT_LE(kept.size(), 4096u + 3);
  EXPECT_THAT(kept, testing::EndsWith("检…"));
}

TEST_F(Log, LeavesOutWhatIsBelowTheLevel) {
  telemetry::Log(Level::kDebug, "quiet");
  EXPECT_TRUE(lines_.empty());
  SetLevel(Level::kDebug);
  telemetry::Log(Level::kDebug, "loud");
  EXPECT_EQ(lines_.size(), 1u);
}

TEST_F(Log, CarriesTheRequestIdOfTheThread) {
  {
    RequestScope outer("outer");
    {
      RequestScope inner("inner");
      telemetry::Log(Level::kInfo, "a");
      std::thread([] { telemetry::Log(Level::kInfo, "b"); }).join();
    }
    telemetry::Log(Level::kInfo, "c");
  }
  telemetry::Log(Level::kInfo, "d");
  ASSERT_EQ(lines_.size(), 4u);
  EXPECT_EQ(json::parse(lines_[0])["request_id"], "inner");
  EXPECT_FALSE(json::parse(lines_[1]).contains("request_id"));
  EXPECT_EQ(json::parse(lines_[2])["request_id"], "outer");
  EXPECT_FALSE(json::parse(lines_[3]).contains("request_id"));
}

TEST_F(Log, DoesNotMixLinesOfThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 200; ++i) telemetry::Log(Level::kInfo, "tick", {{"thread", t}, {"i", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(lines_.size(), 800u);
  for (const std::string& line : lines_) EXPECT_TRUE(json::accept(line)) << line;
}

TEST_F(Log, WritesNumbersJsonCannotHoldAsNull) {
  telemetry::Log(Level::kInfo, "numbers",
                 {{"infinite", absl::InfiniteDuration()}, {"big", 1234567.5}});
  EXPECT_TRUE(Last()["infinite"].is_null());
  EXPECT_EQ(Last()["big"], 1234567.5);
}

TEST_F(Log, GoesToAFileThatRotates) {
  const auto directory =
      std::filesystem::temp_directory_path() / ("tj_log_test_" + std::to_string(getpid()));
  std::filesystem::create_directory(directory);
  LogOptions options;
  options.file = directory / "tongjian.log";
  options.file_bytes_max = 2000;
  options.files_max = 2;
  ASSERT_TRUE(StartLog(options).ok());
  for (int i = 0; i < 100; ++i) telemetry::Log(Level::kInfo, "tick", {{"i", i}});
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    EXPECT_LE(entry.file_size(), 2000u);
    ++files;
  }
  EXPECT_EQ(files, 3);
  std::filesystem::remove_all(directory);
}

TEST_F(Log, StaysWhereItWasWhenAFileCannotBeOpened) {
  LogOptions options;
  options.file = "/dev/null/tongjian.log";
  EXPECT_FALSE(StartLog(options).ok());
  telemetry::Log(Level::kInfo, "still_here");
  EXPECT_EQ(Last()["event"], "still_here");
}

TEST_F(Log, ReadsLevelNames) {
  Level level = Level::kInfo;
  EXPECT_TRUE(ParseLevel("Error", &level).ok());
  EXPECT_EQ(level, Level::kError);
  EXPECT_EQ(ParseLevel("verbose", &level).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tongjian::telemetry
