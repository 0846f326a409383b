#pragma once

#include "core/base/result.h"

#include <functional>
#include <initializer_list>
#include <stop_token>
#include <string>

namespace CLI {
class App;
class Option;
} // namespace CLI

/// The command line, over CLI11. Its headers take longer to compile than any verb, so only verb.cpp and main.cpp read
/// them.
namespace attune::cli {

/// What every verb gets.
struct Context {
    std::stop_token stop; ///< Ctrl-C
};

/// A verb's work: an error is printed as one line, and decides the exit status.
using Action = std::function<Result<int>(const Context &)>;

/// One option of a verb; each call says more about it.
class Option {
public:
    explicit Option(CLI::Option *option) noexcept : m_option(option) {}

    Option &required();
    Option &oneOf(std::initializer_list<const char *> values);
    Option &inRange(int least, int most);
    /// The value that it has now stands in the help.
    Option &showsDefault();
    /// A list that takes one value each time the option is given.
    Option &oneAtATime();
    Option &valueName(const std::string &name);
    Option &needs(const Option &other);
    Option &excludes(const Option &other);

private:
    CLI::Option *m_option;
};

/// A command of the program.
class Verb {
public:
    /// `action` is copied into the command: what it uses, the parsed options too, must be held in it (a shared_ptr).
    Verb(CLI::App &program, const std::string &name, const std::string &help, Action action);

    /// An option, or by a name without dashes an argument, that is written to `value`: a text, a whole number, a
    /// number, an optional of these, or a list of texts.
    template <typename T>
    Option option(const std::string &name, T &value, const std::string &help) const;
    Option flag(const std::string &name, bool &value, const std::string &help) const;
    /// Options of which exactly one must be given, under a heading of their own.
    Verb exactlyOneOf(const std::string &name, const std::string &help) const;
    /// Looks at the options together, once they are parsed: a text that `check` gives is the reason of a usage error.
    void checkUsage(std::function<std::string()> check) const;
    /// A text under the help.
    void footer(const std::string &text) const;

private:
    explicit Verb(CLI::App *app) noexcept : m_app(app) {}

    CLI::App *m_app;
};

/// The action of the command that the parsed command line named.
const Action *chosenAction();

} // namespace attune::cli
