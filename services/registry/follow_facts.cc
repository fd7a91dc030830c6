#include "services/registry/follow_facts.h"

#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/store/transaction.h"
#include "services/registry/fact_links.h"
#include "services/registry/patient_codec.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::registry {
namespace {

Statement StatementOf(const common::v1::PatientRef& words) {
  v1::ResolvePatientRequest request;
  *request.mutable_patient() = words;
  return Decode(request);
}

StatedFact FactOf(const orders::v1::Order& order) {
  StatedFact fact{FactKind::kOrder, order.id(), StatementOf(order.patient()), {}, ""};
  for (const orders::v1::OrderItem& item : order.items()) {
    fact.study_uids.insert(fact.study_uids.end(), item.study_instance_uids().begin(),
                           item.study_instance_uids().end());
  }
  return fact;
}

StatedFact FactOf(const imaging::v1::Study& study) {
  return {FactKind::kStudy,
          study.id(),
          StatementOf(study.patient()),
          {study.study_instance_uid()},
          study.order_ids().empty() ? "" : study.order_ids(0)};
}

}  // namespace

std::unique_ptr<feed::Follower> FollowOrders(rpc::ChannelSource channel,
                                             const rpc::OutgoingIdentity& identity,
                                             const Patients& patients, store::Database& database,
                                             telemetry::Registry& metrics) {
  return std::make_unique<feed::Follower>(
      feed::FollowerOptions{.feed = "orders"}, std::move(channel), identity, database, metrics,
      [links = FactLinks(patients)](store::Transaction& tx, const events::v1::Event& event)
          -> absl::Status {
        const auto changed = feed::As<events::v1::OrderChanged>(event);
        return changed ? links.Apply(tx, FactOf(changed->order())) : absl::OkStatus();
      });
}

std::unique_ptr<feed::Follower> FollowImaging(rpc::ChannelSource channel,
                                              const rpc::OutgoingIdentity& identity,
                                              const Patients& patients, store::Database& database,
                                              telemetry::Registry& metrics) {
  return std::make_unique<feed::Follower>(
      feed::FollowerOptions{.feed = "imaging"}, std::move(channel), identity, database, metrics,
      [links = FactLinks(patients)](store::Transaction& tx, const events::v1::Event& event)
          -> absl::Status {
        const auto changed = feed::As<events::v1::StudyChanged>(event);
        return changed ? links.Apply(tx, FactOf(changed->study())) : absl::OkStatus();
      });
}

}  // namespace tongjian::registry
