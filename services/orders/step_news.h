// What devices say of exams (performed procedure steps, told by imaging): begun, done, broken off.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/orders/news.h"

namespace tongjian::orders {

// A step as imaging tells of it.
struct StepFact {
  // An exam it was made for, as the device read it from its worklist.
  struct Request {
    std::string study_instance_uid;
    std::string accession_number;
    std::string item_id;
  };
  std::string uid;
  std::string facility_id;  // Whose device it is.
  Patient patient;
  Exam exam = Exam::kNone;
  std::string reason;  // Why it was broken off.
  std::vector<Request> requests;
  int64_t version = 0;
};

// Notes on each order what its exams have come to. A step that no order here answers to, or whose
// patient is another's, is nothing to orders: its images say later whose they are. Safe for
// concurrent use; all it is given must outlive it.
class StepNews {
 public:
  explicit StepNews(NewsParts parts) : parts_(std::move(parts)) {}

  // Applies one version of a step, once.
  absl::Status Apply(store::Transaction& tx, const StepFact& step) const;

 private:
  absl::StatusOr<std::vector<Order>> Asked(store::Transaction& tx, const StepFact& step,
                                           const StepFact::Request& request) const;

  const NewsParts parts_;
};

}  // namespace tongjian::orders
