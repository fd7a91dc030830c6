// tongjian audit: the trail, read on the hub's own files.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/config/settings.h"
#include "common/runtime/layout.h"
#include "common/security/signature.h"
#include "services/audit/encode.h"
#include "services/audit/heads.h"
#include "services/audit/schema.h"
#include "services/audit/trail_store.h"
#include "services/audit/verify.h"
#include "services/tongjian/command.h"
#include "services/tongjian/ctl_fill.h"
#include "services/tongjian/ctl_print.h"
#include "services/tongjian/printable.h"
#include "services/tongjian/report.h"
#include "tongjian/edge/v1/edge.pb.h"

namespace tongjian::program {
namespace {

constexpr int64_t kPage = 500;

constexpr char kUsage[] =
    "usage: tongjian audit verify --state DIR [--against FILE]     walk the chain, list every "
    "fault;\n"
    "                                                              FILE: signed heads kept "
    "elsewhere, as\n"
    "                                                              head and ctl --json edge heads "
    "print them\n"
    "       tongjian audit head   --state DIR                      the newest signed head, to keep "
    "elsewhere\n"
    "       tongjian audit export --state DIR --patient ID         a patient's entries, one JSON "
    "object a line\n\n"
    "Works on the files of a hub that runs or is stopped; a running hub answers the same by\n"
    "tongjian ctl audit, which leaves its own entry in the trail.\n";

struct Options {
  std::string state;
  std::string keys;
  std::string against;
  std::string patient;
};

// The trail of a state directory. Members in the order of use.
struct Trail {
  base::SystemClock clock;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<audit::TrailStore> store;
  std::unique_ptr<security::Signer> signer;
  std::unique_ptr<audit::Heads> heads;
};

absl::StatusOr<std::unique_ptr<Trail>> OpenTrail(const Options& options) {
  const std::string file = runtime::DatabaseFile(options.state, "audit");
  if (std::error_code error; !std::filesystem::exists(file, error)) {
    return base::NotFound(absl::StrCat(
        file, " (is --state the hub's? where records are in PostgreSQL: tongjian ctl audit)"));
  }
  auto trail = std::make_unique<Trail>();
  TJ_ASSIGN_OR_RETURN(
      trail->database,
      store::Database::Open(
          {.url = "sqlite:" + file, .name = "audit", .migrations = audit::Schema()}, trail->clock));
  trail->store = std::make_unique<audit::TrailStore>(*trail->database);
  const std::string keys =
      options.keys.empty() ? runtime::KeysDirectory(options.state) : options.keys;
  TJ_ASSIGN_OR_RETURN(
      trail->signer, security::OpenBuiltInSigner({.private_key = keys + "/signing.key",
                                                  .certificate = keys + "/signing.pem",
                                                  .authorities = keys + "/signing-authorities.pem"},
                                                 trail->clock));
  trail->heads = std::make_unique<audit::Heads>(
      *trail->store, *trail->signer,
      absl::StrCat(runtime::ServiceDirectory(options.state, "audit"), "/heads.log"));
  return trail;
}

absl::Status AddHead(const audit::v1::SignedHead& message, std::vector<audit::Head>& heads) {
  TJ_ASSIGN_OR_RETURN(audit::Head head, audit::Decode(message));
  heads.push_back(std::move(head));
  return absl::OkStatus();
}

// One head, what ctl edge heads answers, or lines of heads.log; a file without any head is refused:
// it would seem to prove something.
absl::StatusOr<std::vector<audit::Head>> KnownHeads(const std::string& path) {
  std::vector<audit::Head> heads;
  if (path.empty()) return heads;
  std::ifstream file(path);
  if (!file) return base::NotFound(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  audit::v1::SignedHead one;
  edge::v1::ListTrailHeadsResponse several;
  if (text.find_first_not_of(" \t\r\n") == text.find('{')) {
    if (MergeJson(one, text).ok()) {
      TJ_TRY(AddHead(one, heads));
    } else {
      TJ_TRY(MergeJson(several, text));
      for (const audit::v1::SignedHead& head : several.heads()) TJ_TRY(AddHead(head, heads));
    }
  } else {
    TJ_ASSIGN_OR_RETURN(heads, audit::ReadHeads(path));
  }
  if (heads.empty()) return absl::InvalidArgumentError(absl::StrCat(path, " holds no signed head"));
  return heads;
}

// Says on a terminal how far a long walk is.
class Walked {
 public:
  explicit Walked(int64_t all) : all_(all), shown_(isatty(STDERR_FILENO) == 1) {}
  ~Walked() {
    if (drawn_) std::fputs("\r\033[K", stderr);
  }
  void operator()(int64_t entries) {
    const absl::Time now = absl::Now();
    if (!shown_ || now - last_ < absl::Milliseconds(200)) return;
    last_ = now;
    drawn_ = true;
    const double seconds = std::max(absl::ToDoubleSeconds(now - began_), 0.001);
    std::fprintf(stderr, "\r%3lld %%  %lld of %lld entries, %.0f a second\033[K",
                 static_cast<long long>(100 * entries / std::max<int64_t>(all_, 1)),
                 static_cast<long long>(entries), static_cast<long long>(all_),
                 static_cast<double>(entries) / seconds);
  }

 private:
  const int64_t all_;
  const bool shown_;
  const absl::Time began_ = absl::Now();
  absl::Time last_ = absl::InfinitePast();
  bool drawn_ = false;
};

std::string When(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S %Ez", time, absl::LocalTimeZone());
}

absl::Status Verify(const Options& options) {
  TJ_ASSIGN_OR_RETURN(const std::vector<audit::Head> known, KnownHeads(options.against));
  TJ_ASSIGN_OR_RETURN(const auto trail, OpenTrail(options));
  TJ_ASSIGN_OR_RETURN(const audit::Link tail, trail->store->Tail());
  absl::StatusOr<audit::Verification> walk;
  {
    Walked walked(tail.sequence);
    walk = audit::Verify(*trail->store, *trail->heads, 1, known, std::ref(walked));
  }
  TJ_ASSIGN_OR_RETURN(const audit::Verification found, std::move(walk));
  TJ_ASSIGN_OR_RETURN(const auto newest, trail->store->NewestHead());
  for (const audit::Fault& fault : found.faults) {
    std::printf("entry %-10lld %-14s %s\n", static_cast<long long>(fault.sequence),
                fault.kind.c_str(), Printable(fault.message).c_str());
  }
  std::printf("%lld entries walked", static_cast<long long>(found.entries));
  if (!known.empty()) std::printf(", held against %zu heads kept elsewhere", known.size());
  if (newest) {
    std::printf("; newest head: entry %lld, signed %s", static_cast<long long>(newest->sequence),
                When(newest->time).c_str());
  }
  std::printf("\n");
  if (found.intact()) {
    Print("the trail is intact\n");
    return absl::OkStatus();
  }
  const bool more = found.faults.size() >= audit::Walk::kFaultsMax;
  return absl::DataLossError(absl::StrCat("the trail is NOT intact: ", found.faults.size(),
                                          more ? " faults or more" : " faults",
                                          "; keep these files as they are"));
}

absl::Status ShowHead(const Options& options) {
  TJ_ASSIGN_OR_RETURN(const auto trail, OpenTrail(options));
  TJ_ASSIGN_OR_RETURN(const auto newest, trail->store->NewestHead());
  if (!newest) return base::NotFound("head: nothing has been signed yet");
  audit::v1::SignedHead message;
  audit::Encode(*newest, &message);
  Print(AsJson(message, true));
  return absl::OkStatus();
}

absl::Status Export(const Options& options) {
  if (options.patient.empty()) return absl::InvalidArgumentError("--patient is missing");
  TJ_ASSIGN_OR_RETURN(const auto trail, OpenTrail(options));
  const auto scope = security::Scope::Everything("audit export on the hub's own files");
  const audit::EntryFilter filter{.patient_id = options.patient};
  for (int64_t before = 0;;) {
    TJ_ASSIGN_OR_RETURN(const auto links, trail->store->List(scope, filter, before, kPage));
    for (const audit::Link& link : links) {
      audit::v1::Entry entry;
      TJ_TRY(audit::Encode(link, &entry));
      Print(absl::StrCat(AsJson(entry, false), "\n"));
    }
    if (static_cast<int64_t>(links.size()) < kPage) return absl::OkStatus();
    before = links.back().sequence;
  }
}

using Action = absl::Status (*)(const Options&);
const std::map<std::string, Action> kActions = {
    {"verify", Verify}, {"head", ShowHead}, {"export", Export}};

}  // namespace

int Audit(const Arguments& arguments) {
  const auto action = arguments.empty() ? kActions.end() : kActions.find(arguments[0]);
  if (action == kActions.end()) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const std::string name = "tongjian audit " + action->first;
  Options options;
  config::Settings settings(name);
  settings.Add("state", &options.state, "State directory of the hub", {.required = true});
  settings.Add("keys", &options.keys, "Its keys; empty is <state>/keys");
  settings.Add("against", &options.against,
               "Signed heads kept elsewhere: JSON as head or ctl --json edge heads prints it, or a copy "
               "of heads.log");
  settings.Add("patient", &options.patient, "Master patient whose entries to export");
  const absl::Status parsed = settings.Parse({arguments.begin() + 1, arguments.end()}, {});
  if (settings.help_asked()) return Print(settings.Help());
  if (!parsed.ok()) return Report(name, parsed);
  return Report(name, action->second(options));
}

}  // namespace tongjian::program
