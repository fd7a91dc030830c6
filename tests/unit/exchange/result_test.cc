#include "services/exchange/result.h"

#include <gtest/gtest.h>

#include "common/rpc/proto_time.h"
#include "services/exchange/publication.h"
#include "services/exchange/ruling.h"

namespace tongjian::exchange {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'770'000'000);

v1::Result WithVersions(int count) {
  v1::Result result;
  for (int i = 1; i <= count; ++i) {
    v1::ResultVersion version;
    version.set_state(v1::RESULT_STATE_FINAL);
    version.set_source_version(std::to_string(i));
    Append(result, version, kNow);
  }
  return result;
}

TEST(Results, AcknowledgementsNeverGoBack) {
  v1::Result result = WithVersions(2);
  EXPECT_TRUE(*Acknowledge(result, "f", 2, v1::ACKNOWLEDGEMENT_DELIVERED, "", kNow));
  EXPECT_FALSE(*Acknowledge(result, "f", 1, v1::ACKNOWLEDGEMENT_DELIVERED, "", kNow));
  EXPECT_FALSE(*Acknowledge(result, "f", 2, v1::ACKNOWLEDGEMENT_DELIVERED, "", kNow));
  EXPECT_EQ(result.deliveries(0).delivered_version(), 2);
  EXPECT_TRUE(*Acknowledge(result, "f", 1, v1::ACKNOWLEDGEMENT_VIEWED, "d", kNow));
  EXPECT_EQ(result.deliveries(0).viewed_version(), 1);
  EXPECT_FALSE(Acknowledge(result, "f", 3, v1::ACKNOWLEDGEMENT_VIEWED, "d", kNow).ok());
  EXPECT_FALSE(Acknowledge(result, "f", 1, v1::ACKNOWLEDGEMENT_UNSPECIFIED, "", kNow).ok());
}

TEST(Results, ViewedMeansDelivered) {
  v1::Result result = WithVersions(1);
  EXPECT_TRUE(*Acknowledge(result, "f", 1, v1::ACKNOWLEDGEMENT_VIEWED, "d", kNow));
  EXPECT_EQ(result.deliveries(0).delivered_version(), 1);
}

TEST(Results, SourceVersionsCountAsPeopleDo) {
  EXPECT_LT(CompareSourceVersions("9", "10"), 0);
  EXPECT_LT(CompareSourceVersions("2.1", "2.10"), 0);
  EXPECT_EQ(CompareSourceVersions("v02", "v2"), 0);
  EXPECT_GT(CompareSourceVersions("b", "a9"), 0);
}

reading::v1::Report ReportWith(std::initializer_list<std::pair<reading::v1::VersionKind, bool>> versions) {
  reading::v1::Report report;
  report.set_state(reading::v1::REPORT_STATE_FINAL);
  for (const auto& [kind, released] : versions) {
    reading::v1::ReportVersion& version = *report.add_versions();
    version.set_number(report.versions_size());
    version.set_kind(kind);
    version.set_released(released);
  }
  return report;
}

void AppendAll(v1::Result& result, Due due) {
  for (v1::ResultVersion& version : due.versions) Append(result, std::move(version), kNow);
}

TEST(Publication, HeldFinalGoesOutAsPreliminaryOnce) {
  const auto report = ReportWith({{reading::v1::VERSION_KIND_PRELIMINARY, false}, {reading::v1::VERSION_KIND_FINAL, true}});
  v1::Result result;
  Due due = DueVersions(report, false, result);
  ASSERT_EQ(due.versions.size(), 2u);
  EXPECT_EQ(due.versions[0].state(), v1::RESULT_STATE_PRELIMINARY);
  EXPECT_EQ(due.versions[1].state(), v1::RESULT_STATE_PRELIMINARY);
  EXPECT_TRUE(due.waiting);
  AppendAll(result, due);
  EXPECT_TRUE(DueVersions(report, false, result).versions.empty());
  EXPECT_TRUE(DueVersions(report, false, result).waiting);
  due = DueVersions(report, true, result);
  ASSERT_EQ(due.versions.size(), 1u);
  EXPECT_EQ(due.versions[0].state(), v1::RESULT_STATE_FINAL);
  EXPECT_FALSE(due.waiting);
  AppendAll(result, due);
  EXPECT_TRUE(DueVersions(report, true, result).versions.empty());
}

TEST(Publication, FinalWaitsForItsRelease) {
  const Due due = DueVersions(ReportWith({{reading::v1::VERSION_KIND_FINAL, false}}), true, {});
  EXPECT_TRUE(due.versions.empty());
  EXPECT_TRUE(due.waiting);
}

TEST(Publication, CriticalFindingGoesOutAsPreliminaryOnce) {
  auto report = ReportWith({{reading::v1::VERSION_KIND_FINAL, true}});
  report.mutable_versions(0)->mutable_content()->set_critical_finding("tension pneumothorax");
  v1::Result result;
  AppendAll(result, DueVersions(report, false, result));
  EXPECT_EQ(result.state(), v1::RESULT_STATE_PRELIMINARY);
  EXPECT_TRUE(DueVersions(report, false, result).versions.empty());
  AppendAll(result, DueVersions(report, true, result));
  EXPECT_EQ(result.state(), v1::RESULT_STATE_FINAL);
  EXPECT_EQ(result.versions_size(), 2);
}

TEST(Publication, AddendumLeavesTheStateAndAmendmentMovesIt) {
  auto report = ReportWith({{reading::v1::VERSION_KIND_FINAL, true},
                            {reading::v1::VERSION_KIND_AMENDED, true},
                            {reading::v1::VERSION_KIND_ADDENDUM, true}});
  v1::Result result;
  AppendAll(result, DueVersions(report, true, result));
  EXPECT_EQ(result.state(), v1::RESULT_STATE_AMENDED);
  EXPECT_TRUE(result.versions(2).addendum());
}

TEST(Publication, RetractionFollowsWhatWasPublished) {
  auto report = ReportWith({{reading::v1::VERSION_KIND_FINAL, true}});
  v1::Result result;
  report.set_state(reading::v1::REPORT_STATE_RETRACTED);
  EXPECT_TRUE(DueVersions(report, true, result).versions.empty());
  report.set_state(reading::v1::REPORT_STATE_FINAL);
  AppendAll(result, DueVersions(report, true, result));
  report.set_state(reading::v1::REPORT_STATE_RETRACTED);
  AppendAll(result, DueVersions(report, true, result));
  EXPECT_EQ(result.state(), v1::RESULT_STATE_RETRACTED);
  EXPECT_TRUE(DueVersions(report, true, result).versions.empty());
}

common::v1::PatientRef WordsWith(const std::string& number, const std::string& document) {
  common::v1::PatientRef words;
  words.set_name("王芳");
  words.set_birth_date("1980-01-01");
  words.set_facility_patient_id(number);
  if (!document.empty()) {
    common::v1::Identifier& identifier = *words.add_identifiers();
    identifier.set_type(common::v1::IDENTIFIER_TYPE_RESIDENT_ID);
    identifier.set_value(document);
  }
  return words;
}

Sources OrderedBy(orders::v1::OrderOrigin origin, const common::v1::PatientRef& words) {
  Sources sources;
  orders::v1::Order& order = sources.orders.emplace_back();
  order.set_origin(origin);
  *order.mutable_patient() = words;
  *order.mutable_create_time() = rpc::ToProto(kNow);
  return sources;
}

TEST(Publication, HisConfirmsByItsOwnNumberAndNotByAName) {
  EXPECT_TRUE(IdentityConfirmed(OrderedBy(orders::v1::ORDER_ORIGIN_HIS, WordsWith("p1", ""))));
  EXPECT_FALSE(IdentityConfirmed(OrderedBy(orders::v1::ORDER_ORIGIN_HIS, WordsWith("", ""))));
  EXPECT_FALSE(IdentityConfirmed(OrderedBy(orders::v1::ORDER_ORIGIN_CONSOLE, WordsWith("", ""))));
  EXPECT_FALSE(IdentityConfirmed(OrderedBy(orders::v1::ORDER_ORIGIN_DEVICE, WordsWith("p1", ""))));
}

TEST(Publication, VerifyingThePatientOfAFactWithoutANumberConfirmsIt) {
  Sources sources = OrderedBy(orders::v1::ORDER_ORIGIN_DEVICE, WordsWith("", ""));
  EXPECT_FALSE(IdentityConfirmed(sources));
  sources.patient.verified = true;
  EXPECT_TRUE(IdentityConfirmed(sources));
}

TEST(Publication, HeldFinalAwaitsItsOrders) {
  Sources sources;
  sources.report = ReportWith({{reading::v1::VERSION_KIND_FINAL, true}});
  sources.report.add_order_ids("o1");
  EXPECT_TRUE(DueVersions(sources, {}).versions.empty());
  EXPECT_TRUE(DueVersions(sources, {}).waiting);
  sources.orders.emplace_back();
  EXPECT_EQ(DueVersions(sources, {}).versions.size(), 1u);
}

v1::Decision Decided(v1::DecisionKind kind, const std::string& code = "", const std::string& text = "",
                     const std::string& reference = "") {
  v1::Decision decision;
  decision.set_kind(kind);
  decision.set_result_id("r");
  decision.set_reason_code(code);
  decision.set_reason_text(text);
  decision.set_reference(reference);
  return decision;
}

TEST(Ruling, DeclinesNeedWhatTheirCodeNeeds) {
  const v1::Candidate candidate;
  const auto refused = [&](const v1::Decision& decision) {
    return base::DetailOf(Rule(decision, candidate).status()).reason;
  };
  EXPECT_EQ(refused(Decided(v1::DECISION_KIND_DECLINED)), "REASON_REQUIRED");
  EXPECT_EQ(refused(Decided(v1::DECISION_KIND_DECLINED, "03")), "REASON_REQUIRED");
  EXPECT_EQ(refused(Decided(v1::DECISION_KIND_DECLINED, "05")), "REASON_REQUIRED");
  EXPECT_EQ(refused(Decided(v1::DECISION_KIND_DECLINED, "07")), "REASON_REQUIRED");
  EXPECT_EQ(refused(Decided(v1::DECISION_KIND_DECLINED, "08")), "REASON_REQUIRED");
  EXPECT_EQ(refused(Decided(v1::DECISION_KIND_NOT_COUNTED, "99")), "REASON_REQUIRED");
  EXPECT_EQ(refused(Decided(v1::DECISION_KIND_DECLINED, "09")), "INVALID_FIELD");
  EXPECT_EQ(refused(Decided(v1::DECISION_KIND_NOT_COUNTED, "01")), "INVALID_FIELD");
  EXPECT_EQ(refused(Decided(v1::DECISION_KIND_DECLINED, "98")), "INVALID_FIELD");
  EXPECT_EQ(refused(Decided(v1::DECISION_KIND_DECLINED, "99", "肺炎")), "INVALID_FIELD");
  EXPECT_EQ(refused(Decided(v1::DECISION_KIND_IGNORED)), "INVALID_FIELD");
  for (const char* code : {"01", "02", "04", "06"}) {
    EXPECT_EQ(Rule(Decided(v1::DECISION_KIND_DECLINED, code), candidate)->kind(), v1::DECISION_KIND_DECLINED);
  }
  EXPECT_EQ(Rule(Decided(v1::DECISION_KIND_NOT_COUNTED, "98"), candidate)->kind(), v1::DECISION_KIND_NOT_COUNTED);
  EXPECT_EQ(Rule(Decided(v1::DECISION_KIND_NOT_COUNTED, "99", "肺炎"), candidate)->kind(), v1::DECISION_KIND_NOT_COUNTED);
}

TEST(Ruling, StatedSituationSpeaksForItself) {
  v1::Candidate candidate;
  candidate.add_exception_codes("03");
  EXPECT_TRUE(Rule(Decided(v1::DECISION_KIND_DECLINED, "03"), candidate).ok());
}

TEST(Ruling, AcceptingWhatDoesNotCountIsAnOverride) {
  v1::Candidate candidate;
  candidate.set_verdict(v1::VERDICT_NOT_ELIGIBLE);
  EXPECT_EQ(Rule(Decided(v1::DECISION_KIND_ACCEPTED), candidate)->kind(), v1::DECISION_KIND_ACCEPTED_OVERRIDE);
  candidate.set_verdict(v1::VERDICT_ELIGIBLE);
  EXPECT_EQ(Rule(Decided(v1::DECISION_KIND_ACCEPTED_OVERRIDE), candidate)->kind(), v1::DECISION_KIND_ACCEPTED);
}

}  // namespace
}  // namespace tongjian::exchange
