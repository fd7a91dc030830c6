#include "tests/wire/exchange/exchange_rig.h"

#include <stdlib.h>

#include <filesystem>

#include "common/base/check.h"
#include "common/feed/change.h"
#include "common/rpc/proto_time.h"
#include "common/store/feed.h"
#include "services/exchange/follow_imaging.h"
#include "services/exchange/follow_orders.h"
#include "services/exchange/follow_reading.h"
#include "services/exchange/follow_registry.h"
#include "services/exchange/result_store.h"
#include "services/exchange/schema.h"
#include "tongjian/audit/v1/record.pb.h"

namespace tongjian::exchange {
namespace {

absl::Time Start() {
  return absl::FromCivil(absl::CivilMinute(2026, 3, 20, 9, 0), absl::FixedTimeZone(8 * 3600));
}

std::shared_ptr<Facts> SampleFacts() {
  auto facts = std::make_shared<Facts>();
  facts->zone = absl::FixedTimeZone(8 * 3600);
  facts->communities["c"] = {"c", "County community", true};
  for (const char* id : {"t1", "t2", "county"}) {
    facts->facilities[id] = {id, id, "330702", "6"};
    facts->memberships.emplace(id, MembershipFact{"c", {{Start() - absl::Hours(24 * 78), absl::InfiniteFuture()}}, {}});
  }
  facts->items["dx-chest"] = {.id = "dx-chest",
                              .name = "Chest",
                              .discipline = 1,
                              .recognition_code = "R1",
                              .modality = "DX",
                              .body_part = "CHEST",
                              .method = "plain",
                              .window_days = 30,
                              .prices = {{"t2", 6000, "2026-01-01", "price-1"}}};
  facts->items_by_code.emplace("R1", "dx-chest");
  facts->local_codes[{"county", "L-77"}] = "dx-chest";
  return facts;
}

}  // namespace

ExchangeRig::ExchangeRig(const std::string& url) : clock_(Start()), ids_("hub", clock_), facts_(SampleFacts()) {
  char name[] = "/tmp/tongjian-exchange-XXXXXX";
  directory_ = mkdtemp(name);
  principals_ = *security::Principals::Open(directory_ + "/principal.key", real_clock_);
  auto database = store::Database::Open(
      {.url = url.empty() ? "sqlite:" + directory_ + "/exchange.db" : url, .name = "exchange", .migrations = Schema()},
      clock_);
  TJ_CHECK(database.ok());
  database_ = *std::move(database);
  sink_ = std::make_unique<rpc::DatabaseAuditSink>(*database_);
  issuer_ = *security::TokenIssuer::Open(directory_ + "/token.key", "hub", "tongjian", real_clock_);
  verifier_ = *security::TokenVerifier::Create(
      {{.issuer = issuer_->issuer(), .audience = issuer_->audience(), .jwks = issuer_->jwks()}}, real_clock_);
  gate_ = std::make_unique<rpc::Gate>(
      rpc::GateOptions{.identity = {.tokens = verifier_.get(), .principals = principals_.get()}}, real_clock_, metrics_);
  door_ = std::make_unique<rpc::Door>(*gate_, "exchange", *sink_);
  const FactSource facts = [this] { return facts_; };
  publisher_ = std::make_unique<Publisher>(facts, ids_);
  decisions_ = std::make_unique<Decisions>(*database_, facts, ids_);
  external_ = std::make_unique<External>(*database_, ids_);
  patients_ = std::make_unique<PatientResolver>(*database_, [this] { return registry_; }, AsService(), ids_);
  recognizer_ = std::make_unique<Recognizer>(*database_, *decisions_, facts, ids_, RecognitionRules());
  feed_ = std::make_unique<ResultFeed>(*database_, *door_);
  results_ = std::make_unique<ResultGrpc>(ResultParts{*database_, *external_, *patients_, facts, *feed_, *door_});
  recognition_ =
      std::make_unique<RecognitionGrpc>(*database_, *recognizer_, *decisions_, *patients_, clock_, *door_);
  host_ = std::make_unique<rpc::ServerHost>(rpc::HostOptions{}, *gate_);
  TJ_CHECK(host_->Register<v1::ResultService>(*results_).ok());
  TJ_CHECK(host_->Register<v1::RecognitionService>(*recognition_).ok());
  TJ_CHECK(host_->Start().ok());
  result_stub_ = v1::ResultService::NewStub(host_->InProcessChannel());
  recognition_stub_ = v1::RecognitionService::NewStub(host_->InProcessChannel());
}

ExchangeRig::~ExchangeRig() {
  feed_->Close();
  host_.reset();
  feed_.reset();
  std::filesystem::remove_all(directory_);
}

rpc::OutgoingIdentity ExchangeRig::As(const std::string& facility_id, const std::string& role) {
  const auto token =
      issuer_->Issue({.user_id = "user-" + role, .facility_id = facility_id, .roles = {role}}, absl::Hours(1));
  TJ_CHECK(token.ok());
  return rpc::OutgoingIdentity::Person(*token);
}

security::Caller ExchangeRig::His(const std::string& facility_id) {
  security::Caller his;
  his.kind = security::CallerKind::kMachine;
  his.machine_role = security::MachineRole::kHis;
  his.facility_id = facility_id;
  return his;
}

void ExchangeRig::Tell(const google::protobuf::Message& change, const std::string& key) {
  const events::v1::Event event = feed::ToWire(feed::MakeEvent("x", key, {}, change), "");
  const absl::Status written = database_->Write([&](store::Transaction& tx) -> absl::Status {
    TJ_TRY(FollowRegistry(*publisher_, *decisions_)(tx, event));
    TJ_TRY(FollowOrders(*publisher_, *decisions_)(tx, event));
    TJ_TRY(FollowImaging(*publisher_)(tx, event));
    return FollowReading(*publisher_)(tx, event);
  });
  EXPECT_TRUE(written.ok()) << written;
}

void ExchangeRig::LinkPatient(const std::string& facility_id, const std::string& number,
                              const std::string& patient_id, bool verified) {
  events::v1::PatientChanged changed;
  changed.mutable_patient()->set_id(patient_id);
  changed.mutable_patient()->set_state(verified ? registry::v1::PATIENT_STATE_VERIFIED
                                                : registry::v1::PATIENT_STATE_PROVISIONAL);
  events::v1::PatientLink& link = *changed.add_links();
  link.set_facility_id(facility_id);
  link.set_facility_patient_id(number);
  link.set_name("王芳");
  Tell(changed, patient_id);
}

void ExchangeRig::TellConsent(const std::string& patient_id, bool refused) {
  events::v1::PatientChanged changed;
  changed.set_change(events::v1::PATIENT_CHANGE_CONSENT);
  changed.mutable_patient()->set_id(patient_id);
  changed.mutable_patient()->set_state(registry::v1::PATIENT_STATE_PROVISIONAL);
  changed.mutable_patient()->set_sharing_refused(refused);
  Tell(changed, patient_id);
}

orders::v1::Order ExchangeRig::OrderOf(const std::string& id, orders::v1::OrderOrigin origin) {
  orders::v1::Order order;
  order.set_id(id);
  order.set_origin(origin);
  order.set_state(orders::v1::ORDER_STATE_QUEUED);
  order.set_ordering_facility_id("t1");
  order.set_recording_facility_id("t1");
  order.set_discipline(common::v1::DISCIPLINE_IMAGING);
  order.set_placer_order_number("his-4711");
  order.mutable_patient()->set_facility_id("t1");
  order.mutable_patient()->set_facility_patient_id("p1");
  order.mutable_patient()->set_name("王芳");
  orders::v1::OrderItem& item = *order.add_items();
  item.set_id("1");
  item.set_item_id("dx-chest");
  item.set_recognition_code("R1");
  item.set_body_part("CHEST");
  return order;
}

void ExchangeRig::TellOrder(const std::string& id, orders::v1::OrderOrigin origin, int64_t version) {
  events::v1::OrderChanged changed;
  *changed.mutable_order() = OrderOf(id, origin);
  changed.mutable_order()->set_version(version);
  *changed.mutable_order()->mutable_create_time() = rpc::ToProto(clock_.Now());
  Tell(changed, id);
}

void ExchangeRig::TellUnnumbered(const std::string& id, const std::string& patient_id) {
  events::v1::OrderChanged changed;
  orders::v1::Order& order = *changed.mutable_order();
  order = OrderOf(id, orders::v1::ORDER_ORIGIN_HIS);
  order.mutable_patient()->clear_facility_patient_id();
  order.mutable_patient()->set_patient_id(patient_id);
  order.set_version(1);
  *order.mutable_create_time() = rpc::ToProto(clock_.Now());
  Tell(changed, id);
}

void ExchangeRig::TellStudy(const std::string& order_id, bool complete, int64_t version) {
  events::v1::StudyChanged changed;
  imaging::v1::Study& study = *changed.mutable_study();
  study.set_id("study-" + order_id);
  study.set_study_instance_uid("1.2.3");
  study.set_facility_id("t1");
  study.add_order_ids(order_id);
  study.set_instance_count(2);
  study.set_version(version);
  study.set_state(complete ? imaging::v1::STUDY_STATE_VERIFIED : imaging::v1::STUDY_STATE_RECEIVING);
  *study.mutable_performed()->mutable_device_time() = rpc::ToProto(Start());
  Tell(changed, study.id());
}

reading::v1::Report ExchangeRig::ReportOf(const std::string& order_id) {
  reading::v1::Report report;
  report.set_id("report-" + order_id);
  report.set_state(reading::v1::REPORT_STATE_FINAL);
  report.add_order_ids(order_id);
  report.add_study_ids("study-" + order_id);
  report.set_requesting_facility_id("t1");
  report.set_issuing_facility_id("county");
  report.set_discipline(common::v1::DISCIPLINE_IMAGING);
  report.set_version(1);
  *report.mutable_patient() = OrderOf(order_id, orders::v1::ORDER_ORIGIN_HIS).patient();
  reading::v1::ReportVersion& version = *report.add_versions();
  version.set_number(1);
  version.set_kind(reading::v1::VERSION_KIND_FINAL);
  version.set_released(true);
  version.mutable_content()->set_impression("normal");
  return report;
}

void ExchangeRig::TellReport(const reading::v1::Report& report) {
  events::v1::ReportChanged changed;
  *changed.mutable_report() = report;
  Tell(changed, report.id());
}

std::string ExchangeRig::PublishOwn() {
  LinkPatient("t1", "p1", "m1");
  LinkPatient("t2", "q9", "m1");
  TellOrder("o1");
  TellStudy("o1");
  TellReport(ReportOf("o1"));
  const auto results = ResultsOf("m1");
  return results.empty() ? "" : results.front().id();
}

v1::CheckRecognitionRequest ExchangeRig::Question(const std::string& facility_id, const std::string& number) {
  v1::CheckRecognitionRequest request;
  request.set_request_id("q-" + facility_id + number);
  request.set_facility_id(facility_id);
  request.mutable_patient()->set_facility_patient_id(number);
  request.mutable_patient()->set_name("王芳");
  request.add_items()->set_item_id("dx-chest");
  request.set_moment(v1::PROMPT_MOMENT_ORDERING);
  request.set_encounter("visit-1");
  return request;
}

v1::ItemVerdict ExchangeRig::Ask(const v1::CheckRecognitionRequest& request) {
  v1::CheckRecognitionResponse response;
  const absl::Status asked = Call(&v1::RecognitionService::Stub::CheckRecognition, *recognition_stub_,
                                  request.facility_id(), request, &response);
  EXPECT_TRUE(asked.ok()) << asked;
  return response.verdicts().empty() ? v1::ItemVerdict() : response.verdicts(0);
}

absl::StatusOr<v1::Decision> ExchangeRig::Decide(const v1::ItemVerdict& verdict, v1::DecisionKind kind,
                                                 const std::string& code, const std::string& request_id) {
  v1::RecordDecisionRequest request;
  request.set_request_id(request_id);
  request.mutable_decision()->set_prompt_id(verdict.prompt_id());
  request.mutable_decision()->set_kind(kind);
  request.mutable_decision()->set_reason_code(code);
  if (!verdict.candidates().empty()) request.mutable_decision()->set_result_id(verdict.candidates(0).result().id());
  v1::Decision decision;
  TJ_TRY(Call(&v1::RecognitionService::Stub::RecordDecision, *recognition_stub_, "t2", request, &decision));
  return decision;
}

v1::RecognitionCounts ExchangeRig::Counts() {
  v1::RecognitionCounts counts;
  const absl::Status read = Call(&v1::RecognitionService::Stub::GetRecognitionCounts, *recognition_stub_, "t2",
                                 v1::GetRecognitionCountsRequest(), &counts);
  EXPECT_TRUE(read.ok()) << read;
  return counts;
}

absl::StatusOr<v1::PullEventsResponse> ExchangeRig::Pull(const std::string& facility_id, const std::string& cursor,
                                                         absl::Duration wait) {
  v1::PullEventsRequest request;
  request.set_cursor(cursor);
  *request.mutable_wait() = rpc::ToProto(wait);
  v1::PullEventsResponse response;
  TJ_TRY(Call(&v1::ResultService::Stub::PullEvents, *result_stub_, facility_id, request, &response));
  return response;
}

std::vector<v1::Result> ExchangeRig::ResultsOf(const std::string& patient_id) {
  std::vector<v1::Result> results;
  const absl::Status read = database_->Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const auto listed,
                        ResultStore::List(session, security::Scope::Service(), patient_id, "", ListPosition(), 100));
    for (const ListedResult& one : listed) results.push_back(one.result);
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  return results;
}

int64_t ExchangeRig::CountAudit(const std::string& text) {
  const auto page = database_->feed().Read(store::kAuditStream, "", std::nullopt, store::kFeedPageMax);
  if (!page.ok()) return -1;
  int64_t count = 0;
  for (const store::Event& event : page->events) {
    audit::v1::AuditRecord record;
    if (record.ParseFromString(event.payload) && record.DebugString().find(text) != std::string::npos) ++count;
  }
  return count;
}

}  // namespace tongjian::exchange
