#include "services/registry/patient.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace tongjian::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// GB 11643's own sample: born 1980-01-01, male.
const PatientIdentifier kGoodDocument{IdentifierType::kResidentId, "34052419800101001X", "", false};
const PatientIdentifier kBadDocument{IdentifierType::kResidentId, "340524198001010019", "", false};

Patient Zhang() {
  Patient patient;
  patient.id = "p1";
  patient.state = PatientState::kProvisional;
  patient.name = "张三";
  patient.birth_date = "1980-01-01";
  patient.identifiers = {{IdentifierType::kFacility, "17", "clinic", false}};
  return patient;
}

TEST(Verify, MarksPatientAndDocument) {
  Patient patient = Zhang();
  ASSERT_TRUE(Verify(kGoodDocument, &patient).ok());
  EXPECT_EQ(patient.state, PatientState::kVerified);
  ASSERT_EQ(patient.identifiers.size(), 2u);
  EXPECT_TRUE(patient.identifiers[1].verified);
  EXPECT_FALSE(patient.identifiers[0].verified);
}

TEST(Verify, IsWithheldByAWrongCheckDigit) {
  Patient patient = Zhang();
  const absl::Status refused = Verify(kBadDocument, &patient);
  EXPECT_EQ(base::DetailOf(refused).field, "document.value");
  EXPECT_EQ(patient.state, PatientState::kProvisional);
}

TEST(Verify, IsWithheldByAnotherBirthDate) {
  Patient patient = Zhang();
  patient.birth_date = "1980-01-02";
  EXPECT_FALSE(Verify(kGoodDocument, &patient).ok());
}

TEST(Verify, TakesTheBirthDateFromTheNumber) {
  Patient patient = Zhang();
  patient.birth_date = "";
  ASSERT_TRUE(Verify(kGoodDocument, &patient).ok());
  EXPECT_EQ(patient.birth_date, "1980-01-01");
}

TEST(Verify, NeedsADocumentAndAName) {
  Patient patient = Zhang();
  EXPECT_FALSE(Verify({IdentifierType::kFacility, "17", "clinic", false}, &patient).ok());
  patient.unnamed = true;
  EXPECT_EQ(Verify(kGoodDocument, &patient).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Warnings, NameAWrongCheckDigitWithoutRefusingIt) {
  Patient patient = Zhang();
  patient.identifiers.push_back(kBadDocument);
  EXPECT_TRUE(CheckPatient(patient).ok());
  EXPECT_THAT(Warnings(patient), ElementsAre("the resident number fails its check (GB 11643)"));
}

TEST(Warnings, NameAnotherSexOrBirthDate) {
  Patient patient = Zhang();
  patient.identifiers.push_back(kGoodDocument);
  EXPECT_THAT(Warnings(patient), IsEmpty());
  patient.sex = Sex::kFemale;
  EXPECT_THAT(Warnings(patient), ElementsAre("the resident number says another sex"));
  patient.birth_date = "1990-01-01";
  EXPECT_THAT(Warnings(patient), ElementsAre("the resident number says another birth date"));
}

TEST(Correct, OfTheNameTakesTheVerificationAway) {
  Patient patient = Zhang();
  ASSERT_TRUE(Verify(kGoodDocument, &patient).ok());
  Patient wanted = patient;
  wanted.name = "张叁";
  ASSERT_TRUE(Correct(wanted, &patient).ok());
  EXPECT_EQ(patient.name, "张叁");
  EXPECT_EQ(patient.state, PatientState::kProvisional);
  EXPECT_FALSE(patient.identifiers[1].verified);
}

TEST(Correct, OfOtherWordsKeepsIt) {
  Patient patient = Zhang();
  ASSERT_TRUE(Verify(kGoodDocument, &patient).ok());
  Patient wanted = patient;
  wanted.name = "张　三";
  wanted.name_latin = "Zhang San";
  wanted.sex = Sex::kMale;
  ASSERT_TRUE(Correct(wanted, &patient).ok());
  EXPECT_EQ(patient.state, PatientState::kVerified);
}

TEST(Correct, CannotClaimAVerification) {
  Patient patient = Zhang();
  Patient wanted = patient;
  wanted.identifiers.push_back(kGoodDocument);
  wanted.identifiers.back().verified = true;
  ASSERT_TRUE(Correct(wanted, &patient).ok());
  EXPECT_EQ(patient.state, PatientState::kProvisional);
  EXPECT_FALSE(patient.identifiers.back().verified);
}

TEST(Correct, IsRefusedForAMergedPatient) {
  Patient patient = Zhang();
  patient.state = PatientState::kMerged;
  EXPECT_EQ(Correct(Zhang(), &patient).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Merge, IsAllowedByStates) {
  Patient source = Zhang(), target = Zhang();
  target.id = "p2";
  EXPECT_TRUE(CheckMerge(source, target).ok());
  target.state = PatientState::kVerified;
  EXPECT_TRUE(CheckMerge(source, target).ok());
  EXPECT_FALSE(CheckMerge(target, source).ok());
  source.state = PatientState::kMerged;
  EXPECT_FALSE(CheckMerge(source, target).ok());
  EXPECT_FALSE(CheckMerge(target, target).ok());
}

TEST(Patient, KeepsToItsLimits) {
  Patient patient = Zhang();
  patient.birth_date = "1980-02-30";
  EXPECT_EQ(base::DetailOf(CheckPatient(patient)).field, "birth_date");
  patient = Zhang();
  patient.identifiers[0].assigner_facility_id = "";
  EXPECT_EQ(base::DetailOf(CheckPatient(patient)).field, "identifiers.assigner_facility_id");
  patient = Zhang();
  patient.identifiers[0].value = std::string(65, '1');
  EXPECT_EQ(base::DetailOf(CheckPatient(patient)).field, "identifiers.value");
}

TEST(Patient, LearnsEachNumberOnce) {
  Patient patient = Zhang();
  EXPECT_FALSE(AddIdentifiers({{IdentifierType::kFacility, "17", "clinic", false}}, &patient));
  EXPECT_TRUE(AddIdentifiers({{IdentifierType::kFacility, "17", "other", true}}, &patient));
  EXPECT_FALSE(patient.identifiers.back().verified);
}

}  // namespace
}  // namespace tongjian::registry
