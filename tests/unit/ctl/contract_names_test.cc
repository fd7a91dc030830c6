#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <set>

#include "common/security/permission.h"
#include "services/tongjian/ctl_contract.h"
#include "services/tongjian/ctl_table.h"
#include "tongjian/common/v1/access.pb.h"

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

// Whether a role that people hold may call it.
bool ForPeople(const google::protobuf::MethodDescriptor& method) {
  const auto& access = method.options().GetExtension(common::v1::access);
  for (const security::RoleGrant& role : security::Roles()) {
    if (!security::IsPersonRole(role.role)) continue;
    security::Caller person;
    person.kind = security::CallerKind::kPerson;
    person.roles = {std::string(role.role)};
    if (security::Allows(person, access.permission())) return true;
  }
  return false;
}

TEST(CtlEntries, CoverEveryMethodThatPeopleMayCall) {
  // Uploads and certificates are machines'; `studies fetch` reads instances.
  const std::set<std::string> others = {
      "tongjian.imaging.v1.IngestService/Upload", "tongjian.imaging.v1.IngestService/GetUpload",
      "tongjian.imaging.v1.IngestService/FinishStudy",
      "tongjian.imaging.v1.PerformedStepService/PutPerformedStep",
      "tongjian.imaging.v1.CommitmentService/CheckInstances", "tongjian.imaging.v1.StudyService/ReadInstance",
      "tongjian.registry.v1.EnrollmentService/RenewCertificate"};
  std::set<std::string> covered;
  for (const CtlEntry& entry : CtlEntries()) {
    const auto method = FindMethod(entry.method);
    if (method.ok()) covered.insert(NameOf(**method));
  }
  for (const std::string& name : AllMethods()) {
    if (others.contains(name) || !ForPeople(**FindMethod(name))) continue;
    EXPECT_TRUE(covered.contains(name)) << name;
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
