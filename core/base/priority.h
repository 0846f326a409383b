#pragma once

namespace attune {

/// Ranks the calling thread, and those that it makes from now on, behind what somebody waits for: 0 (as usual) to 19.
/// For threads that compute: on two cores that are both busy, a key press must not wait for a step. Failing to rank
/// lower is no reason not to work, so nothing is said of it.
void lowerPriority(int niceness);

/// Answers that are read while they are made stand behind the window, and before a training that goes on beside them.
/// Not far behind: beside other programs that compute, a training must still come on.
inline constexpr int answeringNiceness = 3;
inline constexpr int trainingNiceness = 5;

} // namespace attune
