#include <thread>
#include <vector>

#include "tests/wire/reading/reading_hub.h"

namespace tongjian::reading {
namespace {

// Final reports wait until somebody releases them.
class HoldingHub : public ReadingHub {
 protected:
  std::vector<std::string> Flags() override { return {"--reading.hold-release=true"}; }
};

TEST_F(ReadingHub, ReadsAnExamFromEvidenceToASignedReport) {
  const v1::Task queued = PublishExam("o1");
  EXPECT_EQ(queued.reading_mode(), registry::v1::READING_MODE_HUB_READS);

  v1::ListTasksRequest list;
  list.set_center_id("center-zhongxin-imaging");
  v1::ListTasksResponse page;
  ASSERT_THAT(Call<v1::TaskService>(&v1::TaskService::Stub::ListTasks, Reader(1), list, &page), IsOk());
  ASSERT_EQ(page.tasks_size(), 1);
  EXPECT_EQ(page.tasks(0).id(), queued.id());

  const auto task = Claim(Reader(1), queued.id());
  ASSERT_THAT(task.status(), IsOk());
  EXPECT_EQ(task->claimed_by(), "prac-zhongxin-reader-1");
  const auto draft = Draft(Reader(1), *task);
  ASSERT_THAT(draft.status(), IsOk());
  const auto clinic = Person("prac-chengdong-1", kClinic, "clinic_doctor");
  EXPECT_THAT(Get(clinic, draft->id()).status(), HasReason("NOT_FOUND"));

  const auto signed_report = Sign(Reader(1), *task, *draft);
  ASSERT_THAT(signed_report.status(), IsOk());
  EXPECT_EQ(signed_report->state(), v1::REPORT_STATE_FINAL);
  EXPECT_EQ(signed_report->issuing_facility_name(), "金华市中心医院");
  EXPECT_EQ(signed_report->versions(0).signatures(0).signer().name(), "示例影像医师甲");
  EXPECT_THAT(Get(clinic, draft->id()).status(), IsOk());

  v1::VerifyReportRequest verify;
  verify.set_id(draft->id());
  v1::VerifyReportResponse verified;
  ASSERT_THAT(Call<v1::ReportService>(&v1::ReportService::Stub::VerifyReport, clinic, verify, &verified), IsOk());
  EXPECT_TRUE(verified.valid()) << verified.ShortDebugString();

  const events::v1::Event event = Await(
      [](const events::v1::Event& each) { return feed::As<events::v1::ReportChanged>(each).has_value(); });
  EXPECT_EQ(feed::As<events::v1::ReportChanged>(event)->report().state(), v1::REPORT_STATE_FINAL);
}

TEST_F(ReadingHub, ReopensWhenImagesCameWhileItWasWritten) {
  const v1::Task queued = PublishExam("o1");
  const auto task = Claim(Reader(1), queued.id());
  ASSERT_THAT(task.status(), IsOk());
  const auto draft = Draft(Reader(1), *task);
  ASSERT_THAT(draft.status(), IsOk());
  events::v1::StudyChanged late;
  late.mutable_study()->set_id("study-o1");
  late.mutable_study()->set_version(2);
  late.mutable_study()->set_state(imaging::v1::STUDY_STATE_VERIFIED);
  late.mutable_study()->set_instance_count(4);
  late.mutable_study()->add_modalities("DX");
  late.mutable_study()->add_order_ids("o1");
  Publish("imaging", "study-o1", late);
  Await([](const events::v1::Event& each) {
    const auto changed = feed::As<events::v1::TaskChanged>(each);
    return changed && changed->task().instance_count() == 4;
  });
  const auto report = Sign(Reader(1), *task, *draft);
  ASSERT_THAT(report.status(), IsOk());
  EXPECT_EQ(report->state(), v1::REPORT_STATE_FINAL);
  v1::GetTaskRequest get;
  get.set_id(queued.id());
  v1::Task reopened;
  ASSERT_THAT(Call<v1::TaskService>(&v1::TaskService::Stub::GetTask, Reader(1), get, &reopened), IsOk());
  EXPECT_EQ(reopened.state(), v1::TASK_STATE_REOPENED);
  EXPECT_EQ(reopened.note(), "2 images came after the report was written");
}

TEST_F(ReadingHub, SignsForNobodyWhoseLicenseDoesNotCoverIt) {
  const v1::Task queued = PublishExam("o1");
  const auto reader = Person("prac-zhongxin-ecg-1", kHub, "reader");
  const auto task = Claim(reader, queued.id());
  ASSERT_THAT(task.status(), IsOk());
  const auto draft = Draft(reader, *task);
  ASSERT_THAT(draft.status(), IsOk());
  EXPECT_THAT(Sign(reader, *task, *draft).status(), HasReason("NOT_ENTITLED_TO_SIGN"));
}

TEST_F(ReadingHub, SetsATasksPriorityWithAReason) {
  const v1::Task queued = PublishExam("o1");
  v1::SetTaskPriorityRequest request;
  request.set_request_id("priority");
  request.set_id(queued.id());
  request.set_priority(common::v1::PRIORITY_STAT);
  v1::Task task, again;
  const auto set = [&](const rpc::OutgoingIdentity& identity, v1::Task* out) {
    return Call<v1::TaskService>(&v1::TaskService::Stub::SetTaskPriority, identity, request, out);
  };
  EXPECT_EQ(base::DetailOf(set(Head(), &task)).field, "reason");
  request.set_reason("the clinic called");
  EXPECT_THAT(set(Person("prac-renmin-head", "fac-jinhua-renmin", "center_head"), &task), HasReason("NOT_FOUND"));
  ASSERT_THAT(set(Head(), &task), IsOk());
  EXPECT_EQ(task.priority(), common::v1::PRIORITY_STAT);
  EXPECT_GT(task.version(), queued.version());
  v1::SetTaskPriorityRequest lower = request;
  lower.set_request_id("lower");
  lower.set_priority(common::v1::PRIORITY_ROUTINE);
  ASSERT_THAT(Call<v1::TaskService>(&v1::TaskService::Stub::SetTaskPriority, Head(), lower, &again), IsOk());
  ASSERT_THAT(set(Head(), &again), IsOk());  // The first one sent again does nothing any more.
  EXPECT_EQ(again.priority(), common::v1::PRIORITY_ROUTINE);
  const events::v1::Event event = Await([](const events::v1::Event& each) {
    const auto changed = feed::As<events::v1::TaskChanged>(each);
    return changed && changed->task().priority() == common::v1::PRIORITY_STAT;
  });
  EXPECT_EQ(feed::As<events::v1::TaskChanged>(event)->task().id(), queued.id());
}

TEST_F(HoldingHub, ReleasesAHeldReportToTheClinic) {
  const v1::Task queued = PublishExam("o1");
  const auto task = Claim(Reader(1), queued.id());
  ASSERT_THAT(task.status(), IsOk());
  const auto draft = Draft(Reader(1), *task);
  ASSERT_THAT(draft.status(), IsOk());
  const auto report = Sign(Reader(1), *task, *draft);
  ASSERT_THAT(report.status(), IsOk());
  EXPECT_FALSE(report->versions(0).released());
  const auto clinic = Person("prac-chengdong-1", kClinic, "clinic_doctor");
  EXPECT_THAT(Get(clinic, report->id()).status(), HasReason("NOT_FOUND"));
  v1::ReleaseReportRequest request;
  request.set_request_id("release");
  request.set_id(report->id());
  request.set_number(1);
  v1::Report released, again;
  const auto release = [&](const rpc::OutgoingIdentity& identity, v1::Report* out) {
    return Call<v1::ReportService>(&v1::ReportService::Stub::ReleaseReport, identity, request, out);
  };
  EXPECT_THAT(release(clinic, &released), HasReason("PERMISSION_DENIED"));
  ASSERT_THAT(release(Head(), &released), IsOk());
  EXPECT_TRUE(released.versions(0).released());
  ASSERT_THAT(release(Head(), &again), IsOk());
  EXPECT_EQ(again.etag(), released.etag());
  request.set_request_id("release-again");
  EXPECT_THAT(release(Head(), &again), HasReason("STATE_NOT_ALLOWED"));
  request.set_number(7);
  EXPECT_THAT(release(Head(), &again), HasReason("NOT_FOUND"));
  EXPECT_THAT(Get(clinic, report->id()).status(), IsOk());
}

TEST_F(ReadingHub, LetsOneOfManyClaim) {
  const v1::Task queued = PublishExam("o1");
  std::vector<std::thread> threads;
  std::atomic<int> won{0};
  std::atomic<int> lost{0};
  for (int i = 0; i < 8; ++i) {
    const auto identity = Person("reader-" + std::to_string(i), kHub, "reader");
    v1::ClaimTaskRequest request;
    request.set_request_id("claim");
    request.set_id(queued.id());
    threads.emplace_back([&, identity, request] {
      v1::Task task;
      const absl::Status status = Call<v1::TaskService>(&v1::TaskService::Stub::ClaimTask, identity, request, &task);
      if (status.ok()) ++won;
      if (base::DetailOf(status).reason == "CLAIMED_BY_OTHER") ++lost;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 7);
}

TEST_F(ReadingHub, ShowsOthersNothing) {
  const v1::Task queued = PublishExam("o1");
  const auto stranger = Person("prac-renmin-reader-1", "fac-jinhua-renmin", "reader");
  EXPECT_THAT(Claim(stranger, queued.id()).status(), HasReason("NOT_FOUND"));
  v1::ListTasksResponse page;
  ASSERT_THAT(Call<v1::TaskService>(&v1::TaskService::Stub::ListTasks, stranger, v1::ListTasksRequest(), &page), IsOk());
  EXPECT_EQ(page.tasks_size(), 0);
  const auto clinic_reader = Person("prac-chengdong-1", kClinic, "reader");
  EXPECT_THAT(Claim(clinic_reader, queued.id()).status(), HasReason("PERMISSION_DENIED"));
}

}  // namespace
}  // namespace tongjian::reading
