#include "services/tongjian/ctl_print.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/rpc/proto_time.h"
#include "services/tongjian/printable.h"

namespace tongjian::program {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string EnumText(const EnumValueDescriptor& value) {
  const std::string& first = value.type()->value(0)->name();
  const size_t prefix = first.rfind("UNSPECIFIED");
  return prefix == std::string::npos ? value.name()
                                     : value.name().substr(std::min(prefix, value.name().size()));
}

bool IsTime(const Message& message) {
  return message.GetDescriptor() == google::protobuf::Timestamp::descriptor() ||
         message.GetDescriptor() == google::protobuf::Duration::descriptor();
}

std::string TimeText(const Message& message) {
  if (const auto* time = dynamic_cast<const google::protobuf::Timestamp*>(&message)) {
    return absl::FormatTime("%Y-%m-%d %H:%M:%S", rpc::FromProto(*time), absl::LocalTimeZone());
  }
  return absl::FormatDuration(
      rpc::FromProto(static_cast<const google::protobuf::Duration&>(message)));
}

// One element (index -1: the field itself is single). Messages other than times give nothing.
std::string Scalar(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const bool list = index >= 0;
  std::string scratch;
#define TJ_GET(SUFFIX)                                           \
  (list ? reflection.GetRepeated##SUFFIX(message, &field, index) \
        : reflection.Get##SUFFIX(message, &field))
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(TJ_GET(Int32));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(TJ_GET(Int64));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(TJ_GET(UInt32));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(TJ_GET(UInt64));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(TJ_GET(Double));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(TJ_GET(Float));
    case FieldDescriptor::CPPTYPE_BOOL:
      return TJ_GET(Bool) ? "yes" : "no";
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(*TJ_GET(Enum));
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = TJ_GET(String);
      return field.type() == FieldDescriptor::TYPE_BYTES ? absl::StrCat("(", text.size(), " bytes)")
                                                         : Printable(text);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Message& inner = TJ_GET(Message);
      return IsTime(inner) ? TimeText(inner) : "";
    }
  }
#undef TJ_GET
  return "";
}

void AddText(const Message& message, int depth, std::string& out) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  const std::string indent(2 * depth, ' ');
  for (const FieldDescriptor* field : fields) {
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const int index = field->is_repeated() ? i : -1;
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        const Message& inner = index < 0 ? reflection.GetMessage(message, field)
                                         : reflection.GetRepeatedMessage(message, field, index);
        if (!IsTime(inner)) {
          absl::StrAppend(&out, indent, field->name(), ":\n");
          AddText(inner, depth + 1, out);
          continue;
        }
      }
      const std::string text =
          absl::StrReplaceAll(Scalar(message, *field, index), {{"\n", "\n  " + indent}});
      absl::StrAppend(&out, indent, field->name(), ": ", text, "\n");
    }
  }
}

// The code point at `at`, which moves on; bytes that are no UTF-8 count as one each.
uint32_t Next(const std::string& text, size_t& at) {
  const unsigned char lead = text[at++];
  const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
  uint32_t code = more == 0 ? lead : lead & (0x3f >> more);
  for (int i = 0; i < more && at < text.size(); ++i) code = code << 6 | (text[at++] & 0x3f);
  return code;
}

bool IsWide(uint32_t code) {
  return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
         (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
         (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
         (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x20000 && code <= 0x3fffd);
}

}  // namespace

std::string AsJson(const Message& message, bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = pretty;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  return status.ok() ? EscapeForJson(json) : "{}";
}

std::string AsText(const Message& message) {
  std::string out;
  AddText(message, 0, out);
  return out;
}

std::string ValueAt(const Message& message, const std::string& path) {
  const std::vector<std::string> steps = absl::StrSplit(path, absl::MaxSplits('.', 1));
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(steps[0]);
  if (field == nullptr) return "";
  const Reflection& reflection = *message.GetReflection();
  const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
  std::vector<std::string> values;
  for (int i = 0; i < count; ++i) {
    const int index = field->is_repeated() ? i : -1;
    if (steps.size() == 1) {
      if (index < 0 && field->has_presence() && !reflection.HasField(message, field)) continue;
      values.push_back(Scalar(message, *field, index));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      values.push_back(ValueAt(index < 0 ? reflection.GetMessage(message, field)
                                         : reflection.GetRepeatedMessage(message, field, index),
                               steps[1]));
    }
  }
  return absl::StrJoin(values, ",");
}

size_t WidthOf(const std::string& text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) width += IsWide(Next(text, at)) ? 2 : 1;
  return width;
}

std::string AsTable(const Message& message, const std::string& list,
                    const std::vector<std::string>& columns) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(list);
  std::vector<std::vector<std::string>> rows(1);
  for (const std::string& column : columns) {
    const std::string name = column.substr(column.rfind('.') + 1);
    rows[0].push_back(absl::AsciiStrToUpper(absl::StrReplaceAll(name, {{"_", " "}})));
  }
  const int count = field == nullptr ? 0 : message.GetReflection()->FieldSize(message, field);
  for (int i = 0; i < count; ++i) {
    const Message& element = message.GetReflection()->GetRepeatedMessage(message, field, i);
    std::vector<std::string>& row = rows.emplace_back();
    for (const std::string& column : columns) {
      row.push_back(absl::StrReplaceAll(ValueAt(element, column), {{"\n", " "}, {"\r", " "}}));
    }
  }
  std::vector<size_t> widths(columns.size());
  for (const auto& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], WidthOf(row[c]));
  }
  std::string out;
  for (const auto& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) {
      out += row[c];
      if (c + 1 < row.size()) out.append(widths[c] - WidthOf(row[c]) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace tongjian::program
