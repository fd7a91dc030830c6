#include "services/imaging/retrieve.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "common/base/status.h"
#include "common/dicom/match.h"
#include "common/dicom/uid.h"
#include "services/imaging/find.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;

class BlobSource final : public dicom::ObjectSource {
 public:
  explicit BlobSource(std::unique_ptr<blob::Reader> reader) : reader_(std::move(reader)) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    TJ_ASSIGN_OR_RETURN(const std::string bytes, reader_->Next(size));
    std::copy(bytes.begin(), bytes.end(), buffer);
    return bytes.size();
  }

 private:
  const std::unique_ptr<blob::Reader> reader_;
};

constexpr dicom::Tag kUnique[] = {tags::kPatientId, tags::kStudyInstanceUid,
                                  tags::kSeriesInstanceUid, tags::kSopInstanceUid};

absl::Status Unnamed(dicom::Tag tag) {
  return base::InvalidField(dicom::TagText(tag),
                            "(" + dicom::TagText(tag) + ") must name what is to be sent");
}

// The unique keys down to the level alone: whatever else stands in an identifier narrows nothing.
absl::StatusOr<dicom::Dataset> UniqueKeys(QueryLevel level, const dicom::Dataset& identifier) {
  dicom::Dataset keys;
  for (size_t i = 0; i <= static_cast<size_t>(level); ++i) {
    std::vector<std::string> values = identifier.Values(kUnique[i]);
    std::erase(values, "");
    const bool named =
        !values.empty() && std::none_of(values.begin(), values.end(), dicom::HasWildcard);
    if (!named && (i == static_cast<size_t>(level) || !values.empty())) return Unnamed(kUnique[i]);
    if (named) keys.SetValues(kUnique[i], std::move(values));
  }
  const std::string& issuer = identifier.Text(tags::kIssuerOfPatientId);
  if (keys.Has(tags::kPatientId) && !issuer.empty()) keys.Set(tags::kIssuerOfPatientId, issuer);
  return keys;
}

}  // namespace

dicom::StoredObject Retrieval::ObjectOf(const Instance& instance) const {
  const auto open =
      [&blobs = blobs_,
       locator = instance.locator]() -> absl::StatusOr<std::unique_ptr<dicom::ObjectSource>> {
    TJ_ASSIGN_OR_RETURN(std::unique_ptr<blob::Reader> reader, blobs.OpenReader(locator));
    return std::make_unique<BlobSource>(std::move(reader));
  };
  return {instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid, open};
}

absl::StatusOr<std::vector<dicom::StoredObject>> Retrieval::ObjectsOf(
    const dicom::AssociationInfo& info, const DicomPeer& peer, std::string_view operation,
    std::string_view sop_class_uid, const dicom::Dataset& identifier) const {
  Query query;
  TJ_ASSIGN_OR_RETURN(const QueryLevel level, LevelOf(sop_class_uid, identifier));
  TJ_ASSIGN_OR_RETURN(query.keys, UniqueKeys(level, identifier));
  query.level = QueryLevel::kImage;
  query.rows_only = true;
  std::vector<dicom::StoredObject> objects;
  std::set<std::string> recorded;
  rpc::Trail trail = peers_.TrailOf(info, peer, operation);
  TJ_TRY(queries_.Run(
      security::Scope::Facilities({peer.facility_id}), query,
      [&](const std::vector<QueryMatch>& matches) -> absl::StatusOr<bool> {
        for (const QueryMatch& match : matches) {
          const Study& study = *match.study;
          if (static_cast<int64_t>(objects.size()) >= options_.objects_max) {
            return absl::ResourceExhaustedError("too many objects at once");
          }
          objects.push_back(ObjectOf(*match.instance));
          if (!recorded.insert(study.id).second) continue;
          trail.TouchFacilityPatient(study.facility_id, study.patient.facility_patient_id,
                                     study.patient_id);
          trail.TouchObject(study.id);
        }
        return true;
      }));
  if (!recorded.empty()) TJ_TRY(trail.Finish(peers_.sink(), absl::OkStatus()));
  return objects;
}

}  // namespace tongjian::imaging
