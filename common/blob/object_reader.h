// Reads one object's file and verifies all of it.
#pragma once

#include <memory>
#include <string>

#include "common/blob/files.h"
#include "common/blob/footer.h"
#include "common/blob/store.h"

namespace tongjian::blob {

class ObjectReader : public Reader {
 public:
  // `file`: content and footer. DATA_LOSS when its end is damaged.
  static absl::StatusOr<std::unique_ptr<Reader>> Open(std::unique_ptr<File> file,
                                                      std::string_view locator);
  // NOT_FOUND when there is no file at `path`.
  static absl::StatusOr<std::unique_ptr<Reader>> Open(Files& files, const std::string& path,
                                                      std::string_view locator);

  const Receipt& receipt() const override { return receipt_; }
  absl::StatusOr<std::string> Read(int64_t offset, size_t n) override;
  absl::StatusOr<std::string> Next(size_t n) override;

 private:
  ObjectReader(std::unique_ptr<File> file, Footer footer, Receipt receipt)
      : file_(std::move(file)), footer_(std::move(footer)), receipt_(std::move(receipt)) {}
  // Makes block_ the verified bytes of that block.
  absl::Status LoadBlock(int64_t index);
  absl::Status VerifyHash();

  const std::unique_ptr<File> file_;
  const Footer footer_;
  const Receipt receipt_;
  int64_t block_index_ = -1;
  std::string block_;
  int64_t next_ = 0;
  Sha256 hash_;  // Of the bytes before next_.
};

}  // namespace tongjian::blob
