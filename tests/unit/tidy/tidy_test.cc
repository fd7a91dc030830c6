// Goal: nobody has to remember the house rules. Method: every source file is read and held to
// rules.h.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "gtest/gtest.h"
#include "tests/unit/tidy/rules.h"

namespace tongjian::tidy {
namespace {

namespace fs = std::filesystem;

const char* const kRoots[] = {"common", "services", "tests", "proto", "cmake", "deploy", ".ci"};
const std::set<std::string> kTextKinds = {".cc", ".h",     ".proto", ".sql", ".py",
                                          ".sh", ".cmake", ".txt",   ".md"};
const std::set<std::string> kNotOurs = {"node_modules", "__pycache__", "build", "dist"};

struct Source {
  std::string path;  // Relative to the root.
  std::string text;
  bool is_text = false;
  bool is_code = false;
};

std::vector<Source> ReadSources() {
  std::vector<Source> sources;
  const fs::path root = TJ_SOURCE_ROOT;
  for (const char* name : kRoots) {
    if (!fs::exists(root / name)) continue;
    for (auto at = fs::recursive_directory_iterator(root / name); at != fs::end(at); ++at) {
      if (at->is_directory() && kNotOurs.count(at->path().filename()))
        at.disable_recursion_pending();
      if (!at->is_regular_file()) continue;
      Source source;
      source.path = fs::relative(at->path(), root);
      const std::string kind = at->path().extension();
      source.is_text = kTextKinds.count(kind) > 0;
      source.is_code = kind == ".cc" || kind == ".h";
      if (source.is_text) {
        std::ifstream stream(at->path(), std::ios::binary);
        source.text.assign(std::istreambuf_iterator<char>(stream), {});
      }
      sources.push_back(std::move(source));
    }
  }
  return sources;
}

class Tidy : public testing::Test {
 protected:
  static void SetUpTestSuite() { sources_ = new std::vector<Source>(ReadSources()); }
  static void TearDownTestSuite() { delete sources_; }

  template <class Rule>
  void Hold(bool Source::*applies, const Rule& rule) {
    for (const Source& source : *sources_) {
      if (applies != nullptr && !(source.*applies)) continue;
      for (const std::string& breach : rule(source)) ADD_FAILURE() << breach;
    }
  }
  static std::vector<Source>* sources_;
};
std::vector<Source>* Tidy::sources_ = nullptr;

TEST_F(Tidy, ReadsTheWholeHouse) {
  ASSERT_GT(sources_->size(), 100u);
  const auto is_check = [](const Source& source) { return source.path == "common/base/check.h"; };
  EXPECT_TRUE(std::any_of(sources_->begin(), sources_->end(), is_check));
}

TEST_F(Tidy, TextIsClean) {
  Hold(&Source::is_text, [](const Source& source) { return CheckText(source.path, source.text); });
}

TEST_F(Tidy, CodeKeepsItsCeilings) {
  Hold(&Source::is_code, [](const Source& source) { return CheckCode(source.path, source.text); });
}

TEST_F(Tidy, IncludesFollowTheArrows) {
  Hold(&Source::is_code,
       [](const Source& source) { return CheckIncludes(source.path, source.text); });
}

TEST_F(Tidy, NamesSaySomething) {
  Hold(nullptr, [](const Source& source) { return CheckName(source.path); });
}

TEST_F(Tidy, SqlStaysInStores) {
  Hold(&Source::is_code, [](const Source& source) { return CheckSql(source.path, source.text); });
}

}  // namespace
}  // namespace tongjian::tidy
