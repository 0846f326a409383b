#pragma once

#include "core/base/result.h"

#include <c10/util/Exception.h>
#include <exception>
#include <new>
#include <string>

namespace attune {

/// Runs torch code, which may throw, and turns what it throws into an Error before it leaves the file.
/// `what` begins the message: "Loading model/".
template <typename F>
auto guarded(const std::string &what, F &&body) -> decltype(body())
{
    try {
        return body();
    } catch (const c10::OutOfMemoryError &error) {
        return fail(ErrorCode::OutOfMemory,
                    what + " needs more device memory than there is; lower max_length or the batch size, or switch "
                           "gradient_checkpointing on.",
                    error.what());
    } catch (const std::bad_alloc &error) {
        return fail(ErrorCode::OutOfMemory,
                    what + " needs more memory than there is; lower max_length or the batch size, or switch "
                           "gradient_checkpointing on.",
                    error.what());
    } catch (const c10::Error &error) {
        const std::string detail = error.what();
        if (detail.find("alloc") != std::string::npos && detail.find("memory") != std::string::npos)
            return fail(ErrorCode::OutOfMemory,
                        what + " needs more memory than there is; lower max_length or the batch size, or switch "
                               "gradient_checkpointing on.",
                        detail);
        return fail(ErrorCode::Internal, what + " failed inside libtorch: " + error.what_without_backtrace(), detail);
    } catch (const std::exception &error) {
        return fail(ErrorCode::Internal, what + " failed: " + error.what());
    }
}

} // namespace attune
