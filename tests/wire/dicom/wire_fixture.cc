#include "tests/wire/dicom/wire_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "common/dicom/match.h"
#include "common/dicom/part10.h"
#include "common/dicom/uid.h"

extern char** environ;

namespace tongjian::dicom {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

}  // namespace

bool HasTool(const std::string& name) { return std::filesystem::exists("/usr/bin/" + name); }

ToolResult RunTool(const std::vector<std::string>& argv) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::string nodelay = "TCP_NODELAY=1";
  std::vector<char*> environment = {nodelay.data()};
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  environment.push_back(nullptr);
  int out[2];
  if (pipe2(out, O_CLOEXEC) != 0) return {};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, out[1], 2);
  pid_t pid = 0;
  const int failed =
      posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  ToolResult result;
  char buffer[4096];
  for (ssize_t got; (got = read(out[0], buffer, sizeof buffer)) > 0;)
    result.output.append(buffer, got);
  close(out[0]);
  int status = 0;
  if (failed == 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status))
    result.exit_code = WEXITSTATUS(status);
  return result;
}

// ---- Handlers ----

class MemoryStore::Sink : public StoreSink {
 public:
  Sink(MemoryStore& store, StoredFile file) : store_(store), file_(std::move(file)) {}
  absl::Status Append(std::string_view bytes) override {
    file_.bytes.append(bytes);
    return store_.append_status;
  }
  absl::Status Finish(const Header& header) override {
    if (store_.before_finish) store_.before_finish();
    const std::lock_guard<std::mutex> lock(store_.mutex_);
    if (!store_.finish_status.ok()) return store_.finish_status;
    file_.header = header;
    store_.files_.push_back(std::move(file_));
    return absl::OkStatus();
  }
  void Abandon() override {
    const std::lock_guard<std::mutex> lock(store_.mutex_);
    ++store_.abandoned_;
    store_.changed_.notify_all();
  }

 private:
  MemoryStore& store_;
  StoredFile file_;
};

absl::StatusOr<std::unique_ptr<StoreSink>> MemoryStore::Begin(const AssociationInfo& info,
                                                              const StoreRequest& request) {
  if (!begin_status.ok()) return begin_status;
  return std::make_unique<Sink>(*this, StoredFile{request, info, "", {}});
}

std::vector<StoredFile> MemoryStore::files() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return files_;
}

int MemoryStore::abandoned() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return abandoned_;
}

bool MemoryStore::AwaitAbandoned(int count) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return abandoned_ >= count; });
}

absl::Status MemoryWorklist::Find(const AssociationInfo&, const FindRequest& request,
                                  FindResponder& responder) {
  last = request;
  for (int64_t i = 0; i < endless; ++i) {
    TJ_TRY(responder.Send(Project(request.identifier, entries.front())));
    ++sent;
  }
  for (const Dataset& entry : entries) {
    if (endless == 0 && Matches(request.identifier, entry))
      TJ_TRY(responder.Send(Project(request.identifier, entry)));
  }
  return absl::OkStatus();
}

// ---- Listener ----

ListenerTest::ListenerTest() {
  options_.endpoints.emplace_back();
  options_.endpoints.front().port = 0;
  options_.observe = [this](std::string_view event, const AssociationInfo&,
                            std::string_view detail) {
    const std::lock_guard<std::mutex> lock(mutex_);
    events_[std::string(event)].emplace_back(detail);
    changed_.notify_all();
  };
}

void ListenerTest::Start() {
  listener_ = std::make_unique<Listener>(options_);
  listener_->OnStore(store_);
  listener_->OnFind(uids::kModalityWorklistFind, worklist_);
  listener_->OnFind(uids::kStudyRootFind, worklist_);
  const absl::Status status = listener_->Start();
  ASSERT_TRUE(status.ok()) << status;
}

ToolResult ListenerTest::Tool(std::vector<std::string> argv) {
  argv.insert(argv.begin() + 1, {"127.0.0.1", Port()});
  return RunTool(argv);
}

bool ListenerTest::AwaitEvent(const std::string& event, int count) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, kPatience,
                           [&] { return static_cast<int>(events_[event].size()) >= count; });
}

std::string ListenerTest::LastDetail(const std::string& event) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return events_[event].empty() ? "" : events_[event].back();
}

// ---- Raw peer ----

RawPeer::RawPeer(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

RawPeer::~RawPeer() { close(fd_); }

bool RawPeer::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

std::string RawPeer::Read(size_t size) {
  std::string bytes;
  char buffer[4096];
  while (bytes.size() < size) {
    pollfd polled = {fd_, POLLIN, 0};
    if (poll(&polled, 1, 10000) <= 0) break;
    const ssize_t got = recv(fd_, buffer, std::min(sizeof buffer, size - bytes.size()), 0);
    if (got <= 0) break;
    bytes.append(buffer, static_cast<size_t>(got));
  }
  return bytes;
}

std::string RawPeer::ReadToEnd(int seconds) {
  std::string bytes;
  char buffer[4096];
  for (;;) {
    pollfd polled = {fd_, POLLIN, 0};
    if (poll(&polled, 1, seconds * 1000) <= 0) {
      ADD_FAILURE() << "the connection stayed open";
      return bytes;
    }
    const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(got));
  }
}

std::string BigEndian(uint32_t number, int size) {
  std::string bytes;
  for (int i = size - 1; i >= 0; --i) bytes.push_back(static_cast<char>(number >> (8 * i) & 0xFF));
  return bytes;
}

namespace {

std::string Item(uint8_t type, const std::string& value) {
  return std::string(1, static_cast<char>(type)) + '\0' +
         BigEndian(static_cast<uint32_t>(value.size()), 2) + value;
}

std::string Context(uint8_t id, std::string_view abstract) {
  return Item(0x20, std::string(1, static_cast<char>(id)) + std::string(3, '\0') +
                        Item(0x30, std::string(abstract)) +
                        Item(0x40, std::string(uids::kImplicitLittleEndian)));
}

}  // namespace

std::string AssociateRequestPdu(std::string called, std::string calling) {
  called.resize(16, ' ');
  calling.resize(16, ' ');
  const std::string body = BigEndian(1, 2) + std::string(2, '\0') + called + calling +
                           std::string(32, '\0') + Item(0x10, "1.2.840.10008.3.1.1.1") +
                           Context(1, uids::kVerification) +
                           Context(3, "1.2.840.10008.5.1.4.1.1.2") +
                           Item(0x50, Item(0x51, BigEndian(16384, 4)) + Item(0x52, "1.2.3.4"));
  return std::string("\1\0", 2) + BigEndian(static_cast<uint32_t>(body.size()), 4) + body;
}

std::string DataPdu(uint8_t context, uint8_t control, std::string_view bytes) {
  const std::string pdv = BigEndian(static_cast<uint32_t>(bytes.size() + 2), 4) +
                          static_cast<char>(context) + static_cast<char>(control) +
                          std::string(bytes);
  return std::string("\4\0", 2) + BigEndian(static_cast<uint32_t>(pdv.size()), 4) + pdv;
}

std::string MakeObject(std::string_view syntax, std::string_view sop_instance, size_t pixel_bytes) {
  Dataset object;
  object.Set(tags::kSopClassUid, "1.2.840.10008.5.1.4.1.1.2");
  object.Set(tags::kSopInstanceUid, sop_instance);
  object.Set(tags::kStudyInstanceUid, "1.2.3.1");
  object.Set(tags::kSeriesInstanceUid, "1.2.3.2");
  object.Set(tags::kPatientName, "WANG^XIAODONG=王^小东");
  object.SetElement(tags::kPixelData, {"OW", {std::string(pixel_bytes, '\x5A')}, {}});
  const bool plain = !IsEncapsulated(syntax);
  auto bytes =
      WriteDataset(object, plain ? syntax : uids::kExplicitLittleEndian, CharacterSet("GB18030"));
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return WriteMetaHeader(
             {"1.2.840.10008.5.1.4.1.1.2", std::string(sop_instance), std::string(syntax), ""}) +
         *bytes;
}

}  // namespace tongjian::dicom
