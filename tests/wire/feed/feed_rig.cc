#include "tests/wire/feed/feed_rig.h"

#include <stdlib.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "common/store/feed.h"

namespace tongjian::feed {

FeedRig::FeedRig() {
  char name[] = "/tmp/tongjian-feed-XXXXXX";
  directory_ = mkdtemp(name);
  principals_ = *security::Principals::Open(directory_ + "/principal.key", clock_);
  publisher_ = *store::Database::Open(
      {.url = "sqlite:" + directory_ + "/registry.db", .name = "registry"}, clock_);
  sink_ = std::make_unique<rpc::DatabaseAuditSink>(*publisher_);
  gate_ = std::make_unique<rpc::Gate>(
      rpc::GateOptions{.identity = {.principals = principals_.get()}}, clock_, metrics_);
  door_ = std::make_unique<rpc::Door>(*gate_, "registry", *sink_);
  feeds_ = std::make_unique<FeedService>();
  feeds_->Add("registry", *publisher_, *door_);
  host_ = std::make_unique<rpc::ServerHost>(rpc::HostOptions{}, *gate_);
  TJ_CHECK(host_->Register<events::v1::FeedService>(*feeds_).ok());
  const absl::Status started = host_->Start();
  EXPECT_TRUE(started.ok()) << started;
  OpenFollowersDatabase();
}

FeedRig::~FeedRig() {
  feeds_->Close();
  host_.reset();
  feeds_.reset();
  std::filesystem::remove_all(directory_);
}

void FeedRig::OpenFollowersDatabase() {
  follower_database_.reset();
  store::DatabaseOptions options{.url = "sqlite:" + directory_ + "/reading.db", .name = "reading"};
  options.migrations = {
      {1, "init", "create table seen (id text primary key, name text, times bigint)"}};
  follower_database_ = *store::Database::Open(options, clock_);
}

void FeedRig::Publish(const std::string& id, const std::string& name,
                      std::vector<std::string> audiences) {
  events::v1::FacilityChanged changed;
  changed.mutable_facility()->set_id(id);
  changed.mutable_facility()->set_name(name);
  const absl::Status written = publisher_->Write([&](store::Transaction& tx) {
    tx.Emit(MakeEvent("registry", id, audiences, changed));
    return absl::OkStatus();
  });
  EXPECT_TRUE(written.ok()) << written;
}

// A name "under:<id>" refers to another facility.
absl::Status FeedRig::Apply(store::Transaction& tx, const events::v1::Event& event) {
  TJ_TRY(passing_fault_);
  const auto changed = As<events::v1::FacilityChanged>(event);
  TJ_CHECK(changed.has_value());
  const std::string& id = changed->facility().id();
  const std::string& name = changed->facility().name();
  TJ_TRY(tx.Execute("insert into seen (id, name, times) values (:id, :name, 1) "
                    "on conflict (id) do update set name = excluded.name, times = seen.times + 1",
                    id, name)
             .status());
  if (id == poison_) return absl::InvalidArgumentError("not to be understood");
  if (name.rfind("under:", 0) == 0) {
    TJ_ASSIGN_OR_RETURN(const auto parent,
                        tx.QueryOne("select 1 from seen where id = :id", name.substr(6)));
    if (!parent) return ReferenceUnknown("parent facility");
  }
  return absl::OkStatus();
}

std::unique_ptr<Follower> FeedRig::NewFollower(FollowerOptions options) {
  return std::make_unique<Follower>(
      std::move(options), Channel(), AsService(), *follower_database_, metrics_,
      [this](store::Transaction& tx, const events::v1::Event& event) { return Apply(tx, event); },
      [this](const events::v1::Event& event) { told_.push_back(event.key()); });
}

std::vector<std::string> FeedRig::Seen() {
  std::vector<std::string> seen;
  const absl::Status read = follower_database_->Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const auto rows,
                        session.Query("select id, name, times from seen order by id"));
    for (const store::Row& row : rows)
      seen.push_back(absl::StrCat(row.Text(0), "=", row.Text(1), "*", row.Int(2)));
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  return seen;
}

int64_t FeedRig::CountRows(const std::string& sql) {
  int64_t count = -1;
  const absl::Status read = follower_database_->Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const auto row, session.QueryOne(sql));
    count = row->Int(0);
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  return count;
}

absl::StatusOr<events::v1::PullFeedResponse> FeedRig::Pull(const std::string& feed,
                                                           const rpc::OutgoingIdentity& identity,
                                                           const std::string& cursor,
                                                           absl::Duration wait, int page_size) {
  events::v1::PullFeedRequest request;
  request.set_feed(feed);
  request.set_cursor(cursor);
  request.set_page_size(page_size);
  *request.mutable_wait() = rpc::ToProto(wait);
  events::v1::PullFeedResponse response;
  rpc::ClientCall call(identity, {.timeout = absl::Seconds(30)});
  TJ_TRY(call.Result(events::v1::FeedService::NewStub(host_->InProcessChannel())
                         ->PullFeed(call.context(), request, &response)));
  return response;
}

absl::StatusOr<events::v1::PullFeedResponse> FeedRig::PullFor(const std::string& feed,
                                                              const std::string& facility,
                                                              const std::string& cursor) {
  security::Caller his;
  his.kind = security::CallerKind::kMachine;
  his.machine_role = security::MachineRole::kHis;
  his.facility_id = facility;
  events::v1::PullFeedRequest request;
  request.set_feed(feed);
  request.set_cursor(cursor);
  events::v1::PullFeedResponse response;
  rpc::ClientCall call(AsService(), {.behalf = &his});
  TJ_TRY(call.Result(events::v1::FeedService::NewStub(host_->InProcessChannel())
                         ->PullFeed(call.context(), request, &response)));
  return response;
}

}  // namespace tongjian::feed
