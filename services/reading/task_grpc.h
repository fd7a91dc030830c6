// tongjian.reading.v1.TaskService on the wire: decode, call, encode.
#pragma once

#include <string_view>

#include "common/rpc/door.h"
#include "services/reading/task.h"
#include "tongjian/reading/v1/task.grpc.pb.h"

namespace tongjian::reading {

class Tasks;

// Safe for concurrent use; all it is given must outlive it.
class TaskGrpc final : public v1::TaskService::Service {
 public:
  TaskGrpc(const Tasks& tasks, const rpc::Door& door) : tasks_(tasks), door_(door) {}

  grpc::Status ListTasks(grpc::ServerContext* context, const v1::ListTasksRequest* request,
                         v1::ListTasksResponse* out) override;
  grpc::Status GetTask(grpc::ServerContext* context, const v1::GetTaskRequest* request, v1::Task* out) override;
  grpc::Status ClaimTask(grpc::ServerContext* context, const v1::ClaimTaskRequest* request, v1::Task* out) override;
  grpc::Status RenewClaim(grpc::ServerContext* context, const v1::RenewClaimRequest* request, v1::Task* out) override;
  grpc::Status ReleaseTask(grpc::ServerContext* context, const v1::ReleaseTaskRequest* request, v1::Task* out) override;
  grpc::Status ReturnTask(grpc::ServerContext* context, const v1::ReturnTaskRequest* request, v1::Task* out) override;
  grpc::Status SetTaskPriority(grpc::ServerContext* context, const v1::SetTaskPriorityRequest* request,
                               v1::Task* out) override;

 private:
  // A method that changes one task and answers it.
  template <typename Request, typename Work>
  grpc::Status Change(grpc::ServerContext* context, std::string_view method, const Request& request, v1::Task* out,
                      const Work& work);

  const Tasks& tasks_;
  const rpc::Door& door_;
};

}  // namespace tongjian::reading
