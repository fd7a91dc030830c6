// A listener with handlers that remember, and the DCMTK tools to call it with.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/dicom/dataset.h"
#include "common/dicom/listener.h"
#include "common/dicom/scan.h"

namespace tongjian::dicom {

struct ToolResult {
  int exit_code = -1;
  std::string output;
};

// Runs `argv` with TCP_NODELAY=1 and without a shell; gives what it wrote to both outputs.
ToolResult RunTool(const std::vector<std::string>& argv);
bool HasTool(const std::string& name);

struct StoredFile {
  StoreRequest request;
  AssociationInfo info;
  std::string bytes;
  Header header;
};

// Keeps objects in memory.
class MemoryStore : public StoreHandler {
 public:
  absl::StatusOr<std::unique_ptr<StoreSink>> Begin(const AssociationInfo& info,
                                                   const StoreRequest& request) override;

  std::vector<StoredFile> files() const;
  int abandoned() const;
  bool AwaitAbandoned(int count);

  absl::Status begin_status, append_status, finish_status;
  std::function<void()> before_finish;

 private:
  class Sink;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<StoredFile> files_;
  int abandoned_ = 0;
};

// Answers with the entries that match.
class MemoryWorklist : public FindHandler {
 public:
  absl::Status Find(const AssociationInfo& info, const FindRequest& request,
                    FindResponder& responder) override;

  std::vector<Dataset> entries;
  FindRequest last;
  int64_t endless = 0;  // Answers the first entry this often.
  int64_t sent = 0;
};

class ListenerTest : public testing::Test {
 protected:
  ListenerTest();
  // Starts with options_; register before.
  void Start();
  std::string Port() const { return std::to_string(listener_->port()); }
  ToolResult Tool(std::vector<std::string> argv);  // Appends "127.0.0.1" and the port.
  // Waits until `event` has been observed that often.
  bool AwaitEvent(const std::string& event, int count = 1);
  std::string LastDetail(const std::string& event);

  ListenerOptions options_;
  MemoryStore store_;
  MemoryWorklist worklist_;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::vector<std::string>> events_;

 protected:
  std::unique_ptr<Listener> listener_;  // The last member: its threads use the others.
};

// A bare TCP connection to send what no toolkit would.
class RawPeer {
 public:
  explicit RawPeer(uint16_t port);
  ~RawPeer();
  bool Send(std::string_view bytes);
  // Reads until the other side closes or `seconds` pass; gives what came.
  std::string ReadToEnd(int seconds = 10);
  // At least `size` bytes, fewer at the end.
  std::string Read(size_t size);

 private:
  int fd_;
};

// A valid A-ASSOCIATE-RQ for verification and CT storage (implicit little endian).
std::string AssociateRequestPdu(std::string called = "TONGJIAN", std::string calling = "TEST");
// One PDV in one P-DATA-TF.
std::string DataPdu(uint8_t context, uint8_t control, std::string_view bytes);

// A small valid CT object of `syntax` in a Part 10 file.
std::string MakeObject(std::string_view syntax, std::string_view sop_instance,
                       size_t pixel_bytes = 1000);
std::string BigEndian(uint32_t number, int size);

}  // namespace tongjian::dicom
