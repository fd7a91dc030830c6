#include "services/edge/device_time.h"

#include <gtest/gtest.h>

#include "common/dicom/scan.h"

namespace tongjian::edge {
namespace {

namespace tags = dicom::tags;

absl::Time Utc(int hour, int minute) {
  return absl::FromCivil(absl::CivilSecond(2026, 3, 19, hour, minute, 0), absl::UTCTimeZone());
}

TEST(DeviceTime, IsTheLatestMomentInTheDevicesZone) {
  dicom::Header header;
  header.attributes.Set(tags::kStudyDate, "20260319");
  header.attributes.Set(tags::kStudyTime, "120000");
  header.attributes.Set(tags::kContentDate, "20260319");
  header.attributes.Set(tags::kContentTime, "123000.250");
  EXPECT_EQ(DeviceTimeOf(header, {}), Utc(4, 30));
  header.attributes.Set(tags::kTimezoneOffsetFromUtc, "+0000");
  EXPECT_EQ(DeviceTimeOf(header, {}), Utc(12, 30));
}

TEST(DeviceTime, IsNothingWhereTheDatesAreNone) {
  dicom::Header header;
  EXPECT_FALSE(DeviceTimeOf(header, {}).has_value());
  header.attributes.Set(tags::kStudyDate, "20261345");
  header.attributes.Set(tags::kContentDate, "today");
  EXPECT_FALSE(DeviceTimeOf(header, {}).has_value());
}

TEST(DeviceTime, IsImplausibleFarAheadOrLongAgo) {
  const absl::Time receipt = Utc(12, 0);
  EXPECT_FALSE(Implausible(receipt + absl::Hours(2), receipt, {}));
  EXPECT_TRUE(Implausible(receipt + absl::Hours(25), receipt, {}));
  EXPECT_FALSE(Implausible(receipt - absl::Hours(24 * 400), receipt, {}));
  EXPECT_TRUE(Implausible(absl::FromUnixSeconds(0), receipt, {}));
  EXPECT_FALSE(Implausible(std::nullopt, receipt, {}));
}

}  // namespace
}  // namespace tongjian::edge
