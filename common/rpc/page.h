// Pages of lists: sizes within limits, and opaque tokens bound to the list they belong to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace google::protobuf {
class Message;
}

namespace tongjian::rpc {

struct PageLimits {
  int64_t size_default = 100;
  int64_t size_max = 500;
};

// The page that a list request asks for.
//   TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request));
//   rows = store.List(filter, page.after(), page.size() + 1);  // One more: is there a next page?
//   if (rows.size() > page.size()) response->set_next_page_token(page.TokenAfter(last_kept_key));
class Page {
 public:
  // Reads page_size and page_token of the request (an int32 and a string field of these names,
  // checked). A size above the limit is the limit. INVALID_ARGUMENT: INVALID_FIELD for a negative
  // size; INVALID_PAGE_TOKEN for a token that is damaged or was given for a request with other
  // filters (all other fields of the request).
  static absl::StatusOr<Page> Of(const google::protobuf::Message& request, PageLimits limits = {});

  int64_t size() const { return size_; }
  // The position behind which the page starts, as it was given to TokenAfter; empty for the first
  // page.
  const std::string& after() const { return after_; }
  // The token with which the next page is asked for. `position`: the store's own words, any bytes.
  // It is not a secret and proves nothing: the scope decides what may be seen.
  std::string TokenAfter(std::string_view position) const;

 private:
  Page(int64_t size, std::string after, std::string filters)
      : size_(size), after_(std::move(after)), filters_(std::move(filters)) {}

  int64_t size_;
  std::string after_;
  std::string filters_;  // Fingerprint of the request's other fields.
};

}  // namespace tongjian::rpc
