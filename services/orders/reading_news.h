// What reading and exchange tell: where the order is with its readers, its report, and its result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/orders/news.h"
#include "services/orders/state.h"

namespace tongjian::orders {

// A reading task. `action` is what its state means for the order.
struct TaskFact {
  std::string id;
  std::string order_id;
  std::optional<Action> action;  // Nothing while it waits, and where the report says it better.
  std::string actor;
  std::string note;
  int64_t version = 0;
};

struct ReportFact {
  enum class Standing { kPreliminary, kFinal, kAmended, kRetracted };
  std::string id;
  std::vector<std::string> order_ids;
  Standing standing = Standing::kPreliminary;
  std::string actor;
  int64_t version = 0;
};

// How far a published result came at one facility.
struct ResultFact {
  std::string id;
  std::vector<std::string> order_ids;
  std::vector<std::string> delivered_to;
  std::vector<std::string> viewed_at;
  int64_t version = 0;
};

// Safe for concurrent use; the parts must outlive it. Each version is applied once.
class ReadingNews {
 public:
  explicit ReadingNews(NewsParts parts) : parts_(std::move(parts)) {}
  absl::Status Apply(store::Transaction& tx, const TaskFact& task) const;
  absl::Status Apply(store::Transaction& tx, const ReportFact& report) const;
  absl::Status Apply(store::Transaction& tx, const ResultFact& result) const;

 private:
  absl::Status Known(store::Session& session, const std::vector<std::string>& order_ids) const;
  const NewsParts parts_;
};

}  // namespace tongjian::orders
