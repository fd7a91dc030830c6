// Goal: whoever reads a feed while many write it misses nothing, sees nothing twice, nothing that
// was undone, and nothing out of order. Method: seeded writers whose changes overlap for random
// times and are often undone, on several openings of the database where that means several
// processes; readers with and without an audience poll pages of random size all the while. What
// each saw is then held against what was acknowledged. TONGJIAN_CRASH_SEED=<n> replays one seed.
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "tests/unit/store/store_fixture.h"

namespace tongjian::store {
namespace {

constexpr int kSeeds = 4;
constexpr int kWriters = 9;
constexpr int kChanges = 50;  // Of one writer.
constexpr int kProcesses = 3;
constexpr const char* kStreams[] = {"things", "others"};
constexpr const char* kFacilities[] = {"andi", "baisha"};

// An event that was acknowledged, and when its change was asked for and answered.
struct Told {
  std::string facility;  // Empty: everybody.
  int64_t asked = 0;
  int64_t answered = 0;
};

struct Log {
  std::mutex mutex;
  std::map<std::string, Told> told[2];  // By key, for each stream.
  std::set<std::string> undone;
  std::set<std::string> unknown;  // The answer did not say.
};

class FeedProperty : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    if (IsSkipped()) return;
    processes_.push_back(std::move(database_));
    while (GetParam() == Backend::kPostgres && processes_.size() < kProcesses) {
      processes_.push_back(OpenAgain());
    }
  }
  void TearDown() override { processes_.clear(); }

  Database& Process(uint64_t number) { return *processes_[number % processes_.size()]; }

  // Keeps a transaction open for a while that depends on the seed alone.
  static absl::Status Linger(Transaction& transaction, uint64_t random) {
    for (uint64_t i = random % 6; i > 0; --i) {
      TJ_TRY(transaction.QueryOne("select count(*) from thing").status());
    }
    return absl::OkStatus();
  }

  void WriteAll(uint64_t seed, int writer, Log& log) {
    std::mt19937_64 random(seed * 1000 + static_cast<uint64_t>(writer));
    for (int change = 0; change < kChanges; ++change) {
      const uint64_t choice = random();
      std::map<std::string, Told> told[2];
      for (uint64_t i = 0; i <= choice % 3; ++i) {
        const uint64_t audience = random() % 3;
        told[random() % 2][absl::StrCat(seed, "/", writer, "/", change, "/", i)] = {
            .facility = audience == 2 ? "" : kFacilities[audience]};
      }
      const bool undo = choice / 3 % 5 == 0;
      const int64_t asked = ++ticks_;
      const absl::Status status =
          Process(static_cast<uint64_t>(writer)).Write([&](Transaction& transaction) {
            TJ_TRY(Linger(transaction, choice / 100));
            for (int stream = 0; stream < 2; ++stream) {
              for (const auto& [key, event] : told[stream]) {
                transaction.Emit({.stream = kStreams[stream],
                                  .key = key,
                                  .audiences = {event.facility.empty() ? std::string(kEverybody)
                                                                       : event.facility}});
              }
            }
            TJ_TRY(Linger(transaction, choice / 1000));
            return undo ? absl::FailedPreconditionError("undone") : absl::OkStatus();
          });
      const int64_t answered = ++ticks_;
      const std::lock_guard lock(log.mutex);
      for (int stream = 0; stream < 2; ++stream) {
        for (auto& [key, event] : told[stream]) {
          event.asked = asked;
          event.answered = answered;
          if (status.ok()) {
            log.told[stream][key] = event;
          } else if (undo) {
            log.undone.insert(key);
          } else {
            log.unknown.insert(key);
          }
        }
      }
    }
  }

  // Everything a reader sees until the writers are done and the head is reached.
  std::vector<Event> ReadAll(uint64_t seed, int reader, int stream,
                             const std::optional<std::string>& facility) {
    std::mt19937_64 random(seed * 7000 + static_cast<uint64_t>(reader));
    Feed& feed = Process(static_cast<uint64_t>(reader)).feed();
    std::vector<Event> seen;
    std::string cursor;
    while (true) {
      const bool last = done_;
      const auto page = feed.Read(kStreams[stream], cursor, facility,
                                  1 + static_cast<int64_t>(random() % 9));
      EXPECT_THAT(page.status(), IsOk());
      if (!page.ok()) return seen;
      seen.insert(seen.end(), page->events.begin(), page->events.end());
      cursor = page->next_cursor;
      if (page->more) continue;
      if (last && cursor == *feed.Head(kStreams[stream])) return seen;
      feed.Wait(kStreams[stream], cursor, absl::Milliseconds(20));
    }
  }

  static void Check(const std::vector<Event>& seen, const Log& log, int stream,
                    const std::optional<std::string>& facility) {
    const std::map<std::string, Told>& told = log.told[stream];
    std::set<std::string> keys;
    int64_t position = 0;
    int64_t asked_latest = 0;  // Of all that came before.
    for (const Event& event : seen) {
      EXPECT_GT(event.position, position);
      position = event.position;
      EXPECT_TRUE(keys.insert(event.key).second) << event.key << " twice";
      EXPECT_EQ(log.undone.count(event.key), 0u) << event.key << " was undone";
      const auto found = told.find(event.key);
      if (found == told.end()) {
        EXPECT_EQ(log.unknown.count(event.key), 1u) << event.key << " was never told";
        continue;
      }
      // Answered before one in front of it was asked for: then it stands behind it wrongly.
      EXPECT_GT(found->second.answered, asked_latest) << event.key << " is out of order";
      asked_latest = std::max(asked_latest, found->second.asked);
    }
    for (const auto& [key, event] : told) {
      const bool for_reader = !facility || event.facility.empty() || event.facility == *facility;
      EXPECT_EQ(keys.count(key), for_reader ? 1u : 0u) << key << " to " << facility.value_or("all");
    }
  }

  void Run(uint64_t seed) {
    SCOPED_TRACE(absl::StrCat("TONGJIAN_CRASH_SEED=", seed));
    Log log;
    done_ = false;
    struct Reader {
      int stream;
      std::optional<std::string> facility;
      std::vector<Event> seen;
    };
    std::vector<Reader> readers = {{0, std::nullopt, {}}, {1, std::nullopt, {}},
                                   {0, "andi", {}},       {1, "baisha", {}},
                                   {0, "baisha", {}},     {0, std::nullopt, {}}};
    std::vector<std::thread> reading;
    std::vector<std::thread> writing;
    for (size_t i = 0; i < readers.size(); ++i) {
      reading.emplace_back([&, i] {
        readers[i].seen =
            ReadAll(seed, static_cast<int>(i), readers[i].stream, readers[i].facility);
      });
    }
    for (int i = 0; i < kWriters; ++i) writing.emplace_back([&, i] { WriteAll(seed, i, log); });
    for (std::thread& thread : writing) thread.join();
    Settle();
    done_ = true;
    for (std::thread& thread : reading) thread.join();
    for (Reader& reader : readers) {
      std::erase_if(reader.seen, [&](const Event& event) {
        return !event.key.starts_with(absl::StrCat(seed, "/"));
      });
      Check(reader.seen, log, reader.stream, reader.facility);
    }
    EXPECT_EQ(Keys(readers[0].seen), Keys(readers[5].seen));
    std::cout << "seed " << seed << ": " << log.told[0].size() + log.told[1].size()
              << " events told, " << log.undone.size() << " undone, " << log.unknown.size()
              << " unknown" << std::endl;
  }

  // Until every committed event has its position, and every process has heard of it.
  void Settle() {
    for (const char* stream : kStreams) {
      const std::string last = absl::StrCat("last/", ++ticks_);
      ASSERT_THAT(Process(0).Write([&](Transaction& transaction) {
        transaction.Emit({.stream = stream, .key = last});
        return absl::OkStatus();
      }),
                  IsOk());
      for (const auto& process : processes_) {
        std::string cursor;
        for (bool found = false; !found;) {
          ASSERT_TRUE(process->feed().Wait(stream, cursor, absl::Seconds(60)));
          const auto page = process->feed().Read(stream, cursor, std::nullopt, kFeedPageMax);
          ASSERT_THAT(page.status(), IsOk());
          for (const Event& event : page->events) found |= event.key == last;
          cursor = page->next_cursor;
        }
      }
    }
  }

  static std::vector<std::string> Keys(const std::vector<Event>& events) {
    std::vector<std::string> keys;
    for (const Event& event : events) keys.push_back(event.key);
    return keys;
  }

  std::vector<std::unique_ptr<Database>> processes_;
  std::atomic<int64_t> ticks_ = 0;
  std::atomic<bool> done_ = false;
};

INSTANTIATE_TEST_SUITE_P(Both, FeedProperty,
                         ::testing::Values(Backend::kSqlite, Backend::kPostgres), BackendName);

TEST_P(FeedProperty, NothingIsMissedOrOutOfOrderWhileManyWrite) {
  const char* only = std::getenv("TONGJIAN_CRASH_SEED");
  const uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
  const uint64_t last = only == nullptr ? kSeeds : first;
  for (uint64_t seed = first; seed <= last && !HasFailure(); ++seed) Run(seed);
}

}  // namespace
}  // namespace tongjian::store
