#pragma once

#include <QtTest>

/// How much longer than usual a test may wait for what must not hang. A sanitizer makes all of it ten to thirty times
/// slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int Patience = 100;

// QTRY_VERIFY and its like wait five seconds where a test says nothing. With a sanitizer every test has this header
// before all others (see tests/CMakeLists.txt), so that none needs to say more.
#undef QTRY_IMPL
#define QTRY_IMPL(expr, timeout) \
    const int qt_test_timeoutValue = (timeout) * Patience; \
    { \
        QTRY_LOOP_IMPL(expr, qt_test_timeoutValue, 50) \
    }
#else
inline constexpr int Patience = 1;
#endif
