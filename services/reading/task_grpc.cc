#include "services/reading/task_grpc.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/rpc/page.h"
#include "services/reading/asked_by.h"
#include "services/reading/codec.h"
#include "services/reading/tasks.h"

namespace tongjian::reading {
namespace {

constexpr char kService[] = "tongjian.reading.v1.TaskService/";
constexpr rpc::PageLimits kPages = {.size_default = 50, .size_max = 200};

absl::StatusOr<TaskFilter> FilterOf(const v1::ListTasksRequest& request, absl::Time now) {
  TaskFilter filter = {.states = {},
                       .center_id = request.center_id(),
                       .modality = request.modality(),
                       .claimed_by = request.claimed_by(),
                       .order_id = request.order_id(),
                       .deadline_before = request.overdue() ? absl::ToUnixMicros(now) : 0};
  for (const int state : request.states()) {
    if (!v1::TaskState_IsValid(state) || state == 0) return base::InvalidField("states", "not known");
    filter.states.push_back(static_cast<TaskState>(state));
  }
  if (!std::all_of(filter.modality.begin(), filter.modality.end(),
                   [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); })) {
    return base::InvalidField("modality", "capitals and digits only");
  }
  if (!filter.states.empty()) return filter;
  if (filter.order_id.empty() && filter.claimed_by.empty()) {
    filter.states = {TaskState::kQueued, TaskState::kReopened};
  } else {  // One order's, one reader's: in whatever state.
    for (int state = 1; state <= kTaskStates; ++state) filter.states.push_back(static_cast<TaskState>(state));
  }
  return filter;
}

absl::StatusOr<std::optional<TaskKey>> PositionOf(const rpc::Page& page) {
  if (page.after().empty()) return std::nullopt;
  const std::vector<std::string> parts = absl::StrSplit(page.after(), absl::MaxSplits(' ', 2));
  TaskKey key;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &key.urgency) || !absl::SimpleAtoi(parts[1], &key.deadline)) {
    return base::Error(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN", "page_token", "not a token of this list");
  }
  key.id = parts[2];
  return key;
}

std::string ToText(const TaskKey& key) { return absl::StrCat(key.urgency, " ", key.deadline, " ", key.id); }

}  // namespace

template <typename Request, typename Work>
grpc::Status TaskGrpc::Change(grpc::ServerContext* context, std::string_view method, const Request& request,
                              v1::Task* out, const Work& work) {
  return door_.Serve(context, std::string(kService).append(method), [&](rpc::Call& call) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const Task task, work(AskedBy(call, request)));
    Touch(&call.trail(), task);
    Encode(task, out);
    return absl::OkStatus();
  });
}

grpc::Status TaskGrpc::ListTasks(grpc::ServerContext* context, const v1::ListTasksRequest* request,
                                 v1::ListTasksResponse* out) {
  return door_.Serve(context, std::string(kService) + "ListTasks", [&](rpc::Call& call) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request, kPages));
    TJ_ASSIGN_OR_RETURN(const std::optional<TaskKey> after, PositionOf(page));
    TJ_ASSIGN_OR_RETURN(const TaskFilter filter, FilterOf(*request, call.clock().Now()));
    TJ_ASSIGN_OR_RETURN(std::vector<Task> tasks, tasks_.List(call.scope(), filter, after, page.size() + 1));
    if (static_cast<int64_t>(tasks.size()) > page.size()) {
      tasks.pop_back();
      out->set_next_page_token(page.TokenAfter(ToText(KeyOf(tasks.back()))));
    }
    if (tasks.empty()) call.trail().Omit();
    for (const Task& task : tasks) {
      Touch(&call.trail(), task);
      Encode(task, out->add_tasks());
    }
    return absl::OkStatus();
  });
}

grpc::Status TaskGrpc::GetTask(grpc::ServerContext* context, const v1::GetTaskRequest* request, v1::Task* out) {
  return door_.Serve(context, std::string(kService) + "GetTask", [&](rpc::Call& call) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const Task task, tasks_.Get(call.scope(), request->id()));
    Touch(&call.trail(), task);
    Encode(task, out);
    return absl::OkStatus();
  });
}

grpc::Status TaskGrpc::ClaimTask(grpc::ServerContext* context, const v1::ClaimTaskRequest* request, v1::Task* out) {
  return Change(context, "ClaimTask", *request, out,
                [&](const Asked& asked) { return tasks_.Claim(asked, request->id()); });
}

grpc::Status TaskGrpc::RenewClaim(grpc::ServerContext* context, const v1::RenewClaimRequest* request, v1::Task* out) {
  return Change(context, "RenewClaim", *request, out,
                [&](const Asked& asked) { return tasks_.Renew(asked, request->id(), request->claim_fence()); });
}

grpc::Status TaskGrpc::ReleaseTask(grpc::ServerContext* context, const v1::ReleaseTaskRequest* request, v1::Task* out) {
  return Change(context, "ReleaseTask", *request, out, [&](const Asked& asked) {
    return tasks_.GiveBack(asked, request->id(), request->claim_fence(), request->reason());
  });
}

grpc::Status TaskGrpc::ReturnTask(grpc::ServerContext* context, const v1::ReturnTaskRequest* request, v1::Task* out) {
  return Change(context, "ReturnTask", *request, out, [&](const Asked& asked) -> absl::StatusOr<Task> {
    if (!v1::ReturnKind_IsValid(request->kind()) || request->kind() == 0) {
      return base::InvalidField("kind", "missing or not known");
    }
    return tasks_.Return(asked, request->id(), request->claim_fence(), static_cast<ReturnKind>(request->kind()),
                         request->reason());
  });
}

grpc::Status TaskGrpc::SetTaskPriority(grpc::ServerContext* context, const v1::SetTaskPriorityRequest* request,
                                       v1::Task* out) {
  return Change(context, "SetTaskPriority", *request, out, [&](const Asked& asked) -> absl::StatusOr<Task> {
    if (!common::v1::Priority_IsValid(request->priority()) || request->priority() == 0) {
      return base::InvalidField("priority", "missing or not known");
    }
    return tasks_.SetPriority(asked, request->id(), static_cast<Priority>(request->priority()), request->reason());
  });
}

}  // namespace tongjian::reading
