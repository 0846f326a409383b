#pragma once

#include "ui/session/workspace.h"

namespace attune::ui {

/// Says where each action of the rows stands in the menus: in which group, and in which menu inside the menu. The
/// shell reads that from the actions' properties "menuGroup" and "submenu".
void arrangeMenus(const QList<WorkspaceAction> &actions);

} // namespace attune::ui
