#pragma once

#include "core/store/labelling.h"

#include <QAbstractButton>
#include <QWidget>

class QCompleter;
class QLabel;
class QLineEdit;
class QMenu;
class QStringListModel;

namespace attune::ui {

class FlowLayout;
class IconButton;
class KeyButton;
class OneLine;

/// The split of a row: mark and word; a click offers the others.
class PartButton final : public QAbstractButton {
    Q_OBJECT
public:
    explicit PartButton(QWidget *parent = nullptr);
    void setPart(const std::optional<Part> &part);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    std::optional<Part> m_part;
};

/// What a row is: number, split, state, problems, tags; where it came from, its versions.
class EditorHeader final : public QWidget {
    Q_OBJECT
public:
    explicit EditorHeader(QWidget *parent = nullptr);

    struct Facts {
        std::int64_t id = 0;
        std::optional<Part> part;
        LabelState state = LabelState::ToLabel;
        std::vector<ProblemKind> problems; ///< each once
        std::vector<std::string> tags;
        Origin origin;
        int versions = 0;
        bool readOnly = false;
        bool operator==(const Facts &other) const;
    };
    void showFacts(const Facts &facts);
    void showNothing();
    void setMenu(QMenu *menu);
    /// A field for a tag, with the tags of the project to complete from.
    void startTag();
    void setKnownTags(const QStringList &tags);
    QAbstractButton *partButton() const { return m_part; }

Q_SIGNALS:
    void partAsked();
    void problemAsked(attune::ProblemKind kind);
    void tagAdded(const QString &tag);
    void tagRemoved(const QString &tag);
    void tagsWanted(); ///< for completion
    void versionsAsked();
    void escaped();

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void takeTag();
    void refreshRight();

    Facts m_facts;
    QLabel *m_title;
    QWidget *m_marks;
    FlowLayout *m_flow;
    PartButton *m_part;
    QLineEdit *m_tag;
    QCompleter *m_completer;
    QStringListModel *m_known;
    OneLine *m_origin;
    KeyButton *m_versions;
    IconButton *m_menu;
};

} // namespace attune::ui
