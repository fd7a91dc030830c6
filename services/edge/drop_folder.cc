#include "services/edge/drop_folder.h"

#include <google/protobuf/util/json_util.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "common/security/key_file.h"
#include "common/telemetry/log.h"
#include "services/edge/result_store.h"

namespace tongjian::edge {
namespace {

using exchange::v1::Result;
using exchange::v1::ResultVersion;

constexpr store::RetryPolicy kRetry = {.first = absl::Seconds(1), .longest = absl::Minutes(1)};
constexpr char kDestination[] = "folder";
constexpr char kResultKind[] = "result";
constexpr char kWithheldKind[] = "withheld";
constexpr int64_t kTrimAtOnce = 1000;

constexpr char kWithheldEnd[] = "-withheld.txt";
constexpr char kWithheldWords[] =
    "WITHHELD 患者不同意共享\nThe patient refuses that this facility sees the result: hide every copy.\n";

// Whether it is not there any more.
bool RemoveFile(const std::string& path) { return unlink(path.c_str()) == 0 || errno == ENOENT; }

// A preliminary may be all there is for hours, and the finding in it critical.
bool IsWritten(exchange::v1::ResultState state) {
  return state == exchange::v1::RESULT_STATE_PRELIMINARY ||
         state == exchange::v1::RESULT_STATE_FINAL ||
         state == exchange::v1::RESULT_STATE_AMENDED ||
         state == exchange::v1::RESULT_STATE_RETRACTED;
}

std::string SafeName(const std::string& id) {
  std::string safe;
  for (const char c : id.substr(0, 80)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    safe.push_back(plain ? c : '_');
  }
  return safe;
}

const char* StateWord(exchange::v1::ResultState state) {
  switch (state) {
    case exchange::v1::RESULT_STATE_FINAL:
      return "FINAL 正式报告";
    case exchange::v1::RESULT_STATE_AMENDED:
      return "AMENDED 已修改";
    case exchange::v1::RESULT_STATE_RETRACTED:
      return "RETRACTED 已撤回";
    default:
      return "PRELIMINARY 初步报告 (非正式)";
  }
}

const char* SexWord(common::v1::Sex sex) {
  if (sex == common::v1::SEX_MALE) return "male 男";
  return sex == common::v1::SEX_FEMALE ? "female 女" : "not known 未知";
}

const char* RoleWord(const std::string& role) {
  return role == "approver" ? "Approved by 审核医师: " : "Written by 报告医师: ";
}

std::string TimeWord(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", rpc::FromProto(time), absl::UTCTimeZone());
}

// What stands in a line of its own stays in it.
std::string OneLine(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

// What the reader must know before anything else.
std::string HeadOf(const Result& result, const ResultVersion& version) {
  std::string head = absl::StrCat(StateWord(version.state()), "\n");
  const std::string& critical = version.content().critical_finding();
  if (!critical.empty()) absl::StrAppend(&head, "CRITICAL 危急值: ", OneLine(critical), "\n");
  if (version.state() == exchange::v1::RESULT_STATE_PRELIMINARY && !result.identity_confirmed()) {
    absl::StrAppend(&head, "identity not confirmed 身份未确认\n");
  }
  return head;
}

}  // namespace

std::string ResultText(const Result& result, const ResultVersion& version) {
  const common::v1::PatientRef& patient = result.patient();
  std::string text = absl::StrCat(
      HeadOf(result, version), "Accession 检查号: ", result.accession_number(), "\n",
      "Order 申请单号: ", result.placer_order_number(), "\n", "Patient 患者: ", patient.name(), " (",
      patient.facility_patient_id(), ")\n", "Sex 性别: ", SexWord(patient.sex()), "\n",
      "Birth date 出生日期: ", patient.birth_date(), "\n",
      "Performed at 检查机构: ", result.performing_facility_id(), "\n",
      "Issued by 诊断机构: ", result.issuing_facility_id(), "\n");
  for (const exchange::v1::ResultItem& item : result.items()) {
    absl::StrAppend(&text, "Exam 项目: ", item.name(), " ", item.modality(), "\n");
  }
  if (!version.reason().empty()) absl::StrAppend(&text, "Reason 原因: ", version.reason(), "\n");
  absl::StrAppend(&text, "\nFindings 所见:\n", version.content().findings(),
                  "\n\nImpression 诊断意见:\n", version.content().impression(), "\n\n");
  for (const reading::v1::Signature& signature : version.signatures()) {
    absl::StrAppend(&text, RoleWord(signature.role()), signature.signer().name(), ", ",
                    TimeWord(signature.time()), "\n");
  }
  absl::StrAppend(&text, "Published 时间: ", TimeWord(version.time()), "\n");
  return text;
}

std::string DropName(const Result& result, const ResultVersion& version) {
  return absl::StrCat(SafeName(result.id()), "-v", version.number());
}

DropFolder::DropFolder(store::Database& database, std::string folder, Acknowledge acknowledge)
    : database_(database),
      folder_(std::move(folder)),
      acknowledge_(std::move(acknowledge)),
      deliveries_(database, "drop", kRetry) {}

DropFolder::~DropFolder() { Stop(); }

void DropFolder::Start() {
  if (folder_.empty()) return;
  worker_ = std::make_unique<store::DeliveryWorker>(
      deliveries_, store::DeliveryWorkerOptions{.threads = 1},
      [this](const store::Delivery& delivery) { return Deliver(delivery); });
}

void DropFolder::Stop() { worker_.reset(); }

absl::Status DropFolder::Offer(store::Transaction& tx, const Result& result) {
  if (folder_.empty()) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(const int64_t dropped, DroppedVersion(tx, result.id()));
  if (IsWithheld(result)) {
    if (dropped == 0) return absl::OkStatus();
    Result until = result;
    until.set_version(dropped);  // The newest of which there may be files.
    return deliveries_.Enqueue(tx, kDestination, kWithheldKind, until.SerializeAsString());
  }
  int64_t newest = dropped;
  for (const ResultVersion& version : result.versions()) {
    if (version.number() <= dropped || !IsWritten(version.state())) continue;
    Result alone = result;
    alone.clear_versions();
    *alone.add_versions() = version;
    TJ_TRY(deliveries_.Enqueue(tx, kDestination, kResultKind, alone.SerializeAsString()));
    newest = version.number();
  }
  return newest == dropped ? absl::OkStatus() : SetDropped(tx, result.id(), newest);
}

absl::Status DropFolder::Withhold(const Result& until) {
  const std::string path = folder_ + "/" + SafeName(until.id());
  bool done = security::WriteDurably(path + kWithheldEnd, kWithheldWords,
                                     security::FileMode::kPublic)
                  .ok();
  for (int64_t number = 1; number <= until.version(); ++number) {
    for (const char* end : {".txt", ".json"}) {
      done &= RemoveFile(absl::StrCat(path, "-v", number, end));
    }
  }
  NoteWritten(done);
  return done ? absl::OkStatus() : absl::UnavailableError("the drop folder cannot be written");
}

absl::StatusOr<bool> DropFolder::WithheldSince(const std::string& id) {
  bool withheld = false;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(withheld, WithheldHere(session, id));
    return absl::OkStatus();
  }));
  return withheld;
}

absl::Status DropFolder::Deliver(const store::Delivery& delivery) {
  Result result;
  if (delivery.kind == kWithheldKind) {
    if (!result.ParseFromString(delivery.payload)) return absl::DataLossError("a damaged delivery");
    return Withhold(result);
  }
  if (!result.ParseFromString(delivery.payload) || result.versions_size() != 1) {
    return absl::DataLossError("a damaged delivery");
  }
  const auto withheld = WithheldSince(result.id());
  if (!withheld.ok()) return absl::UnavailableError("it is not known whether it is withheld");
  if (*withheld) return absl::OkStatus();
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(result, &json, options).ok()) {
    return absl::DataLossError("a result that cannot be written as JSON");
  }
  const std::string path = folder_ + "/" + DropName(result, result.versions(0));
  const absl::Status text = security::WriteDurably(
      path + ".txt", ResultText(result, result.versions(0)), security::FileMode::kPublic);
  const bool written =
      text.ok() && security::WriteDurably(path + ".json", json, security::FileMode::kPublic).ok() &&
      RemoveFile(folder_ + "/" + SafeName(result.id()) + kWithheldEnd);
  NoteWritten(written);
  if (written) return AcknowledgeWritten(result);
  // Any fault of the folder may pass (a share that is not mounted): tried again for ever, and said each time.
  telemetry::Log(telemetry::Level::kWarning, "drop_folder_cannot_be_written",
                 {{"folder", folder_}, {"attempts", delivery.attempts}});
  return absl::UnavailableError("the drop folder cannot be written");
}

// Tried again with the files, which are then the same, under the same request id.
absl::Status DropFolder::AcknowledgeWritten(const Result& result) {
  exchange::v1::AcknowledgeResultRequest request;
  request.set_request_id("drop-" + DropName(result, result.versions(0)));
  request.set_id(result.id());
  request.set_number(result.versions(0).number());
  request.set_acknowledgement(exchange::v1::ACKNOWLEDGEMENT_DELIVERED);
  const absl::Status kept = database_.Write(
      [&](store::Transaction& tx) { return acknowledge_(tx, request); });
  if (kept.ok()) return kept;
  telemetry::Log(telemetry::Level::kWarning, "drop_folder_not_acknowledged",
                 {{"result", result.id()}, {"status", kept}});
  return absl::UnavailableError("the acknowledgement cannot be kept");
}

void DropFolder::NoteWritten(bool written) {
  const std::lock_guard lock(mutex_);
  write_failed_ = !written;
}

void DropFolder::Look() {
  if (folder_.empty()) return;
  struct stat found = {};
  std::string fault;
  if (stat(folder_.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) {
    fault = "is not there";
  } else if (access(folder_.c_str(), W_OK | X_OK) != 0) {
    fault = "may not be written";
  }
  const std::lock_guard lock(mutex_);
  seen_fault_ = std::move(fault);
}

std::string DropFolder::fault() const {
  const std::lock_guard lock(mutex_);
  if (seen_fault_.empty() && !write_failed_) return "";
  return absl::StrCat("results wait: the drop folder ", folder_, " ",
                      seen_fault_.empty() ? "cannot be written" : seen_fault_);
}

absl::Status DropFolder::Trim(absl::Time before) {
  return deliveries_.Trim(before, kTrimAtOnce).status();
}

}  // namespace tongjian::edge
