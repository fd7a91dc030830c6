// The tables of results. Every function runs within the caller's session or transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/exchange/words_store.h"
#include "tongjian/exchange/v1/result.pb.h"

namespace tongjian::exchange {

// Where a result comes from: unique.
struct SourceKey {
  std::string publisher;  // Empty for our own centers.
  std::string source;
  std::string source_id;
};
SourceKey KeyOf(const v1::Result& result);

struct ListPosition {
  int64_t created = INT64_MAX;
  std::string id;
};
std::string ToText(const ListPosition& position);
absl::StatusOr<ListPosition> ParsePosition(std::string_view text);

struct ListedResult {
  ListPosition position;
  v1::Result result;
};

// Stateless; safe for concurrent use. Out of scope is NOT_FOUND.
class ResultStore {
 public:
  // Writes all rows of a new or changed result, and emits ResultChanged: whole to whom it names, by its id alone to whom it was
  // told. `before` is the version it was read at, 0 for a new one: ABORTED when somebody else has written in between.
  static absl::Status Write(store::Transaction& tx, v1::Result& result, int64_t before);
  // From now on the facility, which the result does not name, sees it and is told of its changes; not while the patient refuses
  // sharing.
  static absl::Status Tell(store::Transaction& tx, const std::string& result_id, const std::string& facility_id);
  // The patient refuses sharing from now on, or agrees again: those who see its results only while it agrees are told of each.
  static absl::Status TellConsent(store::Transaction& tx, const std::string& patient_id);

  static absl::StatusOr<v1::Result> Find(store::Session& session, const security::Scope& scope,
                                         const std::string& id);
  static absl::StatusOr<std::optional<v1::Result>> FindBySource(store::Session& session,
                                                                const security::Scope& scope,
                                                                const SourceKey& key);
  // With exactly these words and another patient than `patient_id`.
  static absl::StatusOr<std::vector<v1::Result>> WithWords(store::Session& session,
                                                           const security::Scope& scope, const Words& words,
                                                           const std::string& patient_id, int64_t limit);
  // Newest exams first. The scope is that of recognition: all facilities.
  static absl::StatusOr<std::vector<v1::Result>> Candidates(store::Session& session,
                                                            const security::Scope& scope,
                                                            const std::string& patient_id,
                                                            const std::string& recognition_code, int64_t limit);
  // Newest first, of all that the facility sees, after the id `after` (empty: from the newest). What it had accepted and the
  // patient refuses to share since is there as Withheld.
  static absl::StatusOr<std::vector<ListedResult>> ListOfFacility(store::Session& session,
                                                                  const std::string& facility_id,
                                                                  const ListPosition& after, int64_t limit);
  // Newest first, of the patient or of the order.
  static absl::StatusOr<std::vector<ListedResult>> List(store::Session& session, const security::Scope& scope,
                                                        const std::string& patient_id,
                                                        const std::string& order_id,
                                                        const ListPosition& after, int64_t limit);
};

}  // namespace tongjian::exchange
