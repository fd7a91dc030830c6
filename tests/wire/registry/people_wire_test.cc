// What patients decide, who may merge them, and accounts that are closed: over TLS, as people and machines call.
#include <gmock/gmock.h>

#include <algorithm>

#include "common/base/id.h"
#include "common/base/status.h"
#include "tests/wire/registry/hub.h"
#include "tongjian/audit/v1/record.pb.h"
#include "tongjian/events/v1/events.pb.h"
#include "tongjian/events/v1/feed.grpc.pb.h"

namespace tongjian::registry {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class PeopleWire : public HubTest {
 protected:
  // A patient of the facility under that number; its id.
  std::string Patient(const Client& client, const std::string& facility_id,
                      const std::string& number) {
    pb::ResolvePatientRequest request;
    request.set_request_id(base::RandomHex(8));
    request.mutable_patient()->set_facility_id(facility_id);
    request.mutable_patient()->set_facility_patient_id(number);
    request.mutable_patient()->set_name("张三");
    request.mutable_patient()->set_birth_date("1980-01-01");
    pb::ResolvePatientResponse response;
    const absl::Status status = client.Call<pb::PatientService>(
        &pb::PatientService::Stub::ResolvePatient, request, &response);
    EXPECT_TRUE(status.ok()) << status;
    return response.patient().id();
  }
  absl::Status Get(const Client& client, const std::string& id, pb::Patient* patient) {
    pb::GetPatientRequest request;
    request.set_id(id);
    return client.Call<pb::PatientService>(&pb::PatientService::Stub::GetPatient, request, patient);
  }
  absl::Status Merge(const Client& client, const std::string& source, const std::string& target) {
    pb::MergePatientsRequest request;
    request.set_request_id(base::RandomHex(8));
    request.set_source_id(source);
    request.set_target_id(target);
    request.set_reason("one card shown at both");
    pb::Patient merged;
    return client.Call<pb::PatientService>(&pb::PatientService::Stub::MergePatients, request,
                                           &merged);
  }
  absl::Status Record(const Client& client, const std::string& patient_id,
                      pb::ConsentDecision decision, pb::Consent* recorded) {
    pb::RecordConsentRequest request;
    request.set_request_id(base::RandomHex(8));
    request.mutable_consent()->set_patient_id(patient_id);
    request.mutable_consent()->set_coverage(pb::CONSENT_COVERAGE_SHARING);
    request.mutable_consent()->set_decision(decision);
    request.mutable_consent()->mutable_recorder()->set_name("Nurse Zhao");
    request.mutable_consent()->set_reason("signed at the desk");
    return client.Call<pb::ConsentService>(&pb::ConsentService::Stub::RecordConsent, request,
                                           recorded);
  }
  // The account's user name, and its token.
  std::pair<pb::Account, Client> Doctor(const std::string& password) {
    pb::CreateAccountRequest request;
    request.set_request_id(base::RandomHex(8));
    request.set_password(password);
    request.mutable_account()->set_user_name("u" + base::RandomHex(4));
    request.mutable_account()->set_facility_id("fac-tangxi");
    request.mutable_account()->add_roles("clinic_doctor");
    request.mutable_account()->set_active(true);
    pb::Account account;
    const absl::Status created = Operator().Call<pb::AccountService>(
        &pb::AccountService::Stub::CreateAccount, request, &account);
    EXPECT_TRUE(created.ok()) << created;
    return {account, Person(account.user_name(), password)};
  }
  pb::Account Update(pb::Account account, const std::string& password = "") {
    pb::UpdateAccountRequest request;
    request.set_request_id(base::RandomHex(8));
    *request.mutable_account() = std::move(account);
    request.set_password(password);
    pb::Account updated;
    const absl::Status status = Operator().Call<pb::AccountService>(
        &pb::AccountService::Stub::UpdateAccount, request, &updated);
    EXPECT_TRUE(status.ok()) << status;
    return updated;
  }
  absl::Status Reads(const Client& client) {
    pb::GetFacilityRequest request;
    request.set_id("fac-tangxi");
    pb::Facility facility;
    return client.Call<pb::FacilityService>(&pb::FacilityService::Stub::GetFacility, request,
                                            &facility);
  }
  // Methods of the trail's records that touched the patient.
  std::vector<std::string> Trail(const std::string& patient_id) {
    events::v1::PullFeedRequest request;
    request.set_feed("registry.audit");
    request.set_page_size(1000);
    events::v1::PullFeedResponse response;
    const absl::Status pulled = Service().Call<events::v1::FeedService>(
        &events::v1::FeedService::Stub::PullFeed, request, &response);
    EXPECT_TRUE(pulled.ok()) << pulled;
    std::vector<std::string> methods;
    for (const auto& event : response.events()) {
      audit::v1::AuditRecord record;
      if (!event.change().UnpackTo(&record)) continue;
      for (const auto& touched : record.patients()) {
        if (touched.patient_id() == patient_id) {
          methods.push_back(record.method() + " " + record.actor().user_id());
        }
      }
    }
    return methods;
  }
};

TEST_F(PeopleWire, StewardAloneMergesPatientsOfTwoFacilitiesAndTheTrailSaysSo) {
  const std::string a = Patient(Machine("fac-bailongqiao", "his"), "fac-bailongqiao", "17");
  const std::string b = Patient(Machine("fac-tangxi", "his"), "fac-tangxi", "9");
  EXPECT_TRUE(absl::IsNotFound(Merge(WithRole("center_head", "fac-jinhua-zhongxin"), a, b)));
  EXPECT_TRUE(absl::IsPermissionDenied(Merge(WithRole("clinic_doctor", "fac-tangxi"), a, b)));
  EXPECT_TRUE(absl::IsPermissionDenied(Merge(Operator(), a, b)));
  const Client steward = WithRole("patient_steward", "fac-jinhua-zhongxin");
  const absl::Status merged = Merge(steward, a, b);
  ASSERT_TRUE(merged.ok()) << merged;
  pb::Patient patient;
  ASSERT_TRUE(Get(steward, a, &patient).ok());
  EXPECT_EQ(patient.merged_into_id(), b);
  for (const std::string& id : {a, b}) {
    EXPECT_THAT(Trail(id), Contains(HasSubstr("PatientService/MergePatients"))) << id;
  }
}

TEST_F(PeopleWire, ConsentIsRecordedWhereThePatientIsSeenAndKept) {
  const Client his = Machine("fac-tangxi", "his");
  const std::string id = Patient(his, "fac-tangxi", "9");
  pb::Consent recorded;
  EXPECT_TRUE(absl::IsNotFound(
      Record(Machine("fac-bailongqiao", "his"), id, pb::CONSENT_DECISION_REFUSED, &recorded)));
  const absl::Status refused = Record(his, id, pb::CONSENT_DECISION_REFUSED, &recorded);
  ASSERT_TRUE(refused.ok()) << refused;
  EXPECT_EQ(recorded.facility_id(), "fac-tangxi");
  EXPECT_THAT(recorded.recorded_by(), HasSubstr("fac-tangxi"));
  pb::Patient patient;
  ASSERT_TRUE(Get(his, id, &patient).ok());
  EXPECT_TRUE(patient.sharing_refused());
  ASSERT_TRUE(Record(WithRole("clinic_doctor", "fac-tangxi"), id, pb::CONSENT_DECISION_GRANTED,
                     &recorded)
                  .ok());
  ASSERT_TRUE(Get(his, id, &patient).ok());
  EXPECT_FALSE(patient.sharing_refused());

  pb::ListConsentsRequest list;
  list.set_patient_id(id);
  list.set_page_size(1);
  std::vector<pb::Consent> kept;
  do {
    pb::ListConsentsResponse page;
    ASSERT_TRUE(
        his.Call<pb::ConsentService>(&pb::ConsentService::Stub::ListConsents, list, &page).ok());
    kept.insert(kept.end(), page.consents().begin(), page.consents().end());
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  ASSERT_THAT(kept, SizeIs(2));
  EXPECT_EQ(kept[0].decision(), pb::CONSENT_DECISION_GRANTED);
  EXPECT_EQ(kept[1].decision(), pb::CONSENT_DECISION_REFUSED);
  EXPECT_EQ(kept[1].recorder().name(), "Nurse Zhao");
  EXPECT_EQ(kept[1].reason(), "signed at the desk");
  EXPECT_THAT(Trail(id), Contains(HasSubstr("ConsentService/RecordConsent")));
}

TEST_F(PeopleWire, ClosedAccountReadsNothingMoreAlsoAfterARestart) {
  const auto [account, doctor] = Doctor("a good pass phrase");
  ASSERT_TRUE(Reads(doctor).ok());
  pb::Account closed = account;
  closed.set_active(false);
  Update(closed);
  const absl::Status refused = Reads(doctor);
  EXPECT_TRUE(absl::IsUnauthenticated(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("account was closed or changed"));
  EXPECT_EQ(base::DetailOf(refused).reason, "UNAUTHENTICATED");
  Stop();
  Start();
  Client again = Stranger();
  again.identity = doctor.identity;
  EXPECT_TRUE(absl::IsUnauthenticated(Reads(again)));
}

TEST_F(PeopleWire, RepeatedUpdateVoidsTheTokensOfThatAccountAndOfNobodyElse) {
  const auto [account, doctor] = Doctor("a good pass phrase");
  pb::UpdateAccountRequest request;
  request.set_request_id(base::RandomHex(8));
  *request.mutable_account() = account;
  request.mutable_account()->set_active(false);
  for (int time = 0; time < 2; ++time) {
    pb::Account closed;
    const absl::Status status = Operator().Call<pb::AccountService>(
        &pb::AccountService::Stub::UpdateAccount, request, &closed);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(closed.id(), account.id());
    EXPECT_TRUE(absl::IsUnauthenticated(Reads(doctor)));
  }
  EXPECT_FALSE(hub_->runtime().void_tokens().Contains("", absl::InfinitePast()))
      << "the remembered answer was taken for an account without a name";
}

TEST_F(PeopleWire, ChangedAccountLogsInAgainAndAnUntouchedOneNeedNot) {
  const auto [account, doctor] = Doctor("a good pass phrase");
  const auto [other, bystander] = Doctor("another pass phrase");
  pb::Account changed = account;
  changed.add_roles("clinic_technician");
  changed = Update(changed);
  EXPECT_TRUE(absl::IsUnauthenticated(Reads(doctor)));
  const Client technician = Person(account.user_name(), "a good pass phrase");
  EXPECT_TRUE(Reads(technician).ok());
  Update(changed, "a third pass phrase");
  EXPECT_TRUE(absl::IsUnauthenticated(Reads(technician)));
  EXPECT_TRUE(Reads(Person(account.user_name(), "a third pass phrase")).ok());
  EXPECT_TRUE(Reads(bystander).ok());
}

TEST_F(PeopleWire, QualificationIsPutByTheOperatorAndListed) {
  pb::PutQualificationRequest request;
  request.set_request_id("q");
  pb::Qualification& qualification = *request.mutable_qualification();
  qualification.set_id("qual-tangxi-dr");
  qualification.set_facility_id("fac-tangxi");
  qualification.set_discipline(common::v1::DISCIPLINE_IMAGING);
  qualification.set_state(pb::QUALIFICATION_STATE_QUALIFIED);
  qualification.set_scope(pb::MARK_SCOPE_CITY);
  qualification.add_region_codes("3307");
  qualification.set_from("2026-01-01");
  qualification.set_basis("eqa");
  const auto put = [&](const Client& client) {
    pb::Qualification stored;
    return client.Call<pb::CatalogService>(&pb::CatalogService::Stub::PutQualification, request,
                                           &stored);
  };
  EXPECT_TRUE(absl::IsPermissionDenied(put(Machine("fac-tangxi", "his"))));
  const Client boss = Operator();
  ASSERT_TRUE(put(boss).ok());
  EXPECT_TRUE(put(boss).ok()) << "the same request again";
  request.set_request_id("q2");
  qualification.set_state(pb::QUALIFICATION_STATE_SUSPENDED);
  ASSERT_TRUE(put(boss).ok());
  request.set_request_id("q3");
  qualification.set_from("yesterday");
  EXPECT_TRUE(absl::IsInvalidArgument(put(boss)));

  pb::ListQualificationsRequest list;
  list.set_facility_id("fac-tangxi");
  pb::ListQualificationsResponse listed;
  ASSERT_TRUE(Service()
                  .Call<pb::CatalogService>(&pb::CatalogService::Stub::ListQualifications, list,
                                            &listed)
                  .ok());
  const auto found = std::find_if(listed.qualifications().begin(), listed.qualifications().end(),
                                  [](const auto& one) { return one.id() == "qual-tangxi-dr"; });
  ASSERT_NE(found, listed.qualifications().end());
  EXPECT_EQ(found->state(), pb::QUALIFICATION_STATE_SUSPENDED);
  EXPECT_EQ(found->from(), "2026-01-01");
}

}  // namespace
}  // namespace tongjian::registry
