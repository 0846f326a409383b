#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace attune {

enum class ErrorCode { InvalidInput, NotFound, Io, Corrupt, OutOfMemory, Interrupted, Internal };

struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message; ///< one sentence for the user: what failed, on which file or value, what to do
    std::string detail;  ///< for the log: SQLite's or torch's own words
};

/// A value or an Error. With warnings as errors, an ignored failure does not compile.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using tl::expected<T, Error>::expected;
    Result(tl::expected<T, Error> other) : tl::expected<T, Error>(std::move(other)) {}
};

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string detail = {})
{
    return tl::unexpected(Error{code, std::move(message), std::move(detail)});
}

/// Hands an error on: `if (!r) return forward(r);`
template <typename T>
tl::unexpected<Error> forward(Result<T> &result)
{
    return tl::unexpected(std::move(result.error()));
}

} // namespace attune

// ATTUNE_TRY(auto value, expression) gives the value of a Result to a new variable, or returns its error from the
// calling function.
#define ATTUNE_JOIN_(a, b) a##b
#define ATTUNE_JOIN(a, b) ATTUNE_JOIN_(a, b)
#define ATTUNE_TRY_IMPL(temporary, target, expression)                                                               \
    auto temporary = (expression);                                                                                   \
    if (!temporary)                                                                                                  \
        return ::attune::forward(temporary);                                                                         \
    target = std::move(*temporary)
#define ATTUNE_TRY(target, ...) ATTUNE_TRY_IMPL(ATTUNE_JOIN(attuneTry, __LINE__), target, (__VA_ARGS__))

// The same for a Result<void>.
#define ATTUNE_CHECK(...)                                                                                            \
    do {                                                                                                             \
        if (auto attuneCheck = (__VA_ARGS__); !attuneCheck)                                                          \
            return ::attune::forward(attuneCheck);                                                                   \
    } while (false)
