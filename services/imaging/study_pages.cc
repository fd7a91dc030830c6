#include "services/imaging/study_pages.h"

#include <charconv>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/page.h"
#include "common/rpc/proto_time.h"
#include "services/imaging/conflict_store.h"
#include "services/imaging/encode.h"
#include "services/imaging/evidence.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

constexpr rpc::PageLimits kPages = {.size_default = 50, .size_max = 200};
constexpr rpc::PageLimits kInstancePages = {.size_default = 200, .size_max = 1000};

int64_t Number(std::string_view text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "<number> <rest>", as positions are written.
std::pair<int64_t, std::string> Split(const std::string& position) {
  const size_t space = position.find(' ');
  if (space == std::string::npos) return {Number(position), ""};
  return {Number(std::string_view(position).substr(0, space)), position.substr(space + 1)};
}

std::string PositionOf(absl::Time time, std::string_view id) {
  return absl::StrCat(absl::ToUnixMicros(time), " ", std::string(id));
}

// True when `rows` held one more than the page: there is a next one.
template <class Rows>
bool Cut(Rows& rows, const rpc::Page& page) {
  if (static_cast<int64_t>(rows.size()) <= page.size()) return false;
  rows.erase(rows.begin() + page.size(), rows.end());
  return true;
}

absl::StatusOr<StudyFilter> FilterOf(const v1::ListStudiesRequest& request) {
  StudyFilter filter;
  filter.facility_id = request.facility_id();
  filter.order_id = request.order_id();
  filter.patient_id = request.patient_id();
  filter.accession_number = request.accession_number();
  filter.flagged = request.flagged();
  filter.time_unconfirmed = request.time_unconfirmed();
  if (!request.patient_name().empty()) {
    filter.name_prefix = NameKey(request.patient_name());
    if (filter.name_prefix.empty())
      return base::InvalidField("patient_name", "a name has letters or characters");
  }
  if (request.match() != v1::MATCH_STATE_UNSPECIFIED) {
    if (!v1::MatchState_IsValid(request.match()))
      return base::InvalidField("match", "unknown state");
    filter.match = static_cast<MatchState>(request.match());
  }
  if (request.has_from_time()) {
    TJ_ASSIGN_OR_RETURN(filter.from, rpc::CheckedTime(request.from_time(), "from_time"));
  }
  if (request.has_to_time()) {
    TJ_ASSIGN_OR_RETURN(filter.before, rpc::CheckedTime(request.to_time(), "to_time"));
  }
  return filter;
}

}  // namespace

absl::Status FillStudyPage(store::Session& session, const security::Scope& scope,
                           const v1::ListStudiesRequest& request,
                           v1::ListStudiesResponse* response) {
  TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(request, kPages));
  TJ_ASSIGN_OR_RETURN(StudyFilter filter, FilterOf(request));
  if (!page.after().empty()) {
    const auto [created, id] = Split(page.after());
    filter.after_created = absl::FromUnixMicros(created);
    filter.after_id = id;
  }
  TJ_ASSIGN_OR_RETURN(std::vector<Study> studies,
                      ListStudies(session, scope, filter, page.size() + 1));
  if (Cut(studies, page)) {
    response->set_next_page_token(
        page.TokenAfter(PositionOf(studies.back().created, studies.back().id)));
  }
  for (const Study& study : studies) *response->add_studies() = ToProto(study);
  return absl::OkStatus();
}

absl::Status FillInstancePage(store::Session& session, const Study& study,
                              const v1::ListInstancesRequest& request,
                              v1::ListInstancesResponse* response) {
  TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(request, kInstancePages));
  std::optional<InstancePosition> after;
  if (!page.after().empty()) {
    const auto [number, uids] = Split(page.after());
    const size_t space = uids.find(' ');
    after = {uids.substr(0, space), number,
             space == std::string::npos ? "" : uids.substr(space + 1)};
  }
  TJ_ASSIGN_OR_RETURN(std::vector<Instance> instances,
                      ListInstances(session, study, after, page.size() + 1));
  if (Cut(instances, page)) {
    const Instance& last = instances.back();
    response->set_next_page_token(page.TokenAfter(
        absl::StrCat(last.number, " ", last.series_instance_uid, " ", last.sop_instance_uid)));
  }
  std::set<std::string> seen;
  for (const Instance& instance : instances) {
    *response->add_instances() = ToProto(instance);
    if (!seen.insert(instance.series_instance_uid).second) continue;
    TJ_ASSIGN_OR_RETURN(const auto series,
                        FindSeries(session, study.id, instance.series_instance_uid));
    if (series) *response->add_series() = ToProto(*series);
  }
  return absl::OkStatus();
}

absl::Status FillHistoryPage(store::Session& session, const Study& study,
                             const v1::ListStudyHistoryRequest& request,
                             v1::ListStudyHistoryResponse* response) {
  TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(request, kPages));
  TJ_ASSIGN_OR_RETURN(std::vector<HistoryEntry> entries,
                      ListHistory(session, study, Number(page.after()), page.size() + 1));
  if (Cut(entries, page))
    response->set_next_page_token(page.TokenAfter(absl::StrCat(entries.back().sequence)));
  for (const HistoryEntry& entry : entries) *response->add_entries() = ToProto(entry);
  return absl::OkStatus();
}

absl::Status FillConflictPage(store::Session& session, const security::Scope& scope,
                              const v1::ListConflictsRequest& request,
                              v1::ListConflictsResponse* response) {
  TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(request, kPages));
  ConflictFilter filter = {.study_id = request.study_id(), .decided = request.decided()};
  if (!page.after().empty()) {
    const auto [received, id] = Split(page.after());
    filter.after_received = absl::FromUnixMicros(received);
    filter.after_id = id;
  }
  TJ_ASSIGN_OR_RETURN(std::vector<Conflict> conflicts,
                      ListConflicts(session, scope, filter, page.size() + 1));
  if (Cut(conflicts, page)) {
    response->set_next_page_token(
        page.TokenAfter(PositionOf(conflicts.back().received, conflicts.back().id)));
  }
  for (const Conflict& conflict : conflicts) *response->add_conflicts() = ToProto(conflict);
  return absl::OkStatus();
}

}  // namespace tongjian::imaging
