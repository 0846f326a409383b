#pragma once

/// How much longer than usual a test may wait for what must not hang. A sanitizer makes all of it ten to thirty times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int Patience = 100;
#else
inline constexpr int Patience = 1;
#endif
