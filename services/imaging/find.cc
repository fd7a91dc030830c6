#include "services/imaging/find.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/dicom/match.h"
#include "common/dicom/person_name.h"
#include "common/dicom/uid.h"
#include "common/security/scope.h"
#include "services/imaging/evidence.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;

constexpr int64_t kPageSize = 200;
constexpr size_t kUidsMax = 100;

// The key as the index folds it, wildcards kept: "王*", "wang xiao*".
std::string FoldedPattern(std::string_view group) { return NameKey(group); }

// Any group of the query's name against either form of the study's.
bool MatchesName(std::string_view key, const PatientWords& patient) {
  const dicom::PersonName name = dicom::ParsePersonName(key);
  const std::string* const groups[] = {&name.alphabetic, &name.ideographic, &name.phonetic};
  for (const std::string* group : groups) {
    const std::string pattern = FoldedPattern(*group);
    if (pattern.empty()) continue;
    if (!dicom::MatchesWildcard(pattern, patient.name_key) &&
        !dicom::MatchesWildcard(pattern, patient.latin_key)) {
      return false;
    }
  }
  return true;
}

// The letters before the first wildcard of a name in one group; empty where that narrows nothing.
std::string NamePrefix(std::string_view key) {
  if (key.find('=') != std::string_view::npos) return "";
  const std::string pattern = FoldedPattern(key);
  return pattern.substr(0, pattern.find_first_of("*?"));
}

std::string Exact(const std::string& key) { return dicom::HasWildcard(key) ? "" : key; }

absl::Status CheckLevel(const dicom::Dataset& query) {
  if (dicom::TrimPadding(query.Text(tags::kQueryRetrieveLevel)) == "STUDY") return absl::OkStatus();
  return absl::InvalidArgumentError("only the STUDY level is served");
}

std::string DicomSex(int64_t sex) { return sex == 1 ? "M" : sex == 2 ? "F" : sex == 3 ? "O" : ""; }

std::string DicomDate(std::string date) {
  std::erase(date, '-');
  return date;
}

}  // namespace

dicom::Dataset CandidateOf(const Study& study) {
  dicom::Dataset candidate;
  candidate.Set(tags::kQueryRetrieveLevel, "STUDY");
  candidate.Set(tags::kInstanceAvailability, "ONLINE");
  candidate.Set(tags::kPatientName, study.patient.person_name);
  candidate.Set(tags::kPatientId, study.patient.facility_patient_id);
  candidate.Set(tags::kPatientSex, DicomSex(study.patient.sex));
  candidate.Set(tags::kPatientBirthDate, DicomDate(study.patient.birth_date));
  candidate.Set(tags::kStudyInstanceUid, study.study_instance_uid);
  candidate.Set(tags::kStudyDate, study.study_date);
  candidate.Set(tags::kStudyTime, study.study_time);
  candidate.Set(tags::kStudyId, study.study_number);
  candidate.Set(tags::kStudyDescription, study.description);
  candidate.Set(tags::kAccessionNumber, study.accession_number);
  candidate.Set(tags::kBodyPartExamined, study.body_part);
  candidate.SetValues(tags::kModalitiesInStudy, study.modalities);
  candidate.Set(tags::kNumberOfStudyRelatedSeries, absl::StrCat(study.series_count));
  candidate.Set(tags::kNumberOfStudyRelatedInstances, absl::StrCat(study.instance_count));
  return candidate;
}

absl::StatusOr<std::vector<StudyFilter>> FiltersOf(const dicom::Dataset& query) {
  TJ_TRY(CheckLevel(query));
  StudyFilter filter;
  filter.facility_patient_id = Exact(query.Text(tags::kPatientId));
  filter.accession_number = Exact(query.Text(tags::kAccessionNumber));
  filter.name_prefix = NamePrefix(query.Text(tags::kPatientName));
  if (const std::string& date = query.Text(tags::kStudyDate); !date.empty()) {
    const auto range = dicom::ParseRange(date);
    if (!range) return absl::InvalidArgumentError("StudyDate is no date and no range");
    filter.study_date_from = range->from;
    filter.study_date_to = range->to;
  }
  const std::vector<std::string>& uids = query.Values(tags::kStudyInstanceUid);
  if (uids.size() > kUidsMax)
    return absl::InvalidArgumentError("too many StudyInstanceUIDs in one query");
  std::vector<StudyFilter> filters;
  for (const std::string& uid : uids) {
    if (uid.empty()) continue;
    filters.push_back(filter);
    filters.back().study_instance_uid = uid;
  }
  if (filters.empty()) filters.push_back(filter);
  return filters;
}

bool MatchesStudy(const dicom::Dataset& query, const Study& study) {
  if (!MatchesName(query.Text(tags::kPatientName), study.patient)) return false;
  dicom::Dataset rest = query;
  rest.Erase(tags::kPatientName);
  return dicom::Matches(rest, CandidateOf(study));
}

absl::Status StudyFind::Find(const dicom::AssociationInfo& info, const dicom::FindRequest& request,
                             dicom::FindResponder& responder) {
  const absl::StatusOr<DicomPeer> peer = peers_.IdentifyReader(info);
  if (!peer.ok()) {
    peers_.RecordRefusal(info, "C-FIND", peer.status());
    return peer.status();
  }
  if (!peer->device->charset.empty())
    responder.SetCharset(dicom::CharacterSet(peer->device->charset));
  TJ_ASSIGN_OR_RETURN(const std::vector<StudyFilter> filters, FiltersOf(request.identifier));
  int64_t scanned = 0;
  for (const StudyFilter& filter : filters) {
    TJ_TRY(Search(info, *peer, request.identifier, filter, responder, scanned));
  }
  return absl::OkStatus();
}

absl::Status StudyFind::Search(const dicom::AssociationInfo& info, const DicomPeer& peer,
                               const dicom::Dataset& query, StudyFilter filter,
                               dicom::FindResponder& responder, int64_t& scanned) const {
  const security::Scope scope = security::Scope::Facilities({peer.facility_id});
  while (true) {
    std::vector<Study> studies;
    TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(studies, ListStudies(session, scope, filter, kPageSize));
      return absl::OkStatus();
    }));
    if (studies.empty()) return absl::OkStatus();
    const bool last = static_cast<int64_t>(studies.size()) < kPageSize;
    filter.after_created = studies.back().created;
    filter.after_id = studies.back().id;
    scanned += static_cast<int64_t>(studies.size());
    std::erase_if(studies, [&](const Study& study) { return !MatchesStudy(query, study); });
    rpc::Trail trail = peers_.TrailOf(info, peer, "C-FIND");
    for (const Study& study : studies) {
      trail.TouchFacilityPatient(study.facility_id, study.patient.facility_patient_id,
                                 study.patient_id);
      trail.TouchObject(study.id);
    }
    if (!studies.empty()) TJ_TRY(trail.Finish(peers_.sink(), absl::OkStatus()));
    for (const Study& study : studies) {
      dicom::Dataset match = dicom::Project(query, CandidateOf(study));
      match.Set(tags::kQueryRetrieveLevel, "STUDY");
      match.Set(tags::kRetrieveAeTitle, options_.retrieve_ae_title);
      TJ_TRY(responder.Send(match));
    }
    if (last) return absl::OkStatus();
    if (scanned >= options_.scanned_max)
      return absl::ResourceExhaustedError("too many studies: narrow the query");
  }
}

}  // namespace tongjian::imaging
