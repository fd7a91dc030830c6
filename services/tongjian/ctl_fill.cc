#include "services/tongjian/ctl_fill.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/base/status.h"
#include "common/rpc/proto_time.h"

namespace tongjian::program {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string FieldsOf(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return absl::StrJoin(names, ", ");
}

absl::StatusOr<int> EnumNumber(const EnumDescriptor& type, const std::string& value,
                               const std::string& field) {
  const std::string wanted = absl::StrReplaceAll(absl::AsciiStrToUpper(value), {{"-", "_"}});
  std::vector<std::string> names;
  const std::string prefix =
      type.value(0)->name().substr(0, type.value(0)->name().rfind("UNSPECIFIED"));
  for (int i = 0; i < type.value_count(); ++i) {
    const std::string& name = type.value(i)->name();
    if (name == wanted || name == prefix + wanted) return type.value(i)->number();
    names.push_back(name.substr(std::min(prefix.size(), name.size())));
  }
  return base::InvalidField(field, absl::StrCat("takes one of ", absl::StrJoin(names, ", ")));
}

absl::Status SetTime(Message& message, const std::string& value, const std::string& field) {
  if (auto* time = dynamic_cast<google::protobuf::Timestamp*>(&message)) {
    absl::Time parsed = absl::Now();
    std::string error;
    if (value != "now" && !absl::ParseTime(absl::RFC3339_full, value, &parsed, &error)) {
      return base::InvalidField(field, "takes a time such as 2026-11-22T08:00:00+08:00");
    }
    *time = rpc::ToProto(parsed);
    return absl::OkStatus();
  }
  if (auto* duration = dynamic_cast<google::protobuf::Duration*>(&message)) {
    absl::Duration parsed;
    if (!absl::ParseDuration(value, &parsed))
      return base::InvalidField(field, "takes a duration such as 30s");
    *duration = rpc::ToProto(parsed);
    return absl::OkStatus();
  }
  return MergeJson(message, value);
}

template <typename T>
absl::StatusOr<T> Number(const std::string& value, const std::string& field) {
  T number;
  if constexpr (std::is_floating_point_v<T>) {
    double wide = 0;
    if (!absl::SimpleAtod(value, &wide)) return base::InvalidField(field, "takes a number");
    number = static_cast<T>(wide);
  } else {
    if (!absl::SimpleAtoi(value, &number)) return base::InvalidField(field, "takes a whole number");
  }
  return number;
}

absl::Status SetScalar(Message& message, const FieldDescriptor& field, const std::string& value) {
  const Reflection& reflection = *message.GetReflection();
  const bool add = field.is_repeated();
  const std::string& name = field.name();
#define TJ_NUMBER(CASE, TYPE, SUFFIX)                                  \
  case FieldDescriptor::CASE: {                                        \
    TJ_ASSIGN_OR_RETURN(const TYPE number, Number<TYPE>(value, name)); \
    add ? reflection.Add##SUFFIX(&message, &field, number)             \
        : reflection.Set##SUFFIX(&message, &field, number);            \
    return absl::OkStatus();                                           \
  }
  switch (field.cpp_type()) {
    TJ_NUMBER(CPPTYPE_INT32, int32_t, Int32)
    TJ_NUMBER(CPPTYPE_INT64, int64_t, Int64)
    TJ_NUMBER(CPPTYPE_UINT32, uint32_t, UInt32)
    TJ_NUMBER(CPPTYPE_UINT64, uint64_t, UInt64)
    TJ_NUMBER(CPPTYPE_DOUBLE, double, Double)
    TJ_NUMBER(CPPTYPE_FLOAT, float, Float)
    case FieldDescriptor::CPPTYPE_BOOL: {
      bool truth = false;
      if (!absl::SimpleAtob(value, &truth)) return base::InvalidField(name, "takes true or false");
      add ? reflection.AddBool(&message, &field, truth)
          : reflection.SetBool(&message, &field, truth);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_STRING:
      add ? reflection.AddString(&message, &field, value)
          : reflection.SetString(&message, &field, value);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_ENUM: {
      TJ_ASSIGN_OR_RETURN(const int number, EnumNumber(*field.enum_type(), value, name));
      add ? reflection.AddEnumValue(&message, &field, number)
          : reflection.SetEnumValue(&message, &field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetTime(add ? *reflection.AddMessage(&message, &field)
                         : *reflection.MutableMessage(&message, &field),
                     value, name);
  }
#undef TJ_NUMBER
  return absl::OkStatus();
}

// The element of a repeated message field that `index` names, made when it is one past the last.
absl::StatusOr<Message*> Element(Message& message, const FieldDescriptor& field,
                                 const std::string& index) {
  const Reflection& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &field);
  int number = -1;
  if (!absl::SimpleAtoi(index, &number) || number < 0 || number > size) {
    return base::InvalidField(field.name(),
                              absl::StrCat("is a list: give an index from 0 to ", size));
  }
  return number == size ? reflection.AddMessage(&message, &field)
                        : reflection.MutableRepeatedMessage(&message, &field, number);
}

}  // namespace

absl::Status SetField(Message& message, std::string_view path, std::string_view value) {
  const std::vector<std::string> steps = absl::StrSplit(
      absl::StrReplaceAll(absl::string_view(path.data(), path.size()), {{"-", "_"}}), '.');
  Message* at = &message;
  for (size_t i = 0; i < steps.size(); ++i) {
    const FieldDescriptor* field = at->GetDescriptor()->FindFieldByName(steps[i]);
    if (field == nullptr) {
      return base::InvalidField(path,
                                absl::StrCat("there is no field \"", steps[i],
                                             "\"; there are: ", FieldsOf(*at->GetDescriptor())));
    }
    if (i + 1 == steps.size()) return SetScalar(*at, *field, std::string(value));
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      return base::InvalidField(path, absl::StrCat("\"", steps[i], "\" has no fields"));
    }
    if (field->is_repeated()) {
      TJ_ASSIGN_OR_RETURN(at, Element(*at, *field, steps[++i]));
    } else {
      at = at->GetReflection()->MutableMessage(at, field);
    }
  }
  return base::InvalidField(path, "ends at a list element: name a field of it");
}

absl::Status MergeJson(Message& message, std::string_view json) {
  std::unique_ptr<Message> parsed(message.New());
  const auto status = google::protobuf::util::JsonStringToMessage(std::string(json), parsed.get());
  if (!status.ok()) return base::InvalidField("json", std::string(status.message()));
  message.MergeFrom(*parsed);
  return absl::OkStatus();
}

}  // namespace tongjian::program
