// Devices asking for their worklist over DICOM.
#include "common/base/status.h"
#include "common/dicom/scu.h"
#include "common/dicom/uid.h"
#include "tests/wire/orders/orders_rig.h"

namespace tongjian::orders {
namespace {

using dicom::Dataset;
namespace tags = dicom::tags;

class DeviceWorklist : public OrdersRig {
 protected:
  static Dataset Query(const std::string& modality, const std::string& name = "",
                       const std::string& accession = "") {
    Dataset step;
    step.Set(tags::kModality, modality);
    step.Set(tags::kScheduledStationAeTitle, "");
    step.Set(tags::kScheduledProcedureStepStartDate, "");
    Dataset query;
    query.Set(tags::kPatientName, name);
    query.Set(tags::kPatientId, "");
    query.Set(tags::kAccessionNumber, accession);
    query.Set(tags::kStudyInstanceUid, "");
    query.SetItems(tags::kScheduledProcedureStepSequence, {step});
    return query;
  }

  absl::StatusOr<std::vector<Dataset>> Find(const std::string& calling_ae, const Dataset& query) {
    dicom::ScuOptions options;
    options.calling_ae = calling_ae;
    options.host = "127.0.0.1";
    options.port = static_cast<uint16_t>(process_->ports().dicom);
    TJ_ASSIGN_OR_RETURN(
        const auto scu,
        dicom::Scu::Open(options, {{std::string(dicom::uids::kModalityWorklistFind),
                                    {std::string(dicom::uids::kExplicitLittleEndian)}}}));
    std::vector<Dataset> found;
    TJ_TRY(scu->Find(dicom::uids::kModalityWorklistFind, query, [&](const Dataset& match) {
      found.push_back(match);
      return true;
    }));
    return found;
  }
};

TEST_F(DeviceWorklist, HasItsFacilitysOrders) {
  PublishCounty();
  const v1::Order order = Created();
  const auto found = Find("DR1", Query("DX"));
  ASSERT_THAT(found.status(), IsOk());
  ASSERT_EQ(found->size(), 1u);
  const Dataset& match = found->front();
  EXPECT_EQ(match.Text(tags::kAccessionNumber), order.accession_number());
  EXPECT_EQ(match.Text(tags::kPatientName), "WANG XIAOMING=王小明");
  EXPECT_EQ(match.Text(tags::kStudyInstanceUid), order.items(0).study_instance_uid());
  EXPECT_EQ(match.Text(tags::kSpecificCharacterSet), "GB18030");
  const Dataset& step = match.Items(tags::kScheduledProcedureStepSequence).front();
  EXPECT_EQ(step.Text(tags::kModality), "DX");
  EXPECT_EQ(step.Text(tags::kScheduledStationAeTitle), "DR1");
}

TEST_F(DeviceWorklist, IsNarrowedByItsKeys) {
  PublishCounty();
  const v1::Order order = Created();
  const auto count = [&](const Dataset& query) {
    const auto found = Find("DR1", query);
    EXPECT_THAT(found.status(), IsOk());
    return found.ok() ? found->size() : 0;
  };
  EXPECT_EQ(count(Query("CT")), 0u);
  EXPECT_EQ(count(Query("", "王*")), 1u);
  EXPECT_EQ(count(Query("", "wang*")), 1u);
  EXPECT_EQ(count(Query("", "*xiaoming*")), 1u);
  EXPECT_EQ(count(Query("", "李*")), 0u);
  EXPECT_EQ(count(Query("", "", order.accession_number())), 1u);
  EXPECT_EQ(count(Query("", "", "JINHUA999999999")), 0u);
  const auto on = [&](const std::string& date) {
    Dataset query = Query("DX");
    Dataset step;
    step.Set(tags::kScheduledProcedureStepStartDate, date);
    query.SetItems(tags::kScheduledProcedureStepSequence, {step});
    return count(query);
  };
  const std::string today = absl::FormatTime("%Y%m%d", clock_.Now(), absl::FixedTimeZone(8 * 3600));
  EXPECT_EQ(on(today), 1u);
  EXPECT_EQ(on(today + "-"), 1u);
  EXPECT_EQ(on("19990101-19991231"), 0u);
}

TEST_F(DeviceWorklist, IsClosedToDevicesTheRegistryDoesNotKnow) {
  PublishCounty();
  Created();
  EXPECT_FALSE(Find("STRANGER", Query("DX")).ok());
}

TEST_F(DeviceWorklist, LosesAnOrderThatIsCancelled) {
  PublishCounty();
  const v1::Order order = Created();
  v1::CancelOrderRequest cancel;
  cancel.set_request_id("cancel");
  cancel.set_id(order.id());
  cancel.set_reason("left");
  v1::Order out;
  ASSERT_THAT(
      Call(&v1::OrderService::Stub::CancelOrder, As("town-a", "clinic_doctor"), cancel, &out),
      IsOk());
  const auto found = Find("DR1", Query("DX"));
  ASSERT_THAT(found.status(), IsOk());
  EXPECT_TRUE(found->empty());
}

}  // namespace
}  // namespace tongjian::orders
