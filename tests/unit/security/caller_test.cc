#include "common/security/caller.h"

#include "tests/unit/security/fixture.h"

namespace tongjian::security {
namespace {

Caller Person() {
  Caller caller;
  caller.kind = CallerKind::kPerson;
  caller.user_id = "jinhua-u1";
  caller.facility_id = "jinhua-f1";
  return caller;
}

Caller ServiceFor(const Caller& behalf) {
  Caller caller;
  caller.kind = CallerKind::kService;
  caller.service = "reading";
  caller.on_behalf_of = std::make_shared<Caller>(behalf);
  return caller;
}

TEST(Callers, AreAnonymousUnlessSaidOtherwise) {
  EXPECT_EQ(CallerKind::kAnonymous, Caller().kind);
  EXPECT_EQ("anonymous", Describe(Caller()));
}

TEST(Callers, AreDescribedFromTheOriginatorOn) {
  EXPECT_EQ("person:jinhua-u1@jinhua-f1 via service:reading", Describe(ServiceFor(Person())));
}

TEST(Callers, ShowAWeakIdentityInTheirDescription) {
  Caller cart;
  cart.kind = CallerKind::kMachine;
  cart.machine_role = MachineRole::kDevice;
  cart.facility_id = "f1";
  cart.weak_identity = true;
  EXPECT_EQ("device:f1 (weak device identity)", Describe(cart));
}

TEST(Callers, LeadToTheirOriginator) {
  EXPECT_EQ("jinhua-u1", Originator(ServiceFor(ServiceFor(Person()))).user_id);
  EXPECT_EQ("jinhua-u1", Originator(Person()).user_id);
}

TEST(Callers, DifferWhenOnlyTheirBehalfDiffers) {
  Caller other = Person();
  other.purpose = Purpose::kEmergency;
  EXPECT_TRUE(ServiceFor(Person()) == ServiceFor(Person()));
  EXPECT_FALSE(ServiceFor(Person()) == ServiceFor(other));
  EXPECT_FALSE(ServiceFor(Person()).on_behalf_of == nullptr);
}

TEST(Names, AreReadBackAsWritten) {
  for (const auto role : {MachineRole::kGateway, MachineRole::kHis, MachineRole::kDevice,
                          MachineRole::kPeer, MachineRole::kHub, MachineRole::kProxy}) {
    EXPECT_EQ(role, ParseMachineRole(Name(role)));
  }
  for (const auto purpose : {Purpose::kTreatment, Purpose::kRecognition, Purpose::kEmergency,
                             Purpose::kSupervision, Purpose::kOperation, Purpose::kAudit}) {
    EXPECT_EQ(purpose, ParsePurpose(Name(purpose)));
  }
  for (const auto kind :
       {CallerKind::kAnonymous, CallerKind::kMachine, CallerKind::kPerson, CallerKind::kService}) {
    EXPECT_EQ(kind, ParseCallerKind(Name(kind)));
  }
}

TEST(Names, OfNoRoleAreRefused) {
  for (const char* name : {"", "none", "Gateway", "gateway ", "signing"}) {
    EXPECT_EQ(std::nullopt, ParseMachineRole(name)) << name;
  }
}

}  // namespace
}  // namespace tongjian::security
