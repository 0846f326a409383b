#include "core/studio/loss_plot.h"

#include "core/base/files.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace attune {
namespace {

struct Point {
    double x = 0;
    double y = 0;
};
using Curve = std::vector<Point>;

constexpr double width = 880;
constexpr double height = 500;
constexpr double left = 68;
constexpr double right = 24;
constexpr double top = 64;
constexpr double bottom = 56;

constexpr auto ink = "#1f2430";
constexpr auto faint = "#6b7280";
constexpr auto grid = "#e5e7eb";
constexpr auto trainColour = "#2f6fde";
constexpr auto validationColour = "#d9622b";

std::string number(double value, int digits = 1)
{
    std::array<char, 32> text{};
    if (std::abs(value) < 1e6)
        std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    else
        std::snprintf(text.data(), text.size(), "%.3g", value);
    return text.data();
}

std::string escaped(const std::string &text)
{
    std::string out;
    for (const char c : text)
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        default:
            if (static_cast<unsigned char>(c) >= 0x20)
                out += c;
        }
    return out;
}

/// 1, 2 or 5 times a power of ten, so that about `wanted` ticks fit into the span.
double tickStep(double span, double wanted)
{
    const double rough = span / wanted;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (factor * power >= rough)
            return factor * power;
    return 10.0 * power;
}

/// A range of values with room around it, and its ticks.
struct Axis {
    double least = 0;
    double most = 1;
    double step = 1;
    int digits = 0;

    double share(double value) const { return (value - least) / (most - least); }
};

Axis lossAxis(const Curve &train, const Curve &validation)
{
    double least = INFINITY;
    double most = -INFINITY;
    for (const Curve *curve : {&train, &validation})
        for (const Point &p : *curve) {
            least = std::min(least, p.y);
            most = std::max(most, p.y);
        }
    if (!(least <= most))
        return {0, 1, 0.2, 1};
    const double room = std::max(1.0, std::abs(most));
    if (most - least < 1e-6 * room)
        most = least + room;
    Axis axis;
    axis.step = tickStep(most - least, 6);
    axis.least = std::max(0.0, std::floor(least / axis.step) * axis.step);
    axis.most = std::ceil(most / axis.step) * axis.step;
    axis.digits = std::max(0, static_cast<int>(-std::floor(std::log10(axis.step) + 1e-9)));
    return axis;
}

Axis stepAxis(const Curve &train, const Curve &validation)
{
    double most = 1;
    for (const Curve *curve : {&train, &validation})
        for (const Point &p : *curve)
            most = std::max(most, p.x);
    Axis axis;
    axis.most = most;
    axis.step = std::max(1.0, tickStep(most, 8));
    return axis;
}

/// The mean over some steps on either side, as many on both: it does not lag behind, and ends where the curve ends.
Curve smoothed(const Curve &curve)
{
    const std::size_t most = std::max<std::size_t>(2, curve.size() / 30);
    Curve out;
    for (std::size_t i = 0; i < curve.size(); ++i) {
        const std::size_t around = std::min({most, i, curve.size() - 1 - i});
        double sum = 0;
        for (std::size_t k = i - around; k <= i + around; ++k)
            sum += curve[k].y;
        out.push_back({curve[i].x, sum / static_cast<double>(2 * around + 1)});
    }
    return out;
}

class Picture {
public:
    Picture(Axis x, Axis y) : m_x(x), m_y(y) {}

    std::string at(const Point &p) const
    {
        return number(left + m_x.share(p.x) * (width - left - right)) + "," +
               number(height - bottom - m_y.share(p.y) * (height - top - bottom));
    }

    void line(const Curve &curve, const char *colour, double thickness, double opacity)
    {
        if (curve.empty())
            return;
        m_body += R"(<polyline fill="none" stroke-linejoin="round" stroke-linecap="round" stroke=")" +
                  std::string(colour) + R"(" stroke-width=")" + number(thickness) + R"(" stroke-opacity=")" +
                  number(opacity, 2) + R"(" points=")";
        for (const Point &p : curve)
            m_body += at(p) + " ";
        m_body += "\"/>\n";
    }

    void dot(const Point &p, double radius, const char *fill, const char *stroke)
    {
        const std::string where = at(p);
        const auto comma = where.find(',');
        m_body += "<circle cx=\"" + where.substr(0, comma) + "\" cy=\"" + where.substr(comma + 1) + "\" r=\"" +
                  number(radius) + "\" fill=\"" + fill + "\" stroke=\"" + stroke + "\" stroke-width=\"2\"/>\n";
    }

    void text(double x, double y, const std::string &what, const char *anchor, const char *colour, int size,
              const std::string &extra = {})
    {
        m_body += "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor + "\" fill=\"" +
                  colour + "\" font-size=\"" + std::to_string(size) + "\"" + extra + ">" + escaped(what) +
                  "</text>\n";
    }

    void rule(double x1, double y1, double x2, double y2, const char *colour)
    {
        m_body += "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" +
                  number(y2) + "\" stroke=\"" + colour + "\"/>\n";
    }

    void axes()
    {
        const double base = height - bottom;
        for (int i = 0; m_y.least + i * m_y.step <= m_y.most + m_y.step * 1e-6; ++i) {
            const double value = m_y.least + i * m_y.step;
            const double y = base - m_y.share(value) * (base - top);
            rule(left, y, width - right, y, grid);
            text(left - 10, y + 4, number(value, m_y.digits), "end", faint, 12);
        }
        for (int i = 0; i * m_x.step <= m_x.most + m_x.step * 1e-6; ++i) {
            const double x = left + m_x.share(i * m_x.step) * (width - left - right);
            rule(x, base, x, base + 5, faint);
            text(x, base + 20, number(i * m_x.step, 0), "middle", faint, 12);
        }
        rule(left, base, width - right, base, faint);
        text((left + width - right) / 2, height - 14, "step", "middle", faint, 13);
        text(18, (top + base) / 2, "loss, nats a token", "middle", faint, 13,
             " transform=\"rotate(-90 18 " + number((top + base) / 2) + ")\"");
    }

    std::string svg() const
    {
        const std::string w = number(width, 0);
        const std::string h = number(height, 0);
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + w + "\" height=\"" + h + "\" viewBox=\"0 0 " +
               w + " " + h + "\" font-family=\"Inter, 'Helvetica Neue', Arial, sans-serif\">\n<rect width=\"" + w +
               "\" height=\"" + h + "\" fill=\"#ffffff\"/>\n" + m_body + "</svg>\n";
    }

private:
    Axis m_x;
    Axis m_y;
    std::string m_body;
};

void legend(Picture &picture, bool validated, const std::string &best)
{
    double x = left;
    const double y = top - 16;
    picture.rule(x, y - 4, x + 22, y - 4, trainColour);
    picture.text(x + 28, y, "training, smoothed", "start", ink, 12);
    x += 165;
    if (!validated)
        return;
    picture.rule(x, y - 4, x + 22, y - 4, validationColour);
    picture.text(x + 28, y, "validation" + best, "start", ink, 12);
}

} // namespace

std::string lossPlotSvg(std::span<const Metric> metrics, const std::string &title)
{
    Curve train;
    Curve validation;
    for (const Metric &metric : metrics) {
        if (!std::isfinite(metric.value))
            continue;
        if (metric.name == "loss")
            train.push_back({static_cast<double>(metric.step), metric.value});
        else if (metric.name == "validation_loss")
            validation.push_back({static_cast<double>(metric.step), metric.value});
    }
    Picture picture(stepAxis(train, validation), lossAxis(train, validation));
    picture.axes();
    picture.line(train, trainColour, 1.0, 0.35);
    picture.line(smoothed(train), trainColour, 2.4, 1.0);
    picture.line(validation, validationColour, 1.6, 0.8);
    const auto best = std::min_element(validation.begin(), validation.end(),
                                       [](const Point &a, const Point &b) { return a.y < b.y; });
    for (auto p = validation.begin(); p != validation.end(); ++p)
        picture.dot(*p, p == best ? 5.5 : 3.5, p == best ? validationColour : "#ffffff", validationColour);
    picture.text(left, 30, title, "start", ink, 18, " font-weight=\"600\"");
    legend(picture, !validation.empty(),
           best == validation.end() ? std::string()
                                    : ", best " + number(best->y, 3) + " at step " + number(best->x, 0));
    return picture.svg();
}

Result<void> writeLossPlot(Project &project, const Run &run, const std::filesystem::path &file)
{
    ATTUNE_TRY(const auto metrics, project.metrics(run.id));
    return writeFileAtomically(file, lossPlotSvg(metrics, "Loss of " + run.name + " on " + run.model));
}

} // namespace attune
