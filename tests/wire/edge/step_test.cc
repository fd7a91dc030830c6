// A device of the clinic says what it does, with and without a link to the hub.
#include "absl/strings/match.h"
#include "common/dicom/performed_step.h"
#include "common/dicom/uid.h"
#include "tests/support/steps.h"
#include "tests/wire/edge/clinic.h"
#include "tongjian/imaging/v1/performed_step.grpc.pb.h"
#include "tongjian/imaging/v1/study.grpc.pb.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"

namespace tongjian::edge {
namespace {

using dicom::StepStatus;
using imaging::v1::PerformedStepService;
using imaging::v1::StudyService;
using orders::v1::OrderService;

const std::string kStep(dicom::uids::kModalityPerformedProcedureStep);

class SteppingDevice : public ClinicTest {
 protected:
  absl::Status Tell(dicom::NormalizedOperation operation, const std::string& uid,
                    const dicom::Dataset& attributes) {
    auto scu = dicom::Scu::Open({.calling_ae = "DR1",
                                 .host = "127.0.0.1",
                                 .port = static_cast<uint16_t>(gateway_->ports().dicom)},
                                {{kStep, {std::string(dicom::uids::kExplicitLittleEndian)}}});
    EXPECT_TRUE(scu.ok()) << scu.status();
    if (!scu.ok()) return scu.status();
    return (*scu)->Call({operation, kStep, uid, 0, attributes}).status();
  }
  absl::Status Begin(const std::string& uid, const testing_steps::Exam& exam) {
    return Tell(dicom::NormalizedOperation::kCreate, uid, testing_steps::Begun(exam));
  }
  absl::Status End(const std::string& uid, StepStatus status,
                   const std::vector<std::string>& images, const std::string& reason = "") {
    return Tell(dicom::NormalizedOperation::kSet, uid,
                testing_steps::Ended(status, images, reason));
  }
  static testing_steps::Exam ExamOf(const orders::v1::Order& order) {
    return {.study_uid = order.items(0).study_instance_uid(),
            .accession_number = order.accession_number(),
            .procedure_id = order.items(0).id(),
            .patient_id = order.patient().facility_patient_id(),
            .patient_name = "张三"};
  }
  std::vector<std::string> Timeline(const std::string& accession_number) {
    orders::v1::GetOrderRequest get;
    get.set_accession_number(accession_number);
    orders::v1::Order order;
    if (!AtHub<OrderService>(&OrderService::Stub::GetOrder, get, &order).ok()) return {};
    orders::v1::ListTimelineRequest request;
    request.set_id(order.id());
    orders::v1::ListTimelineResponse timeline;
    EXPECT_TRUE(AtHub<OrderService>(&OrderService::Stub::ListTimeline, request, &timeline).ok());
    std::vector<std::string> entries;
    for (const orders::v1::TimelineEntry& entry : timeline.entries())
      entries.push_back(entry.note().empty() ? entry.action()
                                             : entry.action() + ": " + entry.note());
    return entries;
  }
  bool HasEntry(const std::string& accession_number, const std::string& wanted) {
    for (const std::string& entry : Timeline(accession_number)) {
      if (entry == wanted) return true;
    }
    return false;
  }
  imaging::v1::ListStudiesResponse StudiesAtHub() {
    imaging::v1::ListStudiesResponse list;
    EXPECT_TRUE(AtHub<StudyService>(&StudyService::Stub::ListStudies,
                                    imaging::v1::ListStudiesRequest(), &list)
                    .ok());
    return list;
  }
  void AwaitNumbers() {
    ASSERT_TRUE(Soon([&] { return Status().accession_numbers_left() >= 3000; }));
  }
};

TEST_F(SteppingDevice, IsAnsweredWithoutALinkAndTheHubHearsAllOfItBehindTheOrder) {
  AwaitNumbers();
  StopHub();
  const auto order = Order("o1", "P1");
  ASSERT_TRUE(order.ok()) << order.status();
  const std::string uid = dicom::NewUid();
  const std::string image = dicom::NewUid();
  ASSERT_TRUE(Begin(uid, ExamOf(*order)).ok());
  EXPECT_EQ(Worklist().size(), 1u);
  EXPECT_EQ(Send({.study_uid = order->items(0).study_instance_uid(),
                  .sop_uid = image,
                  .accession_number = order->accession_number(),
                  .patient_id = "P1",
                  .patient_name = "张三"}),
            0);
  ASSERT_TRUE(End(uid, StepStatus::kCompleted, {image}).ok());
  EXPECT_TRUE(Worklist().empty());
  StopGateway();
  StartGateway();
  EXPECT_TRUE(Worklist().empty());

  StartHub();
  ASSERT_TRUE(Soon([&] { return HasEntry(order->accession_number(), "exam completed"); }))
      << Status().DebugString();
  EXPECT_TRUE(HasEntry(order->accession_number(), "exam started"));
  ASSERT_TRUE(Soon([&] {
    const auto studies = StudiesAtHub();
    return studies.studies_size() == 1 &&
           studies.studies(0).exam_state() == imaging::v1::PERFORMED_STEP_STATE_COMPLETED &&
           studies.studies(0).state() == imaging::v1::STUDY_STATE_VERIFIED;
  })) << StudiesAtHub().DebugString();
  imaging::v1::ListPerformedStepsResponse steps;
  ASSERT_TRUE(AtHub<PerformedStepService>(&PerformedStepService::Stub::ListPerformedSteps,
                                          imaging::v1::ListPerformedStepsRequest(), &steps)
                  .ok());
  ASSERT_EQ(steps.steps_size(), 1);
  EXPECT_EQ(steps.steps(0).version(), 2);
  EXPECT_EQ(steps.steps(0).instance_count(), 1);
  EXPECT_EQ(steps.steps(0).patient().name(), "张三");
}

TEST_F(SteppingDevice, ThatBreaksOffLeavesTheExamOnTheWorklistAndSaysWhy) {
  AwaitNumbers();
  const auto order = Order("o1", "P1");
  ASSERT_TRUE(order.ok()) << order.status();
  const std::string uid = dicom::NewUid();
  ASSERT_TRUE(Begin(uid, ExamOf(*order)).ok());
  ASSERT_TRUE(End(uid, StepStatus::kDiscontinued, {}, "Patient refused").ok());
  EXPECT_EQ(Worklist().size(), 1u);
  ASSERT_TRUE(
      Soon([&] { return HasEntry(order->accession_number(), "exam discontinued: Patient refused"); }));
  EXPECT_EQ(Worklist().size(), 1u);
}

TEST_F(SteppingDevice, HearsWhatTheStandardSaysOfWhatItMayNotDo) {
  const std::string uid = dicom::NewUid();
  const testing_steps::Exam exam = {.study_uid = dicom::NewUid()};  // No order: normal.
  const auto says = [](const absl::Status& status, const char* code) {
    return absl::StrContains(status.message(), code);
  };
  ASSERT_TRUE(Begin(uid, exam).ok());
  EXPECT_TRUE(says(Begin(uid, exam), "0111"));
  EXPECT_TRUE(says(End(dicom::NewUid(), StepStatus::kCompleted, {"1.2"}), "0112"));
  EXPECT_TRUE(says(End(uid, StepStatus::kCompleted, {}), "0121"));
  ASSERT_TRUE(End(uid, StepStatus::kCompleted, {"1.2"}).ok());
  EXPECT_TRUE(says(End(uid, StepStatus::kDiscontinued, {"1.2"}), "0110"));
  dicom::Dataset lacking = testing_steps::Begun(exam);
  lacking.Erase(dicom::tags::kModality);
  EXPECT_TRUE(says(Tell(dicom::NormalizedOperation::kCreate, dicom::NewUid(), lacking), "0120"));
  lacking.Set(dicom::tags::kModality, "DX");
  lacking.Set(dicom::tags::kPerformedProcedureStepStatus, "COMPLETED");
  EXPECT_TRUE(says(Tell(dicom::NormalizedOperation::kCreate, dicom::NewUid(), lacking), "0106"));
}

}  // namespace
}  // namespace tongjian::edge
