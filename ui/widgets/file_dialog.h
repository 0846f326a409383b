#pragma once

#include <QFileDialog>

namespace attune::ui {

/// Qt's own file dialog, made so that it opens none of the files that it lists.
///
/// The usual ones look into a file whose ending they do not know to choose an icon. Where that is the open project,
/// or the index of its log beside it, closing it drops every lock that this process has on it (POSIX gives and takes
/// locks by process), and the next program that opens the project takes it for unused: it clears the index under our
/// feet.
class FileDialog final : public QFileDialog {
    Q_OBJECT
public:
    /// `start`: a folder, or a file that is proposed; a name alone, or nothing, stands for the folder used last.
    explicit FileDialog(QWidget *parent, const QString &title, const QString &start = {}, const QString &filter = {});

    // Each waits for the answer; empty: the user thought better of it.
    static QString openFile(QWidget *parent, const QString &title, const QString &start, const QString &filter);
    /// Says itself that a file is there already only where `confirm` is set.
    static QString saveFile(QWidget *parent, const QString &title, const QString &start, const QString &filter,
                            bool confirm = true);
    static QString folder(QWidget *parent, const QString &title, const QString &start = {});

protected:
    void accept() override;

private:
    QString answer();
};

} // namespace attune::ui
