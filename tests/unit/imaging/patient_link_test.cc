// Studies of which the facility gave no number are linked one by one.
#include <gtest/gtest.h>

#include "common/feed/change.h"
#include "services/imaging/follow_registry.h"
#include "tests/unit/imaging/archive.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::imaging {
namespace {

TEST(Patients, WithoutANumberAreLinkedByTheStudyThatIsNamed) {
  Archive archive;
  const auto one = archive.Put({.patient_id = ""});
  const auto namesake = archive.Put({.study = "1.9", .sop = "1.9.1", .patient_id = ""});
  ASSERT_TRUE(one.ok() && namesake.ok());
  events::v1::PatientChanged changed;
  changed.mutable_patient()->set_id("pat1");
  events::v1::PatientLink& link = *changed.add_links();
  link.set_facility_id("f1");
  link.set_name("王小东");
  link.set_birth_date("1980-01-01");
  link.set_study_id(one->study_id);
  changed.add_links()->set_study_id("unknown");
  const auto event = feed::ToWire(feed::MakeEvent("registry", "pat1", {}, changed), "");
  ASSERT_THAT(archive.Write([&](store::Transaction& tx) {
    return ApplyRegistryEvent(tx, event, archive.places);
  }),
              IsOk());
  EXPECT_EQ(archive.Get(one->study_id).patient_id, "pat1");
  EXPECT_EQ(archive.Get(namesake->study_id).patient_id, "");
}

}  // namespace
}  // namespace tongjian::imaging
