// Objects sent by DCMTK's storescu and by our own requester arrive with every byte as it was.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "common/dicom/scu.h"
#include "common/dicom/uid.h"
#include "tests/unit/dicom/test_data.h"
#include "tests/wire/dicom/wire_fixture.h"

namespace tongjian::dicom {
namespace {

namespace fs = std::filesystem;

class Storage : public ListenerTest {
 protected:
  Storage() : folder_(fs::temp_directory_path() / ("tj-dicom-" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~Storage() override { fs::remove_all(folder_); }

  fs::path Write(const std::string& name, std::string_view bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }

  const fs::path folder_;
};

std::string DatasetOf(std::string_view file) {
  FileScanner scanner;
  EXPECT_TRUE(scanner.Push(file).ok());
  EXPECT_TRUE(scanner.Finish().ok()) << scanner.Finish();
  return std::string(file.substr(scanner.header().dataset_offset));
}

TEST_F(Storage, AnswersEcho) {
  Start();
  EXPECT_EQ(Tool({"echoscu"}).exit_code, 0);
  EXPECT_TRUE(AwaitEvent("released"));
  EXPECT_EQ(listener_->counts().accepted, 1);
}

TEST_F(Storage, KeepsEveryByteInEverySyntax) {
  Start();
  const std::pair<std::string_view, const char*> syntaxes[] = {{uids::kImplicitLittleEndian, "-xi"},
                                                               {uids::kExplicitLittleEndian, "-xe"},
                                                               {uids::kExplicitBigEndian, "-xb"}};
  size_t sent = 0;
  for (const auto& [syntax, option] : syntaxes) {
    const std::string file = MakeObject(syntax, "1.2.3.9." + std::to_string(sent), 300001);
    const ToolResult result = Tool({"storescu", option, Write("object.dcm", file)});
    ASSERT_EQ(result.exit_code, 0) << result.output;
    ASSERT_EQ(store_.files().size(), ++sent);
    const StoredFile stored = store_.files().back();
    EXPECT_EQ(stored.request.transfer_syntax_uid, syntax);
    EXPECT_EQ(DatasetOf(stored.bytes), DatasetOf(file)) << syntax;
    EXPECT_EQ(stored.header.Text(tags::kPatientName), "WANG^XIAODONG=王^小东");
    EXPECT_EQ(stored.header.charset_label, "GB18030");
  }
}

std::string PixelsOf(std::string_view file, const Header& header) {
  if (!header.pixels) return "";
  return std::string(
      file.substr(header.dataset_offset + header.pixels->offset, header.pixels->length));
}

TEST_F(Storage, TakesCompressedFilesUntouched) {
  const fs::path root = "/usr/lib/python3/dist-packages/pydicom/data/test_files";
  TJ_NEEDS(root);
  Start();
  size_t sent = 0;
  for (const auto& [name, option] : std::map<std::string, std::string>{
           {"JPEG2000.dcm", "-xw"}, {"JPEG-lossy.dcm", "-xx"}, {"MR_small_RLE.dcm", "-xr"}}) {
    if (!fs::exists(root / name)) continue;
    const ToolResult result = Tool({"storescu", option, root / name});
    ASSERT_EQ(result.exit_code, 0) << name << result.output;
    ASSERT_EQ(store_.files().size(), ++sent) << name;
    const StoredFile stored = store_.files().back();
    const auto original = ScanFile(root / name);
    const auto received = ScanFile(Write("received.dcm", stored.bytes));
    ASSERT_TRUE(received.ok()) << received.status();
    EXPECT_EQ(received->transfer_syntax_uid, original->transfer_syntax_uid);
    // The tool writes sequences anew, so the pixels are what can be compared.
    EXPECT_TRUE(PixelsOf(stored.bytes, *received) == PixelsOf(ReadFile(root / name), *original))
        << name;
  }
  EXPECT_GE(sent, 2u);
}

TEST_F(Storage, KeepsRealFilesToTheLastByte) {
  const fs::path root = "/usr/lib/python3/dist-packages/pydicom/data/test_files";
  TJ_NEEDS(root);
  Start();
  int same = 0;
  std::set<std::string> syntaxes;
  for (const auto& entry : fs::directory_iterator(root)) {
    auto object = ObjectFromFile(entry.path());
    if (!object.ok() || !ValidUid(object->sop_class_uid) || !IsStorageClass(object->sop_class_uid))
      continue;
    ScuOptions options;
    options.host = "127.0.0.1";
    options.port = listener_->port();
    auto scu = Scu::Open(options, ContextsFor({*object}));
    ASSERT_TRUE(scu.ok()) << scu.status();
    const auto outcome = (*scu)->Store(*object);
    ASSERT_TRUE(outcome.ok()) << entry.path() << outcome.status();
    if (!outcome->stored()) continue;
    ASSERT_TRUE(DatasetOf(store_.files().back().bytes) == DatasetOf(ReadFile(entry.path())))
        << entry.path();
    syntaxes.insert(object->transfer_syntax_uid);
    ++same;
  }
  EXPECT_GT(same, 40);
  EXPECT_GE(syntaxes.size(), 8u);
}

TEST_F(Storage, TakesWhatOurRequesterSends) {
  Start();
  for (const size_t pixels :
       {size_t{0}, size_t{1}, size_t{131059}, size_t{262144}, size_t{3000000}}) {
    const std::string file =
        MakeObject("1.2.840.10008.1.2.4.70", "1.2.3.9." + std::to_string(pixels), pixels);
    const auto object = ObjectFromFile(Write("object.dcm", file));
    ASSERT_TRUE(object.ok()) << object.status();
    ScuOptions options;
    options.host = "127.0.0.1";
    options.port = listener_->port();
    auto scu = Scu::Open(options, ContextsFor({*object}));
    ASSERT_TRUE(scu.ok()) << scu.status();
    const auto outcome = (*scu)->Store(*object);
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_TRUE(outcome->stored()) << outcome->comment;
    EXPECT_EQ(DatasetOf(store_.files().back().bytes), DatasetOf(file));
  }
}

TEST_F(Storage, TakesUnknownAndPrivateClasses) {
  Start();
  ScuOptions options;
  options.host = "127.0.0.1";
  options.port = listener_->port();
  const std::string syntax(uids::kExplicitLittleEndian);
  auto scu = Scu::Open(options, {{"1.2.840.10008.5.1.4.1.1.9999", {syntax}},
                                 {"1.3.46.670589.5.0.1", {"1.2.840.10008.1.2.4.203"}},
                                 {"1.2.840.10008.5.1.4.1.2.1.1", {syntax}}});
  ASSERT_TRUE(scu.ok()) << scu.status();
  EXPECT_TRUE((*scu)->Accepts("1.2.840.10008.5.1.4.1.1.9999", syntax));
  EXPECT_TRUE((*scu)->Accepts("1.3.46.670589.5.0.1", "1.2.840.10008.1.2.4.203"));
  EXPECT_FALSE((*scu)->Accepts("1.2.840.10008.5.1.4.1.2.1.1", syntax));
}

class Refusals : public Storage {
 protected:
  // Sends one good object under `class_uid` and `instance_uid`.
  StoreOutcome Send(const std::string& file, const std::string& instance = "1.2.3.9",
                    const std::string& sop_class = "1.2.840.10008.5.1.4.1.1.2") {
    auto object = ObjectFromFile(Write("object.dcm", file));
    EXPECT_TRUE(object.ok()) << object.status();
    object->sop_instance_uid = instance;
    object->sop_class_uid = sop_class;
    ScuOptions options;
    options.host = "127.0.0.1";
    options.port = listener_->port();
    auto scu = Scu::Open(options, ContextsFor({*object}));
    EXPECT_TRUE(scu.ok()) << scu.status();
    auto outcome = (*scu)->Store(*object);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    const auto again = (*scu)->Store(*object);  // The association is good for more.
    EXPECT_TRUE(again.ok()) << again.status();
    return outcome.ok() ? *outcome : StoreOutcome{};
  }
  const std::string file_ = MakeObject(uids::kExplicitLittleEndian, "1.2.3.9", 200000);
};

TEST_F(Refusals, MapHandlerErrorsToStatuses) {
  Start();
  store_.finish_status = absl::ResourceExhaustedError("disk is full");
  EXPECT_EQ(Send(file_).status, 0xA700);
  EXPECT_EQ(Send(file_).comment, "disk is full");
  store_.finish_status = absl::InternalError("row");
  EXPECT_EQ(Send(file_).status, 0x0110);
  store_.finish_status = absl::PermissionDeniedError("no device");
  EXPECT_EQ(Send(file_).status, 0x0124);
  store_.finish_status = absl::OkStatus();
  store_.append_status = absl::ResourceExhaustedError("disk is full");
  EXPECT_EQ(Send(file_).status, 0xA700);
  store_.append_status = absl::OkStatus();
  store_.begin_status = absl::UnavailableError("read only");
  EXPECT_EQ(Send(file_).status, 0x0110);
  EXPECT_TRUE(store_.files().empty());
}

TEST_F(Refusals, FollowFromUidsThatDisagree) {
  Start();
  EXPECT_EQ(Send(file_, "1.2.3.10").status, 0xA900);
  EXPECT_EQ(Send(file_, "1.2.3.9", "1.2.840.10008.5.1.4.1.1.4").status, 0xA900);
  EXPECT_TRUE(store_.files().empty());
  EXPECT_EQ(store_.abandoned(), 4);
}

TEST_F(Refusals, FollowFromUidsThatArePaths) {
  Start();
  EXPECT_EQ(Send(file_, "../../etc/passwd").status, 0xC000);
  EXPECT_EQ(Send(file_, "..").status, 0xC000);
  EXPECT_EQ(Send(file_, "").status, 0xC000);
  EXPECT_TRUE(store_.files().empty());
}

TEST_F(Refusals, FollowFromHostileFiles) {
  const fs::path root = TestData() / "dicom/derived/crafted";
  TJ_NEEDS(root);
  Start();
  const auto header = ScanFile((root / "nest_00063.dcm").string());
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(Send(ReadFile(root / "nest_00063.dcm"), header->Text(tags::kSopInstanceUid),
                 header->Text(tags::kSopClassUid))
                .status,
            0);
  // Its own scan refuses the deep one, so the parts are put together by hand.
  const std::string deep = ReadFile(root / "nest_01000.dcm");
  StoredObject object;
  object.sop_class_uid = header->Text(tags::kSopClassUid);
  object.sop_instance_uid = "1.2.3.4";
  object.transfer_syntax_uid = header->transfer_syntax_uid;
  const fs::path path = Write("deep.dcm", deep);
  const auto good = ObjectFromFile(Write("good.dcm", file_));
  ASSERT_TRUE(good.ok());
  object.open = [&]() -> absl::StatusOr<std::unique_ptr<ObjectSource>> {
    class Source : public ObjectSource {
     public:
      explicit Source(const std::string& bytes) : rest_(bytes) {}
      absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
        const size_t take = rest_.copy(buffer, size);
        rest_.remove_prefix(take);
        return take;
      }
      std::string_view rest_;
    };
    return std::make_unique<Source>(deep);
  };
  ScuOptions options;
  options.host = "127.0.0.1";
  options.port = listener_->port();
  auto scu = Scu::Open(options, ContextsFor({object}));
  ASSERT_TRUE(scu.ok());
  const auto outcome = (*scu)->Store(object);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->status, 0xC000);
}

TEST_F(Storage, AnswersOnlyAfterFinish) {
  std::mutex mutex;
  std::condition_variable changed;
  bool release = false;
  store_.before_finish = [&] {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return release; });
  };
  Start();
  RawPeer peer(listener_->port());
  ASSERT_TRUE(peer.Send(AssociateRequestPdu()));
  const std::string head = peer.Read(6);
  peer.Read(static_cast<unsigned char>(head[4]) * 256u + static_cast<unsigned char>(head[5]));
  Dataset fields;
  fields.Set(0x00000002, "1.2.840.10008.5.1.4.1.1.2");
  fields.Set(0x00000100, "1");
  fields.Set(0x00000110, "7");
  fields.Set(0x00000800, "1");
  fields.Set(0x00001000, "1.2.3.9");
  peer.Send(DataPdu(3, 3, *WriteDataset(fields, uids::kImplicitLittleEndian, CharacterSet())));
  peer.Send(DataPdu(3, 2, DatasetOf(MakeObject(uids::kImplicitLittleEndian, "1.2.3.9", 100))));
  EXPECT_TRUE(store_.files().empty());
  {
    const std::lock_guard<std::mutex> lock(mutex);
    release = true;
  }
  changed.notify_all();
  EXPECT_EQ(peer.Read(6).substr(0, 1), "\4");
  EXPECT_EQ(store_.files().size(), 1u);
}

TEST_F(Storage, IsFastOverManySmallObjects) {
  Start();
  const fs::path many = folder_ / "many";
  fs::create_directories(many);
  for (int i = 0; i < 300; ++i) {
    std::ofstream(many / std::to_string(i), std::ios::binary)
        << MakeObject(uids::kExplicitLittleEndian, "1.2.3.9." + std::to_string(i), 38000);
  }
  const auto begin = std::chrono::steady_clock::now();
  const ToolResult result = Tool({"storescu", "-xe", "+sd", many});
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_EQ(store_.files().size(), 300u);
  std::cout << 300 / seconds << " objects a second\n";
  EXPECT_LT(seconds, 12);  // With delayed acknowledgements it would be 300 * 40 ms and more.
}

}  // namespace
}  // namespace tongjian::dicom
