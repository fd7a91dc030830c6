// Whose evidence it is: patients compared, studies told apart that share a UID.
#include "services/orders/same_patient.h"
#include "services/orders/state.h"
#include "tests/unit/orders/orders_fixture.h"

namespace tongjian::orders {
namespace {

Patient Wang() { return ChestOrder().patient; }

TEST(SamePatients, AreOnesOfOneNumberWhateverTheScript) {
  Patient pinyin = Wang();
  pinyin.name = "WANG XIAOMING";
  EXPECT_EQ(Compare(pinyin, Wang()), Likeness::kSame);
  pinyin.birth_date.clear();
  EXPECT_EQ(Compare(pinyin, Wang()), Likeness::kSame);
  pinyin.birth_date = "1999-09-09";
  EXPECT_EQ(Compare(pinyin, Wang()), Likeness::kOther);
}

TEST(SamePatients, AreNotThoseOfOneNumberWithOtherNamesInOneScript) {
  Patient other = Wang();  // A cart's counter met a patient's number.
  other.name = "李四";
  other.birth_date.clear();
  EXPECT_EQ(Compare(other, Wang()), Likeness::kOther);
  other.birth_date = "1975-05-05";
  EXPECT_EQ(Compare(other, Wang()), Likeness::kOther);
  other.birth_date = Wang().birth_date;
  other.name = "王晓明";
  EXPECT_EQ(Compare(other, Wang()), Likeness::kSame);  // A typing error.
}

TEST(SamePatients, AreFoundByNameWhereNumbersSayNothing) {
  Patient counted = Wang();
  counted.facility_patient_id = "0042";
  EXPECT_EQ(Compare(counted, Wang()), Likeness::kSame);
  counted.birth_date = "1975-05-05";
  EXPECT_EQ(Compare(counted, Wang()), Likeness::kOther);
  Patient pinyin = counted;
  pinyin.name = "WANG XIAOMING";
  pinyin.birth_date = Wang().birth_date;
  EXPECT_EQ(Compare(pinyin, Wang()), Likeness::kSame);
  Patient man = pinyin, woman = Wang();
  man.sex = Sex::kMale;
  woman.sex = Sex::kFemale;
  EXPECT_EQ(Compare(man, woman), Likeness::kOther);
  Patient elsewhere = Wang();  // The same number of another facility is another number.
  elsewhere.facility_id = "town-b";
  elsewhere.name = "李四";
  EXPECT_EQ(Compare(elsewhere, Wang()), Likeness::kOther);
  EXPECT_EQ(Compare({}, Wang()), Likeness::kUnknown);
}

class Doubt : public OrdersTest {
 protected:
  // 李四 with another number, recorded at town-a.
  static StudyFact OfAnother(const std::string& uid) {
    StudyFact study = Study(uid);
    study.id = "another-" + uid;
    study.patient.facility_patient_id = "P9";
    study.patient.name = "李四";
    study.patient.birth_date = "1975-05-05";
    return study;
  }
};
TJ_ON_BOTH_BACKENDS(Doubt);

TEST_P(Doubt, ALateOrderThatNamesTheStudyOfAnotherPatientDoesNotTakeItOver) {
  ASSERT_THAT(Tell(OfAnother("2.25.99")), IsOk());
  Order wanted = ChestOrder();
  wanted.items[0].study_instance_uid = "2.25.99";
  const auto order = orders_->Create(Gateway("town-a"), wanted, false);
  ASSERT_THAT(order.status(), IsOk());
  EXPECT_EQ(order->state, State::kSubmitted);
  EXPECT_EQ(order->bound_order_id, "");
  EXPECT_EQ(Provisionals().size(), 1u);
}

TEST_P(Doubt, ALateOrderTakesOverTheStudyOfADeviceThatSaysNothingOfThePatient) {
  StudyFact study = Study("2.25.99");
  study.patient = {.facility_id = "town-a"};
  ASSERT_THAT(Tell(study), IsOk());
  Order wanted = ChestOrder();
  wanted.items[0].study_instance_uid = "2.25.99";
  const auto order = orders_->Create(Gateway("town-a"), wanted, false);
  ASSERT_THAT(order.status(), IsOk());
  EXPECT_EQ(order->state, State::kAcquired);
  EXPECT_TRUE(Provisionals().empty());
}

// Imaging has not heard of the order yet and therefore has no doubt either.
TEST_P(Doubt, AStudyOfAnotherPatientDoesNotMoveTheOrderWhoseUidItHas) {
  const Order order = Created();
  ASSERT_THAT(Tell(OfAnother(order.items[0].study_instance_uid)), IsOk());
  EXPECT_EQ(Read(order.id).state, State::kSubmitted);
  ASSERT_EQ(Provisionals().size(), 1u);
  EXPECT_EQ(Provisionals()[0].patient.name, "李四");
}

TEST_P(Doubt, AnothersStudyUnderTheSameUidLeavesTheOrderItsEvidence) {
  const Order order = Created();
  const std::string uid = order.items[0].study_instance_uid;
  ASSERT_THAT(Tell(Study(uid, {order.id})), IsOk());
  StudyFact other = OfAnother(uid);
  other.doubtful = true;
  ASSERT_THAT(Tell(other), IsOk());
  EXPECT_EQ(Read(order.id).state, State::kAcquired);
  EXPECT_TRUE(HasEvidence(Read(order.id)));
}

TEST_P(Doubt, AnOrderKeepsAUidWhileOneOfTwoStudiesUnderItIsStillIts) {
  const Order order = Created();
  const std::string uid = order.items[0].study_instance_uid;
  StudyFact first = Study(uid, {order.id});
  StudyFact second = OfAnother(uid);
  second.order_ids = {order.id};  // A person said so.
  ASSERT_THAT(Tell(first), IsOk());
  ASSERT_THAT(Tell(second), IsOk());
  second.order_ids.clear();
  second.version = 2;
  ASSERT_THAT(Tell(second), IsOk());
  EXPECT_TRUE(HasEvidence(Read(order.id)));
  EXPECT_EQ(Read(order.id).state, State::kAcquired);
  first.order_ids.clear();
  first.version = 2;
  ASSERT_THAT(Tell(first), IsOk());
  EXPECT_FALSE(HasEvidence(Read(order.id)));
  EXPECT_EQ(Read(order.id).state, State::kSubmitted);
}

// A village's order, recorded at its township, and taken away again by a person.
TEST_P(Doubt, AStudyThatAnotherFacilityRecordedLeavesItsOrderToo) {
  const Order order = Created("town-b");
  StudyFact study = Study("1.2", {order.id});  // Recorded at town-a; a person linked it.
  ASSERT_THAT(Tell(study), IsOk());
  EXPECT_EQ(Read(order.id).state, State::kAcquired);
  study.order_ids.clear();
  study.version = 2;
  ASSERT_THAT(Tell(study), IsOk());
  EXPECT_EQ(Read(order.id).state, State::kSubmitted);
}

}  // namespace
}  // namespace tongjian::orders
