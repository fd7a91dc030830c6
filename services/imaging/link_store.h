// Orders as imaging knows them, links between studies and orders, and master patients, in the
// database.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/store/transaction.h"
#include "services/imaging/matching.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

// Writes an order unless a newer version of it is there; false when nothing was written.
absl::StatusOr<bool> PutOrder(store::Transaction& tx, const OrderRef& order);
absl::StatusOr<std::optional<OrderRef>> FindOrder(store::Session& session,
                                                  std::string_view order_id);

// Orders that name the study's UID, or have its accession number as theirs or as their placer's; at
// most 100. same_family is for the caller to set.
absl::StatusOr<std::vector<Candidate>> CandidatesOf(store::Session& session, const Study& study);

// All links of a study, those taken away too.
absl::StatusOr<std::vector<Link>> LinksOf(store::Session& session, std::string_view study_id);
absl::Status PutLink(store::Transaction& tx, std::string_view study_id, const Link& link);
// Studies with an active link to the order.
absl::StatusOr<std::vector<std::string>> StudiesOfOrder(store::Session& session,
                                                        std::string_view order_id);

// The master patient that stands for these words, or empty.
absl::StatusOr<std::string> PatientOf(store::Session& session, const PatientWords& words);
absl::Status PutPatientLink(store::Transaction& tx, const PatientWords& words,
                            std::string_view patient_id);

}  // namespace tongjian::imaging
