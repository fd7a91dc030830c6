// A change and what it announces, in one transaction.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/store/event.h"
#include "common/store/session.h"

namespace tongjian::store {

// The session of one Write. What it executes, emits and enqueues becomes durable together or not at
// all. Lives only while the change runs; the same thread rule as Session.
class Transaction : public Session {
 public:
  Transaction(Connection& connection, absl::Time now) : Session(connection), now_(now) {}

  // The moment of this change, the same for all its facts.
  absl::Time Now() const { return now_; }

  // Adds `event` to the feed of this database. Its position is given after the commit (PostgreSQL)
  // or by the single writer (SQLite), so no reader ever passes an event that commits later. A zero
  // time becomes Now().
  void Emit(Event event);

  // Emits an encoded audit record on kAuditStream. `record` is the payload.
  void Audit(std::string record);

  // Calls `notice` once the change is durable, on a thread of the store: it must be quick, must not
  // block and must not use this transaction. Not called when the change fails. For waking those who
  // wait; never for effects that must not be lost.
  void AfterCommit(std::function<void()> notice);

  // For the store itself.
  std::vector<Event>& events() { return events_; }
  std::vector<std::function<void()>>& notices() { return notices_; }

 private:
  const absl::Time now_;
  std::vector<Event> events_;
  std::vector<std::function<void()>> notices_;
};

}  // namespace tongjian::store
