// Names as they are printed on a report.
#pragma once

#include <string>

namespace tongjian::feed {
class Mirror;
}

namespace tongjian::reading {

// Safe for concurrent use. Empty where the name is not known.
class Names {
 public:
  virtual ~Names() = default;
  virtual std::string Facility(const std::string& id) const = 0;
  virtual std::string Practitioner(const std::string& id) const = 0;
};

// From the registry's feed, which must outlive it.
class RegistryNames final : public Names {
 public:
  explicit RegistryNames(const feed::Mirror& registry) : registry_(registry) {}
  std::string Facility(const std::string& id) const override;
  std::string Practitioner(const std::string& id) const override;

 private:
  const feed::Mirror& registry_;
};

}  // namespace tongjian::reading
