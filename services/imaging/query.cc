#include "services/imaging/query.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/dicom/match.h"
#include "services/imaging/object_header.h"
#include "services/imaging/query_candidate.h"
#include "services/imaging/query_needs.h"
#include "services/imaging/query_plan.h"
#include "services/imaging/search_store.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;

constexpr int64_t kFirstPage = 50;  // Rows; each next page is twice as long, up to the last.
constexpr int64_t kLastPage = 800;
constexpr int64_t kLowerPage = 500;  // Series and instances.
constexpr size_t kMatchesAtOnce = 100;
constexpr int64_t kPatientStudiesMax = 1000;
constexpr int64_t kSopClassesMax = 100;

absl::Status TooBroad() {
  return absl::ResourceExhaustedError("too much to look at: narrow the query");
}

struct Found {
  std::shared_ptr<const Study> study;
  std::optional<std::string> kept;
};

// One query on its way. For one thread.
class Walker {
 public:
  Walker(store::Database& database, blob::Store& blobs, const QueryLimits& limits,
         const security::Scope& scope, const Query& query, const TakeMatches& take)
      : database_(database),
        blobs_(blobs),
        limits_(limits),
        query_(query),
        needs_(query),
        take_(take),
        facilities_(scope.all() ? std::vector<std::string>{""} : scope.facilities()) {}

  absl::Status Run(const QueryPlan& plan) {
    for (const Walk& walk : plan.walks) {
      TJ_TRY(Follow(plan, walk));
      if (stopped_) return absl::OkStatus();
    }
    return Flush();
  }

 private:
  absl::Status Follow(const QueryPlan& plan, const Walk& walk) {
    std::optional<SearchRow> after;
    for (int64_t size = kFirstPage;; size = std::min(size * 2, kLastPage)) {
      TJ_TRY(Check());
      std::vector<Found> studies;
      std::vector<SearchRow> rows;
      TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
        studies.clear();
        TJ_ASSIGN_OR_RETURN(rows, NextRows(session, walk, after ? &*after : nullptr, size));
        for (const SearchRow& row : rows) TJ_TRY(Load(session, plan, row, studies));
        return absl::OkStatus();
      }));
      for (const Found& found : studies) {
        if (!seen_.insert(found.study->id).second) continue;
        TJ_TRY(OnStudy(found));
        if (stopped_) return absl::OkStatus();
      }
      if (static_cast<int64_t>(rows.size()) < size) return absl::OkStatus();
      after = std::move(rows.back());
      TJ_TRY(Flush());
      if (stopped_) return absl::OkStatus();
      TJ_TRY(CountRows(rows.size()));
    }
  }

  absl::Status Load(store::Session& session, const QueryPlan& plan, const SearchRow& row,
                    std::vector<Found>& studies) const {
    if (!plan.MayMatch(row) || seen_.contains(row.study_id)) return absl::OkStatus();
    TJ_ASSIGN_OR_RETURN(auto study, StudyRow(session, row.study_id));
    if (!study) return absl::OkStatus();
    Found found = {std::make_shared<const Study>(*std::move(study)), std::nullopt};
    if (needs_.study_kept) {
      TJ_ASSIGN_OR_RETURN(found.kept, HeaderOf(session, row.study_id, ""));
    }
    studies.push_back(std::move(found));
    return absl::OkStatus();
  }

  // A page of each facility, so that each is one walk along an index, then the first of all.
  absl::StatusOr<std::vector<SearchRow>> NextRows(store::Session& session, const Walk& walk,
                                                  const SearchRow* after, int64_t size) const {
    std::vector<SearchRow> rows;
    for (const std::string& facility : facilities_) {
      TJ_ASSIGN_OR_RETURN(auto page, WalkOn(session, facility, walk, after, size));
      std::move(page.begin(), page.end(), std::back_inserter(rows));
    }
    if (facilities_.size() <= 1) return rows;
    std::sort(rows.begin(), rows.end(),
              [](const SearchRow& a, const SearchRow& b) { return Before(a, b); });
    const auto same = [](const SearchRow& a, const SearchRow& b) {
      return a.study_id == b.study_id;
    };
    rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
    if (static_cast<int64_t>(rows.size()) > size) rows.erase(rows.begin() + size, rows.end());
    return rows;
  }

  absl::Status OnStudy(const Found& found) {
    dicom::Dataset candidate;
    AddStudy(*found.study, candidate);
    if (needs_.study_kept) {
      TJ_TRY(AddKept(found.kept, QueryLevel::kStudy, *found.study, nullptr, candidate));
    }
    if (!MatchesKeys(needs_.study, candidate, query_.combined_datetime)) return absl::OkStatus();
    QueryMatch match;
    match.study = found.study;
    if (query_.level == QueryLevel::kPatient) {
      const PatientWords& patient = found.study->patient;
      const bool numbered = !patient.facility_patient_id.empty();
      const std::string identity =
          absl::StrCat(found.study->facility_id, "\n",
                       numbered ? patient.facility_patient_id
                                : absl::StrCat("\n", patient.name_key, "\n", patient.birth_date));
      if (!patients_.insert(identity).second) return absl::OkStatus();
    }
    if (query_.level <= QueryLevel::kStudy) return Finish(std::move(candidate), std::move(match));
    const auto& instances = query_.keys.Values(tags::kSopInstanceUid);
    const bool named = query_.level == QueryLevel::kImage && Named(instances);
    return named ? OnNamedInstances(candidate, match, instances) : OnSeriesOf(candidate, match);
  }

  static bool Named(const std::vector<std::string>& uids) {
    return std::any_of(uids.begin(), uids.end(), [](const std::string& uid) {
      return uid.find_first_not_of("* ") != std::string::npos;
    });
  }

  absl::Status OnSeriesOf(const dicom::Dataset& above, const QueryMatch& match) {
    for (std::string after;;) {
      std::vector<Series> page;
      TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(page, ListSeries(session, match.study->id, after, kLowerPage));
        return absl::OkStatus();
      }));
      for (const Series& series : page) {
        after = series.series_instance_uid;
        QueryMatch mine = match;
        mine.series = series;
        TJ_TRY(OnSeries(above, std::move(mine)));
        if (stopped_) return absl::OkStatus();
      }
      TJ_TRY(CountRows(page.size()));
      if (stopped_ || static_cast<int64_t>(page.size()) < kLowerPage) return absl::OkStatus();
    }
  }

  // The candidate of a series, or nothing where it does not match.
  absl::StatusOr<std::optional<dicom::Dataset>> SeriesCandidate(const dicom::Dataset& above,
                                                                const QueryMatch& match) {
    dicom::Dataset candidate = above;
    AddSeries(*match.series, candidate);
    if (needs_.series_kept) {
      std::optional<std::string> kept;
      TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(
            kept, HeaderOf(session, match.study->id, match.series->series_instance_uid));
        return absl::OkStatus();
      }));
      TJ_TRY(AddKept(kept, QueryLevel::kSeries, *match.study, &*match.series, candidate));
    }
    if (!MatchesKeys(needs_.series, candidate, query_.combined_datetime)) return std::nullopt;
    return candidate;
  }

  absl::Status OnSeries(const dicom::Dataset& above, QueryMatch match) {
    TJ_ASSIGN_OR_RETURN(std::optional<dicom::Dataset> candidate, SeriesCandidate(above, match));
    if (!candidate) return absl::OkStatus();
    if (query_.level == QueryLevel::kSeries)
      return Finish(*std::move(candidate), std::move(match));
    for (std::optional<Instance> after;;) {
      TJ_TRY(Check());
      std::vector<Instance> page;
      TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(
            page, ListSeriesInstances(session, match.study->id, match.series->series_instance_uid,
                                      after ? &*after : nullptr, kLowerPage));
        return absl::OkStatus();
      }));
      for (const Instance& instance : page) {
        TJ_TRY(OnInstance(*candidate, match, instance));
        if (stopped_) return absl::OkStatus();
      }
      TJ_TRY(CountRows(page.size()));
      if (stopped_ || static_cast<int64_t>(page.size()) < kLowerPage) return absl::OkStatus();
      after = page.back();
    }
  }

  // Instances the query names are looked up, not searched for.
  absl::Status OnNamedInstances(const dicom::Dataset& above, const QueryMatch& match,
                                const std::vector<std::string>& uids) {
    for (const std::string& uid : uids) {
      TJ_TRY(CountRows(1));
      if (stopped_) return absl::OkStatus();
      QueryMatch mine = match;
      std::optional<Instance> instance;
      TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(instance, InstanceOf(session, match.study->facility_id, uid));
        if (!instance || instance->study_id != match.study->id) return absl::OkStatus();
        TJ_ASSIGN_OR_RETURN(mine.series,
                            FindSeries(session, match.study->id, instance->series_instance_uid));
        return absl::OkStatus();
      }));
      if (!mine.series) continue;
      TJ_ASSIGN_OR_RETURN(const std::optional<dicom::Dataset> candidate,
                          SeriesCandidate(above, mine));
      if (candidate) TJ_TRY(OnInstance(*candidate, mine, *instance));
      if (stopped_) return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  absl::Status OnInstance(const dicom::Dataset& above, const QueryMatch& match,
                          const Instance& instance) {
    dicom::Dataset candidate = above;
    AddInstance(instance, candidate);
    if (needs_.pixel_facts && !HasPixelFacts(instance)) {
      TJ_TRY(AddHeader(instance.locator, candidate, [](dicom::Tag tag) {
        return tag == tags::kRows || tag == tags::kColumns || tag == tags::kBitsAllocated;
      }));
    }
    if (!MatchesKeys(needs_.image, candidate, query_.combined_datetime)) return absl::OkStatus();
    QueryMatch mine = match;
    mine.instance = instance;
    return Finish(std::move(candidate), std::move(mine));
  }

  // What was kept of a header, or the header itself where nothing was.
  absl::Status AddKept(const std::optional<std::string>& kept, QueryLevel level, const Study& study,
                       const Series* series, dicom::Dataset& to) {
    if (kept) {
      TJ_ASSIGN_OR_RETURN(const dicom::Dataset attributes, DecodeKept(*kept));
      AddMissing(attributes, to);
      return absl::OkStatus();
    }
    TJ_ASSIGN_OR_RETURN(const std::string locator, FirstLocator(study, series));
    const std::vector<dicom::Tag> tags = KeptTags(level);
    return AddHeader(locator, to, [&tags](dicom::Tag tag) {
      return std::find(tags.begin(), tags.end(), tag) != tags.end();
    });
  }

  absl::StatusOr<std::string> FirstLocator(const Study& study, const Series* series) const {
    std::vector<Instance> first;
    TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
      if (series == nullptr) {
        TJ_ASSIGN_OR_RETURN(first, ListInstances(session, study, std::nullopt, 1));
      } else {
        TJ_ASSIGN_OR_RETURN(first, ListSeriesInstances(session, study.id,
                                                       series->series_instance_uid, nullptr, 1));
      }
      return absl::OkStatus();
    }));
    return first.empty() ? std::string() : first.front().locator;
  }

  // An object that is damaged or gone answers nothing of its own; the scrubber tells of it.
  absl::Status AddHeader(const std::string& locator, dicom::Dataset& to,
                         const std::function<bool(dicom::Tag)>& keep) {
    if (locator.empty()) return absl::OkStatus();
    if (++headers_ > limits_.headers_max) return TooBroad();
    const absl::StatusOr<dicom::Dataset> header = ReadObjectHeader(blobs_, locator, keep);
    if (absl::IsDataLoss(header.status()) || absl::IsNotFound(header.status()) ||
        absl::IsInvalidArgument(header.status())) {
      return absl::OkStatus();
    }
    TJ_TRY(header.status());
    AddMissing(*header, to);
    return absl::OkStatus();
  }

  absl::Status Finish(dicom::Dataset candidate, QueryMatch match) {
    if (!needs_.object_tags.empty()) {
      std::string locator;
      if (match.instance) {
        locator = match.instance->locator;
      } else {
        TJ_ASSIGN_OR_RETURN(locator,
                            FirstLocator(*match.study, match.series ? &*match.series : nullptr));
      }
      TJ_TRY(AddHeader(locator, candidate,
                       [this](dicom::Tag tag) { return needs_.object_tags.contains(tag); }));
      if (!MatchesKeys(needs_.object, candidate, query_.combined_datetime))
        return absl::OkStatus();
    }
    if (!query_.rows_only) {
      TJ_TRY(AddCounts(*match.study, candidate));
      match.attributes = Answer(candidate);
    }
    page_.push_back(std::move(match));
    return page_.size() >= kMatchesAtOnce ? Flush() : absl::OkStatus();
  }

  dicom::Dataset Answer(const dicom::Dataset& candidate) const {
    dicom::Dataset answer = dicom::Project(query_.keys, candidate);
    constexpr dicom::Tag kUnique[] = {tags::kPatientId, tags::kStudyInstanceUid,
                                      tags::kSeriesInstanceUid, tags::kSopInstanceUid};
    for (size_t level = 0; level <= static_cast<size_t>(query_.level); ++level) {
      if (const auto* element = candidate.Find(kUnique[level]))
        answer.SetElement(kUnique[level], *element);
    }
    return answer;
  }

  absl::Status AddCounts(const Study& study, dicom::Dataset& to) const {
    if (!needs_.patient_counts && !needs_.sop_classes) return absl::OkStatus();
    return database_.Read([&](store::Session& session) -> absl::Status {
      if (needs_.sop_classes) {
        TJ_ASSIGN_OR_RETURN(auto classes, SopClassesOf(session, study.id, kSopClassesMax));
        to.SetValues(query_tags::kSopClassesInStudy, std::move(classes));
      }
      return needs_.patient_counts ? AddPatientCounts(session, study, to) : absl::OkStatus();
    });
  }

  absl::Status AddPatientCounts(store::Session& session, const Study& study,
                                dicom::Dataset& to) const {
    const Walk walk = {.kind = WalkKind::kPatientNumber,
                       .value = study.patient.facility_patient_id};
    TJ_ASSIGN_OR_RETURN(const auto rows, NextRows(session, walk, nullptr, kPatientStudiesMax));
    int64_t studies = 0, series = 0, instances = 0;
    for (const SearchRow& row : rows) {
      TJ_ASSIGN_OR_RETURN(const auto other, StudyRow(session, row.study_id));
      if (!other || other->facility_id != study.facility_id) continue;
      ++studies;
      series += other->series_count;
      instances += other->instance_count;
    }
    to.Set(query_tags::kNumberOfPatientRelatedStudies, absl::StrCat(studies));
    to.Set(query_tags::kNumberOfPatientRelatedSeries, absl::StrCat(series));
    to.Set(query_tags::kNumberOfPatientRelatedInstances, absl::StrCat(instances));
    return absl::OkStatus();
  }

  absl::Status Flush() {
    if (page_.empty() || stopped_) return absl::OkStatus();
    TJ_ASSIGN_OR_RETURN(const bool more, take_(page_));
    stopped_ = !more;
    page_.clear();
    return absl::OkStatus();
  }

  absl::Status Check() const { return query_.check ? query_.check() : absl::OkStatus(); }

  absl::Status CountRows(size_t rows) {
    scanned_ += static_cast<int64_t>(rows);
    if (scanned_ < limits_.scanned_max) return absl::OkStatus();
    TJ_TRY(Flush());
    return stopped_ ? absl::OkStatus() : TooBroad();
  }

  store::Database& database_;
  blob::Store& blobs_;
  const QueryLimits limits_;
  const Query& query_;
  const QueryNeeds needs_;
  const TakeMatches& take_;
  const std::vector<std::string> facilities_;
  std::set<std::string> seen_;
  std::set<std::string> patients_;
  std::vector<QueryMatch> page_;
  int64_t scanned_ = 0;
  int64_t headers_ = 0;
  bool stopped_ = false;
};

}  // namespace

absl::Status Queries::Run(const security::Scope& scope, const Query& query,
                          const TakeMatches& take) const {
  TJ_ASSIGN_OR_RETURN(const QueryPlan plan, PlanOf(query.keys));
  return Walker(database_, blobs_, limits_, scope, query, take).Run(plan);
}

}  // namespace tongjian::imaging
