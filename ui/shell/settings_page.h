#pragma once

#include <QScrollArea>

class QCheckBox;
class QLineEdit;
class QListWidget;
class QTreeWidget;
class QTreeWidgetItem;

namespace attune::ui {

class ActionBook;
class InlineNotice;
class SegmentedControl;

/// Looks, models, keys and where things are kept.
class SettingsPage final : public QScrollArea {
    Q_OBJECT
public:
    explicit SettingsPage(ActionBook &book, QWidget *parent = nullptr);
    void refresh(); ///< models and keys, as they are now
    void showModelTrouble(const QString &sentence);

Q_SIGNALS:
    void addModelAsked(bool file);

private:
    QWidget *makeLook();
    QWidget *makeModels();
    QWidget *makeKeys();
    QWidget *makePlaces();
    void showLook();
    void showModels();
    void showKeys();
    void filterKeys();
    void editKey(QTreeWidgetItem *item);
    ActionBook &m_book;
    SegmentedControl *m_theme = nullptr;
    SegmentedControl *m_textSize = nullptr;
    QCheckBox *m_motion = nullptr;
    QListWidget *m_models = nullptr;
    InlineNotice *m_modelNotice = nullptr;
    QLineEdit *m_keySearch = nullptr;
    QTreeWidget *m_keys = nullptr;
    InlineNotice *m_keyNotice = nullptr;
};

} // namespace attune::ui
