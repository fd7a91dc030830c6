#include "tests/unit/imaging/archive.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/blob/layout.h"
#include "common/blob/pack_format.h"
#include "common/dicom/part10.h"
#include "common/dicom/uid.h"
#include "common/feed/change.h"
#include "common/store/feed.h"
#include "services/imaging/follow_orders.h"
#include "services/imaging/follow_registry.h"
#include "services/imaging/object_scan.h"
#include "services/imaging/schema.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;

constexpr char kDxStorage[] = "1.2.840.10008.5.1.4.1.1.1.1";

}  // namespace

std::string MakeObject(const ObjectSpec& spec) {
  dicom::Dataset object;
  object.Set(tags::kSopClassUid, kDxStorage);
  object.Set(tags::kSopInstanceUid, spec.sop);
  object.Set(tags::kStudyInstanceUid, spec.study);
  object.Set(tags::kSeriesInstanceUid, spec.series);
  object.Set(tags::kPatientName, spec.patient_name);
  object.Set(tags::kPatientId, spec.patient_id);
  object.Set(tags::kPatientBirthDate, spec.birth_date);
  object.Set(tags::kPatientSex, "M");
  object.Set(tags::kAccessionNumber, spec.accession);
  object.Set(tags::kModality, spec.modality);
  object.Set(tags::kStudyDate, spec.date);
  object.Set(tags::kStudyTime, spec.time);
  object.Set(tags::kStudyDescription, "胸部正位");
  object.Set(tags::kInstanceNumber, absl::StrCat(spec.number));
  for (const auto& [tag, element] : spec.more.elements()) object.SetElement(tag, element);
  object.SetElement(tags::kPixelData, {"OW", {spec.pixels}, {}});
  const auto bytes = dicom::WriteDataset(object, dicom::uids::kExplicitLittleEndian,
                                         dicom::CharacterSet(spec.charset));
  TJ_CHECK(bytes.ok());
  return dicom::WriteMetaHeader({kDxStorage, spec.sop,
                                 std::string(dicom::uids::kExplicitLittleEndian), spec.source_ae}) +
         *bytes;
}

Folder::Folder() {
  char name[] = "/tmp/tongjian-imaging-XXXXXX";
  path_ = mkdtemp(name);
}

Folder::~Folder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

Archive::Archive(const std::string& url, const base::Clock* other_clock, int64_t packed_bytes_max,
                 int64_t reserve_bytes)
    : clock(other_clock == nullptr ? manual : *other_clock) {
  auto opened =
      store::Database::Open({.url = url.empty() ? "sqlite:" + folder.path() + "/imaging.db" : url,
                             .name = url.empty() ? "imaging" : "imaging_" + base::RandomHex(4),
                             .migrations = Schema(),
                             .feed_poll = absl::Milliseconds(10)},
                            clock);
  EXPECT_TRUE(opened.ok()) << opened.status();
  database = *std::move(opened);
  blobs = *blob::Store::Open({.directory = folder.path() + "/blobs",
                              .reserve_bytes = reserve_bytes,
                              .packed_bytes_max = packed_bytes_max},
                             clock);
  ingest = std::make_unique<Ingest>(*database, *blobs, ids, matcher, IngestOptions{}, metrics);
  desk = std::make_unique<Desk>(*database, *blobs, *ingest, matcher);
}

absl::StatusOr<Stored> Archive::Put(const ObjectSpec& spec, const std::string& facility,
                                    int64_t priority) {
  return PutBytes(MakeObject(spec), facility, priority);
}

absl::StatusOr<Stored> Archive::PutBytes(const std::string& bytes, const std::string& facility,
                                         int64_t priority) {
  TJ_ASSIGN_OR_RETURN(const auto writer, blobs->Create());
  TJ_TRY(writer->Append(bytes));
  TJ_ASSIGN_OR_RETURN(const blob::Receipt receipt, writer->Commit());
  TJ_ASSIGN_OR_RETURN(const auto reader, blobs->OpenReader(receipt.locator));
  TJ_ASSIGN_OR_RETURN(const WrittenObject object, ScanObject(*reader, {}));
  TJ_TRY(dicom::CheckStorable(object.header, "", ""));
  return ingest->Store({.header = &object.header,
                        .receipt = receipt,
                        .dataset_digest = object.dataset_digest,
                        .facility_id = facility,
                        .device_ae_title = "DR1",
                        .receipt_time = clock.Now(),
                        .priority = priority});
}

std::vector<Study> Archive::Studies(const StudyFilter& filter, const security::Scope& scope) {
  std::vector<Study> studies;
  EXPECT_THAT(database->Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(studies, ListStudies(session, scope, filter, 1000));
    return absl::OkStatus();
  }),
              IsOk());
  return studies;
}

Study Archive::Get(const std::string& id) {
  Study study;
  EXPECT_THAT(database->Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(study, FindStudy(session, security::Scope::Service(), id));
    return absl::OkStatus();
  }),
              IsOk());
  return study;
}

std::vector<Instance> Archive::Instances(const Study& study) {
  std::vector<Instance> instances;
  EXPECT_THAT(database->Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(instances, ListInstances(session, study, std::nullopt, 1000));
    return absl::OkStatus();
  }),
              IsOk());
  return instances;
}

std::vector<Conflict> Archive::Conflicts(bool decided) {
  std::vector<Conflict> conflicts;
  EXPECT_THAT(database->Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(
        conflicts, ListConflicts(session, security::Scope::Service(), {.decided = decided}, 100));
    return absl::OkStatus();
  }),
              IsOk());
  return conflicts;
}

std::vector<HistoryEntry> Archive::History(const std::string& study_id) {
  std::vector<HistoryEntry> entries;
  const Study study = Get(study_id);
  EXPECT_THAT(database->Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(entries, ListHistory(session, study, 0, 100));
    return absl::OkStatus();
  }),
              IsOk());
  return entries;
}

std::vector<v1::Study> Archive::News() {
  std::vector<v1::Study> news;
  while (true) {
    const auto page = database->feed().Read("imaging", cursor, std::nullopt, 1000);
    EXPECT_TRUE(page.ok()) << page.status();
    for (const store::Event& event : page->events) {
      const auto changed = feed::As<events::v1::StudyChanged>(feed::ToWire(event, ""));
      EXPECT_TRUE(changed.has_value());
      news.push_back(changed->study());
    }
    cursor = page->next_cursor;
    if (!page->more) return news;
  }
}

std::vector<v1::Study> Archive::AwaitNews() {
  EXPECT_TRUE(database->feed().Wait("imaging", cursor, absl::Seconds(20)));
  return News();
}

std::string Archive::Content(const std::string& locator) {
  auto reader = blobs->OpenReader(locator);
  EXPECT_TRUE(reader.ok()) << reader.status();
  std::string content;
  while (true) {
    const auto bytes = (*reader)->Next(1 << 20);
    EXPECT_TRUE(bytes.ok()) << bytes.status();
    if (bytes->empty()) return content;
    content += *bytes;
  }
}

void Archive::Damage(const std::string& locator) {
  constexpr int64_t kWithin = 500;
  const blob::Layout layout(folder.path() + "/blobs");
  std::string path;
  int64_t offset = kWithin;
  if (blob::IsPackedLocator(locator)) {
    const blob::PackedPlace place = blob::ParsePackedLocator(locator).value();
    path = layout.Pack(place.pack);
    offset += place.offset + blob::kRecordHeadSize;
  } else {
    path = layout.Object(blob::ParseLocator(locator).value());
  }
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  char byte = 0;
  file.seekg(offset).read(&byte, 1);
  byte = static_cast<char>(byte ^ 4);
  file.seekp(offset).write(&byte, 1);
  EXPECT_TRUE(file.good()) << path;
}

std::vector<std::string> Archive::Damaged() {
  const auto report = blobs->Scrub("", std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? report->damaged : std::vector<std::string>{"no scrub"};
}

int64_t Archive::CountObjects() {
  return blobs->Stats().objects_written - blobs->Stats().objects_removed;
}

absl::Status Archive::Announce(const orders::v1::Order& order) {
  events::v1::OrderChanged changed;
  *changed.mutable_order() = order;
  const events::v1::Event event =
      feed::ToWire(feed::MakeEvent("orders", order.id(), {}, changed), "");
  return Write([&](store::Transaction& tx) { return ApplyOrderEvent(tx, event, matcher); });
}

absl::Status Archive::AnnouncePatient(const std::string& patient_id, const std::string& number,
                                      const std::string& name, const std::string& birth_date) {
  events::v1::PatientChanged changed;
  changed.mutable_patient()->set_id(patient_id);
  events::v1::PatientLink& link = *changed.add_links();
  link.set_facility_id("f1");
  link.set_facility_patient_id(number);
  link.set_name(name);
  link.set_birth_date(birth_date);
  return AnnounceRegistry(patient_id, changed);
}

absl::Status Archive::AnnounceRegistry(const std::string& key,
                                       const google::protobuf::Message& changed) {
  const events::v1::Event event = feed::ToWire(feed::MakeEvent("registry", key, {}, changed), "");
  return Write([&](store::Transaction& tx) { return ApplyRegistryEvent(tx, event, places); });
}

orders::v1::Order MakeOrder(const std::string& id, const std::string& accession, int64_t version) {
  orders::v1::Order order;
  order.set_id(id);
  order.set_state(orders::v1::ORDER_STATE_SUBMITTED);
  order.set_origin(orders::v1::ORDER_ORIGIN_HIS);
  order.set_ordering_facility_id("f1");
  order.set_accession_number(accession);
  order.mutable_routing()->set_performing_facility_id("hub");
  order.mutable_patient()->set_facility_id("f1");
  order.mutable_patient()->set_facility_patient_id("P1");
  order.mutable_patient()->set_name("王小东");
  order.mutable_patient()->set_birth_date("1980-01-01");
  order.set_version(version);
  order.add_items()->set_id("1");
  return order;
}

}  // namespace tongjian::imaging
