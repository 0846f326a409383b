#pragma once

#include <QLabel>
#include <QWidget>

#include <functional>

class QPushButton;
class QVBoxLayout;

namespace attune::ui {

/// What stands where nothing is yet: an icon, one sentence, one primary button, a link or two.
class EmptyState final : public QWidget {
    Q_OBJECT
public:
    explicit EmptyState(const char *icon, const QString &sentence = {}, QWidget *parent = nullptr);
    void setText(const QString &sentence);
    QString text() const;
    void setIconName(const char *icon);
    QPushButton *setPrimary(const QString &text, std::function<void()> act); ///< replaces an earlier one
    QPushButton *addLink(const QString &text, std::function<void()> act);
    void clearActions();

private:
    void refresh();
    const char *m_iconName;
    QLabel *m_icon;
    QLabel *m_sentence;
    QVBoxLayout *m_layout;
    QPushButton *m_primary = nullptr;
    QList<QPushButton *> m_links;
};

} // namespace attune::ui
