#include "services/audit/follow_registry.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/feed/account_news.h"
#include "common/feed/change.h"
#include "common/security/digest.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::audit {

absl::StatusOr<std::unique_ptr<feed::Mirror>> FollowRegistry(rpc::ChannelSource channel,
                                                             const rpc::OutgoingIdentity& identity,
                                                             TrailStore& store,
                                                             telemetry::Registry& metrics) {
  auto link = [](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
    const auto changed = feed::As<events::v1::PatientChanged>(event);
    if (!changed) return absl::OkStatus();
    for (const events::v1::PatientLink& words : changed->links()) {
      if (words.facility_patient_id().empty()) continue;  // Records name no patient without a number.
      // The digest of audit records: see TouchedPatient in proto/tongjian/audit/v1/record.proto.
      const std::string digest = security::Sha256Text(
          absl::StrCat(words.facility_id(), "\n", words.facility_patient_id()));
      TJ_TRY(TrailStore::LinkPatient(tx, digest, changed->patient().id()));
    }
    return absl::OkStatus();
  };
  return feed::Mirror::Open({.feed = "registry"}, {feed::kAccountChanged}, std::move(channel),
                            identity, store.database(), metrics, link);
}

}  // namespace tongjian::audit
