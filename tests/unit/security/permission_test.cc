#include "common/security/permission.h"

#include <set>
#include <string>

#include "tests/unit/security/fixture.h"

namespace tongjian::security {
namespace {

// One column for each role, in this order.
constexpr std::string_view kColumns[] = {"machine:gateway", "machine:his",   "machine:device",
                                         "machine:peer",    "machine:hub",   "machine:proxy",
                                         "service",         "clinic_doctor", "clinic_technician",
                                         "reader",          "center_head",   "bureau",
                                         "operator",        "auditor",       "patient_steward"};

// What each may do, said a second time and apart from the table, so that a slip in it is seen.
//                            gateway                 service   reader       auditor, patient steward
//                            | his                   | doctor  | head       |
//                            | | device              | | tech. | | bureau   |
//                            | | | peer, hub, proxy  | | |     | | | operator
struct Line {
  std::string_view permission;
  std::string_view allowed;
};
// clang-format off
constexpr Line kExpected[] = {
    {"registry.read",         "x x . x . . x x x x x x x . x"},
    {"registry.write",        ". . . . . . x . . . . . x . ."},
    {"registry.enroll",       ". . . . . . . . . . . . x . ."},
    {"accounts.read",         ". . . . . . . . . . . . x . ."},
    {"accounts.write",        ". . . . . . . . . . . . x . ."},
    {"patients.read",         "x x . . . . x x x x x . . . x"},
    {"patients.write",        "x x . . . . x x x . x . . . x"},
    {"patients.merge",        ". . . . . . x . . . x . . . x"},
    {"orders.create",         "x x . . . . x x x . . . . . ."},
    {"orders.read",           "x x x . . . x x x x x x . . ."},
    {"orders.modify",         "x x . . . . x x x . x . . . ."},
    {"orders.cancel",         "x x . . . . x x . . x . . . ."},
    {"orders.route",          ". . . . . . x . . x x . . . ."},
    {"orders.number",         "x . . . . . x . . . . . . . ."},
    {"imaging.ingest",        "x . x . . . x . x . . . . . ."},
    {"imaging.read",          "x x . . . . x x x x x . . . ."},
    {"imaging.match",         ". . . . . . x x x x x . . . ."},
    {"imaging.complete",      "x . . . . . x . x . x . . . ."},
    {"reading.read",          "x x . . . . x x . x x x . . ."},
    {"reading.claim",         ". . . . . . x . . x x . . . ."},
    {"reading.write",         ". . . . . . x . . x x . . . ."},
    {"reading.sign",          ". . . . . . . . . x x . . . ."},
    {"reading.release",       ". . . . . . x . . x x . . . ."},
    {"reading.supervise",     ". . . . . . . . . . x . . . ."},
    {"exchange.read",         "x x . x . . x x x x x x . . ."},
    {"exchange.publish",      "x x . x . . x . . . . . . . ."},
    {"exchange.recognize",    "x x . x . . x x . . . . . . ."},
    {"exchange.acknowledge",  "x x . x . . x x . x x . . . ."},
    {"exchange.supervise",    ". . . . . . x . . . x x . . ."},
    {"events.follow",         "x x . x . . x . . . . . . . ."},
    {"audit.read",            ". . . . . . . . . . . . . x ."},
    {"audit.verify",          ". . . . . . . . . . . . . x ."},
    {"audit.append",          "x . . . . . . . . . . . . . ."},
    {"edge.read",             "x x . . . . . x x . x x x . ."},
    {"edge.operate",          "x x . . . . . . x . . . x . ."},
};
// clang-format on

Caller Holder(std::string_view role) {
  Caller caller;
  caller.facility_id = "f1";
  if (role == "service") {
    caller.kind = CallerKind::kService;
    caller.service = "orders";
  } else if (role.starts_with("machine:")) {
    caller.kind = CallerKind::kMachine;
    caller.machine_role = *ParseMachineRole(role.substr(std::string_view("machine:").size()));
  } else {
    caller.kind = CallerKind::kPerson;
    caller.user_id = "u1";
    caller.roles = {std::string(role)};
  }
  return caller;
}

TEST(Permissions, AreThoseOfTheTableRowByRow) {
  for (const Line& line : kExpected) {
    for (size_t column = 0; column < std::size(kColumns); ++column) {
      const bool expected = line.allowed[2 * column] == 'x';
      EXPECT_EQ(expected, Allows(Holder(kColumns[column]), line.permission))
          << kColumns[column] << " " << line.permission;
    }
  }
}

TEST(Permissions, AllStandInThisTest) {
  std::set<std::string_view> lines;
  for (const Line& line : kExpected) lines.insert(line.permission);
  EXPECT_EQ(lines, std::set<std::string_view>(std::begin(kPermissions), std::end(kPermissions)));
  EXPECT_EQ(std::size(kColumns), Roles().size());
}

TEST(Permissions, AreGrantedByNamesThatExist) {
  for (const RoleGrant& role : Roles()) {
    for (const std::string_view grant : role.grants) {
      const std::string_view area = grant.substr(0, grant.find('*'));
      const auto covers = [&](std::string_view known) {
        return grant.ends_with('*') ? known.starts_with(area) : known == grant;
      };
      EXPECT_TRUE(std::any_of(std::begin(kPermissions), std::end(kPermissions), covers))
          << role.role << " " << grant;
    }
  }
}

TEST(Permissions, ThatNobodyKnowsAreGrantedToNobody) {
  for (const std::string_view role : kColumns) {
    for (const char* permission : {"", "orders", "orders.", "orders.*", "*", "edge.destroy"}) {
      EXPECT_FALSE(Allows(Holder(role), permission)) << role << " " << permission;
    }
  }
}

TEST(Permissions, AreNoneForTheAnonymousWhateverRolesTheyClaim) {
  Caller caller;
  caller.roles = {"operator", "auditor"};
  for (const std::string_view permission : kPermissions) EXPECT_FALSE(Allows(caller, permission));
}

TEST(Permissions, OfAServiceOrAMachineAreNotToBeHadByATokensRoles) {
  for (const char* role : {"service", "machine:gateway", "nobody", ""}) {
    EXPECT_FALSE(IsPersonRole(role)) << role;
    Caller caller = Holder("reader");
    caller.roles = {role};
    for (const std::string_view permission : kPermissions) {
      EXPECT_FALSE(Allows(caller, permission)) << role << " " << permission;
    }
  }
}

TEST(Permissions, OfSeveralRolesAddUp) {
  Caller caller = Holder("clinic_doctor");
  EXPECT_FALSE(Allows(caller, "reading.sign"));
  caller.roles.push_back("reader");
  EXPECT_TRUE(Allows(caller, "reading.sign"));
  EXPECT_TRUE(Allows(caller, "orders.create"));
}

TEST(Permissions, OfAForwardedPersonAreThoseThatBothHave) {
  Caller gateway = Holder("machine:gateway");
  gateway.on_behalf_of = std::make_shared<Caller>(Holder("clinic_technician"));
  EXPECT_TRUE(Allows(gateway, "orders.create"));
  EXPECT_FALSE(Allows(gateway, "orders.cancel"));  // The gateway may, the technician may not.
  EXPECT_FALSE(Allows(gateway, "imaging.match"));  // The technician may, the gateway may not.
}

TEST(Permissions, OfAMachineStandWhereItsPersonHasNoRolesHere) {
  Caller his = Holder("machine:his");
  Caller doctor = Holder("clinic_doctor");
  doctor.roles.clear();
  his.on_behalf_of = std::make_shared<Caller>(doctor);
  EXPECT_TRUE(Allows(his, "orders.create"));
}

TEST(Permissions, OfAServiceDoNotShrinkToThoseItActsFor) {
  Caller service = Holder("service");
  service.on_behalf_of = std::make_shared<Caller>(Holder("reader"));
  EXPECT_TRUE(Allows(service, "exchange.publish"));
  EXPECT_FALSE(Allows(service, "reading.sign"));
}

TEST(ScopesOfCallers, AreTheOwnFacilityOrEverythingByRole) {
  EXPECT_FALSE(ScopeFor(Holder("reader"), "reading.read").all());
  EXPECT_TRUE(ScopeFor(Holder("reader"), "reading.read").Contains("f1"));
  EXPECT_FALSE(ScopeFor(Holder("reader"), "reading.read").Contains("f2"));
  EXPECT_FALSE(ScopeFor(Holder("machine:gateway"), "orders.read").all());
  EXPECT_TRUE(ScopeFor(Holder("bureau"), "orders.read").all());
  EXPECT_TRUE(ScopeFor(Holder("service"), "orders.modify").all());
}

TEST(ScopesOfCallers, AreNothingWhereTheCallIsNotAllowed) {
  const Scope scope = ScopeFor(Holder("bureau"), "orders.modify");
  EXPECT_FALSE(scope.all());
  EXPECT_TRUE(scope.facilities().empty());
}

TEST(ScopesOfCallers, DoNotWidenOneRolesPermissionByAnotherRolesReach) {
  Caller both = Holder("bureau");
  both.roles.push_back("clinic_doctor");
  EXPECT_TRUE(ScopeFor(both, "orders.read").all());
  EXPECT_FALSE(ScopeFor(both, "orders.create").all());
  EXPECT_TRUE(ScopeFor(both, "orders.create").Contains("f1"));
}

TEST(ScopesOfCallers, OfSomebodyWithoutAFacilityAreEmpty) {
  Caller reader = Holder("reader");
  reader.facility_id.clear();
  EXPECT_TRUE(ScopeFor(reader, "reading.read").facilities().empty());
}

}  // namespace
}  // namespace tongjian::security
