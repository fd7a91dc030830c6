// Goal: a follower that is killed at whatever moment has had each event's effect once. Method: a
// child process applies events one by one, each with the cursor in the same transaction, and is
// killed with SIGKILL after a random, seeded number of them and a moment more, again and again until
// it comes to the end; then the effects are counted. TONGJIAN_CRASH_SEED=<n> replays one seed.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <new>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/store/consumer.h"
#include "tests/unit/store/store_fixture.h"

namespace tongjian::store {
namespace {

constexpr int64_t kEvents = 400;
constexpr int kKills = 40;

// What parent and child both see.
struct Progress {
  std::atomic<int64_t> applied = 0;  // By the present child.
};

class ConsumerKill : public StoreTest {
 protected:
  ConsumerKill()
      : progress_(new(mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Progress) {}
  ~ConsumerKill() override { munmap(progress_, sizeof(Progress)); }

  absl::Status Apply(Database& database, const Event& event) {
    return database.Write([&](Transaction& transaction) -> absl::Status {
      // No "on conflict": a second effect would be an error that the child does not survive.
      TJ_TRY(transaction
                 .Execute("insert into thing (id, number) values (:id, :number)", event.key,
                          event.position)
                 .status());
      return SaveCursor(transaction, "things", database.feed().CursorAfter(event));
    });
  }

  // The child's whole life: from the cursor to the end of the feed.
  absl::Status Follow() {
    const std::unique_ptr<Database> database = OpenAgain();
    std::string cursor;
    TJ_TRY(database->Read([&](Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(cursor, LoadCursor(session, "things"));
      return absl::OkStatus();
    }));
    while (true) {
      TJ_ASSIGN_OR_RETURN(const FeedPage page,
                          database->feed().Read("things", cursor, std::nullopt, 50));
      for (const Event& event : page.events) {
        TJ_TRY(Apply(*database, event));
        ++progress_->applied;
      }
      cursor = page.next_cursor;
      if (!page.more) return absl::OkStatus();
    }
  }

  // True when the child came to the end before it was killed.
  bool FollowAndKill(std::mt19937_64& random, bool spare) {
    progress_->applied = 0;
    const pid_t child = fork();
    if (child == 0) {
      const absl::Status status = Follow();
      if (!status.ok()) std::cerr << status << std::endl;
      _exit(status.ok() ? 0 : 1);
    }
    const int64_t kill_after = static_cast<int64_t>(random() % 20);
    int state = 0;
    while (waitpid(child, &state, WNOHANG) == 0) {
      if (spare || progress_->applied < kill_after) {
        usleep(100);
        continue;
      }
      usleep(static_cast<useconds_t>(random() % 1500));  // The moment itself, not a condition.
      kill(child, SIGKILL);
      waitpid(child, &state, 0);
      break;
    }
    EXPECT_TRUE(WIFSIGNALED(state) || WEXITSTATUS(state) == 0) << "the follower failed";
    return WIFEXITED(state);
  }

  Progress* const progress_;
};

INSTANTIATE_TEST_SUITE_P(Both, ConsumerKill,
                         ::testing::Values(Backend::kSqlite, Backend::kPostgres), BackendName);

TEST_P(ConsumerKill, HasEachEffectOnce) {
  const char* only = std::getenv("TONGJIAN_CRASH_SEED");
  const uint64_t seed = only == nullptr ? static_cast<uint64_t>(time(nullptr))
                                        : std::strtoull(only, nullptr, 10);
  std::cout << "TONGJIAN_CRASH_SEED=" << seed << std::endl;
  std::mt19937_64 random(seed);
  ASSERT_THAT(database_->Write([](Transaction& transaction) {
    for (int64_t i = 0; i < kEvents; ++i) {
      transaction.Emit({.stream = "things", .key = absl::StrCat("event ", i)});
    }
    return absl::OkStatus();
  }),
              IsOk());
  ASSERT_EQ(ReadKeys(kEvents).size(), static_cast<size_t>(kEvents));
  database_.reset();  // Its threads must not be in the way of fork.
  int kills = 0;
  while (kills < kKills && !HasFailure() && !FollowAndKill(random, false)) ++kills;
  ASSERT_FALSE(HasFailure());
  EXPECT_TRUE(FollowAndKill(random, true));
  database_ = OpenAgain();
  EXPECT_EQ(Count("select count(*) from thing"), kEvents);
  EXPECT_EQ(Count("select count(distinct number) from thing"), kEvents);
  EXPECT_GE(kills, 15);
  std::cout << kills << " kills" << std::endl;
}

}  // namespace
}  // namespace tongjian::store
