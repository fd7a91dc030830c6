// What all wire adapters of the registry share: one mutation, one page.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "common/base/status.h"
#include "common/rpc/call.h"
#include "common/rpc/door.h"
#include "common/rpc/page.h"
#include "common/store/database.h"
#include "services/registry/directory.h"
#include "services/registry/kinds.h"

namespace tongjian::registry {

// What an adapter stands on. Both outlive it.
struct Port {
  store::Database& database;
  const rpc::Door& door;
};

// Runs `work` in one transaction with the trail of the call, once per request_id of `request` (a
// string field of that name, checked): `work` fills `response`, which a repetition gets again.
// `work` may run more than once. Then `touch` says what the response shows. Passwords in the
// request are left out of what is remembered of it.
absl::Status Mutate(const Port& port, rpc::Call& call, const google::protobuf::Message& request,
                    google::protobuf::Message* response,
                    absl::FunctionRef<absl::Status(store::Transaction&)> work,
                    absl::FunctionRef<void(rpc::Trail&)> touch);
// The same; what is touched is the object of the response's field "id", where it has one.
absl::Status Mutate(const Port& port, rpc::Call& call, const google::protobuf::Message& request,
                    google::protobuf::Message* response,
                    absl::FunctionRef<absl::Status(store::Transaction&)> work);

// A page of records of one group, by id, into the response's fields.
template <class T, class Field>
absl::Status ListPage(const Port& port, const google::protobuf::Message& request,
                      std::string_view group, Field* records, std::string* next_page_token) {
  TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(request));
  return port.database.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(auto found,
                        Directory::List<T>(session, group, page.after(), page.size() + 1));
    const bool more = static_cast<int64_t>(found.size()) > page.size();
    if (more) found.pop_back();
    if (more) *next_page_token = page.TokenAfter(Kind<T>::Key(found.back()));
    for (T& record : found) records->Add(std::move(record));
    return absl::OkStatus();
  });
}

// One record into the response.
template <class T>
absl::Status GetRecord(const Port& port, std::string_view id, T* response) {
  return port.database.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(*response, Directory::Get<T>(session, id));
    return absl::OkStatus();
  });
}

}  // namespace tongjian::registry
