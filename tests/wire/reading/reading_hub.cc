#include "tests/wire/reading/reading_hub.h"

#include <stdlib.h>

#include <filesystem>

#include "common/config/settings.h"
#include "common/rpc/proto_time.h"
#include "common/security/authority.h"
#include "common/security/token.h"
#include "services/reading/module.h"
#include "services/registry/module.h"
#include "tongjian/events/v1/feed.grpc.pb.h"

namespace tongjian::reading {
namespace {

// A service with a feed and nothing else.
class Publisher final : public runtime::Module {
 public:
  absl::Status Start() override { return absl::OkStatus(); }
  void Stop() override {}
};

runtime::ModuleEntry PublisherModule(const std::string& name, std::map<std::string, store::Database*>& publishers) {
  return {.name = name,
          .needs = {},
          .describe = [](config::Settings&) {},
          .create = [name, &publishers](runtime::Runtime& runtime) -> absl::StatusOr<std::unique_ptr<runtime::Module>> {
            TJ_ASSIGN_OR_RETURN(publishers[name], runtime.OpenDatabase(name, {}));
            return std::make_unique<Publisher>();
          }};
}

}  // namespace

void ReadingHub::SetUp() {
  std::string name = testing::TempDir() + "tongjian-reading-XXXXXX";
  directory_ = mkdtemp(name.data());
  ASSERT_THAT(security::Authority::Create(directory_ + "/ca", "test", clock_).status(), IsOk());
  runtime::ProcessOptions options;
  options.state = directory_ + "/state";
  options.authority = "jinhua";
  options.listen = "127.0.0.1:0";
  options.ca = directory_ + "/ca";
  options.admin_port = -1;
  options.log_level = "error";
  options.grace = absl::Seconds(5);
  runtime::ModuleEntry registry = registry::RegistryModule();
  runtime::ModuleEntry reading = ReadingModule();
  config::Settings settings("test");
  registry.describe(settings);
  reading.describe(settings);
  const std::string seed = std::string(TONGJIAN_SOURCE) + "/deploy/community/jinhua.json";
  std::vector<std::string> flags = Flags();
  flags.push_back("--registry.seed-file=" + seed);
  ASSERT_THAT(settings.Parse(flags, {}), IsOk());
  auto opened = runtime::Process::Open(options, "hub",
                                       {registry, reading, PublisherModule("orders", publishers_),
                                        PublisherModule("imaging", publishers_)},
                                       clock_);
  ASSERT_THAT(opened.status(), IsOk());
  process_ = *std::move(opened);
  ASSERT_THAT(process_->Start(), IsOk());
}

void ReadingHub::TearDown() {
  process_.reset();
  std::error_code ignored;  // The system clears its temporary folder too.
  std::filesystem::remove_all(directory_, ignored);
}

void ReadingHub::Publish(const std::string& feed, const std::string& key, const google::protobuf::Message& change) {
  ASSERT_THAT(publishers_[feed]->Write([&](store::Transaction& tx) {
    tx.Emit(feed::MakeEvent(feed, key, {}, change));
    return absl::OkStatus();
  }),
              IsOk());
}

v1::Task ReadingHub::PublishExam(const std::string& order_id) {
  events::v1::StudyChanged study;  // First: it waits until the order is known.
  study.mutable_study()->set_id("study-" + order_id);
  study.mutable_study()->set_version(1);
  study.mutable_study()->set_state(imaging::v1::STUDY_STATE_VERIFIED);
  study.mutable_study()->set_instance_count(2);
  study.mutable_study()->add_modalities("DX");
  study.mutable_study()->add_order_ids(order_id);
  Publish("imaging", study.study().id(), study);
  events::v1::OrderChanged changed;
  orders::v1::Order& order = *changed.mutable_order();
  order.set_id(order_id);
  order.set_version(1);
  order.set_state(orders::v1::ORDER_STATE_ARCHIVED_VERIFIED);
  order.set_origin(orders::v1::ORDER_ORIGIN_HIS);
  order.set_ordering_facility_id(kClinic);
  order.set_priority(common::v1::PRIORITY_ROUTINE);
  order.set_discipline(common::v1::DISCIPLINE_IMAGING);
  order.add_items()->set_name("胸部正位");
  order.mutable_routing()->set_center_id("center-zhongxin-imaging");
  order.mutable_routing()->set_performing_facility_id(kHub);
  order.mutable_routing()->set_signers(1);
  order.mutable_patient()->set_facility_id(kClinic);
  order.mutable_patient()->set_facility_patient_id("17");
  order.mutable_patient()->set_name("王小明");
  Publish("orders", order_id, changed);
  const events::v1::Event event = Await([&](const events::v1::Event& each) {
    const auto task = feed::As<events::v1::TaskChanged>(each);
    return task && task->task().order_id() == order_id && task->task().state() == v1::TASK_STATE_QUEUED;
  });
  return feed::As<events::v1::TaskChanged>(event)->task();
}

events::v1::Event ReadingHub::Await(const std::function<bool(const events::v1::Event&)>& wanted) {
  const auto identity = rpc::OutgoingIdentity::Service(process_->runtime().principals(), "exchange");
  const absl::Time give_up = clock_.Now() + absl::Seconds(60);
  while (clock_.Now() < give_up) {
    events::v1::PullFeedRequest request;
    request.set_feed("reading");
    request.set_cursor(cursor_);
    request.set_page_size(1);
    *request.mutable_wait() = rpc::ToProto(absl::Seconds(10));
    events::v1::PullFeedResponse page;
    EXPECT_THAT(Call<events::v1::FeedService>(&events::v1::FeedService::Stub::PullFeed, identity, request, &page), IsOk());
    cursor_ = page.next_cursor();
    if (!page.events().empty() && wanted(page.events(0))) return page.events(0);
  }
  ADD_FAILURE() << "what was awaited did not come";
  return {};
}

rpc::OutgoingIdentity ReadingHub::Person(const std::string& practitioner, const std::string& facility,
                                         const std::string& role) {
  security::Claims claims;
  claims.user_id = "user-" + practitioner;
  claims.practitioner_id = practitioner;
  claims.facility_id = facility;
  claims.roles = {role};
  return rpc::OutgoingIdentity::Person(*process_->runtime().token_issuer().Issue(claims, absl::Hours(1)));
}

absl::StatusOr<v1::Task> ReadingHub::Claim(const rpc::OutgoingIdentity& identity, const std::string& task_id) {
  v1::ClaimTaskRequest request;
  request.set_request_id("request-" + std::to_string(++requests_));
  request.set_id(task_id);
  v1::Task task;
  TJ_TRY(Call<v1::TaskService>(&v1::TaskService::Stub::ClaimTask, identity, request, &task));
  return task;
}

absl::StatusOr<v1::Report> ReadingHub::Draft(const rpc::OutgoingIdentity& identity, const v1::Task& task) {
  v1::SaveDraftRequest request;
  request.set_request_id("request-" + std::to_string(++requests_));
  request.set_task_id(task.id());
  request.set_claim_fence(task.claim_fence());
  request.mutable_content()->set_findings("两肺纹理清晰");
  request.mutable_content()->set_impression("未见异常");
  v1::Report report;
  TJ_TRY(Call<v1::ReportService>(&v1::ReportService::Stub::SaveDraft, identity, request, &report));
  return report;
}

absl::StatusOr<v1::Report> ReadingHub::Sign(const rpc::OutgoingIdentity& identity, const v1::Task& task,
                                            const v1::Report& report) {
  v1::SignReportRequest request;
  request.set_request_id("request-" + std::to_string(++requests_));
  request.set_id(report.id());
  request.set_claim_fence(task.claim_fence());
  request.set_etag(report.etag());
  v1::Report out;
  TJ_TRY(Call<v1::ReportService>(&v1::ReportService::Stub::SignReport, identity, request, &out));
  return out;
}

absl::StatusOr<v1::Report> ReadingHub::Get(const rpc::OutgoingIdentity& identity, const std::string& report_id) {
  v1::GetReportRequest request;
  request.set_id(report_id);
  v1::Report out;
  TJ_TRY(Call<v1::ReportService>(&v1::ReportService::Stub::GetReport, identity, request, &out));
  return out;
}

}  // namespace tongjian::reading
