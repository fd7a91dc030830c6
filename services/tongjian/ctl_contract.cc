#include "services/tongjian/ctl_contract.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "tongjian/audit/v1/audit.pb.h"
#include "tongjian/edge/v1/edge.pb.h"
#include "tongjian/events/v1/events.pb.h"
#include "tongjian/events/v1/feed.pb.h"
#include "tongjian/exchange/v1/recognition.pb.h"
#include "tongjian/exchange/v1/result.pb.h"
#include "tongjian/imaging/v1/ingest.pb.h"
#include "tongjian/imaging/v1/commitment.pb.h"
#include "tongjian/imaging/v1/performed_step.pb.h"
#include "tongjian/imaging/v1/study.pb.h"
#include "tongjian/orders/v1/order_service.pb.h"
#include "tongjian/reading/v1/report.pb.h"
#include "tongjian/reading/v1/task.pb.h"
#include "tongjian/registry/v1/center.pb.h"
#include "tongjian/registry/v1/community.pb.h"
#include "tongjian/registry/v1/consent.pb.h"
#include "tongjian/registry/v1/facility.pb.h"
#include "tongjian/registry/v1/patient.pb.h"
#include "tongjian/registry/v1/practitioner.pb.h"

namespace tongjian::program {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;

// One message of each file that holds services: naming it links the file in.
const std::vector<const FileDescriptor*>& Files() {
  static const auto* const files =
      new std::vector<const FileDescriptor*>{audit::v1::Entry::descriptor()->file(),
                                             edge::v1::EdgeStatus::descriptor()->file(),
                                             events::v1::Event::descriptor()->file(),
                                             events::v1::OrderChanged::descriptor()->file(),
                                             exchange::v1::Decision::descriptor()->file(),
                                             exchange::v1::Result::descriptor()->file(),
                                             imaging::v1::UploadState::descriptor()->file(),
                                             imaging::v1::Commitment::descriptor()->file(),
                                             imaging::v1::PerformedStep::descriptor()->file(),
                                             imaging::v1::Study::descriptor()->file(),
                                             orders::v1::CreateOrderRequest::descriptor()->file(),
                                             reading::v1::Report::descriptor()->file(),
                                             reading::v1::Task::descriptor()->file(),
                                             registry::v1::Center::descriptor()->file(),
                                             registry::v1::Community::descriptor()->file(),
                                             registry::v1::Consent::descriptor()->file(),
                                             registry::v1::Facility::descriptor()->file(),
                                             registry::v1::Patient::descriptor()->file(),
                                             registry::v1::Practitioner::descriptor()->file()};
  return *files;
}

std::vector<const MethodDescriptor*> Methods() {
  std::vector<const MethodDescriptor*> methods;
  for (const FileDescriptor* file : Files()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m)
        methods.push_back(file->service(s)->method(m));
    }
  }
  return methods;
}

std::unique_ptr<Message> New(const Descriptor* type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(type)->New());
}

}  // namespace

absl::StatusOr<const MethodDescriptor*> FindMethod(std::string_view name) {
  std::vector<const MethodDescriptor*> found;
  const absl::string_view wanted(name.data(), name.size());
  for (const MethodDescriptor* method : Methods()) {
    const std::string full = NameOf(*method);
    if (full == wanted) return method;
    if (absl::EndsWith(full, absl::StrCat(".", wanted)) ||
        absl::EndsWith(full, absl::StrCat("/", wanted))) {
      found.push_back(method);
    }
  }
  if (found.empty()) {
    return base::NotFound(
        absl::StrCat("method \"", wanted, "\" (tongjian ctl methods lists them)"));
  }
  if (found.size() > 1) {
    return base::InvalidField(
        "method", absl::StrCat("\"", wanted, "\" is several: ",
                               absl::StrJoin(found, ", ", [](std::string* out, const auto* method) {
                                 out->append(NameOf(*method));
                               })));
  }
  return found.front();
}

std::vector<std::string> AllMethods() {
  std::vector<std::string> names;
  for (const MethodDescriptor* method : Methods()) names.push_back(NameOf(*method));
  std::sort(names.begin(), names.end());
  return names;
}

std::string NameOf(const MethodDescriptor& method) {
  return absl::StrCat(method.service()->full_name(), "/", method.name());
}

std::unique_ptr<Message> NewRequest(const MethodDescriptor& method) {
  return New(method.input_type());
}
std::unique_ptr<Message> NewResponse(const MethodDescriptor& method) {
  return New(method.output_type());
}

}  // namespace tongjian::program
