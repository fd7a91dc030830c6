#include "services/exchange/adapter.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>

#include <memory>

#include "common/base/check.h"
#include "common/security/digest.h"

namespace tongjian::exchange {
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

}  // namespace

Asked AskedBy(rpc::Call& call, const google::protobuf::Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  TJ_CHECK(field != nullptr && field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING);
  const std::unique_ptr<google::protobuf::Message> content(request.New());
  content->CopyFrom(request);
  content->GetReflection()->ClearField(content.get(), field);
  return {.caller = call.caller(),
          .scope = call.scope(),
          .method = call.method(),
          .request_id = request.GetReflection()->GetString(request, field),
          .fingerprint = security::Sha256Text(Deterministic(*content)),
          .trail = &call.trail()};
}

}  // namespace tongjian::exchange
