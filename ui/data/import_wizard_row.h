#pragma once

#include "core/data/import_preview.h"
#include "ui/data/editor_preview.h"
#include "ui/session/session.h"

#include <QWidget>

class QLabel;
class QScrollArea;

namespace attune::ui {

class ImportSplitView;
class PanelHeader;
class TokenStrip;

/// One of the first records as the row that it becomes: its turns, its tags, and what the model will see of it.
class ImportRowView final : public QWidget {
    Q_OBJECT
public:
    explicit ImportRowView(Session &session, QWidget *parent = nullptr);
    void showRecord(int index, const PreviewRecord *record); ///< null: none
    /// Where all rows would go. An empty text: not known yet.
    void showSplit(const std::array<std::int64_t, 3> &counts, bool about, const QString &why);

Q_SIGNALS:
    void stepAsked(int step); ///< -1: the record before
    void splitAsked();

private:
    void askTokens();
    void showTokens(const ShownPreview &shown);
    Session &m_session;
    PanelHeader *m_header;
    QScrollArea *m_scroll;
    QLabel *m_tokens;
    TokenStrip *m_strip;
    PreviewWorker *m_preview;
    QWidget *m_splitPart;
    QLabel *m_splitWhy;
    ImportSplitView *m_split;
    QList<QLabel *> m_turnTokens;
    Turns m_turns;
};

} // namespace attune::ui
