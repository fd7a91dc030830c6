// From the address of a DICOMweb resource to its rows, within a scope.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "common/security/scope.h"
#include "common/store/database.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

// The UIDs of /studies/{}/series/{}/instances/{}; empty below what is asked for.
struct WebPlace {
  std::string study;
  std::string series;
  std::string instance;
};

// From a route's arguments, in that order. NOT_FOUND where one is no UID: there is nothing of that
// name.
absl::StatusOr<WebPlace> WebPlaceOf(const std::vector<std::string>& arguments);

// What stands there. A Study Instance UID that several facilities or patients have is several
// studies: the newest that has the series or instance that was named, never a mixture. NOT_FOUND
// for what is not there or out of scope.
struct WebFound {
  Study study;
  Instance instance;  // Where the place names one.
};
absl::StatusOr<WebFound> FindPlace(store::Database& database, const security::Scope& scope,
                                   const WebPlace& place);

// Calls `use` with each instance of the study, or of one series of it, by series and number; a page
// is in memory. Ends early with what `use` returns.
absl::Status EachInstance(store::Database& database, const Study& study, const std::string& series,
                          absl::FunctionRef<absl::Status(const Instance&)> use);

}  // namespace tongjian::imaging
