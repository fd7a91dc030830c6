#include "services/imaging/web_places.h"

#include <limits>
#include <optional>

#include "common/base/status.h"
#include "common/dicom/uid.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

constexpr int64_t kPageSize = 500;

// The study's instance of that name, where it is in that series.
absl::StatusOr<std::optional<Instance>> InstanceAt(store::Session& session, const Study& study,
                                                   const WebPlace& place) {
  absl::StatusOr<Instance> instance = FindInstance(session, study, place.instance);
  if (absl::IsNotFound(instance.status())) return std::nullopt;
  TJ_TRY(instance.status());
  if (!place.series.empty() && instance->series_instance_uid != place.series) return std::nullopt;
  return *std::move(instance);
}

}  // namespace

absl::StatusOr<WebPlace> WebPlaceOf(const std::vector<std::string>& arguments) {
  WebPlace place;
  std::string* const parts[] = {&place.study, &place.series, &place.instance};
  for (size_t i = 0; i < std::size(parts) && i < arguments.size(); ++i) {
    if (!dicom::ValidUid(arguments[i])) return base::NotFound("study, series or instance");
    *parts[i] = arguments[i];
  }
  return place;
}

absl::StatusOr<WebFound> FindPlace(store::Database& database, const security::Scope& scope,
                                   const WebPlace& place) {
  std::optional<WebFound> found;
  TJ_TRY(database.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(std::vector<Study> studies, SeenStudiesOfUid(session, scope, place.study));
    for (Study& study : studies) {
      Instance instance;
      if (!place.instance.empty()) {
        TJ_ASSIGN_OR_RETURN(auto there, InstanceAt(session, study, place));
        if (!there) continue;
        instance = *std::move(there);
      } else if (!place.series.empty()) {
        TJ_ASSIGN_OR_RETURN(const auto series, FindSeries(session, study.id, place.series));
        if (!series) continue;
      }
      found = {std::move(study), std::move(instance)};
      return absl::OkStatus();
    }
    return absl::OkStatus();
  }));
  if (!found) {
    return base::NotFound(!place.instance.empty() ? "instance"
                          : !place.series.empty() ? "series"
                                                  : "study");
  }
  return *std::move(found);
}

absl::Status EachInstance(store::Database& database, const Study& study, const std::string& series,
                          absl::FunctionRef<absl::Status(const Instance&)> use) {
  std::optional<InstancePosition> after;
  if (!series.empty()) after = {series, std::numeric_limits<int64_t>::min(), ""};
  while (true) {
    std::vector<Instance> instances;
    TJ_TRY(database.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(instances, ListInstances(session, study, after, kPageSize));
      return absl::OkStatus();
    }));
    for (const Instance& instance : instances) {
      if (!series.empty() && instance.series_instance_uid != series) return absl::OkStatus();
      TJ_TRY(use(instance));
      after = {instance.series_instance_uid, instance.number, instance.sop_instance_uid};
    }
    if (static_cast<int64_t>(instances.size()) < kPageSize) return absl::OkStatus();
  }
}

}  // namespace tongjian::imaging
