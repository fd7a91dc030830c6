// A slow and failing line between clinic and hub.
#include "tests/wire/edge/slow_link.h"

#include "absl/time/clock.h"
#include "common/dicom/uid.h"
#include "tests/wire/edge/clinic.h"
#include "tongjian/imaging/v1/study.grpc.pb.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"

namespace tongjian::edge {
namespace {

constexpr int64_t kTwoMegabit = 250'000;  // Bytes a second.
constexpr size_t kMiB = 1 << 20;

class SlowHub : public ClinicTest {
 protected:
  void SetUp() override {
    ClinicTest::SetUp();
    StopGateway();
    line_ = std::make_unique<SlowLink>(hub_port_, kTwoMegabit);
    direct_port_ = hub_port_;
    hub_port_ = line_->port();
    StartGateway();
    hub_port_ = direct_port_;
    ASSERT_TRUE(Soon([&] { return Status().accession_numbers_left() >= 3000; }));
  }
  void TearDown() override {
    StopGateway();
    line_.reset();
    ClinicTest::TearDown();
  }

  // The hub's instances of a study.
  int InstancesAtHub(const std::string& study_uid) {
    imaging::v1::ListStudiesResponse list;
    using imaging::v1::StudyService;
    if (!AtHub<StudyService>(&StudyService::Stub::ListStudies, imaging::v1::ListStudiesRequest(),
                             &list)
             .ok()) {
      return -1;
    }
    for (const imaging::v1::Study& study : list.studies()) {
      if (study.study_instance_uid() == study_uid) return study.instance_count();
    }
    return 0;
  }

  std::unique_ptr<SlowLink> line_;
  int direct_port_ = 0;
};

TEST_F(SlowHub, AnUrgentObjectOvertakesARunningRoutineUpload) {
  ObjectWords routine = {.study_uid = dicom::NewUid(), .sop_uid = dicom::NewUid(), .pixel_bytes = 3 * kMiB};
  ASSERT_EQ(Send(routine), 0);
  const int64_t before = line_->carried();
  ASSERT_TRUE(Soon([&] { return line_->carried() > before + 300'000; }));

  orders::v1::CreateOrderRequest request;
  request.set_request_id("stat");
  orders::v1::Order& order = *request.mutable_order();
  order.set_ordering_facility_id(kClinic);
  order.set_priority(common::v1::PRIORITY_STAT);
  order.mutable_patient()->set_facility_patient_id("P1");
  order.mutable_patient()->set_name("李四");
  order.add_items()->set_modality("ECG");
  order.mutable_items(0)->set_name("心电图");
  orders::v1::Order created;
  using orders::v1::OrderService;
  ASSERT_TRUE(AtGateway<OrderService>(&OrderService::Stub::CreateOrder, request, &created).ok());
  ObjectWords urgent = {.study_uid = created.items(0).study_instance_uid(),
                        .sop_uid = dicom::NewUid(),
                        .accession_number = created.accession_number(),
                        .patient_id = "P1",
                        .patient_name = "李四",
                        .pixel_bytes = 120'000};
  const absl::Time sent = absl::Now();
  ASSERT_EQ(Send(urgent), 0);
  ASSERT_TRUE(Soon([&] { return InstancesAtHub(urgent.study_uid) == 1; }));
  const absl::Duration took = absl::Now() - sent;
  RecordProperty("urgent_ms", static_cast<int>(absl::ToInt64Milliseconds(took)));
  std::printf("urgent 120 kB behind a routine upload at 2 Mbit/s: %lld ms\n",
              static_cast<long long>(absl::ToInt64Milliseconds(took)));
  EXPECT_LT(took, absl::Seconds(3));  // 0.5 s on a free line; 4.1 s with chunks of 1 MiB.
  EXPECT_EQ(InstancesAtHub(routine.study_uid), 0);
  EXPECT_TRUE(Soon([&] { return InstancesAtHub(routine.study_uid) == 1; }));
}

TEST_F(SlowHub, ABreakCostsAtMostTheLastChunks) {
  ObjectWords object = {.study_uid = dicom::NewUid(), .sop_uid = dicom::NewUid(), .pixel_bytes = 2 * kMiB};
  const int64_t before = line_->carried();
  ASSERT_EQ(Send(object), 0);
  for (int breaks = 1; breaks <= 3; ++breaks) {
    const int64_t reached = line_->carried();
    ASSERT_TRUE(Soon([&] { return line_->carried() > reached + 400'000; }));
    line_->Cut();
    line_->Mend();
  }
  ASSERT_TRUE(Soon([&] { return InstancesAtHub(object.study_uid) == 1; }));
  const int64_t carried = line_->carried() - before;
  std::printf("2 MiB over three breaks: %lld bytes went over the line\n",
              static_cast<long long>(carried));
  // The object, a chunk for each break, and the rest of the traffic with its handshakes.
  EXPECT_LT(carried, static_cast<int64_t>(2 * kMiB) + 3 * (64 << 10) + 200'000);
}

}  // namespace
}  // namespace tongjian::edge
