// Evidence from imaging: it moves the orders it belongs to, and makes a provisional order where
// there is none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/id.h"
#include "services/orders/block_store.h"
#include "services/orders/news.h"

namespace tongjian::orders {

// A study as imaging tells of it.
struct StudyFact {
  enum class Progress { kReceiving, kComplete, kReopened };
  std::string id;
  std::string study_instance_uid;
  std::string facility_id;
  Patient patient;
  std::string accession_number;
  std::vector<std::string> modalities;
  std::string description;
  std::string body_part;
  Priority priority = Priority::kRoutine;
  Progress progress = Progress::kReceiving;
  bool doubtful = false;  // The accession number is another patient's.
  std::vector<std::string> order_ids;
  absl::Time performed = absl::InfinitePast();
  int64_t version = 0;
};

// Safe for concurrent use; all it is given must outlive it.
class StudyNews {
 public:
  StudyNews(NewsParts parts, OwnNumbers& numbers, base::Ids& ids)
      : parts_(std::move(parts)), numbers_(numbers), ids_(ids) {}

  // Applies one version of a study, once.
  absl::Status Apply(store::Transaction& tx, const StudyFact& study) const;

 private:
  absl::StatusOr<std::vector<Order>> Belongs(store::Transaction& tx, const StudyFact& study) const;
  absl::Status TakeOver(store::Transaction& tx, const StudyFact& study, const Order& order) const;
  absl::Status Advance(store::Transaction& tx, const StudyFact& study,
                       const std::string& order_id) const;
  absl::StatusOr<bool> Detach(store::Transaction& tx, const StudyFact& study,
                              const std::vector<Order>& owners) const;
  absl::StatusOr<bool> IsExpected(store::Transaction& tx, const StudyFact& study) const;
  absl::Status MakeProvisional(store::Transaction& tx, const StudyFact& study) const;
  absl::StatusOr<std::string> NumberFor(store::Transaction& tx, const StudyFact& study) const;

  const NewsParts parts_;
  OwnNumbers& numbers_;
  base::Ids& ids_;
};

}  // namespace tongjian::orders
