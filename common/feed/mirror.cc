#include "common/feed/mirror.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <atomic>
#include <map>
#include <set>
#include <shared_mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/store/consumer.h"
#include "common/store/database.h"
#include "common/telemetry/log.h"

namespace tongjian::feed {
namespace {

using google::protobuf::Message;

constexpr char kCreate[] =
    "create table if not exists feed_mirror (feed text not null, type text not null, key text not "
    "null, "
    "payload text not null, primary key (feed, type, key))";
// Which types a mirror held when it last started.
constexpr char kCreateTypes[] =
    "create table if not exists feed_mirror_type (feed text not null, type text not null, "
    "primary key (feed, type))";
constexpr int64_t kLoadPage = 500;

// A message of the program's own protos; null for a type it does not know.
std::shared_ptr<const Message> Parse(const std::string& type, const std::string& payload) {
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (descriptor == nullptr) return nullptr;
  const Message* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
  std::shared_ptr<Message> message(prototype->New());
  return message->ParseFromString(payload) ? message : nullptr;
}

}  // namespace

class Mirror::Impl {
 public:
  Impl(FollowerOptions options, const std::vector<std::string>& types, rpc::ChannelSource channel,
       rpc::OutgoingIdentity identity, store::Database& database, telemetry::Registry& metrics,
       Changed changed)
      : feed_(options.feed),
        database_(database),
        changed_(std::move(changed)),
        follower_(
            std::move(options), std::move(channel), std::move(identity), database, metrics,
            [this](store::Transaction& tx, const events::v1::Event& event) {
              return Keep(tx, event);
            },
            [this](const events::v1::Event& event) { Remember(event); }) {
    for (const std::string& type : types) types_.insert(absl::StrCat("tongjian.events.v1.", type));
  }

  absl::Status Load() {
    TJ_TRY(database_.Write([this](store::Transaction& tx) -> absl::Status {
      TJ_TRY(tx.Execute(kCreate).status());
      TJ_TRY(tx.Execute(kCreateTypes).status());
      return NoteTypes(tx);
    }));
    for (const std::string& type : types_) {
      std::string after;
      int64_t loaded = kLoadPage;
      while (loaded == kLoadPage) {
        TJ_ASSIGN_OR_RETURN(loaded, LoadPage(type, &after));
      }
    }
    return absl::OkStatus();
  }

  MessagePtr Find(std::string_view type, std::string_view key) const {
    const std::shared_lock lock(mutex_);
    const auto of_type = things_.find(type);
    if (of_type == things_.end()) return nullptr;
    const auto found = of_type->second.find(key);
    return found == of_type->second.end() ? nullptr : found->second;
  }

  std::vector<std::pair<std::string, MessagePtr>> All(std::string_view type) const {
    const std::shared_lock lock(mutex_);
    const auto of_type = things_.find(type);
    if (of_type == things_.end()) return {};
    return {of_type->second.begin(), of_type->second.end()};
  }

  size_t size() const {
    const std::shared_lock lock(mutex_);
    size_t size = 0;
    for (const auto& [type, things] : things_) size += things.size();
    return size;
  }

  int64_t revision() const { return revision_.load(); }

  void Listen(const std::string& type, std::function<void(const Message&)> told) {
    for (const auto& [key, message] : All(type)) told(*message);
    listeners_[type] = std::move(told);
  }

  Follower& follower() { return follower_; }

 private:
  // A program that keeps more types than the one before reads the feed from the beginning: what it
  // passed over then would else be missing for ever.
  absl::Status NoteTypes(store::Transaction& tx) {
    bool grew = false;
    for (const std::string& type : types_) {
      TJ_ASSIGN_OR_RETURN(const int64_t added,
                          tx.Execute("insert into feed_mirror_type (feed, type) values (:feed, "
                                     ":type) on conflict (feed, type) do nothing",
                                     feed_, type));
      grew = grew || added > 0;
    }
    return grew ? store::SaveCursor(tx, feed_, "") : absl::OkStatus();
  }

  absl::StatusOr<int64_t> LoadPage(const std::string& type, std::string* after) {
    int64_t loaded = 0;
    TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(
          const std::vector<store::Row> rows,
          session.Query("select key, payload from feed_mirror where feed = :feed and type = :type "
                        "and key > :after order by key limit :limit",
                        feed_, type, *after, kLoadPage));
      for (const store::Row& row : rows) Put(type, row.Text(0), row.Bytes(1));
      loaded = static_cast<int64_t>(rows.size());
      if (loaded > 0) *after = rows.back().Text(0);
      return absl::OkStatus();
    }));
    return loaded;
  }

  absl::Status Keep(store::Transaction& tx, const events::v1::Event& event) {
    const std::string type(TypeOf(event));
    if (types_.contains(type)) {
      TJ_TRY(tx.Execute("insert into feed_mirror (feed, type, key, payload) values (:feed, :type, "
                        ":key, :payload) "
                        "on conflict (feed, type, key) do update set payload = excluded.payload",
                        feed_, type, event.key(), store::Bytes(event.change().value()))
                 .status());
    }
    return changed_ == nullptr ? absl::OkStatus() : changed_(tx, event);
  }

  void Remember(const events::v1::Event& event) {
    const std::string type(TypeOf(event));
    if (types_.contains(type)) Put(type, event.key(), event.change().value());
  }

  void Put(const std::string& type, const std::string& key, const std::string& payload) {
    MessagePtr message = Parse(type, payload);
    if (message == nullptr) {
      telemetry::Log(telemetry::Level::kError, "mirror_entry_unreadable",
                     {{"type", type}, {"key", key}});
      return;
    }
    {
      const std::unique_lock lock(mutex_);
      things_[type][key] = message;
      ++revision_;
    }
    if (const auto told = listeners_.find(type); told != listeners_.end()) told->second(*message);
  }

  const std::string feed_;
  store::Database& database_;
  const Changed changed_;
  std::set<std::string> types_;
  std::atomic<int64_t> revision_ = 0;
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::map<std::string, MessagePtr, std::less<>>, std::less<>> things_;
  std::map<std::string, std::function<void(const Message&)>> listeners_;  // Fixed once started.
  Follower follower_;  // Last: it uses all of the above.
};

absl::StatusOr<std::unique_ptr<Mirror>> Mirror::Open(
    FollowerOptions options, std::vector<std::string> types, rpc::ChannelSource channel,
    rpc::OutgoingIdentity identity, store::Database& database, telemetry::Registry& metrics,
    Changed changed) {
  auto impl = std::make_unique<Impl>(std::move(options), types, std::move(channel),
                                     std::move(identity), database, metrics, std::move(changed));
  TJ_TRY(impl->Load());
  return std::unique_ptr<Mirror>(new Mirror(std::move(impl)));
}

Mirror::Mirror(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Mirror::~Mirror() = default;

void Mirror::Start() { impl_->follower().Start(); }
void Mirror::Stop() { impl_->follower().Stop(); }
absl::StatusOr<int> Mirror::RunOnce() { return impl_->follower().RunOnce(); }
absl::Status Mirror::CatchUp() { return impl_->follower().CatchUp(); }
size_t Mirror::size() const { return impl_->size(); }
int64_t Mirror::revision() const { return impl_->revision(); }

void Mirror::ListenTo(const std::string& type, std::function<void(const Message&)> told) {
  impl_->Listen(type, std::move(told));
}

Mirror::MessagePtr Mirror::FindMessage(std::string_view type, std::string_view key) const {
  return impl_->Find(type, key);
}

std::vector<std::pair<std::string, Mirror::MessagePtr>> Mirror::All(std::string_view type) const {
  return impl_->All(type);
}

}  // namespace tongjian::feed
