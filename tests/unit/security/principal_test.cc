#include "common/security/principal.h"

#include <sys/stat.h>

#include "common/security/encoding.h"
#include "common/security/key_file.h"
#include "tests/unit/security/fixture.h"

namespace tongjian::security {
namespace {

class PrincipalsTest : public InDirectory {
 protected:
  std::unique_ptr<Principals> Open(const std::string& name = "principal.key") {
    auto opened = Principals::Open(Path(name), clock_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }
};

Caller Doctor() {
  Caller caller;
  caller.kind = CallerKind::kPerson;
  caller.facility_id = "jinhua-f1";
  caller.user_id = "jinhua-u1";
  caller.practitioner_id = "jinhua-p1";
  caller.roles = {"clinic_doctor", "reader"};
  caller.purpose = Purpose::kRecognition;
  return caller;
}

Caller Gateway() {
  Caller caller;
  caller.kind = CallerKind::kMachine;
  caller.machine_role = MachineRole::kGateway;
  caller.facility_id = "jinhua-f1";
  caller.weak_identity = true;
  caller.on_behalf_of = std::make_shared<Caller>(Doctor());
  return caller;
}

TEST_F(PrincipalsTest, ComeBackAsTheyWereSigned) {
  const auto principals = Open();
  const Caller gateway = Gateway();
  const auto read = principals->Verify(principals->Sign("orders", &gateway, "req-1"));
  ASSERT_OK(read) << read.status();
  EXPECT_EQ(CallerKind::kService, read->caller.kind);
  EXPECT_EQ("orders", read->caller.service);
  EXPECT_EQ("req-1", read->request_id);
  EXPECT_EQ(clock_.Now(), read->issued);
  ASSERT_NE(nullptr, read->caller.on_behalf_of);
  EXPECT_TRUE(gateway == *read->caller.on_behalf_of);
}

TEST_F(PrincipalsTest, OfAServicesOwnWorkActForNobody) {
  const auto principals = Open();
  const auto read = principals->Verify(principals->Sign("exchange", nullptr, ""));
  ASSERT_OK(read);
  EXPECT_EQ(nullptr, read->caller.on_behalf_of);
}

TEST_F(PrincipalsTest, AreRefusedWhenReplayedAfterTheirExpiry) {
  const auto principals = Open();
  const std::string text = principals->Sign("orders", nullptr, "r");
  clock_.Advance(absl::Seconds(59));
  EXPECT_TRUE(principals->Verify(text).ok());
  clock_.Advance(absl::Seconds(1));
  EXPECT_CODE(kUnauthenticated, principals->Verify(text));
}

TEST_F(PrincipalsTest, AreRefusedFromTheFuture) {
  const auto principals = Open();
  const std::string text = principals->Sign("orders", nullptr, "r");
  clock_.JumpTo(clock_.Now() - absl::Seconds(5));
  EXPECT_TRUE(principals->Verify(text).ok());
  clock_.JumpTo(clock_.Now() - absl::Seconds(1));
  EXPECT_CODE(kUnauthenticated, principals->Verify(text));
}

TEST_F(PrincipalsTest, AreRefusedWithAnyCharacterChanged) {
  const auto principals = Open();
  const Caller doctor = Doctor();
  const std::string text = principals->Sign("orders", &doctor, "r");
  for (size_t i = 0; i + 1 < text.size();
       ++i) {  // The last character has bits that stand for nothing.
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_CODE(kUnauthenticated, principals->Verify(changed)) << i;
  }
  EXPECT_CODE(kUnauthenticated, principals->Verify(text.substr(0, text.size() - 4)));
}

TEST_F(PrincipalsTest, AreRefusedUnderAnotherKey) {
  const std::string text = Open("one.key")->Sign("orders", nullptr, "r");
  EXPECT_CODE(kUnauthenticated, Open("two.key")->Verify(text));
}

TEST_F(PrincipalsTest, AreSharedByProcessesWithOneKey) {
  const std::string text = Open()->Sign("orders", nullptr, "r");
  EXPECT_TRUE(Open()->Verify(text).ok());
  EXPECT_EQ(0600, Mode(Path("principal.key")));
  EXPECT_EQ(32u, Content(Path("principal.key")).size());
}

TEST_F(PrincipalsTest, AreRefusedWhenMalformed) {
  const auto principals = Open();
  const std::string huge(10'000, 'A');
  for (const std::string& text : {std::string(), std::string("."), std::string("a.b"), huge,
                                  huge + ".AAAA", std::string("e30.") + EncodeBase64Url("x")}) {
    EXPECT_CODE(kUnauthenticated, principals->Verify(text));
  }
}

TEST_F(PrincipalsTest, CutALongChainInTheMiddle) {
  const auto principals = Open();
  Caller chain = Doctor();
  for (int i = 0; i < 9; ++i) {
    Caller next;
    next.kind = CallerKind::kService;
    next.service = "s" + std::to_string(i);
    next.on_behalf_of = std::make_shared<Caller>(chain);
    chain = next;
  }
  const auto read = principals->Verify(principals->Sign("last", &chain, "r"));
  ASSERT_OK(read);
  EXPECT_EQ("jinhua-u1", Originator(read->caller).user_id);
  EXPECT_EQ(
      "person:jinhua-u1@jinhua-f1 via service:s6 via service:s7 via service:s8 via service:last",
      Describe(read->caller));
}

TEST_F(PrincipalsTest, FitMetadataWhateverAnIdHolds) {
  const auto principals = Open();
  Caller odd = Doctor();
  odd.user_id = "\xff\x01\n名";
  const std::string text = principals->Sign("orders", &odd, "r\n");
  for (const char c : text) EXPECT_TRUE(c > ' ' && c < 0x7f);
  EXPECT_TRUE(principals->Verify(text).ok());
}

TEST_F(PrincipalsTest, DoNotStartWithAKeyThatIsShortOrOpenToOthers) {
  ASSERT_OK(WriteDurably(Path("short.key"), "too short", FileMode::kSecret));
  EXPECT_CODE(kFailedPrecondition, Principals::Open(Path("short.key"), clock_));
  ASSERT_OK(WriteDurably(Path("open.key"), std::string(32, 'k'), FileMode::kPublic));
  EXPECT_CODE(kFailedPrecondition, Principals::Open(Path("open.key"), clock_));
}

}  // namespace
}  // namespace tongjian::security
