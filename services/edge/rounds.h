// What the gateway does by itself: numbers ahead of need, studies reported whole, certificate, old
// records.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/jump_watch.h"
#include "common/security/tls.h"
#include "common/store/database.h"
#include "services/edge/spool_store.h"

namespace tongjian::acquisition {
class Commitments;
}

namespace tongjian::edge {

class DropFolder;
class Link;
class Numbers;
class Outgoing;
class Resend;

struct RoundsOptions {
  absl::Duration quiet_time = absl::Seconds(60);         // Of a study without new instances.
  absl::Duration urgent_quiet_time = absl::Seconds(10);  // Of an urgent one.
  absl::Duration step_quiet_time = absl::Minutes(15);    // While a device says the exam goes on.
  absl::Duration records_kept = absl::Hours(24 * 30);    // Of what was delivered.
  absl::Duration results_kept = absl::Hours(24 * 180);   // Of the clinic's result feed.
  absl::Duration audit_kept = absl::Hours(24 * 180);     // Of the audit records the hub has taken.
  absl::Duration renewal_every = absl::Hours(1);
  absl::Duration trim_every = absl::Hours(1);
  // After a start or a jump of the clock nothing is trimmed: in a wrong year all would be old.
  absl::Duration calm = absl::Hours(6);
};

struct RoundsParts {
  store::Database& database;
  Spool& spool;
  Numbers& numbers;
  Outgoing& outgoing;
  Resend& resend;
  acquisition::Commitments& commitments;
  DropFolder& drop;
  Link& link;
  base::Ids& ids;
  const base::Clock& clock;
  security::CredentialFiles files;
};

// A thread that looks about once a second. Thread rule: Start and Stop from one thread, Wake from
// any; what it is given must outlive it.
class Rounds {
 public:
  Rounds(RoundsParts parts, RoundsOptions options)
      : parts_(std::move(parts)), options_(options), jumps_(parts_.clock) {}
  ~Rounds();

  void Start();
  void Stop();
  void Wake();

 private:
  void Run();
  void Look();
  absl::Status ReportStudies();
  absl::Status Trim();

  const RoundsParts parts_;
  const RoundsOptions options_;
  base::JumpWatch jumps_;
  absl::Duration renewed_ = -absl::InfiniteDuration();
  absl::Duration trimmed_ = absl::ZeroDuration();
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool woken_ = false;
  std::thread thread_;
};

}  // namespace tongjian::edge
