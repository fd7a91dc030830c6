#include "services/imaging/ingest.h"

#include <algorithm>
#include <map>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/scan.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "services/imaging/completeness.h"
#include "services/imaging/conflict_store.h"
#include "services/imaging/healing.h"
#include "services/imaging/link_store.h"
#include "services/imaging/object_header.h"
#include "services/imaging/object_scan.h"
#include "services/imaging/steps.h"
#include "services/imaging/study_changes.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

// Fills what earlier instances left empty. What they said stands.
bool FillIfEmpty(std::string& field, const std::string& value) {
  if (!field.empty() || value.empty()) return false;
  field = value;
  return true;
}

// True when the words that stand for a master patient have changed.
bool FillGaps(Study& study, const Evidence& evidence) {
  FillIfEmpty(study.description, evidence.study_description);
  FillIfEmpty(study.body_part, evidence.study_body_part);
  PatientWords& patient = study.patient;
  bool changed = FillIfEmpty(patient.facility_patient_id, evidence.patient.facility_patient_id);
  changed |= FillIfEmpty(patient.birth_date, evidence.patient.birth_date);
  if (FillIfEmpty(patient.name, evidence.patient.name)) {
    patient.name_key = evidence.patient.name_key;
    patient.person_name = evidence.patient.person_name;
    changed = true;
  }
  if (FillIfEmpty(patient.name_latin, evidence.patient.name_latin))
    patient.latin_key = evidence.patient.latin_key;
  if (patient.sex == 0) patient.sex = evidence.patient.sex;
  study.charset_guessed |= evidence.charset_guessed;
  return changed;
}

bool SameContent(const Instance& instance, const Instance& other) {
  return instance.digest == other.digest ||
         (instance.transfer_syntax_uid == other.transfer_syntax_uid &&
          instance.dataset_digest == other.dataset_digest);
}

// How often an arrival is compared with what has its UID, should that change meanwhile.
constexpr int kComparisonsMax = 4;

absl::Status AddTransition(store::Transaction& tx, const Study& study,
                           const Transition& transition) {
  if (!transition) return absl::OkStatus();
  const char* const by = study.state == StudyState::kVerified ? "sender" : "late_instance";
  return AddHistory(tx, study.id, {.action = std::string(*transition), .by = by});
}

}  // namespace

struct Ingest::Draft {
  Evidence evidence;
  Instance instance;
  Stored stored;
  bool redundant = false;  // The object's content is kept already under another locator.
  // Data set digests by locator, and the locators whose digests are to be read before the change
  // can be decided.
  std::map<std::string, std::string> digests;
  std::vector<std::string> unread;
  // Whether kept objects are whole, by locator, and those that are to be verified before the
  // arrival may be taken for a second copy.
  std::map<std::string, bool> whole;
  std::vector<std::string> unverified;
  std::string damaged;  // Locator of the object whose place the arrival's has taken.

  // Fills in the digest of an instance's data set, or notes that it is to be read.
  bool Know(Instance& other) {
    if (!other.dataset_digest.empty()) return true;
    const auto known = digests.find(other.locator);
    if (known == digests.end()) {
      unread.push_back(other.locator);
      return false;
    }
    other.dataset_digest = known->second;
    return true;
  }

  // The arrival's content is kept at that locator. True when it is damaged there and the arrival's
  // object is to take its place.
  absl::StatusOr<bool> Heals(const std::string& locator) {
    redundant = instance.locator != locator;
    if (!redundant) return false;
    const auto verified = whole.find(locator);
    if (verified == whole.end()) {
      unverified.push_back(locator);
      return absl::AbortedError("the object that is kept is to be verified");
    }
    if (verified->second) return false;
    damaged = locator;
    redundant = false;
    return true;
  }
};

Ingest::Ingest(store::Database& database, blob::Store& blobs, base::Ids& ids,
               const Matcher& matcher, IngestOptions options, telemetry::Registry& metrics)
    : database_(database),
      blobs_(blobs),
      ids_(ids),
      matcher_(matcher),
      options_(options),
      stored_(metrics.GetCounter("tongjian_imaging_objects_total", "Objects taken in",
                                 {{"outcome", "stored"}})),
      duplicates_(metrics.GetCounter("tongjian_imaging_objects_total", "Objects taken in",
                                     {{"outcome", "duplicate"}})),
      conflicts_(metrics.GetCounter("tongjian_imaging_objects_total", "Objects taken in",
                                    {{"outcome", "conflict"}})),
      healed_(metrics.GetCounter("tongjian_imaging_objects_healed_total",
                                 "Damaged objects replaced by a copy that was sent again")),
      bytes_(metrics.GetCounter("tongjian_imaging_bytes_total", "Bytes of objects taken in")) {}

Ingest::Draft Ingest::DraftOf(const Arrival& arrival) const {
  Draft draft;
  draft.evidence = ReadEvidence(*arrival.header, options_.time);
  draft.evidence.patient.facility_id = arrival.facility_id;
  draft.instance = draft.evidence.instance;
  draft.instance.facility_id = arrival.facility_id;
  draft.instance.size = arrival.receipt.size;
  draft.instance.digest = arrival.receipt.sha256;
  draft.instance.dataset_digest = arrival.dataset_digest;
  draft.instance.locator = arrival.receipt.locator;
  draft.stored.sop_instance_uid = draft.instance.sop_instance_uid;
  draft.stored.patient = draft.evidence.patient;
  return draft;
}

absl::StatusOr<Stored> Ingest::Store(const Arrival& arrival, const Also& also) {
  Draft fresh = DraftOf(arrival);
  Draft draft;
  absl::Status written;
  for (int tries = 0; tries < kComparisonsMax; ++tries) {
    written = database_.Write([&](store::Transaction& tx) -> absl::Status {
      draft = fresh;
      TJ_TRY(Write(tx, arrival, draft));
      return also ? also(tx, draft.stored) : absl::OkStatus();
    });
    if (draft.unread.empty() && draft.unverified.empty()) break;
    TJ_TRY(ReadDigests(draft));
    TJ_TRY(VerifyKept(draft));
    fresh.digests = std::move(draft.digests);
    fresh.whole = std::move(draft.whole);
  }
  TJ_TRY(written);
  Clear(draft, arrival.receipt.locator);
  Count(draft.stored, arrival.receipt.size);
  return draft.stored;
}

// Removes what no row names any more: the second copy, or the damaged first.
void Ingest::Clear(const Draft& draft, const std::string& locator) {
  if (!draft.damaged.empty()) {
    healed_.Add();
    telemetry::Log(
        telemetry::Level::kWarning, "object_healed",
        {{"study", draft.stored.study_id}, {"damaged", draft.damaged}, {"locator", locator}});
  }
  const std::string& spare = draft.redundant ? locator : draft.damaged;
  if (spare.empty()) return;
  if (const absl::Status removed = blobs_.Remove(spare); !removed.ok()) {
    telemetry::Log(telemetry::Level::kWarning, "duplicate_not_removed", {{"error", removed}});
  }
}

// Not in a transaction, which everybody would wait for. Of an object that is damaged nothing is
// known: nothing is equal to it.
absl::Status Ingest::ReadDigests(Draft& draft) {
  for (const std::string& locator : draft.unread) {
    absl::StatusOr<std::string> digest = DatasetDigestOf(blobs_, locator);
    if (absl::IsDataLoss(digest.status())) digest = "unreadable " + locator;
    TJ_TRY(digest.status());
    draft.digests[locator] = *std::move(digest);
  }
  return absl::OkStatus();
}

// Not in a transaction either.
absl::Status Ingest::VerifyKept(Draft& draft) {
  for (const std::string& locator : draft.unverified) {
    TJ_ASSIGN_OR_RETURN(draft.whole[locator], IsWhole(blobs_, locator));
  }
  return absl::OkStatus();
}

void Ingest::Count(const Stored& stored, int64_t bytes) {
  switch (stored.outcome) {
    case StoreOutcome::kStored:
      stored_.Add();
      break;
    case StoreOutcome::kDuplicate:
      duplicates_.Add();
      break;
    case StoreOutcome::kConflict:
      conflicts_.Add();
      break;
  }
  bytes_.Add(bytes);
}

absl::Status Ingest::Write(store::Transaction& tx, const Arrival& arrival, Draft& draft) {
  draft.instance.received = tx.Now();
  TJ_ASSIGN_OR_RETURN(const bool met, MeetExisting(tx, arrival, draft));
  if (met) return absl::OkStatus();
  bool made = false;
  TJ_ASSIGN_OR_RETURN(Study study, FindOrMakeStudy(tx, arrival, draft, &made));
  return AddTo(tx, arrival, study, made, draft);
}

// The same SOP Instance UID of the same facility is there: a duplicate or a conflict. False when
// there is none.
absl::StatusOr<bool> Ingest::MeetExisting(store::Transaction& tx, const Arrival& arrival,
                                          Draft& draft) {
  Instance& instance = draft.instance;
  TJ_ASSIGN_OR_RETURN(auto first,
                      InstanceOf(tx, instance.facility_id, instance.sop_instance_uid));
  if (!first) return false;
  if (first->digest != instance.digest) {
    const bool recorded = !first->dataset_digest.empty();
    const bool known = draft.Know(*first);
    if (!draft.Know(instance) || !known)
      return absl::AbortedError("the data sets are to be compared");
    if (!recorded) TJ_TRY(SetDatasetDigest(tx, *first));
  }
  TJ_ASSIGN_OR_RETURN(Study study, FindStudy(tx, security::Scope::Service(), first->study_id));
  draft.stored.study_id = study.id;
  draft.stored.patient_id = study.patient_id;
  if (SameContent(*first, instance)) {
    draft.stored.outcome = StoreOutcome::kDuplicate;
    TJ_ASSIGN_OR_RETURN(const bool heals, draft.Heals(first->locator));
    if (heals) TJ_TRY(HealInstance(tx, study, *first, instance));
    return true;
  }
  draft.stored.outcome = StoreOutcome::kConflict;
  TJ_ASSIGN_OR_RETURN(const auto known,
                      ConflictOf(tx, instance.facility_id, instance.sop_instance_uid,
                                 instance.digest, instance.dataset_digest));
  if (known) {
    draft.redundant = instance.locator != known->locator;
    if (!IsAside(*known, instance.digest)) return true;
    TJ_ASSIGN_OR_RETURN(const bool heals, draft.Heals(known->locator));
    if (heals) TJ_TRY(HealConflict(tx, study, *known, instance));
    return true;
  }
  const Conflict conflict = {.id = ids_.New(),
                             .study_id = study.id,
                             .facility_id = instance.facility_id,
                             .sop_instance_uid = instance.sop_instance_uid,
                             .first_digest = first->digest,
                             .later_digest = instance.digest,
                             .later_dataset_digest = instance.dataset_digest,
                             .later_study_instance_uid = draft.evidence.study_instance_uid,
                             .size = instance.size,
                             .locator = instance.locator,
                             .received = tx.Now(),
                             .device_ae_title = arrival.device_ae_title};
  TJ_TRY(InsertConflict(tx, conflict));
  ++study.conflict_count;
  TJ_TRY(SaveStudy(tx, study, News::kNow));
  telemetry::Log(telemetry::Level::kWarning, "instance_conflict",
                 {{"conflict", conflict.id}, {"study", study.id}});
  return true;
}

absl::StatusOr<Study> Ingest::FindOrMakeStudy(store::Transaction& tx, const Arrival& arrival,
                                              const Draft& draft, bool* made) {
  const Evidence& evidence = draft.evidence;
  TJ_ASSIGN_OR_RETURN(std::vector<Study> studies,
                      StudiesOfUid(tx, arrival.facility_id, evidence.study_instance_uid));
  for (Study& study : studies) {
    if (SamePatient(study.patient, evidence.patient, true)) return std::move(study);
  }
  // The same UID for another patient: never merged, a person must look at both.
  for (Study& study : studies) {
    if (study.flags & kUidOfOtherPatient) continue;
    study.flags |= kUidOfOtherPatient;
    TJ_TRY(SaveStudy(tx, study, News::kNow));
  }
  TJ_ASSIGN_OR_RETURN(const bool elsewhere,
                      UidIsElsewhere(tx, arrival.facility_id, evidence.study_instance_uid));

  Study study;
  study.id = ids_.New();
  study.facility_id = arrival.facility_id;
  study.study_instance_uid = evidence.study_instance_uid;
  study.variant = static_cast<int64_t>(studies.size());
  study.patient = evidence.patient;
  study.accession_number = evidence.accession_number;
  study.study_number = evidence.study_number;
  study.study_date = evidence.study_date;
  study.study_time = evidence.study_time;
  if (!evidence.series.modality.empty()) study.modalities.push_back(evidence.series.modality);
  study.performed = {
      .device = evidence.device_time,
      .receipt = arrival.receipt_time,
      .offset_ms = arrival.offset_ms,
      .implausible = arrival.clock_implausible ||
                     Implausible(evidence.device_time, arrival.receipt_time, options_.time)};
  study.device_ae_title = arrival.device_ae_title;
  study.device_id = arrival.device_id;
  study.flags = (studies.empty() ? 0 : kUidOfOtherPatient) | (elsewhere ? kUidOfOtherFacility : 0);
  study.created = tx.Now();
  study.updated = tx.Now();
  TJ_ASSIGN_OR_RETURN(study.patient_id, PatientOf(tx, study.patient));
  TJ_ASSIGN_OR_RETURN(const int64_t inserted, InsertStudy(tx, study));
  if (inserted == 0) return absl::AbortedError("the study was made by another transaction");
  TJ_TRY(RenewAudience(tx, study));
  *made = true;
  return study;
}

absl::Status Ingest::AddTo(store::Transaction& tx, const Arrival& arrival, Study& study, bool made,
                           Draft& draft) {
  const Study before = study;
  Instance& instance = draft.instance;
  instance.study_id = study.id;
  draft.stored.study_id = study.id;
  draft.stored.patient_id = study.patient_id;
  if (made) TJ_TRY(MeetSteps(tx, study));
  TJ_ASSIGN_OR_RETURN(const int64_t inserted, InsertInstance(tx, instance));
  if (inserted == 0) return absl::AbortedError("the instance was made by another transaction");
  TJ_ASSIGN_OR_RETURN(const bool new_series, CountInSeries(tx, study.id, draft.evidence.series));
  if (made) TJ_TRY(KeepStudyHeader(tx, study.id, *arrival.header));
  if (new_series) {
    TJ_TRY(KeepSeriesHeader(tx, study.id, instance.series_instance_uid, *arrival.header));
  }
  study.series_count += new_series ? 1 : 0;
  ++study.instance_count;
  study.size += instance.size;
  const std::string& modality = draft.evidence.series.modality;
  if (!modality.empty() && std::find(study.modalities.begin(), study.modalities.end(), modality) ==
                               study.modalities.end()) {
    study.modalities.push_back(modality);
  }
  const bool numbered = FillIfEmpty(study.accession_number, draft.evidence.accession_number);
  bool changed = made || arrival.priority > study.priority;
  if (FillGaps(study, draft.evidence)) {
    TJ_ASSIGN_OR_RETURN(study.patient_id, PatientOf(tx, study.patient));
    changed = true;
  }
  study.priority = std::max(study.priority, arrival.priority);
  const bool stepped = study.exam != ExamState::kNone;
  const Transition transition = Arrived(study, tx.Now(), options_.Quiet().Of(study.exam));
  TJ_TRY(AddTransition(tx, study, transition));
  if (stepped) TJ_TRY(NoteArrival(tx, study, instance, options_.Quiet()));
  changed |= study.state != before.state;
  if (made || numbered) {
    TJ_ASSIGN_OR_RETURN(const bool matched, matcher_.Match(tx, study));
    changed |= matched;
  }
  return SaveStudy(tx, before, study, changed ? News::kNow : News::kSoon);
}

absl::StatusOr<Instance> Ingest::Replace(store::Transaction& tx, const Arrival& arrival) {
  Draft draft = DraftOf(arrival);
  Instance& instance = draft.instance;
  instance.received = tx.Now();
  TJ_ASSIGN_OR_RETURN(const auto first,
                      InstanceOf(tx, instance.facility_id, instance.sop_instance_uid));
  if (!first) return base::NotFound("instance");
  bool made = false;
  TJ_ASSIGN_OR_RETURN(Study to, FindOrMakeStudy(tx, arrival, draft, &made));
  TJ_ASSIGN_OR_RETURN(Study from, FindStudy(tx, security::Scope::Service(), first->study_id));
  const bool moves = from.id != to.id;
  Study& target = moves ? to : from;
  TJ_TRY(CountOutOfSeries(tx, from.id, first->series_instance_uid));
  TJ_ASSIGN_OR_RETURN(const bool new_series, CountInSeries(tx, target.id, draft.evidence.series));
  from.instance_count -= 1;
  from.size -= first->size;
  target.instance_count += 1;
  target.size += instance.size;
  target.series_count += new_series ? 1 : 0;
  instance.study_id = target.id;
  TJ_TRY(ReplaceInstance(tx, instance));
  if (made) {
    target.quiet_at = tx.Now() + options_.quiet_time;
    TJ_TRY(matcher_.Match(tx, target).status());
  }
  TJ_TRY(SaveStudy(tx, from, News::kNow));
  if (moves) TJ_TRY(SaveStudy(tx, to, News::kNow));
  return *first;
}

}  // namespace tongjian::imaging
