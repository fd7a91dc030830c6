// Brings studies and orders together in the database, by the rules of matching.h.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/imaging/places.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

// Who does something by hand, for the history.
struct Hand {
  std::string actor;
  std::string reason;
};

// Each function changes `study` (match, order_ids, priority) and writes links, history and
// audience, but not the study's own row: SaveStudy does. Safe for concurrent use; `places` must
// outlive it.
class Matcher {
 public:
  explicit Matcher(const Places& places) : places_(places) {}

  // Tries the rules; false when nothing changed.
  absl::StatusOr<bool> Match(store::Transaction& tx, Study& study) const;
  // A person's links of an order that was bound to another go over to that one; those of one that
  // was cancelled end.
  absl::StatusOr<bool> FollowOrder(store::Transaction& tx, Study& study,
                                   std::string_view order_id) const;

  // Sets the audience: where it was recorded, the facilities of its orders, and while it is
  // UNMATCHED or DOUBTFUL those who read for the facility: somebody must be able to decide.
  absl::Status RenewAudience(store::Transaction& tx, const Study& study) const;
  // Whether the caller recorded it, or reads what is recorded there: who may say when it was.
  absl::StatusOr<bool> KnowsTheExam(store::Transaction& tx, const security::Scope& scope,
                                    const Study& study) const;

  // By a person. NOT_FOUND when imaging does not know the order, or it is neither within `scope`
  // nor of the study's facility's family; STATE_NOT_ALLOWED when it is cancelled.
  absl::Status LinkByHand(store::Transaction& tx, const security::Scope& scope, Study& study,
                          std::string_view order_id, bool keep_others, const Hand& hand) const;
  // One order, or all of them when empty. They stay away: the rules do not bring them back.
  // NOT_FOUND without such a link.
  absl::Status UnlinkByHand(store::Transaction& tx, Study& study, std::string_view order_id,
                            const Hand& hand) const;

 private:
  absl::Status Renew(store::Transaction& tx, Study& study, MatchState state) const;

  const Places& places_;
};

// Sets the audience of a study that is new: where it was recorded, and the facilities of its
// orders.
absl::Status RenewAudience(store::Transaction& tx, const Study& study);

}  // namespace tongjian::imaging
