#include "common/feed/account_news.h"

#include "common/rpc/proto_time.h"
#include "common/security/void_tokens.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::feed {

void RefuseVoidTokens(Mirror& mirror, security::VoidTokens& tokens) {
  mirror.Listen<events::v1::AccountChanged>([&tokens](const events::v1::AccountChanged& changed) {
    tokens.Set(changed.account_id(), rpc::FromProto(changed.tokens_from()));
  });
}

}  // namespace tongjian::feed
