#include "app/cli/verb.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <vector>

namespace attune::cli {
namespace {

Action &chosen()
{
    static Action action;
    return action;
}

} // namespace

Option &Option::required()
{
    m_option->required();
    return *this;
}

Option &Option::oneOf(std::initializer_list<const char *> values)
{
    m_option->check(CLI::IsMember(std::vector<std::string>(values.begin(), values.end())));
    return *this;
}

Option &Option::inRange(int least, int most)
{
    m_option->check(CLI::Range(least, most));
    return *this;
}

Option &Option::showsDefault()
{
    m_option->capture_default_str();
    return *this;
}

Option &Option::oneAtATime()
{
    m_option->allow_extra_args(false);
    return *this;
}

Option &Option::valueName(const std::string &name)
{
    m_option->type_name(name);
    return *this;
}

Option &Option::needs(const Option &other)
{
    m_option->needs(other.m_option);
    return *this;
}

Option &Option::excludes(const Option &other)
{
    m_option->excludes(other.m_option);
    return *this;
}

Verb::Verb(CLI::App &program, const std::string &name, const std::string &help, Action action)
    : m_app(program.add_subcommand(name, help))
{
    m_app->callback([action = std::move(action)] { chosen() = action; });
}

template <typename T>
Option Verb::option(const std::string &name, T &value, const std::string &help) const
{
    return Option(m_app->add_option(name, value, help));
}

template Option Verb::option(const std::string &, std::string &, const std::string &) const;
template Option Verb::option(const std::string &, std::vector<std::string> &, const std::string &) const;
template Option Verb::option(const std::string &, std::int64_t &, const std::string &) const;
template Option Verb::option(const std::string &, std::uint64_t &, const std::string &) const;
template Option Verb::option(const std::string &, double &, const std::string &) const;
template Option Verb::option(const std::string &, std::optional<std::int64_t> &, const std::string &) const;
template Option Verb::option(const std::string &, std::optional<std::uint64_t> &, const std::string &) const;
template Option Verb::option(const std::string &, std::optional<double> &, const std::string &) const;

Option Verb::flag(const std::string &name, bool &value, const std::string &help) const
{
    return Option(m_app->add_flag(name, value, help));
}

Verb Verb::exactlyOneOf(const std::string &name, const std::string &help) const
{
    auto *group = m_app->add_option_group(name, help);
    group->require_option(1);
    return Verb(group);
}

void Verb::checkUsage(std::function<std::string()> check) const
{
    m_app->parse_complete_callback([check = std::move(check)] {
        if (std::string reason = check(); !reason.empty())
            throw CLI::ValidationError(std::move(reason));
    });
}

void Verb::footer(const std::string &text) const
{
    m_app->footer(text);
}

const Action *chosenAction()
{
    return chosen() ? &chosen() : nullptr;
}

} // namespace attune::cli
