#include <gmock/gmock.h>

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/security/authority.h"
#include "tests/wire/registry/hub.h"
#include "tongjian/audit/v1/record.pb.h"
#include "tongjian/events/v1/events.pb.h"
#include "tongjian/events/v1/feed.grpc.pb.h"

namespace tongjian::registry {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

pb::ResolvePatientRequest Says(const std::string& facility_id, const std::string& number,
                               const std::string& name) {
  pb::ResolvePatientRequest request;
  request.set_request_id(base::RandomHex(8));
  request.mutable_patient()->set_facility_id(facility_id);
  request.mutable_patient()->set_facility_patient_id(number);
  request.mutable_patient()->set_name(name);
  request.mutable_patient()->set_birth_date("1980-01-01");
  return request;
}

absl::Status Resolve(const Client& client, const pb::ResolvePatientRequest& request,
                     pb::ResolvePatientResponse* response) {
  return client.Call<pb::PatientService>(&pb::PatientService::Stub::ResolvePatient, request,
                                         response);
}

// All events of a feed so far, as the client sees them.
std::vector<events::v1::Event> Read(const Client& client, const std::string& feed) {
  events::v1::PullFeedRequest request;
  request.set_feed(feed);
  request.set_page_size(1000);
  std::vector<events::v1::Event> events;
  for (bool more = true; more;) {
    events::v1::PullFeedResponse response;
    const absl::Status status = client.Call<events::v1::FeedService>(
        &events::v1::FeedService::Stub::PullFeed, request, &response);
    EXPECT_TRUE(status.ok()) << status;
    events.insert(events.end(), response.events().begin(), response.events().end());
    request.set_cursor(response.next_cursor());
    more = status.ok() && response.more();
  }
  return events;
}

using RegistryWire = HubTest;

TEST_F(RegistryWire, StartsWithTheSeededCommunityAndAgainWithTheSame) {
  for (int start = 0; start < 2; ++start) {
    pb::ListMembershipsRequest request;
    request.set_community_id("com-jinhua-zhongxin");
    pb::ListMembershipsResponse response;
    const absl::Status status = Service().Call<pb::CommunityService>(
        &pb::CommunityService::Stub::ListMemberships, request, &response);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(response.memberships_size(), 1 + 21);
    Stop();
    Start();
  }
}

TEST_F(RegistryWire, PagesThroughTheFacilities) {
  pb::ListFacilitiesRequest request;
  request.set_page_size(20);
  std::vector<int> sizes;
  do {
    pb::ListFacilitiesResponse response;
    const absl::Status status = Service().Call<pb::FacilityService>(
        &pb::FacilityService::Stub::ListFacilities, request, &response);
    ASSERT_TRUE(status.ok()) << status;
    sizes.push_back(response.facilities_size());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(sizes, ::testing::ElementsAre(20, 20, 7));
}

TEST_F(RegistryWire, AnswersTheSameRequestTheSameAndAnotherContentNot) {
  const Client his = Machine("fac-bailongqiao", "his");
  pb::ResolvePatientRequest request = Says("fac-bailongqiao", "17", "张三");
  pb::ResolvePatientResponse first, again;
  ASSERT_TRUE(Resolve(his, request, &first).ok());
  ASSERT_TRUE(Resolve(his, request, &again).ok());
  EXPECT_TRUE(again.created());
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  request.mutable_patient()->set_name("李四");
  EXPECT_EQ(base::DetailOf(Resolve(his, request, &again)).reason, "REQUEST_ID_REUSED");
  request.clear_request_id();
  EXPECT_EQ(base::DetailOf(Resolve(his, request, &again)).field, "request_id");
}

TEST_F(RegistryWire, LetsAClinicSpeakForItselfAlone) {
  const Client his = Machine("fac-bailongqiao", "his");
  pb::ResolvePatientResponse response;
  EXPECT_TRUE(absl::IsNotFound(Resolve(his, Says("fac-tangxi", "17", "张三"), &response)));
  ASSERT_TRUE(Resolve(his, Says("fac-bailongqiao", "17", "张三"), &response).ok());

  pb::GetPatientRequest get;
  get.set_id(response.patient().id());
  pb::Patient patient;
  const auto read = [&](const Client& client) {
    return client.Call<pb::PatientService>(&pb::PatientService::Stub::GetPatient, get, &patient);
  };
  EXPECT_TRUE(read(his).ok());
  EXPECT_TRUE(absl::IsNotFound(read(Machine("fac-tangxi", "his"))));
  EXPECT_TRUE(read(WithRole("clinic_doctor", "fac-bailongqiao")).ok());
  EXPECT_TRUE(absl::IsNotFound(read(WithRole("clinic_doctor", "fac-tangxi"))));
  // Who runs the system sees no patient, and nobody is nobody.
  EXPECT_TRUE(absl::IsPermissionDenied(read(Operator())));
  EXPECT_TRUE(absl::IsUnauthenticated(read(Stranger())));
}

TEST_F(RegistryWire, LetsOnlyTheOperatorWriteTheDirectory) {
  pb::CreateDeviceRequest request;
  request.mutable_device()->set_facility_id("fac-bailongqiao");
  request.mutable_device()->set_ae_title("NEW");
  pb::Device device;
  const auto create = [&](const Client& client) {
    request.set_request_id(base::RandomHex(8));
    return client.Call<pb::DeviceService>(&pb::DeviceService::Stub::CreateDevice, request, &device);
  };
  EXPECT_TRUE(absl::IsPermissionDenied(create(Machine("fac-bailongqiao", "gateway"))));
  EXPECT_TRUE(absl::IsPermissionDenied(create(WithRole("reader", "fac-jinhua-zhongxin"))));
  EXPECT_TRUE(create(Operator()).ok());
}

TEST_F(RegistryWire, TellsAClinicOfItsOwnPatientsAlone) {
  const Client bailongqiao = Machine("fac-bailongqiao", "gateway");
  const Client tangxi = Machine("fac-tangxi", "gateway");
  pb::ResolvePatientResponse response;
  ASSERT_TRUE(Resolve(bailongqiao, Says("fac-bailongqiao", "17", "张三"), &response).ok());
  const auto patients = [](const std::vector<events::v1::Event>& events) {
    size_t count = 0;
    for (const auto& event : events) count += event.change().Is<events::v1::PatientChanged>();
    return count;
  };
  const auto own = Read(bailongqiao, "registry"), others = Read(tangxi, "registry");
  EXPECT_EQ(patients(own), 1u);
  EXPECT_EQ(patients(others), 0u);
  EXPECT_GT(others.size(), 100u);  // The directory is everybody's.
}

TEST_F(RegistryWire, LeavesARecordOfEveryPatientTouched) {
  const Client his = Machine("fac-bailongqiao", "his");
  pb::ResolvePatientResponse response;
  ASSERT_TRUE(Resolve(his, Says("fac-bailongqiao", "17", "张三"), &response).ok());
  pb::GetPatientRequest get;
  get.set_id(response.patient().id());
  pb::Patient patient;
  ASSERT_TRUE(
      his.Call<pb::PatientService>(&pb::PatientService::Stub::GetPatient, get, &patient).ok());
  std::vector<std::string> methods;
  for (const auto& event : Read(Service(), "registry.audit")) {
    audit::v1::AuditRecord record;
    ASSERT_TRUE(event.change().UnpackTo(&record));
    for (const auto& touched : record.patients()) {
      if (touched.patient_id() == patient.id()) methods.push_back(record.method());
    }
  }
  EXPECT_THAT(methods, ::testing::ElementsAre("tongjian.registry.v1.PatientService/ResolvePatient",
                                              "tongjian.registry.v1.PatientService/GetPatient"));
}

TEST_F(RegistryWire, EnrollsAMachineOnceAndRenewsItByItsCertificate) {
  const Client gateway = Machine("fac-tangxi", "gateway");
  pb::RenewCertificateRequest renew;
  renew.set_csr_pem(security::MakeKeyAndRequest("gateway")->request_pem);
  pb::EnrollResponse renewed;
  const auto call = &pb::EnrollmentService::Stub::RenewCertificate;
  ASSERT_TRUE(gateway.Call<pb::EnrollmentService>(call, renew, &renewed).ok());
  EXPECT_EQ(renewed.facility_id(), "fac-tangxi");
  EXPECT_TRUE(
      absl::IsPermissionDenied(Operator().Call<pb::EnrollmentService>(call, renew, &renewed)));
}

TEST_F(RegistryWire, ShowsAnEnrollmentCodeOnce) {
  const Client boss = Operator();
  pb::CreateEnrollmentCodeRequest ask;
  ask.set_request_id("once");
  ask.set_facility_id("fac-tangxi");
  ask.set_role("gateway");
  pb::CreateEnrollmentCodeResponse code;
  const auto call = &pb::EnrollmentService::Stub::CreateEnrollmentCode;
  ASSERT_TRUE(boss.Call<pb::EnrollmentService>(call, ask, &code).ok());
  EXPECT_FALSE(code.code().empty());
  EXPECT_TRUE(absl::IsAlreadyExists(boss.Call<pb::EnrollmentService>(call, ask, &code)));
}

TEST_F(RegistryWire, SaysWhyAReaderMaySign) {
  pb::CheckEntitlementRequest request;
  request.set_practitioner_id("prac-zhongxin-reader-1");
  request.set_requesting_facility_id("fac-bailongqiao");
  request.set_discipline(common::v1::DISCIPLINE_IMAGING);
  pb::CheckEntitlementResponse response;
  const auto call = &pb::PractitionerService::Stub::CheckEntitlement;
  ASSERT_TRUE(Service().Call<pb::PractitionerService>(call, request, &response).ok());
  EXPECT_TRUE(response.entitled());
  EXPECT_EQ(response.license(), "license SAMPLE-0001");
  EXPECT_EQ(response.agreement(), "community com-jinhua-zhongxin with fac-jinhua-zhongxin");
  request.set_discipline(common::v1::DISCIPLINE_ECG);
  ASSERT_TRUE(Service().Call<pb::PractitionerService>(call, request, &response).ok());
  EXPECT_FALSE(response.entitled());
}

TEST_F(RegistryWire, FindsAnItemByAClinicsOwnCode) {
  pb::ListItemsRequest request;
  request.mutable_local_code()->set_facility_id("fac-tangxi");
  request.mutable_local_code()->set_code("DR-CHEST");
  pb::ListItemsResponse response;
  const auto call = &pb::CatalogService::Stub::ListItems;
  ASSERT_TRUE(Service().Call<pb::CatalogService>(call, request, &response).ok());
  ASSERT_THAT(response.items(), SizeIs(1));
  EXPECT_EQ(response.items(0).id(), "dx-chest-pa");
  request.mutable_local_code()->set_code("NONE");
  response.Clear();
  ASSERT_TRUE(Service().Call<pb::CatalogService>(call, request, &response).ok());
  EXPECT_THAT(response.items(), IsEmpty());
}

TEST_F(RegistryWire, MovesAMembershipByItsStatesAlone) {
  const Client boss = Operator();
  pb::TransitionMembershipRequest request;
  request.set_id("mem-zhongxin-tangxi");
  pb::Membership membership;
  const auto move = [&](pb::MembershipState state) {
    request.set_request_id(base::RandomHex(8));
    request.set_state(state);
    return boss.Call<pb::CommunityService>(&pb::CommunityService::Stub::TransitionMembership,
                                           request, &membership);
  };
  EXPECT_EQ(base::DetailOf(move(pb::MEMBERSHIP_STATE_ADMITTED)).reason, "STATE_NOT_ALLOWED");
  ASSERT_TRUE(move(pb::MEMBERSHIP_STATE_SUSPENDED).ok());
  ASSERT_TRUE(move(pb::MEMBERSHIP_STATE_ACTIVE).ok());
  EXPECT_EQ(membership.periods_size(), 5);
  EXPECT_EQ(membership.state(), pb::MEMBERSHIP_STATE_ACTIVE);
}

TEST_F(RegistryWire, LocksAnAccountOverTheWire) {
  pb::LogInRequest request;
  request.set_user_name("operator");
  request.set_password("wrong password");
  pb::LogInResponse response;
  const Client anybody = Stranger();
  std::vector<std::string> reasons;
  for (int i = 0; i < 6; ++i) {
    const absl::Status status =
        anybody.Call<pb::AccountService>(&pb::AccountService::Stub::LogIn, request, &response);
    reasons.push_back(base::DetailOf(status).reason);
  }
  EXPECT_THAT(reasons,
              ::testing::ElementsAre("UNAUTHENTICATED", "UNAUTHENTICATED", "UNAUTHENTICATED",
                                     "UNAUTHENTICATED", "LOCKED_OUT", "LOCKED_OUT"));
}

TEST_F(RegistryWire, SetsAndReadsTheCalendar) {
  pb::SetCalendarDaysRequest request;
  request.set_request_id("calendar");
  request.mutable_days()->add_holidays("2026-02-17");
  request.mutable_days()->add_workdays("2026-02-14");
  request.mutable_days()->set_open_minute(480);
  request.mutable_days()->set_close_minute(1020);
  pb::CalendarDays days;
  ASSERT_TRUE(
      Operator()
          .Call<pb::CenterService>(&pb::CenterService::Stub::SetCalendarDays, request, &days)
          .ok());
  pb::CalendarDays read;
  ASSERT_TRUE(Service()
                  .Call<pb::CenterService>(&pb::CenterService::Stub::GetCalendarDays,
                                           pb::GetCalendarDaysRequest(), &read)
                  .ok());
  EXPECT_EQ(read.SerializeAsString(), request.days().SerializeAsString());
}

}  // namespace
}  // namespace tongjian::registry
