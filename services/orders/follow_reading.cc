#include "services/orders/follow_reading.h"

#include "common/feed/change.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::orders {
namespace {

namespace reading = tongjian::reading::v1;

std::optional<Action> ReturnOf(reading::ReturnKind kind) {
  switch (kind) {
    case reading::RETURN_KIND_RECAPTURE:
      return Action::kRecapture;
    case reading::RETURN_KIND_DECLINE:
      return Action::kDecline;
    case reading::RETURN_KIND_ESCALATE:
      return Action::kEscalate;
    default:
      return Action::kReturn;
  }
}

std::optional<Action> ActionOf(const reading::Task& task) {
  switch (task.state()) {
    case reading::TASK_STATE_QUEUED:
      return Action::kQueue;
    case reading::TASK_STATE_CLAIMED:
      return Action::kClaim;
    case reading::TASK_STATE_PRELIMINARY:
      return Action::kPreliminary;
    case reading::TASK_STATE_REOPENED:
      return Action::kReopen;
    case reading::TASK_STATE_RETURNED:
      return ReturnOf(task.return_kind());
    default:
      return {};
  }
}

TaskFact FactOf(const reading::Task& task) {
  const bool returned = task.state() == reading::TASK_STATE_RETURNED;
  return {.id = task.id(),
          .order_id = task.order_id(),
          .action = ActionOf(task),
          .actor = task.claimed_by(),
          .note = returned ? task.note() : "",
          .version = task.version()};
}

std::optional<ReportFact::Standing> StandingOf(reading::ReportState state) {
  switch (state) {
    case reading::REPORT_STATE_PRELIMINARY:
      return ReportFact::Standing::kPreliminary;
    case reading::REPORT_STATE_FINAL:
      return ReportFact::Standing::kFinal;
    case reading::REPORT_STATE_AMENDED:
      return ReportFact::Standing::kAmended;
    case reading::REPORT_STATE_RETRACTED:
      return ReportFact::Standing::kRetracted;
    default:
      return {};  // Drafts are nobody's business but the center's.
  }
}

}  // namespace

feed::Follower::Handler FollowReading(const ReadingNews& news) {
  return [&news](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
    if (const auto changed = feed::As<events::v1::TaskChanged>(event))
      return news.Apply(tx, FactOf(changed->task()));
    const auto changed = feed::As<events::v1::ReportChanged>(event);
    if (!changed) return absl::OkStatus();
    const reading::Report& report = changed->report();
    const std::optional<ReportFact::Standing> standing = StandingOf(report.state());
    if (!standing) return absl::OkStatus();
    return news.Apply(
        tx, ReportFact{.id = report.id(),
                       .order_ids = {report.order_ids().begin(), report.order_ids().end()},
                       .standing = *standing,
                       .actor = report.author().practitioner_id(),
                       .version = report.version()});
  };
}

}  // namespace tongjian::orders
