#pragma once

#include <QWidget>

#include <functional>

class QListWidget;

namespace attune::ui {

class InlineNotice;
class KeyButton;

/// What the window shows while no project is open.
class StartPage final : public QWidget {
    Q_OBJECT
public:
    explicit StartPage(QWidget *parent = nullptr);
    void setRecents(const QStringList &projects);
    /// Why nothing was opened, and what may help; empty: no word.
    void setTrouble(const QString &sentence, const QList<QPair<QString, std::function<void()>>> &links = {});
    QString trouble() const;
    void focusFirst();

Q_SIGNALS:
    void sampleAsked();
    void newAsked();
    void openAsked();
    void projectChosen(const QString &path);
    void forgetAsked(const QString &path);

private:
    void fitRecents();
    InlineNotice *m_notice;
    KeyButton *m_sample;
    QWidget *m_recentBox;
    QListWidget *m_recents;
};

} // namespace attune::ui
