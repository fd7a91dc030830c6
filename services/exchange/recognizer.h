// Looks for earlier results before an exam is ordered, and notes what was shown.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/store/database.h"
#include "services/exchange/asked.h"
#include "services/exchange/decisions.h"
#include "services/exchange/patient_resolver.h"
#include "services/exchange/recognition.h"
#include "services/exchange/registry_facts.h"
#include "tongjian/exchange/v1/recognition.pb.h"

namespace tongjian::exchange {

struct RecognitionRules {
  absl::Duration prompt_timeout = absl::Hours(24);
  bool level_gate = false;
  int window_days = 30;  // For exams the catalog does not know.
};

// Safe for concurrent use; what it is given must outlive it. It reaches across facilities by design: the trail says
// so, with the purpose and every result that was shown.
class Recognizer {
 public:
  Recognizer(store::Database& database, const Decisions& decisions, FactSource facts, base::Ids& ids,
             RecognitionRules rules)
      : database_(database), decisions_(decisions), facts_(std::move(facts)), ids_(ids), rules_(rules) {}

  // `patient`: of the request's words; its id empty: nobody known, thus no earlier result. The same exam at the same
  // visit gets the same prompt. `asked.trail` is written within. Where the patient refuses sharing, only results that name the asking
  // facility are spoken of; in an emergency all are, and that look is recorded (emergency_store.h).
  absl::StatusOr<v1::CheckRecognitionResponse> Check(const Asked& asked, const v1::CheckRecognitionRequest& request,
                                                     const Person& patient) const;

 private:
  struct Visit;
  absl::StatusOr<v1::ItemVerdict> CheckItem(store::Transaction& tx, const Visit& visit,
                                            const v1::ProposedItem& item) const;
  v1::Candidate Weigh(const Visit& visit, const Question& question, const v1::Result& result, int discipline) const;
  absl::Status Record(store::Transaction& tx, const Asked& asked, const Visit& visit) const;
  absl::StatusOr<std::string> PromptFor(store::Transaction& tx, const Visit& visit, const Exam& exam,
                                        const v1::ItemVerdict& verdict) const;

  store::Database& database_;
  const Decisions& decisions_;
  const FactSource facts_;
  base::Ids& ids_;
  const RecognitionRules rules_;
};

}  // namespace tongjian::exchange
