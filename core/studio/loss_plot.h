#pragma once

#include "core/store/project.h"

namespace attune {

/// The learning curve of a run as an SVG picture: training loss of each step and smoothed, validation losses as
/// points, the best of them marked.
std::string lossPlotSvg(std::span<const Metric> metrics, const std::string &title);
Result<void> writeLossPlot(Project &project, const Run &run, const std::filesystem::path &file);

} // namespace attune
