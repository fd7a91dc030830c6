// Where things lie in a store's directory. Names are made here, never taken from a peer.
//
//   lock                                held by the process that has the store open
//   objects/<bucket>/<name>             an object: content, then footer (footer.h)
//   objects/<bucket>/<name>.tmp         being written
//   objects/<bucket>/<name>.part        being written under an upload id, survives restarts
//   partials/<hash of the upload id>    how much of which .part is durable (partial_record.h)
//   packs/<pack>                        small objects, one behind another (pack_format.h)
//
// <bucket>, <pack>: 8 hexadecimal digits, counting up; new objects go to the last one. <name>: 32
// random hexadecimal digits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace tongjian::blob {

inline constexpr char kUnfinished[] = ".tmp";
inline constexpr char kPartial[] = ".part";
// Objects a bucket takes before the next one is begun. Few enough to list at once.
inline constexpr int64_t kBucketObjectsMax = 4096;

// An object's place.
struct Place {
  std::string bucket;
  std::string name;
};

// "d1/<bucket>/<name>" and back. INVALID_ARGUMENT when `locator` is not of that form.
std::string LocatorOf(const Place& place);
absl::StatusOr<Place> ParseLocator(std::string_view locator);

// The place of an object in a pack.
struct PackedPlace {
  std::string pack;
  int64_t offset = 0;  // Below 4 GiB.
  std::string name;
};

// "p1/<pack>/<offset, 8 hexadecimal digits>.<name>" and back.
std::string PackedLocator(const PackedPlace& place);
absl::StatusOr<PackedPlace> ParsePackedLocator(std::string_view locator);
bool IsPackedLocator(std::string_view locator);

std::string BucketName(int64_t number);
bool IsBucketName(std::string_view name);
int64_t BucketNumber(std::string_view name);
std::string NewObjectName();
bool IsObjectName(std::string_view name);
// The name in `partials`: the hash of the upload id.
std::string PartialName(std::string_view upload_id);

// Paths below the store's directory.
class Layout {
 public:
  explicit Layout(std::string directory) : directory_(std::move(directory)) {}
  const std::string& directory() const { return directory_; }
  std::string Lock() const { return directory_ + "/lock"; }
  std::string Objects() const { return directory_ + "/objects"; }
  std::string Partials() const { return directory_ + "/partials"; }
  std::string Packs() const { return directory_ + "/packs"; }
  std::string Pack(const std::string& pack) const { return Packs() + "/" + pack; }
  std::string Bucket(const std::string& bucket) const { return Objects() + "/" + bucket; }
  std::string Object(const Place& place) const { return Bucket(place.bucket) + "/" + place.name; }
  std::string Record(const std::string& partial_name) const {
    return Partials() + "/" + partial_name;
  }

 private:
  std::string directory_;
};

}  // namespace tongjian::blob
