#pragma once

#include "tests/patience.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>

/// What one call of the program gave.
struct Outcome {
    int status = -1; ///< -1: it crashed or could not be started
    QString out;
    QString error;

    QStringList errorLines() const { return error.split('\n', Qt::SkipEmptyParts); }
    /// Every line of standard output as JSON; empty where one of them is not an object.
    QList<QJsonObject> json() const
    {
        QList<QJsonObject> objects;
        for (const QString &line : out.split('\n', Qt::SkipEmptyParts)) {
            const auto document = QJsonDocument::fromJson(line.toUtf8());
            if (!document.isObject())
                return {};
            objects << document.object();
        }
        return objects;
    }
};

/// A folder to work in, and the program started in it.
class Workplace {
public:
    QString path(const QString &name) const { return m_folder.filePath(name); }
    static QString data(const QString &name) { return QString(ATTUNE_TEST_DATA) + "/" + name; }
    static QString model() { return data("parity/llama-gqa/model"); }

    void write(const QString &name, const QByteArray &content) const
    {
        QFile file(path(name));
        if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size())
            qFatal("can't write a file of the test");
    }
    QByteArray read(const QString &name) const
    {
        QFile file(path(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

    void prepare(QProcess &process) const
    {
        auto environment = QProcessEnvironment::systemEnvironment();
        environment.insert("OMP_NUM_THREADS", "1"); // more only wait for each other on a toy
        environment.insert("ATTUNE_DATA", path("data"));
        process.setProcessEnvironment(environment);
        process.setWorkingDirectory(m_folder.path());
        process.setProgram(ATTUNE_BINARY);
    }

    Outcome attune(const QStringList &arguments) const
    {
        QProcess process;
        prepare(process);
        process.setArguments(arguments);
        process.start();
        if (!process.waitForFinished(120'000 * Patience) || process.exitStatus() != QProcess::NormalExit)
            return {-1, process.readAllStandardOutput(), process.readAllStandardError()};
        return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
    }

    /// Rows that the toy model learns from in a moment.
    static QByteArray rows(const QByteArray &split, int count)
    {
        QByteArray text;
        for (int i = 0; i < count; ++i) {
            const QByteArray number = QByteArray::number(100 + i);
            text += R"({"messages": [{"role": "user", "content": ")" + split + " order " + number +
                    R"("}, {"role": "assistant", "content": "{\"order\": )" + number + R"(}"}], "split": ")" + split +
                    "\"}\n";
        }
        return text;
    }

private:
    QTemporaryDir m_folder;
};
