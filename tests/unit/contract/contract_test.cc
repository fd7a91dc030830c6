// Goal: what the contract says of itself holds together with the program: every method has its
// rule, every permission and every reason is one that is published. Method: descriptors for the
// first, a walk over our own sources for the second.
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "common/security/permission.h"
#include "services/tongjian/ctl_contract.h"
#include "tongjian/common/v1/access.pb.h"
#include "tongjian/common/v1/error.pb.h"

namespace tongjian {
namespace {

namespace fs = std::filesystem;

constexpr char kReasonPrefix[] = "ERROR_REASON_";

// What the layers of a DICOM association say to one another. They end in a DIMSE status; towards
// gRPC they would be ERROR_REASON_UNSPECIFIED.
const std::set<std::string> kOfAssociations = {"ASSOCIATION_LOST",  "ASSOCIATION_REJECTED",
                                               "CONNECTION_CLOSED", "CONNECTION_LOST",
                                               "DESTINATION_AWAY",  "DESTINATION_UNKNOWN",
                                               "DICOM_PDU_INVALID", "DICOM_PROTOCOL",
                                               "LISTEN_FAILED",     "NO_PRESENTATION_CONTEXT",
                                               "PEER_STATUS",       "PEER_TIMEOUT",
                                               "READ_FAILED",       "SOP_MISMATCH",
                                               "STOPPING",          "TLS_FILE_UNUSABLE",
                                               "TLS_HANDSHAKE",     "TOO_MANY_MATCHES"};

bool IsReason(const std::string& name) {
  if (kOfAssociations.count(name) > 0) return true;
  return common::v1::ErrorReason_descriptor()->FindValueByName(kReasonPrefix + name) != nullptr;
}

std::string Content(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The sources of common and services.
std::vector<fs::path> Sources() {
  std::vector<fs::path> sources;
  for (const char* folder : {"common", "services"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(TJ_SOURCE_ROOT) / folder)) {
      const std::string extension = entry.path().extension().string();
      if (entry.is_regular_file() && (extension == ".cc" || extension == ".h"))
        sources.push_back(entry.path());
    }
  }
  return sources;
}

// Where `text` goes on behind white space.
size_t Skip(const std::string& text, size_t at) { return text.find_first_not_of(" \n", at); }

// The text in quotes at `at`, empty when there is none.
std::string Quoted(const std::string& text, size_t at) {
  if (at == std::string::npos || text[at] != '"') return "";
  const size_t end = text.find('"', at + 1);
  return end == std::string::npos ? "" : text.substr(at + 1, end - at - 1);
}

// The reason of the call whose arguments begin at `at`: the first argument, or the one behind a
// code.
std::string ReasonAt(const std::string& text, size_t at, bool behind_code) {
  if (behind_code) {
    at = text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:",
                                Skip(text, at));
    if (at == std::string::npos || text[at] != ',') return "";
    ++at;
  }
  return Quoted(text, Skip(text, at));
}

// Every reason given as text, with the file that gives it: Error(code, "REASON", Conflict("REASON",
// Unavailable("REASON".
std::map<std::string, std::string> ReasonsUsed() {
  std::map<std::string, std::string> used;
  for (const fs::path& source : Sources()) {
    const std::string text = Content(source);
    for (const std::string call : {"Error(", "Conflict(", "Unavailable("}) {
      for (size_t at = 0; (at = text.find(call, at)) != std::string::npos;) {
        at += call.size();
        const std::string reason = ReasonAt(text, at, call == "Error(");
        const bool name =
            reason.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string::npos;
        if (!reason.empty() && name) used.emplace(reason, source.string());
      }
    }
  }
  return used;
}

// Every proto file under proto/ that has a service, by the services' full names.
std::set<std::string> ServicesInFiles() {
  static const std::regex package(R"(\npackage ([a-z0-9.]+);)");
  static const std::regex service(R"(\nservice ([A-Za-z]+) )");
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(TJ_SOURCE_ROOT) / "proto")) {
    if (entry.path().extension() != ".proto") continue;
    const std::string text = Content(entry.path());
    std::smatch in;
    if (!std::regex_search(text, in, package)) continue;
    for (std::sregex_iterator match(text.begin(), text.end(), service), end; match != end;
         ++match) {
      names.insert(in[1].str() + "." + (*match)[1].str());
    }
  }
  return names;
}

TEST(Contract, EveryMethodStatesItsAccess) {
  for (const std::string& name : program::AllMethods()) {
    const google::protobuf::MethodDescriptor* method = *program::FindMethod(name);
    ASSERT_TRUE(method->options().HasExtension(common::v1::access)) << name;
    const common::v1::Access& access = method->options().GetExtension(common::v1::access);
    if (access.anonymous()) {
      EXPECT_TRUE(access.permission().empty()) << name;
    } else {
      EXPECT_TRUE(security::Known(access.permission()))
          << name << ": \"" << access.permission() << "\"";
    }
  }
}

TEST(Contract, AnonymousMethodsAreTheFewThatMustBe) {
  std::set<std::string> anonymous;
  for (const std::string& name : program::AllMethods()) {
    const google::protobuf::MethodDescriptor* method = *program::FindMethod(name);
    if (method->options().GetExtension(common::v1::access).anonymous()) anonymous.insert(name);
  }
  EXPECT_EQ((std::set<std::string>{"tongjian.registry.v1.AccountService/LogIn",
                                   "tongjian.registry.v1.EnrollmentService/Enroll"}),
            anonymous);
}

TEST(Contract, CtlKnowsEveryServiceOfTheFiles) {
  std::set<std::string> known;
  for (const std::string& name : program::AllMethods())
    known.insert(name.substr(0, name.find('/')));
  EXPECT_EQ(ServicesInFiles(), known);
}

TEST(Contract, EveryReasonGivenIsPublished) {
  const auto used = ReasonsUsed();
  EXPECT_GT(used.size(), 15u) << "the scan finds no reasons: has the way of giving them changed?";
  for (const auto& [reason, source] : used)
    EXPECT_TRUE(IsReason(reason)) << reason << " in " << source;
}

TEST(Contract, EveryEnumBeginsUnspecified) {
  std::set<const google::protobuf::FileDescriptor*> files;
  for (const std::string& name : program::AllMethods())
    files.insert((*program::FindMethod(name))->file());
  for (const auto* file : files) {
    for (int i = 0; i < file->enum_type_count(); ++i) {
      const auto* value = file->enum_type(i)->FindValueByNumber(0);
      ASSERT_NE(nullptr, value) << file->enum_type(i)->full_name();
      EXPECT_TRUE(value->name().ends_with("_UNSPECIFIED")) << value->full_name();
    }
  }
}

}  // namespace
}  // namespace tongjian
