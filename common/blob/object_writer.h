// Writes one object: into its own file (temp in the same directory, sync, rename, sync the
// directory), or, when it is small, into a pack.
#pragma once

#include <memory>
#include <string>

#include "common/blob/buffer.h"
#include "common/blob/core.h"
#include "common/blob/footer.h"
#include "common/blob/partial_record.h"

namespace tongjian::blob {

class ObjectWriter : public Writer {
 public:
  // Begins an object at `place`; a partial when `upload` is a claimed record name.
  static absl::StatusOr<std::unique_ptr<Writer>> Begin(Core& core, const Place& place,
                                                       std::optional<Claims::Claim> upload);
  // Goes on after `state`, whose bytes are read again for their hash. NOT_FOUND when the file is
  // gone, DATA_LOSS when its bytes are not those of `state`; `upload` is taken only on success.
  static absl::StatusOr<std::unique_ptr<Writer>> Resume(Core& core, const PartialState& state,
                                                        Claims::Claim* upload);
  ~ObjectWriter() override;

  absl::Status Append(std::string_view bytes) override;
  int64_t size() const override { return content_.size(); }
  absl::Status Flush() override;
  int64_t committed_size() const override { return committed_size_; }
  absl::StatusOr<Receipt> Commit(std::string_view expected_sha256) override;
  absl::Status Discard() override;

 private:
  ObjectWriter(Core& core, const Place& place, Claims::Claim file_claim);
  std::string UnfinishedPath() const;
  absl::Status Load(const PartialState& state);
  // Each of these on failure leaves the writer of no more use.
  absl::Status Put(std::string_view bytes);
  absl::Status WriteOut(std::string_view bytes);
  absl::Status FlushPartial();
  absl::Status OpenFile();
  absl::Status WriteBuffer();
  void ClearBuffer();
  std::string_view Buffered() const;
  absl::StatusOr<Receipt> Finish(const Footer& footer, Receipt receipt);
  absl::StatusOr<Receipt> FinishPacked(const Footer& footer, Receipt receipt);
  bool MayBePacked() const;
  absl::Status Broken(absl::Status status);

  Core& core_;
  const Place place_;
  const Claims::Claim file_claim_;
  std::optional<Claims::Claim> upload_;  // Partials, until done: the record's name.
  std::unique_ptr<File> file_;             // Opened with the first bytes that go to it.
  std::unique_ptr<PartialRecord> record_;  // Once something was flushed.
  FooterBuilder content_;
  Buffer buffer_;  // Behind kRecordHeadSize bytes of room, should it become a pack's record.
  int64_t written_ = 0;  // Bytes in the file; the buffer goes behind them.
  int64_t committed_size_ = 0;
  bool done_ = false;  // Committed or discarded.
  absl::Status broken_;
};

}  // namespace tongjian::blob
