// Goal: whatever steps a gateway sends in whatever order, an upload is stored only whole and as
// announced, and a failure leaves the others alone. Method: the input is a list of steps (begin,
// chunk, finish, suspend, ask) on up to four uploads of an archive on SQLite and local files; a
// step's bytes say where it lies. What is stored is compared with what was announced.
#include <map>
#include <memory>

#include "common/base/check.h"
#include "common/security/digest.h"
#include "services/imaging/uploads.h"
#include "tests/fuzz/input.h"
#include "tests/unit/imaging/archive.h"

namespace tongjian::imaging {
namespace {

constexpr int kRunsPerArchive = 2000;  // Then a new one: the old one has grown.
constexpr int kStepsMax = 200;

struct Bench {
  Archive archive;
  UploadOptions options{.object_bytes_max = 1 << 16,
                        .chunk_bytes_max = 1 << 12,
                        .flush_bytes = 1 << 10,
                        .flush_interval = absl::Hours(1)};
  Uploads uploads{options, *archive.database, *archive.blobs, *archive.ingest, archive.clock};
  int runs = 0;
};

Bench& CurrentBench() {
  static std::unique_ptr<Bench> bench;
  if (bench == nullptr || ++bench->runs > kRunsPerArchive) {
    bench.reset();
    bench = std::make_unique<Bench>();
  }
  return *bench;
}

struct Sent {
  std::shared_ptr<Upload> upload;
  std::string object;
  int64_t size = 0;
  std::string digest;
};

class Run {
 public:
  Run(Bench& bench, fuzz::Input input) : bench_(bench), input_(input) {
    sender_ = "f" + std::to_string(bench.runs);
    ObjectSpec spec;
    spec.sop = "1.2.3." + sender_.substr(1);
    objects_.push_back(MakeObject(spec));
    spec.pixels = std::string(3000, 'y');
    objects_.push_back(MakeObject(spec));
    objects_.emplace_back("MZ no object at all");
  }

  void Play() {
    for (int i = 0; i < kStepsMax && !input_.empty(); ++i) Step();
    for (auto& [id, sent] : sent_) {
      if (sent.upload != nullptr) sent.upload->Suspend();
    }
  }

 private:
  void Step() {
    const uint8_t step = input_.Byte();
    Sent& sent = sent_[(step >> 4) % 4];
    switch (step & 7) {
      case 0:
        return Begin((step >> 4) % 4, sent);
      case 1:
      case 2:
      case 3:
        return Append(sent);
      case 4:
        return Finish(sent);
      case 5:
        if (sent.upload != nullptr) sent.upload->Suspend();
        return;
      default:
        return Ask((step >> 4) % 4);
    }
  }

  static std::string IdOf(int number) { return "upload-" + std::to_string(number); }

  void Begin(int number, Sent& sent) {
    const uint8_t how = input_.Byte();
    const size_t which = how & 3;
    sent.object =
        which < objects_.size() ? objects_[which] : std::string(input_.Take(input_.Short() % 8192));
    sent.size = static_cast<int64_t>(sent.object.size());
    sent.digest = security::Sha256Text(sent.object);
    UploadPlan plan;
    plan.sender = sender_;
    plan.upload_id = (how & 4) != 0 && (how & 8) != 0 ? std::string(input_.Take(8)) : IdOf(number);
    if ((how & 0x10) != 0) sent.size += static_cast<int8_t>(input_.Byte());
    if ((how & 0x60) == 0x60) sent.digest = std::string(input_.Take(input_.Byte() % 80));
    plan.size = sent.size;
    plan.digest = sent.digest;
    plan.arrival.facility_id = "f1";
    plan.arrival.receipt_time = bench_.archive.clock.Now();
    absl::StatusOr<Uploads::Begun> begun = bench_.uploads.Begin(std::move(plan));
    sent.upload = begun.ok() ? begun->upload : nullptr;
    if (!begun.ok() || sent.upload == nullptr) return;
    TJ_CHECK(sent.size > 0 && sent.size <= bench_.options.object_bytes_max);
    TJ_CHECK(sent.upload->committed_size() <= sent.upload->received_size());
  }

  void Append(Sent& sent) {
    if (sent.upload == nullptr) return;
    const uint8_t how = input_.Byte();
    const int64_t expected = sent.upload->received_size();
    const int64_t offset =
        (how & 0xC0) == 0xC0 ? expected + static_cast<int8_t>(input_.Byte()) : expected;
    const size_t length = input_.Short() % 5000;
    std::string data;
    if ((how & 0x30) == 0x30) {
      data = input_.Take(length);
    } else if (offset >= 0 && static_cast<size_t>(offset) < sent.object.size()) {
      data = sent.object.substr(static_cast<size_t>(offset), length);
    }
    const uint32_t crc = security::Crc32c(data) + ((how & 7) == 7 ? 1 : 0);
    const absl::Status taken = sent.upload->Append(offset, data, crc);
    TJ_CHECK(sent.upload->received_size() <= sent.size || !taken.ok());
    TJ_CHECK(sent.upload->committed_size() <= sent.upload->received_size());
    if (!taken.ok()) sent.upload.reset();
  }

  void Finish(Sent& sent) {
    if (sent.upload == nullptr) return;
    const absl::StatusOr<Stored> stored = sent.upload->Finish({});
    sent.upload.reset();
    if (!stored.ok()) return;
    // It was received as it was announced, and lies here as that.
    TJ_CHECK(static_cast<int64_t>(sent.object.size()) == sent.size || sent.size > 0);
    for (const Instance& instance :
         bench_.archive.Instances(bench_.archive.Get(stored->study_id))) {
      if (instance.sop_instance_uid != stored->sop_instance_uid) continue;
      const std::string content = bench_.archive.Content(instance.locator);
      TJ_CHECK(security::Sha256Text(content) == instance.digest);
      TJ_CHECK(stored->outcome != StoreOutcome::kStored || instance.digest == sent.digest);
    }
  }

  void Ask(int number) {
    const auto progress = bench_.uploads.Progress(sender_, IdOf(number));
    TJ_CHECK(!progress.ok() || progress->committed_size <= progress->received_size);
  }

  Bench& bench_;
  fuzz::Input input_;
  std::string sender_;
  std::vector<std::string> objects_;
  std::map<int, Sent> sent_;
};

}  // namespace
}  // namespace tongjian::imaging

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace imaging = tongjian::imaging;
  imaging::Run(imaging::CurrentBench(), tongjian::fuzz::Input(data, size)).Play();
  return 0;
}
