// One facility's calls wait behind its own and hold up nobody else's.
#include <thread>

#include "common/base/status.h"
#include "tests/wire/rpc/probe_rig.h"

namespace tongjian::rpc {
namespace {

using ::testing::ElementsAre;
using Stub = pb::ProbeService::Stub;

// Calls of facilities' people, each on a thread of its own.
class Crowd {
 public:
  explicit Crowd(Rig& rig) : rig_(rig) {}
  ~Crowd() {
    rig_.grpc_->LetGo();
    for (std::thread& thread : threads_) thread.join();
  }

  void Call(const std::string& facility, const std::string& deed = {}) {
    threads_.emplace_back([this, identity = rig_.AsPerson("clinic_doctor", facility), deed] {
      const auto stub = pb::ProbeService::NewStub(rig_.Plain());
      ClientCall call(identity, {.timeout = absl::Seconds(20)});
      pb::ProbeRequest request;
      request.set_deed(deed);
      pb::ProbeResponse response;
      EXPECT_TRUE(call.Result(stub->Look(call.context(), request, &response)).ok());
    });
  }
  // A call that finds no place.
  void CallAndWait(const std::string& facility) {
    const int64_t before = rig_.gate_->turns().waiting();
    Call(facility);
    while (rig_.gate_->turns().waiting() == before) std::this_thread::yield();
  }

 private:
  Rig& rig_;
  std::vector<std::thread> threads_;
};

TEST(Fairness, ServesFacilitiesInTurnHoweverManyCallsOneHasMade) {
  Rig rig({.turns = {.running_max = 1, .running_per_facility_max = 1}});
  {
    Crowd crowd(rig);
    crowd.Call("busy", "wait");
    rig.grpc_->AwaitWaiting();
    for (int i = 0; i < 3; ++i) crowd.CallAndWait("busy");
    crowd.CallAndWait("quiet");
  }
  EXPECT_THAT(rig.grpc_->Served(), ElementsAre("busy", "quiet", "busy", "busy", "busy"));
}

TEST(Fairness, LetsAnotherFacilityThroughWhileOneWaitsForItself) {
  Rig rig(
      {.turns = {.running_max = 2, .running_per_facility_max = 1, .waiting_per_facility_max = 1}});
  Crowd crowd(rig);
  crowd.Call("busy", "wait");
  rig.grpc_->AwaitWaiting();
  crowd.CallAndWait("busy");
  EXPECT_TRUE(rig.Invoke(&Stub::Look, rig.Plain(), rig.AsPerson("clinic_doctor", "quiet")).ok());

  const auto stub = pb::ProbeService::NewStub(rig.Plain());
  ClientCall third(rig.AsPerson("clinic_doctor", "busy"), {});
  const absl::Status refused = third.Result(stub->Look(third.context(), {}, &rig.response_));
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(base::DetailOf(refused).reason, "OVERLOADED");
  EXPECT_EQ(third.context()->GetServerTrailingMetadata().count("retry-after-ms"), 1u);
}

TEST(Fairness, NeverMakesTheHubsOwnCallsWait) {
  Rig rig({.turns = {.running_max = 1, .running_per_facility_max = 1}});
  Crowd crowd(rig);
  crowd.Call("busy", "wait");
  rig.grpc_->AwaitWaiting();
  EXPECT_TRUE(rig.Invoke(&Stub::Look, rig.Inside(), rig.AsService()).ok());
  EXPECT_TRUE(rig.Invoke(&Stub::Look, rig.Plain(), rig.AsService()).ok());
}

TEST(Fairness, ForgetsACallWhoseTimeIsUp) {
  Rig rig({.turns = {.running_max = 1, .running_per_facility_max = 1}});
  Crowd crowd(rig);
  crowd.Call("busy", "wait");
  rig.grpc_->AwaitWaiting();
  const auto stub = pb::ProbeService::NewStub(rig.Plain());
  ClientCall late(rig.AsPerson("clinic_doctor", "quiet"), {.timeout = absl::Milliseconds(200)});
  EXPECT_EQ(late.Result(stub->Look(late.context(), {}, &rig.response_)).code(),
            absl::StatusCode::kDeadlineExceeded);
  while (rig.gate_->turns().waiting() > 0) std::this_thread::yield();
  EXPECT_THAT(rig.grpc_->Served(), ElementsAre("busy"));
}

}  // namespace
}  // namespace tongjian::rpc
