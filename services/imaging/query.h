// Queries of studies at every level, for whoever asks: C-FIND, retrieval, QIDO-RS.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "common/blob/store.h"
#include "common/dicom/dataset.h"
#include "common/security/scope.h"
#include "common/store/database.h"
#include "services/imaging/query_keys.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

struct QueryLimits {
  int64_t scanned_max = 200000;  // Rows looked at for one query; beyond, it is to be narrowed.
  int64_t headers_max = 5000;    // Objects looked into for one query.
};

struct Query {
  QueryLevel level = QueryLevel::kStudy;
  // What is to match (PS3.4 C.2.2.2: single value, list of UID or other values, wildcard, range,
  // sequence; names as dicom::MatchesPersonName) and what is to be answered (empty values), in UTF-8.
  // Keys of the level and of those above it; keys of levels below are answered empty and match all.
  // None has to be there: the relational form is served too. Any attribute of the objects may be
  // asked for: what no column has is read from the level's first object.
  dicom::Dataset keys;
  // A date range with a time range means one range of moments, instead of both apart.
  bool combined_datetime = false;
  // The rows alone, for retrieval: QueryMatch::attributes stays empty.
  bool rows_only = false;
  // Asked once in a while; a failure ends the query with it. For those who may go away meanwhile.
  std::function<absl::Status()> check;
};

struct QueryMatch {
  dicom::Dataset attributes;  // The keys asked for, and the unique keys down to the level.
  std::shared_ptr<const Study> study;  // At the patient level: the newest. Without order_ids.
  std::optional<Series> series;        // From the series level on.
  std::optional<Instance> instance;    // At the image level.
};

// Takes matches as they are found, up to 100 at once, never none; false: no more of them, please.
using TakeMatches = std::function<absl::StatusOr<bool>(const std::vector<QueryMatch>&)>;

// Every study is found by a walk along an index that holds what the scope may see and nothing else
// (search_store.h), page by page; memory is bounded whatever is asked. Safe for concurrent use; what
// it is given must outlive it.
class Queries {
 public:
  Queries(store::Database& database, blob::Store& blobs, QueryLimits limits)
      : database_(database), blobs_(blobs), limits_(limits) {}

  // Answers in a fixed order: by the most selective key downwards, then newest first; within a study
  // by series UID, within a series by number. INVALID_ARGUMENT (field: the tag) for a
  // key that cannot be, RESOURCE_EXHAUSTED over a limit, after the matches before
  // it; otherwise as `take` and the stores.
  absl::Status Run(const security::Scope& scope, const Query& query, const TakeMatches& take) const;

 private:
  store::Database& database_;
  blob::Store& blobs_;
  const QueryLimits limits_;
};

}  // namespace tongjian::imaging
