#include "services/imaging/study_changes.h"

#include "common/base/status.h"
#include "common/feed/change.h"
#include "services/imaging/encode.h"
#include "services/imaging/search_store.h"
#include "services/imaging/study_store.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::imaging {

namespace {

bool OnlyCountsDiffer(const Study& study, Study before) {
  before.series_count = study.series_count;
  before.instance_count = study.instance_count;
  before.size = study.size;
  before.updated = study.updated;
  before.version = study.version;
  before.quiet_at = study.quiet_at;
  before.emitted = study.emitted;
  before.dirty = study.dirty;
  return before == study;
}

absl::Status Save(store::Transaction& tx, Study& study, News news, const Study* before) {
  ++study.version;
  study.updated = tx.Now();
  // A clock that was set back must not silence a study.
  const bool due = study.emitted > tx.Now() || tx.Now() - study.emitted >= kNewsInterval;
  const bool emit = news == News::kNow || due;
  study.dirty = !emit;
  if (emit) study.emitted = tx.Now();
  const bool counts_only = before != nullptr && OnlyCountsDiffer(study, *before);
  TJ_TRY(counts_only ? UpdateStudyCounts(tx, study) : UpdateStudy(tx, study));
  if (before != nullptr && !SearchedAlike(study, *before)) {
    TJ_ASSIGN_OR_RETURN(const std::vector<std::string> facilities, AudienceOf(tx, study.id));
    TJ_TRY(SetSearchRows(tx, study, facilities));
  }
  if (!emit) return absl::OkStatus();
  events::v1::StudyChanged changed;
  *changed.mutable_study() = ToProto(study);
  TJ_ASSIGN_OR_RETURN(std::vector<std::string> audience, AudienceOf(tx, study.id));
  tx.Emit(feed::MakeEvent(kStream, study.id, std::move(audience), changed));
  return absl::OkStatus();
}

}  // namespace

absl::Status SaveStudy(store::Transaction& tx, Study& study, News news) {
  return Save(tx, study, news, nullptr);
}

absl::Status SaveStudy(store::Transaction& tx, const Study& before, Study& study, News news) {
  return Save(tx, study, news, &before);
}

}  // namespace tongjian::imaging
