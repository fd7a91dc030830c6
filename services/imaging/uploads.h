// Objects that gateways bring in chunks: resumable, and safe once they are done.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/blob/store.h"
#include "common/dicom/scan.h"
#include "services/imaging/conflict_store.h"
#include "services/imaging/ingest.h"
#include "services/imaging/object_scan.h"

namespace tongjian::imaging {

struct UploadOptions {
  int64_t object_bytes_max = int64_t{4} << 30;
  int64_t chunk_bytes_max = 1 << 20;
  // An upload is made durable, and the sender told, after so many bytes or so long since the last
  // time, at a chunk's end.
  int64_t flush_bytes = 4 << 20;
  absl::Duration flush_interval = absl::Seconds(1);
};

// What a sender announces. `arrival` has everything but header, receipt and digest.
struct UploadPlan {
  std::string sender;  // The facility that sends: upload ids are its own.
  std::string upload_id;
  int64_t size = 0;
  std::string digest;  // "sha256:<hex>"
  Arrival arrival;
};

// One object on its way. Calls come one at a time, except Suspend and committed_size. After a
// failure it takes nothing more.
class Upload {
 public:
  Upload(UploadPlan plan, const UploadOptions& options, std::unique_ptr<blob::Writer> writer,
         Ingest& ingest, blob::Store& blobs, const base::Clock& clock);

  const UploadPlan& plan() const { return plan_; }
  int64_t committed_size() const { return committed_size_; }
  // What has come, durable or not.
  int64_t received_size() const { return received_size_; }

  // Takes a chunk, and makes what has come durable when that is due. ABORTED (CONTENT_MISMATCH) for
  // a wrong checksum or a gap: the sender begins again at the committed size. INVALID_ARGUMENT
  // (MALFORMED_OBJECT) when it is no readable DICOM: nothing of it is kept. ABORTED when another
  // stream has taken the upload over.
  absl::Status Append(int64_t offset, std::string_view data, uint32_t crc32c);

  // Makes object and rows durable. ABORTED (CONTENT_MISMATCH) when size or digest differ: nothing
  // of it is kept.
  absl::StatusOr<Stored> Finish(const Ingest::Also& also);

  // The stream is over, or another one goes on with it: what came is made durable for the next try.
  // Waits for a call that runs.
  void Suspend();

 private:
  absl::Status CheckChunk(int64_t offset, std::string_view data, uint32_t crc32c) const;
  absl::StatusOr<WrittenObject> Commit();
  absl::Status Fail(absl::Status status);
  absl::Status Flush();

  const UploadPlan plan_;
  const UploadOptions& options_;
  Ingest& ingest_;
  blob::Store& blobs_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::unique_ptr<blob::Writer> writer_;  // Null once finished, failed or yielded.
  bool resumed_ = false;                  // Its first bytes came before: it is scanned at the end.
  dicom::FileScanner scanner_;
  std::atomic<int64_t> committed_size_ = 0;
  std::atomic<int64_t> received_size_ = 0;
  absl::Duration flushed_at_;
};

// How far an upload is, for a sender that asks.
struct UploadProgress {
  int64_t committed_size = 0;
  int64_t received_size = 0;
  std::optional<FinishedUpload> finished;
};

// Uploads in progress and done, keyed by sender and upload id. Safe for concurrent use; what it is
// given must outlive it.
class Uploads {
 public:
  Uploads(UploadOptions options, store::Database& database, blob::Store& blobs, Ingest& ingest,
          const base::Clock& clock);

  struct Begun {
    std::shared_ptr<Upload> upload;          // Null when it is stored already:
    std::optional<FinishedUpload> finished;  // as this.
  };
  // INVALID_ARGUMENT for a plan that breaks a limit. A stream that still has the upload loses it to
  // this one.
  absl::StatusOr<Begun> Begin(UploadPlan plan);
  absl::StatusOr<UploadProgress> Progress(std::string_view sender, std::string_view upload_id);

  const UploadOptions& options() const { return options_; }

 private:
  absl::StatusOr<std::optional<FinishedUpload>> Finished(std::string_view sender,
                                                         std::string_view upload_id);
  std::shared_ptr<Upload> Active(const std::string& key);

  const UploadOptions options_;
  store::Database& database_;
  blob::Store& blobs_;
  Ingest& ingest_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<Upload>> active_;
};

}  // namespace tongjian::imaging
