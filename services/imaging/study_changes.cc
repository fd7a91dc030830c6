#include "services/imaging/study_changes.h"

#include "common/base/status.h"
#include "common/feed/change.h"
#include "services/imaging/encode.h"
#include "services/imaging/study_store.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::imaging {

absl::Status SaveStudy(store::Transaction& tx, Study& study, News news) {
  ++study.version;
  study.updated = tx.Now();
  // A clock that was set back must not silence a study.
  const bool due = study.emitted > tx.Now() || tx.Now() - study.emitted >= kNewsInterval;
  const bool emit = news == News::kNow || due;
  study.dirty = !emit;
  if (emit) study.emitted = tx.Now();
  TJ_TRY(UpdateStudy(tx, study));
  if (!emit) return absl::OkStatus();
  events::v1::StudyChanged changed;
  *changed.mutable_study() = ToProto(study);
  TJ_ASSIGN_OR_RETURN(std::vector<std::string> audience, AudienceOf(tx, study.id));
  tx.Emit(feed::MakeEvent(kStream, study.id, std::move(audience), changed));
  return absl::OkStatus();
}

}  // namespace tongjian::imaging
