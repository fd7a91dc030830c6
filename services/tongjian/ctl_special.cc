#include "services/tongjian/ctl_special.h"

#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status.h"
#include "common/security/digest.h"
#include "services/tongjian/ctl_contract.h"
#include "tongjian/imaging/v1/study.pb.h"
#include "tongjian/registry/v1/practitioner.pb.h"

namespace tongjian::program {
namespace {

// One line from standard input, without echo on a terminal.
std::string ReadSecret() {
  termios before{};
  const bool terminal = isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &before) == 0;
  if (terminal) {
    std::fputs("password: ", stderr);
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  std::string line;
  std::getline(std::cin, line);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    std::fputs("\n", stderr);
  }
  return line;
}

// A bar on standard error, only on a terminal.
class Progress {
 public:
  Progress(int instances) : instances_(instances), shown_(isatty(STDERR_FILENO) != 0) {}
  ~Progress() {
    if (shown_) std::fputs("\n", stderr);
  }
  void At(int instance, int64_t bytes, int64_t size) const {
    if (!shown_ || instances_ == 0) return;
    const double done =
        (instance + (size == 0 ? 0.0 : static_cast<double>(bytes) / size)) / instances_;
    const int filled = static_cast<int>(done * 40);
    std::fprintf(stderr, "\r[%s%s] %d of %d", std::string(filled, '#').c_str(),
                 std::string(40 - filled, '.').c_str(), std::min(instance + 1, instances_),
                 instances_);
  }

 private:
  const int instances_;
  const bool shown_;
};

// One instance into one file; the file appears only when its hash is right.
absl::Status FetchInstance(CtlClient& client, const imaging::v1::ReadInstanceRequest& request,
                           const std::string& path,
                           const std::function<void(int64_t, int64_t)>& progress) {
  TJ_ASSIGN_OR_RETURN(const auto* method, FindMethod("StudyService/ReadInstance"));
  std::ofstream file(path + ".part", std::ios::binary | std::ios::trunc);
  security::Sha256 hash;
  std::string digest;
  int64_t size = 0;
  int64_t received = 0;
  TJ_TRY(client.Call(*method, request, [&](const google::protobuf::Message& message) {
    const auto& part = static_cast<const imaging::v1::ReadInstanceResponse&>(message);
    if (!part.digest().empty()) {
      digest = part.digest();
      size = part.size();
    }
    hash.Update(part.data());
    file.write(part.data().data(), static_cast<std::streamsize>(part.data().size()));
    received += static_cast<int64_t>(part.data().size());
    progress(received, size);
    return true;
  }));
  file.close();
  if (!file) return absl::ResourceExhaustedError(absl::StrCat(path, " cannot be written"));
  if (received != size || hash.FinishText() != digest) {
    return absl::DataLossError(
        absl::StrCat(path, ": the bytes received do not fit the announced hash"));
  }
  std::filesystem::rename(path + ".part", path);
  return absl::OkStatus();
}

}  // namespace

absl::Status LogIn(const CtlOptions& options, const std::vector<std::string>& words) {
  if (words.size() != 1) return absl::InvalidArgumentError("usage: tongjian ctl login USER");
  registry::v1::LogInRequest request;
  request.set_user_name(words[0]);
  request.set_password(ReadSecret());
  TJ_ASSIGN_OR_RETURN(CtlClient client, Connect(options, false));
  TJ_ASSIGN_OR_RETURN(const auto* method, FindMethod("AccountService/LogIn"));
  registry::v1::LogInResponse response;
  TJ_TRY(client.Call(*method, request, [&](const google::protobuf::Message& message) {
    response.CopyFrom(message);
    return true;
  }));
  TJ_TRY(SaveToken(options, response.token()));
  std::printf("logged in as %s\n", response.account().user_name().c_str());
  return absl::OkStatus();
}

absl::Status FetchStudy(const CtlOptions& options, const std::vector<std::string>& words) {
  if (words.size() != 2)
    return absl::InvalidArgumentError("usage: tongjian ctl studies fetch STUDY FOLDER");
  TJ_ASSIGN_OR_RETURN(CtlClient client, Connect(options, true));
  TJ_ASSIGN_OR_RETURN(const auto* list, FindMethod("StudyService/ListInstances"));
  std::vector<std::string> uids;
  imaging::v1::ListInstancesRequest page;
  page.set_study_id(words[0]);
  do {
    imaging::v1::ListInstancesResponse response;
    TJ_TRY(client.Call(*list, page, [&](const google::protobuf::Message& message) {
      response.CopyFrom(message);
      return true;
    }));
    for (const auto& instance : response.instances()) uids.push_back(instance.sop_instance_uid());
    page.set_page_token(response.next_page_token());
  } while (!page.page_token().empty());

  std::filesystem::create_directories(words[1]);
  const Progress progress(static_cast<int>(uids.size()));
  for (size_t i = 0; i < uids.size(); ++i) {
    imaging::v1::ReadInstanceRequest request;
    request.set_study_id(words[0]);
    request.set_sop_instance_uid(uids[i]);
    TJ_TRY(FetchInstance(
        client, request, absl::StrFormat("%s/%06d.dcm", words[1], i + 1),
        [&](int64_t bytes, int64_t size) { progress.At(static_cast<int>(i), bytes, size); }));
  }
  std::printf("%zu instances in %s\n", uids.size(), words[1].c_str());
  return absl::OkStatus();
}

}  // namespace tongjian::program
