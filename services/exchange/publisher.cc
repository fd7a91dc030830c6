#include "services/exchange/publisher.h"

#include <google/protobuf/util/message_differencer.h>

#include <optional>
#include <utility>
#include <vector>

#include "services/exchange/fact_store.h"
#include "services/exchange/publication.h"
#include "services/exchange/result.h"
#include "services/exchange/result_store.h"

namespace tongjian::exchange {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr int64_t kRelinkedAtOnce = 200;

absl::StatusOr<Sources> Gather(store::Session& session, reading::v1::Report report) {
  Sources sources;
  TJ_ASSIGN_OR_RETURN(sources.orders, FactStore::OrdersOf(session, report));
  TJ_ASSIGN_OR_RETURN(sources.studies, FactStore::StudiesOf(session, report));
  sources.report = std::move(report);
  return sources;
}

}  // namespace

absl::Status Publisher::Refresh(store::Transaction& tx, const std::string& report_id) const {
  TJ_ASSIGN_OR_RETURN(std::optional<reading::v1::Report> report, FactStore::FindReport(tx, report_id));
  if (!report) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(Sources sources, Gather(tx, *std::move(report)));
  const Words words = WordsOf(PatientOf(sources));
  TJ_ASSIGN_OR_RETURN(std::string patient_id, exchange::PatientOf(tx, words));
  // Words without a number link nobody here; orders may know more of them.
  if (patient_id.empty()) patient_id = PatientOf(sources).patient_id();
  TJ_ASSIGN_OR_RETURN(sources.patient, VerificationOf(tx, patient_id));

  TJ_ASSIGN_OR_RETURN(const std::optional<v1::Result> before,
                      ResultStore::FindBySource(tx, security::Scope::Service(), {"", kOwnSource, report_id}));
  v1::Result after = before.value_or(v1::Result());
  after.mutable_patient()->set_patient_id(patient_id);
  Describe(sources, *facts_(), after);
  Due due = DueVersions(sources, after);
  for (v1::ResultVersion& version : due.versions) Append(after, std::move(version), tx.Now());
  const Wait wait = {.waiting = due.waiting || !after.identity_confirmed(), .held = due.waiting};
  TJ_TRY(FactStore::SetWaiting(tx, report_id, wait, words));
  if (after.versions().empty() || (before && MessageDifferencer::Equals(*before, after))) return absl::OkStatus();
  if (!before) after.set_id(ids_.New());
  return ResultStore::Write(tx, after, after.version());
}

absl::Status Publisher::Relink(store::Transaction& tx, const Words& words, const std::string& patient_id) const {
  TJ_TRY(LinkWords(tx, words, patient_id));
  while (true) {
    TJ_ASSIGN_OR_RETURN(std::vector<v1::Result> results,
                        ResultStore::WithWords(tx, security::Scope::Service(), words, patient_id, kRelinkedAtOnce));
    for (v1::Result& result : results) {
      result.mutable_patient()->set_patient_id(patient_id);
      TJ_TRY(ResultStore::Write(tx, result, result.version()));
    }
    if (static_cast<int64_t>(results.size()) < kRelinkedAtOnce) break;
  }
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> waiting, FactStore::WaitingReports(tx, words));
  for (const std::string& report_id : waiting) TJ_TRY(Refresh(tx, report_id));
  return absl::OkStatus();
}

absl::Status Publisher::RefreshUnconfirmed(store::Transaction& tx, const std::string& patient_id) const {
  ListPosition after;
  while (true) {
    TJ_ASSIGN_OR_RETURN(const std::vector<ListedResult> listed,
                        ResultStore::List(tx, security::Scope::Service(), patient_id, "", after, kRelinkedAtOnce));
    for (const ListedResult& one : listed) {
      if (one.result.source() != kOwnSource || one.result.identity_confirmed()) continue;
      TJ_TRY(Refresh(tx, one.result.source_id()));
    }
    if (static_cast<int64_t>(listed.size()) < kRelinkedAtOnce) return absl::OkStatus();
    after = listed.back().position;
  }
}

telemetry::Registry::Watch WatchHeld(telemetry::Registry& metrics, store::Database& database) {
  return metrics.WatchGauge("tongjian_exchange_results_waiting", "Reports of which a final version is kept back", {},
                            [&database] {
                              int64_t held = -1;
                              const absl::Status read = database.Read([&](store::Session& session) -> absl::Status {
                                TJ_ASSIGN_OR_RETURN(held, FactStore::CountHeld(session));
                                return absl::OkStatus();
                              });
                              return read.ok() ? static_cast<double>(held) : -1.0;
                            });
}

}  // namespace tongjian::exchange
