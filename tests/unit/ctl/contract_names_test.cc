#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include "services/tongjian/ctl_contract.h"
#include "services/tongjian/ctl_table.h"

namespace tongjian::program {
namespace {

// The field at a path of names, null when there is none.
const google::protobuf::FieldDescriptor* FieldAt(const google::protobuf::Descriptor* type,
                                                 const std::string& path) {
  const size_t dot = path.find('.');
  const auto* field = type->FindFieldByName(path.substr(0, dot));
  if (field == nullptr || dot == std::string::npos) return field;
  return field->message_type() == nullptr ? nullptr
                                          : FieldAt(field->message_type(), path.substr(dot + 1));
}

TEST(FindMethod, TakesTheWholeNameOrItsLastParts) {
  for (const char* name :
       {"tongjian.orders.v1.OrderService/GetOrder", "OrderService/GetOrder", "GetOrder"}) {
    const auto method = FindMethod(name);
    ASSERT_TRUE(method.ok()) << method.status();
    EXPECT_EQ("tongjian.orders.v1.OrderService/GetOrder", NameOf(**method));
  }
}

TEST(FindMethod, KnowsNoPartOfAWord) {
  EXPECT_TRUE(absl::IsNotFound(FindMethod("etOrder").status()));
  EXPECT_TRUE(absl::IsNotFound(FindMethod("").status()));
}

TEST(FindMethod, NamesTheCandidatesOfAnAmbiguousName) {
  const absl::Status status = FindMethod("GetFacility").status();
  EXPECT_TRUE(status.ok()) << status;
  const absl::Status several = FindMethod("GetStatus").status();
  EXPECT_TRUE(several.ok() || several.message().find(", ") != std::string::npos) << several;
}

TEST(Contract, MakesRequestAndResponseOfEveryMethod) {
  EXPECT_GT(AllMethods().size(), 80u);
  for (const std::string& name : AllMethods()) {
    const auto method = FindMethod(name);
    ASSERT_TRUE(method.ok()) << name;
    EXPECT_EQ((*method)->input_type(), NewRequest(**method)->GetDescriptor());
    EXPECT_EQ((*method)->output_type(), NewResponse(**method)->GetDescriptor());
  }
}

TEST(CtlEntries, NameMethodsFieldsAndColumnsThatAreThere) {
  for (const CtlEntry& entry : CtlEntries()) {
    const auto method = FindMethod(entry.method);
    ASSERT_TRUE(method.ok()) << entry.words << ": " << method.status();
    for (const std::string& argument : entry.arguments) {
      EXPECT_NE(nullptr, FieldAt((*method)->input_type(), argument))
          << entry.words << ": " << argument;
    }
    if (entry.list.empty()) continue;
    const auto* list = FieldAt((*method)->output_type(), entry.list);
    ASSERT_NE(nullptr, list) << entry.words;
    ASSERT_NE(nullptr, list->message_type()) << entry.words;
    for (const std::string& column : entry.columns) {
      EXPECT_NE(nullptr, FieldAt(list->message_type(), column)) << entry.words << ": " << column;
    }
  }
}

}  // namespace
}  // namespace tongjian::program
