#include "tests/unit/reading/reading_rig.h"

#include <stdlib.h>

#include <filesystem>

#include "common/base/check.h"
#include "common/security/key_file.h"
#include "common/store/feed.h"
#include "services/reading/journal.h"
#include "services/reading/schema.h"

namespace tongjian::reading {

absl::Status KnownRight::Check(const std::string& practitioner_id, const std::string&, int) {
  if (away) return base::Unavailable("REFERENCE_UNKNOWN", "the registry is away");
  if (!refused.contains(practitioner_id)) return absl::OkStatus();
  return base::Error(absl::StatusCode::kPermissionDenied, "NOT_ENTITLED_TO_SIGN", "", "no license");
}

ReadingRig::ReadingRig(const std::string& url) {
  std::string name = testing::TempDir() + "tongjian-reading-XXXXXX";
  directory_ = mkdtemp(name.data());
  authority_ = *security::Authority::Create(directory_ + "/ca", "Test", clock_);
  const security::Issued issued = *authority_->IssueSigning("test", absl::Hours(24 * 365));
  TJ_CHECK(security::WriteDurably(directory_ + "/s.key", issued.private_key_pem, security::FileMode::kSecret).ok());
  TJ_CHECK(security::WriteDurably(directory_ + "/s.pem", issued.certificate_pem, security::FileMode::kPublic).ok());
  signer_ = *security::OpenBuiltInSigner({directory_ + "/s.key", directory_ + "/s.pem", directory_ + "/ca/ca.pem"}, clock_);
  database_ = *store::Database::Open(
      {.url = url.empty() ? "sqlite:" + directory_ + "/reading.db" : url, .name = "reading", .migrations = Schema()}, clock_);
  tasks_ = std::make_unique<Tasks>(*database_, absl::Minutes(15));
  reports_ = std::make_unique<Reports>(*database_, ids_, *signer_, right_, names_, ReportRules{});
}

ReadingRig::~ReadingRig() {
  database_.reset();
  std::error_code ignored;  // The system clears its temporary folder too.
  std::filesystem::remove_all(directory_, ignored);
}

orders::v1::Order ReadingRig::NewOrder(const std::string& id) {
  orders::v1::Order order;
  order.set_id(id);
  order.set_state(orders::v1::ORDER_STATE_SUBMITTED);
  order.set_origin(orders::v1::ORDER_ORIGIN_HIS);
  order.set_ordering_facility_id("f1");
  order.set_accession_number("A" + id);
  order.set_priority(common::v1::PRIORITY_ROUTINE);
  order.set_discipline(common::v1::DISCIPLINE_IMAGING);
  order.add_items()->set_name("胸部正位");
  order.mutable_routing()->set_center_id("center");
  order.mutable_routing()->set_performing_facility_id("hub");
  order.mutable_routing()->set_reading_mode(registry::v1::READING_MODE_HUB_READS);
  order.mutable_routing()->set_signers(1);
  order.mutable_patient()->set_facility_id("f1");
  order.mutable_patient()->set_facility_patient_id("17");
  order.mutable_patient()->set_name("王小明");
  return order;
}

imaging::v1::Study ReadingRig::NewStudy(const std::string& id, const std::vector<std::string>& orders) {
  imaging::v1::Study study;
  study.set_id(id);
  study.set_state(imaging::v1::STUDY_STATE_COMPLETE);
  study.set_instance_count(2);
  study.add_modalities("DX");
  study.mutable_order_ids()->Assign(orders.begin(), orders.end());
  return study;
}

absl::Status ReadingRig::Hear(orders::v1::Order& order) {
  order.set_version(++versions_[order.id()]);
  return database_->Write([&](store::Transaction& tx) { return evidence_.OrderNews(tx, order); });
}

absl::Status ReadingRig::Hear(imaging::v1::Study& study) {
  study.set_version(++versions_[study.id()]);
  return database_->Write([&](store::Transaction& tx) { return evidence_.StudyNews(tx, study); });
}

Task ReadingRig::Queued(const std::string& order_id) {
  orders::v1::Order order = NewOrder(order_id);
  imaging::v1::Study study = NewStudy("s-" + order_id, {order_id});
  EXPECT_THAT(Hear(order), IsOk());
  EXPECT_THAT(Hear(study), IsOk());
  return TaskOf(order_id);
}

Task ReadingRig::TaskOf(const std::string& order_id) {
  std::optional<Task> task;
  const absl::Status read = database_->Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(task, TaskOfOrder(session, security::Scope::Service(), order_id));
    return absl::OkStatus();
  });
  EXPECT_THAT(read, IsOk());
  return task.value_or(Task());
}

Asked ReadingRig::By(const std::string& practitioner, const std::string& facility) {
  return {.reader = {"u-" + practitioner, practitioner, "", facility},
          .caller = "person:" + practitioner,
          .scope = security::Scope::Facilities({facility}),
          .method = "test",
          .request_id = "r" + std::to_string(++requests_),
          .fingerprint = "x",
          .trail = nullptr};
}

Content ReadingRig::Says(const std::string& impression) {
  Content content;
  content.findings = "两肺纹理清晰\n心影不大";
  content.impression = impression;
  return content;
}

Report ReadingRig::Drafted(Task& task, const std::string& practitioner, const std::string& facility) {
  auto claimed = tasks_->Claim(By(practitioner, facility), task.id);
  EXPECT_THAT(claimed.status(), IsOk());
  task = *claimed;
  auto report = reports_->SaveDraft(By(practitioner, facility), task.id, task.claim_fence, Says("未见异常"), "");
  EXPECT_THAT(report.status(), IsOk());
  return *report;
}

Report ReadingRig::Signed(Task& task) {
  const Report draft = Drafted(task);
  auto report = reports_->Sign(By("p1"), draft.id, task.claim_fence, Etag(draft), "");
  EXPECT_THAT(report.status(), IsOk());
  return *report;
}

std::vector<ReadingRig::Told> ReadingRig::Events() {
  std::vector<Told> told;
  const auto page = database_->feed().Read(kStream, "", std::nullopt, 1000);
  EXPECT_THAT(page.status(), IsOk());
  for (const store::Event& event : page->events) told.push_back({event.type, event.key, event.audiences, event.payload});
  return told;
}

}  // namespace tongjian::reading
