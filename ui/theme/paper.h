#pragma once

namespace attune::ui {

/// While one lives, color() gives the light theme's values, whatever the window shows: for what is saved as a picture
/// or printed. Widgets are not told, so nothing may be drawn on the screen meanwhile. On the window's thread.
class PaperColours {
public:
    PaperColours();
    ~PaperColours();
    PaperColours(const PaperColours &) = delete;
    PaperColours &operator=(const PaperColours &) = delete;
};

} // namespace attune::ui
