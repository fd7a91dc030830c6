// The exchange's services on a real store and server in one process. News of other services is given to its real handlers.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/rpc/channel.h"
#include "common/rpc/door.h"
#include "common/rpc/gate.h"
#include "common/rpc/host.h"
#include "common/security/principal.h"
#include "common/security/token.h"
#include "common/store/database.h"
#include "services/exchange/decisions.h"
#include "services/exchange/external.h"
#include "services/exchange/facts.h"
#include "services/exchange/patient_resolver.h"
#include "services/exchange/publisher.h"
#include "services/exchange/recognition_grpc.h"
#include "services/exchange/recognizer.h"
#include "services/exchange/result_feed.h"
#include "services/exchange/result_grpc.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::exchange {

// Township "t1" orders and records, county hospital "county" reads, township "t2" asks: all in one tight community since
// 2026-01-01. The item "dx-chest" has the code "R1" and a window of 30 days.
class ExchangeRig : public ::testing::Test {
 protected:
  // `url`: of the database; empty for SQLite in a folder of its own.
  explicit ExchangeRig(const std::string& url = "");
  ~ExchangeRig() override;

  // News of the other services.
  void Tell(const google::protobuf::Message& change, const std::string& key);
  void LinkPatient(const std::string& facility_id, const std::string& number, const std::string& patient_id,
                   bool verified = false);
  // The patient's decision on sharing.
  void TellConsent(const std::string& patient_id, bool refused);
  static orders::v1::Order OrderOf(const std::string& id, orders::v1::OrderOrigin origin);
  void TellOrder(const std::string& id, orders::v1::OrderOrigin origin = orders::v1::ORDER_ORIGIN_HIS,
                 int64_t version = 1);
  // Of a HIS that gave no number of the patient's; linked by name and birth date alone.
  void TellUnnumbered(const std::string& id, const std::string& patient_id);
  void TellStudy(const std::string& order_id, bool complete = true, int64_t version = 1);
  // A report of one final version.
  reading::v1::Report ReportOf(const std::string& order_id);
  void TellReport(const reading::v1::Report& report);
  // All of it: a published final result; its id.
  std::string PublishOwn();

  // Calls of a facility's HIS.
  template <class Stub, class Request, class Response>
  absl::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), Stub& stub,
                    const std::string& facility_id, const Request& request, Response* response) {
    const security::Caller his = His(facility_id);
    rpc::ClientCall call(AsService(), {.timeout = absl::Seconds(30), .behalf = &his});
    return call.Result((stub.*method)(call.context(), request, response));
  }
  // A person of the facility, with a token.
  rpc::OutgoingIdentity As(const std::string& facility_id, const std::string& role);
  static security::Caller His(const std::string& facility_id);
  rpc::OutgoingIdentity AsService() { return rpc::OutgoingIdentity::Service(*principals_, "edge"); }

  v1::CheckRecognitionRequest Question(const std::string& facility_id, const std::string& number);
  v1::ItemVerdict Ask(const v1::CheckRecognitionRequest& request);
  absl::StatusOr<v1::Decision> Decide(const v1::ItemVerdict& verdict, v1::DecisionKind kind,
                                      const std::string& code = "", const std::string& request_id = "d1");
  v1::RecognitionCounts Counts();
  absl::StatusOr<v1::PullEventsResponse> Pull(const std::string& facility_id, const std::string& cursor = "",
                                              absl::Duration wait = absl::ZeroDuration());
  std::vector<v1::Result> ResultsOf(const std::string& patient_id);
  int64_t CountAudit(const std::string& text);

  base::SystemClock real_clock_;
  base::ManualClock clock_;
  base::Ids ids_;
  std::string directory_;
  telemetry::Registry metrics_;
  std::unique_ptr<security::Principals> principals_;
  std::unique_ptr<security::TokenIssuer> issuer_;
  std::unique_ptr<security::TokenVerifier> verifier_;
  std::shared_ptr<Facts> facts_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<rpc::DatabaseAuditSink> sink_;
  std::unique_ptr<rpc::Gate> gate_;
  std::unique_ptr<rpc::Door> door_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<Decisions> decisions_;
  std::unique_ptr<External> external_;
  std::shared_ptr<grpc::Channel> registry_;  // None: it is away.
  std::unique_ptr<PatientResolver> patients_;
  std::unique_ptr<Recognizer> recognizer_;
  std::unique_ptr<ResultFeed> feed_;
  std::unique_ptr<ResultGrpc> results_;
  std::unique_ptr<RecognitionGrpc> recognition_;
  std::unique_ptr<rpc::ServerHost> host_;
  std::unique_ptr<v1::ResultService::Stub> result_stub_;
  std::unique_ptr<v1::RecognitionService::Stub> recognition_stub_;
};

}  // namespace tongjian::exchange
