#include "ui/widgets/file_dialog.h"

#include "ui/theme/theme.h"

#include <QDir>
#include <QFileIconProvider>
#include <QFileInfo>
#include <QHeaderView>
#include <QLineEdit>
#include <QListView>
#include <QSplitter>
#include <QTreeView>

namespace attune::ui {

namespace {

/// Icons and kinds by what the folder says of a file.
class OutsideIcons final : public QFileIconProvider {
public:
    using QFileIconProvider::icon;
    QIcon icon(const QFileInfo &info) const override
    {
        return QFileIconProvider::icon(info.isDir() ? QAbstractFileIconProvider::Folder
                                                    : QAbstractFileIconProvider::File);
    }
    QString type(const QFileInfo &info) const override
    {
        if (info.isDir())
            return FileDialog::tr("Folder");
        return info.suffix().isEmpty() ? FileDialog::tr("File") : FileDialog::tr("%1 file").arg(info.suffix());
    }
};

QString &lastFolder()
{
    static QString folder = QDir::homePath();
    return folder;
}

} // namespace

// It reads the first folder before it can be told whose icons to use, and that one must not be where projects are.
FileDialog::FileDialog(QWidget *parent, const QString &title, const QString &start, const QString &filter)
    : QFileDialog(parent, title, QDir::rootPath(), filter)
{
    static OutsideIcons icons;
    setOption(DontUseNativeDialog);
    setIconProvider(&icons);
    const QFileInfo wanted(QDir(lastFolder()), start);
    if (start.isEmpty()) {
        setDirectory(lastFolder());
    } else if (wanted.isDir()) {
        setDirectory(wanted.absoluteFilePath());
    } else {
        setDirectory(wanted.absolutePath());
        selectFile(wanted.fileName());
    }
    // Sizes and dates whole, the name gets what is left.
    resize(scaled(860), scaled(520));
    if (auto *table = findChild<QTreeView *>(QStringLiteral("treeView"))) {
        table->header()->setStretchLastSection(false);
        table->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
        table->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    }
    if (auto *splitter = findChild<QSplitter *>(QStringLiteral("splitter")))
        splitter->setSizes({scaled(160), scaled(700)});
    connect(this, &QDialog::accepted, this, [this] { lastFolder() = directory().absolutePath(); });
}

/// While a whole path is typed, the dialog selects what it passes on its way, and takes the folder that it shows for
/// the answer once that is among it; so the path is made a name in its folder first.
void FileDialog::accept()
{
    auto *field = findChild<QLineEdit *>(QStringLiteral("fileNameEdit"));
    auto *list = findChild<QListView *>(QStringLiteral("listView"));
    const QFileInfo typed(field ? field->text() : QString());
    if (field && list && typed.isAbsolute() && !typed.isDir() && typed.dir().exists()) {
        setDirectory(typed.absolutePath());
        list->selectionModel()->clear();
        field->setText(typed.fileName());
    }
    QFileDialog::accept();
}

QString FileDialog::answer()
{
    return exec() == Accepted ? selectedFiles().value(0) : QString();
}

QString FileDialog::openFile(QWidget *parent, const QString &title, const QString &start, const QString &filter)
{
    FileDialog dialog(parent, title, start, filter);
    dialog.setFileMode(ExistingFile);
    return dialog.answer();
}

QString FileDialog::saveFile(QWidget *parent, const QString &title, const QString &start, const QString &filter,
                             bool confirm)
{
    FileDialog dialog(parent, title, start, filter);
    dialog.setAcceptMode(AcceptSave);
    dialog.setOption(DontConfirmOverwrite, !confirm);
    return dialog.answer();
}

QString FileDialog::folder(QWidget *parent, const QString &title, const QString &start)
{
    FileDialog dialog(parent, title, start);
    dialog.setFileMode(Directory);
    dialog.setOption(ShowDirsOnly);
    return dialog.answer();
}

} // namespace attune::ui
