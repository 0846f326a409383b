#include "ui/theme/theme.h"
#include "ui/widgets/file_dialog.h"

#include <QApplication>
#include <QDialogButtonBox>
#include <QDir>
#include <QFile>
#include <QFileSystemModel>
#include <QLineEdit>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace attune::ui;

namespace {

/// A file on which this process has a lock, as SQLite has one on the index of an open project's log.
class LockedFile {
public:
    explicit LockedFile(const QString &path) : m_file(path)
    {
        if (!m_file.open(QIODevice::ReadWrite) || m_file.write("index") != 5 || !m_file.flush())
            return;
        struct flock lock = {};
        lock.l_type = F_RDLCK;
        lock.l_whence = SEEK_SET;
        lock.l_start = 128;
        lock.l_len = 1;
        m_locked = ::fcntl(m_file.handle(), F_SETLK, &lock) == 0;
    }
    /// As the kernel has it; a process is not told of its own locks.
    bool locked() const
    {
        struct stat facts = {};
        QFile locks(QStringLiteral("/proc/locks"));
        if (!m_locked || ::fstat(m_file.handle(), &facts) != 0 || !locks.open(QIODevice::ReadOnly))
            return false;
        const QByteArray mine = ' ' + QByteArray::number(::getpid()) + ' ';
        const QByteArray file = ':' + QByteArray::number(static_cast<qulonglong>(facts.st_ino)) + " 128 128";
        for (const QByteArray &line : locks.readAll().split('\n'))
            if (line.contains(mine) && line.contains(file))
                return true;
        return false;
    }

private:
    QFile m_file;
    bool m_locked = false;
};

/// The dialog has listed the folder: names, and the icons that a thread of its own looks up.
bool hasListed(const FileDialog &dialog, const QString &path)
{
    const auto *model = dialog.findChild<QFileSystemModel *>();
    const QModelIndex row = model ? model->index(path) : QModelIndex();
    return row.isValid() && !model->fileIcon(row).isNull() && model->type(row).contains("file");
}

} // namespace

class TestFileDialog : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }

    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        QVERIFY(m_folder->isValid());
    }

    void looksIntoNoFileThatItLists()
    {
        const QString path = m_folder->filePath("mails.attune-shm");
        const LockedFile file(path);
        if (!file.locked())
            QSKIP("this system does not list locks");
        FileDialog dialog(nullptr, "Open", m_folder->path());
        dialog.open();
        QTRY_VERIFY(hasListed(dialog, path));
        QTest::qWait(200); // its thread may still be at it
        QVERIFY(file.locked());
    }

    void beginsWhereItIsTold()
    {
        QVERIFY(QFile(m_folder->filePath("rows.jsonl")).open(QIODevice::WriteOnly));
        const FileDialog folder(nullptr, "Open", m_folder->path());
        QCOMPARE(folder.directory().absolutePath(), m_folder->path());
        FileDialog file(nullptr, "Save", m_folder->filePath("plot.png"));
        file.setAcceptMode(QFileDialog::AcceptSave);
        QCOMPARE(file.directory().absolutePath(), m_folder->path());
        QCOMPARE(file.selectedFiles(), QStringList(m_folder->filePath("plot.png")));
    }

    void takesAWholePathThatIsTyped()
    {
        const QString path = m_folder->filePath("rows.jsonl");
        QVERIFY(QFile(path).open(QIODevice::WriteOnly));
        for (const QString &start : {m_folder->path(), QDir::tempPath()}) {
            FileDialog dialog(nullptr, "Open", start, "*.jsonl");
            dialog.setFileMode(QFileDialog::ExistingFile);
            dialog.open();
            QVERIFY(QTest::qWaitForWindowActive(&dialog));
            auto *field = dialog.findChild<QLineEdit *>("fileNameEdit");
            field->setFocus();
            QTest::keyClicks(field, path);
            QTest::qWait(200); // its list of completions comes up
            QWidget *list = QApplication::activePopupWidget();
            QTest::keyClick(list ? list : field, Qt::Key_Return);
            QCOMPARE(dialog.result(), static_cast<int>(QDialog::Accepted));
            QCOMPARE(dialog.selectedFiles(), QStringList(path));
        }
    }

    void theNextOneBeginsWhereTheLastOneEnded()
    {
        FileDialog first(nullptr, "Save", m_folder->filePath("plot.png"));
        first.setAcceptMode(QFileDialog::AcceptSave);
        first.open();
        QTest::qWait(50);
        first.selectFile("plot.png");
        auto *accept = first.findChild<QDialogButtonBox *>()->button(QDialogButtonBox::Save);
        QVERIFY(accept && accept->isEnabled());
        accept->click();
        QCOMPARE(first.result(), static_cast<int>(QDialog::Accepted));
        QCOMPARE(FileDialog(nullptr, "Open").directory().absolutePath(), m_folder->path());
        FileDialog named(nullptr, "Save", "rows.csv");
        named.setAcceptMode(QFileDialog::AcceptSave);
        QCOMPARE(named.selectedFiles(), QStringList(m_folder->filePath("rows.csv")));
    }

private:
    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_MAIN(TestFileDialog)
#include "tst_file_dialog.moc"
