// imaging.v1.PerformedStepService on the wire.
#pragma once

#include "common/acquisition/performed_steps.h"
#include "common/rpc/door.h"
#include "services/imaging/places.h"
#include "services/imaging/steps.h"
#include "tongjian/imaging/v1/performed_step.grpc.pb.h"

namespace tongjian::imaging {

// Safe for concurrent use; what it is given must outlive it.
class StepGrpc final : public v1::PerformedStepService::Service {
 public:
  StepGrpc(store::Database& database, const acquisition::PerformedSteps& performed,
           const Steps& steps, const Places& places, const rpc::Door& door)
      : database_(database), performed_(performed), steps_(steps), places_(places), door_(door) {}

  grpc::Status PutPerformedStep(grpc::ServerContext* context,
                                const v1::PutPerformedStepRequest* request,
                                v1::PerformedStep* response) override;
  grpc::Status GetPerformedStep(grpc::ServerContext* context,
                                const v1::GetPerformedStepRequest* request,
                                v1::PerformedStep* response) override;
  grpc::Status ListPerformedSteps(grpc::ServerContext* context,
                                  const v1::ListPerformedStepsRequest* request,
                                  v1::ListPerformedStepsResponse* response) override;

 private:
  store::Database& database_;
  const acquisition::PerformedSteps& performed_;
  const Steps& steps_;
  const Places& places_;
  const rpc::Door& door_;
};

}  // namespace tongjian::imaging
