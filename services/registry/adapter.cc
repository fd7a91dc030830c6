#include "services/registry/adapter.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>

#include <memory>

#include "common/base/check.h"
#include "common/security/caller.h"
#include "common/security/digest.h"
#include "common/store/idempotency.h"
#include "common/store/transaction.h"

namespace tongjian::registry {
namespace {

std::string Deterministic(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  TJ_CHECK(message.SerializeToCodedStream(&coded));
  coded.Trim();
  return bytes;
}

store::RequestKey KeyOf(const rpc::Call& call, const google::protobuf::Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  TJ_CHECK(field != nullptr &&
           field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING);
  const std::unique_ptr<google::protobuf::Message> content(request.New());
  content->CopyFrom(request);
  content->GetReflection()->ClearField(content.get(), field);
  // A fast hash of a password would undo what Argon2id is for.
  if (const auto* password = request.GetDescriptor()->FindFieldByName("password")) {
    content->GetReflection()->ClearField(content.get(), password);
  }
  return {security::Describe(call.caller()), call.method(),
          request.GetReflection()->GetString(request, field),
          security::Sha256Text(Deterministic(*content))};
}

}  // namespace

absl::Status Mutate(const Port& port, rpc::Call& call, const google::protobuf::Message& request,
                    google::protobuf::Message* response,
                    absl::FunctionRef<absl::Status(store::Transaction&)> work,
                    absl::FunctionRef<void(rpc::Trail&)> touch) {
  const store::RequestKey key = KeyOf(call, request);
  return port.database.Write([&](store::Transaction& tx) -> absl::Status {
    auto answer = store::Once(tx, key, [&]() -> absl::StatusOr<std::string> {
      response->Clear();
      TJ_TRY(work(tx));
      return Deterministic(*response);
    });
    if (!answer.ok()) return answer.status();
    if (!response->ParseFromString(*answer))
      return absl::InternalError("a remembered response is damaged");
    touch(call.trail());
    return call.trail().WriteIn(tx);
  });
}

absl::Status Mutate(const Port& port, rpc::Call& call, const google::protobuf::Message& request,
                    google::protobuf::Message* response,
                    absl::FunctionRef<absl::Status(store::Transaction&)> work) {
  return Mutate(port, call, request, response, work, [response](rpc::Trail& trail) {
    if (const auto* id = response->GetDescriptor()->FindFieldByName("id")) {
      trail.TouchObject(response->GetReflection()->GetString(*response, id));
    }
  });
}

}  // namespace tongjian::registry
