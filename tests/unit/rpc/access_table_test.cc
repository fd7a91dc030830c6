// A method without its rule keeps the server from starting.
#include "common/rpc/access_table.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "tongjian/common/v1/access.pb.h"
#include "tongjian/registry/v1/patient.pb.h"

namespace tongjian::rpc {
namespace {

using ::testing::HasSubstr;

// A service with one method that carries `access`, or none.
class OneMethod {
 public:
  explicit OneMethod(const common::v1::Access* access)
      : pool_(google::protobuf::DescriptorPool::generated_pool()) {
    google::protobuf::FileDescriptorProto file;
    file.set_name("one.proto");
    file.set_package("one");
    file.add_dependency("tongjian/common/v1/access.proto");
    file.add_message_type()->set_name("Nothing");
    auto* service = file.add_service();
    service->set_name("One");
    auto* method = service->add_method();
    method->set_name("Do");
    method->set_input_type(".one.Nothing");
    method->set_output_type(".one.Nothing");
    if (access != nullptr)
      *method->mutable_options()->MutableExtension(common::v1::access) = *access;
    pool_.BuildFile(file);
  }
  absl::Status Add() { return AccessTable().Add(*pool_.FindServiceByName("one.One")); }

 private:
  google::protobuf::DescriptorPool pool_;
};

common::v1::Access Rule(const std::string& permission, bool anonymous) {
  common::v1::Access access;
  access.set_permission(permission);
  access.set_anonymous(anonymous);
  return access;
}

TEST(AccessTable, RefusesAMethodWithoutTheOption) {
  EXPECT_THAT(std::string(OneMethod(nullptr).Add().message()), HasSubstr("one.One/Do states no"));
}

TEST(AccessTable, RefusesAnUnknownPermission) {
  const common::v1::Access rule = Rule("orders.fly", false);
  EXPECT_THAT(std::string(OneMethod(&rule).Add().message()), HasSubstr("orders.fly"));
}

TEST(AccessTable, WantsAPermissionOrAnonymousAndNotBoth) {
  const common::v1::Access neither = Rule("", false);
  const common::v1::Access both = Rule("orders.read", true);
  const common::v1::Access anonymous = Rule("", true);
  EXPECT_FALSE(OneMethod(&neither).Add().ok());
  EXPECT_FALSE(OneMethod(&both).Add().ok());
  EXPECT_TRUE(OneMethod(&anonymous).Add().ok());
}

TEST(AccessTable, HoldsEveryServiceOfTheContract) {
  // All files that are linked here; the hub checks the rest when it starts.
  AccessTable table;
  const auto* file = registry::v1::Patient::descriptor()->file();
  for (int i = 0; i < file->service_count(); ++i) EXPECT_TRUE(table.Add(*file->service(i)).ok());
  const MethodRule* rule = table.Find("tongjian.registry.v1.PatientService/GetPatient");
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->permission, "patients.read");
  EXPECT_TRUE(rule->patient_data);
  EXPECT_EQ(table.Find("tongjian.registry.v1.PatientService/Fly"), nullptr);
}

}  // namespace
}  // namespace tongjian::rpc
