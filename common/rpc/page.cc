#include "common/rpc/page.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/security/digest.h"

namespace tongjian::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kFingerprintBytes = 12;
constexpr size_t kTokenBytesMax = 2048;

// A digest of the request without its paging: the list and its filters.
std::string FingerprintOf(const Message& request, const FieldDescriptor* size,
                          const FieldDescriptor* token) {
  const std::unique_ptr<Message> filters(request.New());
  filters->CopyFrom(request);
  filters->GetReflection()->ClearField(filters.get(), size);
  filters->GetReflection()->ClearField(filters.get(), token);
  std::string bytes = request.GetDescriptor()->full_name();
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    filters->SerializeToCodedStream(&coded);
  }
  return security::Sha256Bytes(bytes).substr(0, kFingerprintBytes);
}

// The position in a token of this list.
absl::StatusOr<std::string> PositionIn(const std::string& token, std::string_view filters) {
  std::string bytes;
  if (token.size() > kTokenBytesMax || !absl::WebSafeBase64Unescape(token, &bytes) ||
      bytes.size() < filters.size() || bytes.compare(0, filters.size(), filters) != 0) {
    return base::Error(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN", "page_token",
                       "the page token is not of this list with these filters");
  }
  return bytes.substr(filters.size());
}

}  // namespace

absl::StatusOr<Page> Page::Of(const Message& request, PageLimits limits) {
  const auto* size_field = request.GetDescriptor()->FindFieldByName("page_size");
  const auto* token_field = request.GetDescriptor()->FindFieldByName("page_token");
  TJ_CHECK(size_field != nullptr && size_field->cpp_type() == FieldDescriptor::CPPTYPE_INT32);
  TJ_CHECK(token_field != nullptr && token_field->cpp_type() == FieldDescriptor::CPPTYPE_STRING);
  const int64_t asked = request.GetReflection()->GetInt32(request, size_field);
  if (asked < 0) return base::InvalidField("page_size", "must not be negative");

  const int64_t size = asked == 0 ? limits.size_default : std::min(asked, limits.size_max);
  const std::string token = request.GetReflection()->GetString(request, token_field);
  std::string filters = FingerprintOf(request, size_field, token_field);
  std::string after;
  if (!token.empty()) {
    TJ_ASSIGN_OR_RETURN(after, PositionIn(token, filters));
  }
  return Page(size, std::move(after), std::move(filters));
}

std::string Page::TokenAfter(std::string_view position) const {
  return absl::WebSafeBase64Escape(
      absl::StrCat(filters_, absl::string_view(position.data(), position.size())));
}

}  // namespace tongjian::rpc
