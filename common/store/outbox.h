// Events on their way into the feed. Internal to common/store.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/store/transaction.h"

namespace tongjian::store {

// Audiences as they are kept in the row: sorted, each once, separated by a space; kEverybody alone
// if it is among them.
absl::StatusOr<std::string> JoinAudiences(std::vector<std::string> audiences);
std::vector<std::string> SplitAudiences(const std::string& joined);

// Writes the events of `transaction` without positions, for the sequencer to number after the
// commit.
absl::Status InsertUnsequenced(Transaction& transaction);

// Numbers events where there is one writer: within its batch, so that positions and rows become
// visible together. One object per batch, all on one connection.
class BatchPositions {
 public:
  explicit BatchPositions(Connection& connection) : session_(connection) {}

  // Writes the events of `transaction` with the next positions of their streams. Positions of a
  // change that is then undone are skipped.
  absl::Status Insert(Transaction& transaction);

  // Records how far the streams are: last in the batch's transaction.
  absl::Status Store();

  const std::map<std::string, int64_t>& heads() const { return heads_; }

 private:
  absl::StatusOr<int64_t> Next(const std::string& stream);
  absl::Status InsertOne(const Event& event, absl::Time now);

  Session session_;
  std::map<std::string, int64_t> heads_;
};

}  // namespace tongjian::store
