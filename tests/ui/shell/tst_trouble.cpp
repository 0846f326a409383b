#include "ui/shell/trouble.h"
#include "ui/theme/theme.h"

#include <QAbstractButton>
#include <QClipboard>
#include <QFile>
#include <QPlainTextEdit>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

#include <stdexcept>

using namespace attune::ui;

namespace {

QString contentOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

class Thrower final : public QObject {
public:
    bool event(QEvent *event) override
    {
        if (event->type() == QEvent::User)
            throw std::runtime_error("thrown on purpose");
        return QObject::event(event);
    }
};

} // namespace

class TestTrouble : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_log = m_folder->filePath("deep/studio.log");
        startLog(m_log);
    }
    void cleanup() { qInstallMessageHandler(nullptr); }

    void messagesGoToTheLog()
    {
        qInfo("a word");
        qWarning("a warning");
        QVERIFY(contentOf(m_log).contains("info a word"));
        QVERIFY(contentOf(m_log).contains("warning a warning"));
        QVERIFY(lastLogLines().endsWith("warning a warning"));
    }

    void aLongLogStartsAnew()
    {
        QFile file(m_log);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(QByteArray(2 << 20, 'x'));
        file.close();
        startLog(m_log);
        QVERIFY(QFile(m_log).size() < 1000);
        QVERIFY(QFile(m_log + ".1").size() > 1000);
    }

    void anExceptionInTheWindowIsShownAndTheProgramGoesOn()
    {
        Thrower thrower;
        QString details;
        QTimer looker; // the box runs an event loop of its own
        connect(&looker, &QTimer::timeout, this, [&] {
            auto *box = qobject_cast<TroubleBox *>(QApplication::activeModalWidget());
            if (!box)
                return;
            details = box->findChild<QPlainTextEdit *>("troubleDetails")->toPlainText();
            box->findChild<QAbstractButton *>("copyTrouble")->click();
            box->accept();
        });
        looker.start(20);
        QCoreApplication::postEvent(&thrower, new QEvent(QEvent::User));
        QTRY_VERIFY(details.contains("thrown on purpose"));
        QVERIFY(details.contains(m_log));
        QCOMPARE(QApplication::clipboard()->text(), details);
        QVERIFY(contentOf(m_log).contains("error Not caught: thrown on purpose"));
    }

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_log;
};

int main(int argc, char **argv)
{
    StudioApplication application(argc, argv);
    TestTrouble test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_trouble.moc"
