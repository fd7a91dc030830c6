#include "common/web/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <stdexcept>

namespace tongjian::web {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A connection without manners: it sends what it is told to.
class Raw {
 public:
  explicit Raw(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Raw() { close(socket_); }
  bool Send(std::string_view bytes) {
    return send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  void Finish() { shutdown(socket_, SHUT_WR); }
  // Until the other end hangs up.
  std::string ReadAll() {
    std::string all;
    char buffer[4096];
    for (ssize_t n; (n = recv(socket_, buffer, sizeof buffer, 0)) > 0;)
      all.append(buffer, static_cast<size_t>(n));
    return all;
  }
  std::string ReadSome() {
    char buffer[4096];
    const ssize_t n = recv(socket_, buffer, sizeof buffer, 0);
    return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : "";
  }

 private:
  const int socket_;
};

class WebServer : public testing::Test {
 protected:
  void Start(ServerOptions options = {}) {
    auto server = Server::Create(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    server_->Route("GET", "/a/{}/b", [](const Request& request) {
      return TextResponse(200, request.arguments[0] + "|" + request.Query("x"));
    });
    server_->Route("GET", "/rest/{*}",
                   [](const Request& request) { return TextResponse(200, request.arguments[0]); });
    server_->Route("GET", "/throws/{}", [](const Request& request) -> Response {
      if (request.arguments[0] == "number") throw 1.5;
      throw std::runtime_error("a secret");
    });
    server_->Route("GET", "/who", [](const Request& request) {
      return TextResponse(200, request.remote_address + " " + request.origin);
    });
    server_->Route("GET", "/stream", [this](const Request& request) {
      Response response;
      response.content_type = "application/octet-stream";
      const std::string kind = request.Query("kind");
      if (kind == "known" || kind == "short") response.length = 300'000;
      auto held = std::shared_ptr<void>(nullptr, [this](void*) {
        ++freed_;
        freed_.notify_all();
      });
      response.stream = [kind, held](BodyWriter& writer) -> absl::Status {
        for (int i = 0; i < 3; ++i) {
          if (kind == "short" && i == 2) return absl::OkStatus();
          if (kind == "fails" && i == 2) return absl::DataLossError("damaged");
          const absl::Status written = writer.Write(std::string(100'000, 'x'));
          if (!written.ok()) return written;
        }
        for (int i = 0; kind == "endless" && i < 100'000; ++i) {
          const absl::Status written = writer.Write(std::string(100'000, 'x'));
          if (!written.ok()) return written;
        }
        return absl::OkStatus();
      };
      return response;
    });
    server_->Route("POST", "/post", [](const Request& request) {
      size_t size = 0, pieces = 0;
      const absl::Status read = request.body([&](std::string_view bytes) {
        size += bytes.size();
        ++pieces;
        return absl::OkStatus();
      });
      if (!read.ok()) return TextResponse(400, "no");
      return TextResponse(200, std::to_string(size) + (pieces > 1 ? " in pieces" : ""));
    });
    ASSERT_TRUE(server_->Start().ok());
  }
  std::string Ask(std::string_view bytes) {
    Raw raw(server_->port());
    EXPECT_TRUE(raw.Send(bytes));
    return raw.ReadAll();
  }
  httplib::Client Client() { return httplib::Client("127.0.0.1", server_->port()); }

  std::atomic<int> freed_{0};
  std::unique_ptr<Server> server_;
};

TEST_F(WebServer, FindsTheHandlerOfAPath) {
  Start();
  EXPECT_EQ(Client().Get("/a/1.2.3/b?x=y%20z")->body, "1.2.3|y z\n");
  EXPECT_EQ(Client().Get("/a/1.2.3/b/")->status, 200);
  EXPECT_EQ(Client().Get("/rest/1/2/3")->body, "1/2/3\n");
  EXPECT_EQ(Client().Get("/rest")->status, 404);
  EXPECT_EQ(Client().Get("/a/1.2.3")->status, 404);
  EXPECT_EQ(Client().Get("/a//b")->status, 200);
  EXPECT_EQ(Client().Get("/post")->status, 405);
  EXPECT_EQ(Client().Head("/a/1/b")->status, 200);
  EXPECT_EQ(Client().Head("/a/1/b")->body, "");
}

TEST_F(WebServer, MakesAFaultOfAnExceptionAndTellsNothingOfIt) {
  Start();
  for (const char* path : {"/throws/number", "/throws/text"}) {
    const auto answer = Client().Get(path);
    EXPECT_EQ(answer->status, 500);
    EXPECT_EQ(answer->body, "a fault on our side\n");
    EXPECT_FALSE(answer->has_header("EXCEPTION_WHAT"));
  }
}

TEST_F(WebServer, KeepsAnswersOutOfCachesAndOfOtherOrigins) {
  Start();
  const auto answer = Client().Get("/a/1/b", {{"Origin", "http://elsewhere"}});
  EXPECT_EQ(answer->get_header_value("Cache-Control"), "no-store");
  EXPECT_EQ(answer->get_header_value("X-Content-Type-Options"), "nosniff");
  EXPECT_FALSE(answer->has_header("Access-Control-Allow-Origin"));
  EXPECT_EQ(Client().Options("/a/1/b")->status, 405);
}

TEST_F(WebServer, TellsTheOriginThatTheClientSees) {
  Start();
  EXPECT_EQ(Client().Get("/who", {{"Host", "hub.example:8080"}})->body,
            "127.0.0.1 http://hub.example:8080\n");
  EXPECT_EQ(Client().Get("/who", {{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "h"}})->body,
            "127.0.0.1 https://h\n");
  EXPECT_EQ(Client().Get("/who", {{"Host", "a b\"<"}})->body, "127.0.0.1 \n");
}

TEST_F(WebServer, StreamsWholeAnswersAndBreaksOffBrokenOnes) {
  Start();
  EXPECT_EQ(Client().Get("/stream")->body.size(), 300'000u);
  const auto known = Client().Get("/stream?kind=known");
  EXPECT_EQ(known->get_header_value("Content-Length"), "300000");
  EXPECT_EQ(known->body.size(), 300'000u);
  EXPECT_FALSE(Client().Get("/stream?kind=short"));
  EXPECT_FALSE(Client().Get("/stream?kind=fails"));
  EXPECT_EQ(Client().Get("/stream?kind=known", {{"Range", "bytes=5-9"}})->body.size(), 300'000u);
}

TEST_F(WebServer, FreesTheStreamOfAClientThatGoes) {
  Start();
  {
    Raw raw(server_->port());
    raw.Send("GET /stream?kind=endless HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(raw.ReadSome(), StartsWith("HTTP/1.1 200"));
  }
  Client().Head("/stream");
  for (int seen = freed_; seen < 2; seen = freed_) freed_.wait(seen);
}

TEST_F(WebServer, TakesBodiesOfEitherFraming) {
  Start();
  EXPECT_EQ(Client().Post("/post", std::string(1'000'000, 'x'), "a/b")->body,
            "1000000 in pieces\n");
  EXPECT_THAT(Ask("POST /post HTTP/1.1\r\nTransfer-Encoding: "
                  "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
              HasSubstr("5 in pieces"));
}

TEST_F(WebServer, RefusesDoubtfulFramingsAndHangsUp) {
  Start();
  const auto status = [&](const std::string& head, const std::string& rest = "") {
    const std::string answer = Ask(head + "\r\n\r\n" + rest);
    // One answer, whatever stands behind the first request.
    EXPECT_EQ(answer.rfind("HTTP/1.1 "), 0u) << head;
    return answer.substr(9, 3);
  };
  const std::string smuggled = "GET /a/1/b HTTP/1.1\r\n\r\n";
  EXPECT_EQ(status("POST /post HTTP/1.1"), "411");
  EXPECT_EQ(
      status("POST /post HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 30", "abc" + smuggled),
      "400");
  EXPECT_EQ(status("POST /post HTTP/1.1\r\nContent-Length: -1"), "400");
  EXPECT_EQ(status("POST /post HTTP/1.1\r\nContent-Length: 3x", "abc"), "400");
  EXPECT_EQ(status("POST /post HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked",
                   "0\r\n\r\n" + smuggled),
            "400");
  EXPECT_EQ(status("POST /post HTTP/1.1\r\nTransfer-Encoding: gzip, chunked", smuggled), "501");
  EXPECT_EQ(status("POST /post HTTP/1.1\r\nContent-Length: 3\r\nContent-Encoding: gzip", "abc"),
            "415");
  EXPECT_EQ(status("GET /a/1/b HTTP/1.1\r\nContent-Length: 30", smuggled), "400");
  EXPECT_EQ(status("PUT /post HTTP/1.1\r\nContent-Length: 3", "abc"), "405");
  EXPECT_EQ(status("PRI * HTTP/1.1", std::string(1000, 'x')), "405");
  EXPECT_EQ(status("DELETE /a/1/b HTTP/1.1", smuggled), "405");
  EXPECT_EQ(status("GARBAGE"), "400");
  Raw half(server_->port());
  half.Send("POST /post HTTP/1.1\r\nContent-Length: 10\r\n\r\nab");
  half.Finish();
  EXPECT_THAT(half.ReadAll(), StartsWith("HTTP/1.1 400"));
}

TEST_F(WebServer, RefusesBodiesOverTheLimit) {
  ServerOptions options;
  options.limits.body_bytes_max = 1000;
  options.limits.stall_time = absl::Seconds(2);
  Start(std::move(options));
  EXPECT_EQ(Client().Post("/post", std::string(1000, 'x'), "a/b")->status, 200);
  EXPECT_THAT(Ask("POST /post HTTP/1.1\r\nContent-Length: 1001\r\n\r\n"), HasSubstr(" 413 "));
  std::string chunks;
  for (int i = 0; i < 11; ++i) chunks += "64\r\n" + std::string(100, 'x') + "\r\n";
  EXPECT_THAT(Ask("POST /post HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks),
              HasSubstr(" 400 "));
}

TEST_F(WebServer, BearsHeadsThatAreTooLongOrNeverEnd) {
  ServerOptions options;
  options.limits.head_time = absl::Milliseconds(300);
  options.limits.idle_time = absl::Milliseconds(300);
  Start(std::move(options));
  // 16 kB of small headers; one long line; a path and a range that would send a backtracking
  // pattern deep.
  std::string many = "GET /a/1/b HTTP/1.1\r\n";
  for (int i = 0; i < 4000; ++i) many += "X" + std::to_string(i) + ": y\r\n";
  EXPECT_THAT(Ask(many), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Ask("GET /" + std::string(8100, 'a') + " HTTP/1.1\r\n\r\n"),
              StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Ask("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n\r\n"),
              StartsWith("HTTP/1.1 414"));
  std::string ranges = "GET /a/1/b HTTP/1.1\r\nRange: bytes=0-1";
  while (ranges.size() < 8000) ranges += ",2-3";
  EXPECT_THAT(Ask(ranges + "\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  // Nothing, half a line, and half a head: hung up on, each in its time.
  EXPECT_EQ(Ask(""), "");
  Ask("GET /a");
  Ask("GET /a/1/b HTTP/1.1\r\nX: y\r\n");
  EXPECT_EQ(Client().Get("/a/1/b")->status, 200);
}

TEST_F(WebServer, ServesManyRequestsOnOneConnectionPipelinedToo) {
  Start();
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += "GET /a/" + std::to_string(i) + "/b HTTP/1.1\r\nHost: x\r\n\r\n";
  all += "GET /a/last/b HTTP/1.1\r\nConnection: close\r\n\r\n";
  const std::string answers = Ask(all);
  for (int i = 0; i < 50; ++i)
    EXPECT_THAT(answers, HasSubstr("\r\n\r\n" + std::to_string(i) + "|\n"));
  EXPECT_THAT(answers, HasSubstr("last|\n"));
}

TEST_F(WebServer, HangsUpOnAddressesThatAreNotNamed) {
  ServerOptions options;
  options.allows = [](const std::string& address) { return address == "10.0.0.1"; };
  Start(std::move(options));
  EXPECT_FALSE(Client().Get("/a/1/b"));
  EXPECT_EQ(server_->counts().refused, 1);
}

TEST_F(WebServer, GivesOneAddressNoMoreThanItsShare) {
  ServerOptions options;
  options.limits.connections_per_peer_max = 2;
  Start(std::move(options));
  Raw first(server_->port()), second(server_->port());
  for (Raw* raw : {&first, &second}) {
    raw->Send("GET /a/1/b HTTP/1.1\r\n\r\n");
    EXPECT_THAT(raw->ReadSome(), StartsWith("HTTP/1.1 200"));
  }
  EXPECT_EQ(Ask("GET /a/1/b HTTP/1.1\r\n\r\n"), "");
  EXPECT_EQ(server_->counts().connections, 2);
}

TEST_F(WebServer, StopsAtOnceWithIdleConnectionsAndAfterItsGraceWithBusyOnes) {
  Start();
  Raw idle(server_->port()), busy(server_->port());
  idle.Send("GET /a/1/b HTTP/1.1\r\n\r\n");
  EXPECT_THAT(idle.ReadSome(), StartsWith("HTTP/1.1 200"));
  busy.Send("GET /stream?kind=endless HTTP/1.1\r\n\r\n");
  EXPECT_THAT(busy.ReadSome(), StartsWith("HTTP/1.1 200"));
  const auto begin = std::chrono::steady_clock::now();
  server_->Stop(absl::Milliseconds(300));
  server_->Stop(absl::ZeroDuration());
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, std::chrono::milliseconds(300));
  EXPECT_LT(took, std::chrono::seconds(10));
  EXPECT_EQ(freed_, 1);
}

TEST(WebServerStart, RefusesWhatItCannotServeWith) {
  ServerOptions options;
  options.tls = TlsFiles{.certificate = "/nonexistent", .key = "/nonexistent"};
  EXPECT_EQ(Server::Create(options).status().code(), absl::StatusCode::kInvalidArgument);
  options = {};
  options.limits.connections_max = 0;
  EXPECT_FALSE(Server::Create(options).ok());
  auto first = Server::Create({});
  ASSERT_TRUE((*first)->Start().ok());
  options = {};
  options.port = (*first)->port();
  auto second = Server::Create(options);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*second)->Start().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tongjian::web
