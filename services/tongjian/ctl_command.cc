// tongjian ctl: everything a person needs, from the command line.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/config/settings.h"
#include "services/tongjian/command.h"
#include "services/tongjian/ctl_contract.h"
#include "services/tongjian/ctl_fill.h"
#include "services/tongjian/ctl_print.h"
#include "services/tongjian/ctl_session.h"
#include "services/tongjian/ctl_special.h"
#include "services/tongjian/ctl_table.h"
#include "services/tongjian/printable.h"
#include "services/tongjian/report.h"

namespace tongjian::program {
namespace {

using google::protobuf::Message;

constexpr char kUsage[] =
    "usage: tongjian ctl [--address HOST:PORT] [--ca FILE] [--json] ... COMMAND [WORDS] "
    "[field=value ...]\n\n"
    "  login USER                     ask for the password and keep the token\n"
    "  call Service/Method [...]      any method; json='{...}' or json=@FILE gives a whole "
    "request\n"
    "  methods                        list them\n"
    "  studies fetch STUDY FOLDER     all instances as files\n";

bool IsSwitch(const std::string& flag) {
  return flag == "--json" || flag == "--plaintext" || flag == "--help" || flag == "--show-settings";
}

// Flags with their values apart from the rest.
void Split(const Arguments& arguments, Arguments& flags, Arguments& words) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!absl::StartsWith(arguments[i], "--")) {
      words.push_back(arguments[i]);
      continue;
    }
    flags.push_back(arguments[i]);
    const bool takes_next = !absl::StrContains(arguments[i], "=") && !IsSwitch(arguments[i]);
    if (takes_next && i + 1 < arguments.size()) flags.push_back(arguments[++i]);
  }
}

std::string Help(const config::Settings& settings) {
  std::string text = kUsage;
  for (const CtlEntry& entry : CtlEntries()) {
    absl::StrAppend(&text, "  ", entry.words);
    for (const std::string& argument : entry.arguments) {
      absl::StrAppend(&text, " <", argument.substr(argument.rfind('.') + 1), ">");
    }
    text += "\n";
  }
  absl::StrAppend(
      &text,
      "\nEvery other field of a request is given as field=value, nested as a.b=value, lists as\n",
      "items.0.item_id=value. tongjian ctl help COMMAND lists a command's fields.\n\n",
      settings.Help());
  return text;
}

const CtlEntry* FindEntry(const Arguments& words) {
  if (words.size() < 2) return nullptr;
  const std::string wanted = absl::StrCat(words[0], " ", words[1]);
  for (const CtlEntry& entry : CtlEntries()) {
    if (entry.words == wanted) return &entry;
  }
  return nullptr;
}

absl::StatusOr<std::string> JsonOf(const std::string& value) {
  if (!absl::StartsWith(value, "@")) return value;
  std::ifstream file(value.substr(1));
  if (!file) return base::NotFound(value.substr(1));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The request of an entry from its words; a request_id is made where none is given.
absl::Status Fill(const CtlEntry& entry, const Arguments& words, Message& request) {
  for (const auto& [field, value] : entry.presets) TJ_TRY(SetField(request, field, value));
  size_t position = 0;
  for (const std::string& word : words) {
    const std::vector<std::string> parts = absl::StrSplit(word, absl::MaxSplits('=', 1));
    if (parts.size() == 2 && parts[0] == "json") {
      TJ_ASSIGN_OR_RETURN(const std::string json, JsonOf(parts[1]));
      TJ_TRY(MergeJson(request, json));
    } else if (position < entry.arguments.size() &&
               (parts.size() == 1 ||
                parts[0].find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.") !=
                    std::string::npos)) {
      TJ_TRY(SetField(request, entry.arguments[position++], word));
    } else if (parts.size() == 2) {
      TJ_TRY(SetField(request, parts[0], parts[1]));
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", word, "\" is one word too many: fields are field=value"));
    }
  }
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  if (field != nullptr && request.GetReflection()->GetString(request, field).empty()) {
    request.GetReflection()->SetString(&request, field, base::RandomHex(16));
  }
  return absl::OkStatus();
}

void Show(const CtlEntry& entry, bool json, bool stream, const Message& response) {
  std::string text;
  if (json) {
    text = AsJson(response, !stream);
    if (stream) text += "\n";
  } else {
    text = entry.list.empty() ? AsText(response) : AsTable(response, entry.list, entry.columns);
    const std::string next = ValueAt(response, "next_page_token");
    if (!next.empty()) absl::StrAppend(&text, "more: page_token=", next, "\n");
  }
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

// What a person does about it.
std::string Hint(const absl::Status& status, const CtlOptions& options) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
      return "log in with: tongjian ctl login USER";
    case absl::StatusCode::kPermissionDenied:
      return "another account or facility may do this, yours may not";
    case absl::StatusCode::kUnavailable:
      return absl::StrCat("is the server at ", options.address,
                          " running, and is --ca its authority?");
    case absl::StatusCode::kDeadlineExceeded:
      return "try again, or give more time with --timeout";
    default:
      return base::DetailOf(status).retryable ? "the same call can succeed later" : "";
  }
}

int Explain(const absl::Status& status, const CtlOptions& options, const std::string& request_id) {
  if (status.ok()) return 0;
  const base::ErrorDetail detail = base::DetailOf(status);
  std::string text =
      absl::StrCat("tongjian ctl: ", Printable({status.message().data(), status.message().size()}),
                   "\n  code: ", absl::StatusCodeToString(status.code()), "\n");
  if (!detail.reason.empty()) absl::StrAppend(&text, "  reason: ", Printable(detail.reason), "\n");
  if (!detail.field.empty()) absl::StrAppend(&text, "  field: ", Printable(detail.field), "\n");
  if (!request_id.empty()) absl::StrAppend(&text, "  request id: ", request_id, "\n");
  if (const std::string hint = Hint(status, options); !hint.empty())
    absl::StrAppend(&text, "  ", hint, "\n");
  std::fputs(text.c_str(), stderr);
  return status.code() == absl::StatusCode::kInvalidArgument ? 2 : 1;
}

int RunEntry(const CtlEntry& entry, const Arguments& words, const CtlOptions& options) {
  auto method = FindMethod(entry.method);
  if (!method.ok()) return Explain(method.status(), options, "");
  const auto request = NewRequest(**method);
  if (absl::Status filled = Fill(entry, words, *request); !filled.ok())
    return Explain(filled, options, "");
  auto client = Connect(options, true);
  if (!client.ok()) return Explain(client.status(), options, "");
  const bool stream = (*method)->server_streaming();
  const absl::Status status = client->Call(**method, *request, [&](const Message& response) {
    Show(entry, options.json, stream, response);
    return true;
  });
  return Explain(status, options, client->request_id());
}

int HelpOn(const Arguments& words) {
  const CtlEntry* entry = FindEntry(words);
  auto method = FindMethod(entry != nullptr ? entry->method : absl::StrJoin(words, " "));
  if (!method.ok()) return Report("tongjian ctl", method.status());
  return Print(absl::StrCat((*method)->input_type()->DebugString(), "\n"));
}

int Run(const Arguments& words, const CtlOptions& options) {
  if (words[0] == "help") return HelpOn({words.begin() + 1, words.end()});
  if (words[0] == "methods") return Print(absl::StrCat(absl::StrJoin(AllMethods(), "\n"), "\n"));
  if (words[0] == "login")
    return Explain(LogIn(options, {words.begin() + 1, words.end()}), options, "");
  if (words[0] == "call" && words.size() >= 2) {
    return RunEntry(
        {.words = "call", .method = words[1], .arguments = {}, .list = "", .columns = {}},
        {words.begin() + 2, words.end()}, options);
  }
  if (words.size() >= 2 && words[0] == "studies" && words[1] == "fetch") {
    return Explain(FetchStudy(options, {words.begin() + 2, words.end()}), options, "");
  }
  const CtlEntry* entry = FindEntry(words);
  if (entry != nullptr) return RunEntry(*entry, {words.begin() + 2, words.end()}, options);
  std::fprintf(stderr, "tongjian ctl: there is no command \"%s\"; tongjian ctl --help lists them\n",
               absl::StrJoin(words, " ").c_str());
  return 2;
}

}  // namespace

int Ctl(const Arguments& arguments) {
  CtlOptions options;
  config::Settings settings("tongjian ctl");
  options.Describe(settings);
  Arguments flags;
  Arguments words;
  Split(arguments, flags, words);
  config::Environment environment;
  for (const auto& [name, value] : config::ProcessEnvironment()) {
    // TONGJIAN_CTL_ADDRESS and so on; other commands' variables are not ours.
    if (absl::StartsWith(name, "TONGJIAN_CTL_"))
      environment[absl::StrCat("TONGJIAN_", name.substr(13))] = value;
  }
  if (absl::Status parsed = settings.Parse(flags, environment); !parsed.ok())
    return Report("tongjian ctl", parsed);
  if (settings.help_asked() || words.empty()) return Print(Help(settings));
  if (settings.description_asked()) return Print(settings.Describe());
  return Run(words, options);
}

}  // namespace tongjian::program
