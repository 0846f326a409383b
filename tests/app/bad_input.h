#pragma once

#include "attune_process.h"

#include <QDir>
#include <QTest>

/// One bad input of a table-driven test: how the program is called, how it must end, and what its one line must name.
struct BadInput {
    static void columns()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QStringList>("named");
        QTest::addColumn<int>("status");
    }
    static void row(const char *what, const QStringList &arguments, const QStringList &named, int status = 1)
    {
        QTest::newRow(what) << arguments << named << status;
    }

    /// Empty where the program refused the current row as it should: the status, one line on standard error that
    /// names what is wrong, and on standard output nothing that is not JSON.
    static QString fault(const Outcome &outcome)
    {
        QFETCH(QStringList, named);
        QFETCH(int, status);
        if (outcome.status != status)
            return QString("status %1, not %2: %3").arg(outcome.status).arg(status).arg(outcome.error);
        const QStringList lines = outcome.errorLines();
        if (lines.size() != 1 || !lines.front().startsWith("attune: "))
            return "not one line on standard error: " + outcome.error;
        for (const QString &name : named)
            if (!lines.front().contains(name))
                return "the line does not name \"" + name + "\": " + lines.front();
        for (const QChar c : lines.front())
            if (c.unicode() < 0x20 || c.unicode() == 0x7f)
                return "a control character reaches the terminal";
        if (!outcome.out.isEmpty() && outcome.json().isEmpty())
            return "standard output holds more than JSON: " + outcome.out;
        return {};
    }

    /// As fault(), for a training in `project` on the current row's model; or what it left in the project's file.
    static QString faultOfTraining(const Workplace &place, const QString &project, const QString &model)
    {
        const QByteArray before = place.read(project);
        const QString found =
            fault(place.attune({"train", project, "--model", model, "--set", "max_steps=1", "--json"}));
        if (!found.isEmpty())
            return "train: " + found;
        if (place.read(project) != before || !place.read(project + "-wal").isEmpty())
            return "train: the project changed";
        return {};
    }
    /// A project of a few rows, to train in.
    static bool makeProject(const Workplace &place, const QString &project)
    {
        place.write("rows.jsonl", Workplace::rows("train", 8) + Workplace::rows("validation", 2));
        return place.attune({"init", project}).status == 0 &&
               place.attune({"import", project, "rows.jsonl"}).status == 0;
    }
};

/// A copy of the toy model, to be spoilt.
class SpoiltModel {
public:
    SpoiltModel(const Workplace &place, const QString &name) : m_place(place), m_name(name)
    {
        QDir().mkpath(place.path(name));
        for (const QString &file : QDir(Workplace::model()).entryList(QDir::Files)) {
            QFile::copy(Workplace::model() + "/" + file, place.path(name + "/" + file));
            QFile(place.path(name + "/" + file)).setPermissions(QFile::ReadOwner | QFile::WriteOwner);
        }
    }

    void write(const QString &file, const QByteArray &content) const { m_place.write(m_name + "/" + file, content); }
    void remove(const QString &file) const { QFile::remove(m_place.path(m_name + "/" + file)); }
    /// Sets members of config.json.
    void configure(const QJsonObject &changes) const
    {
        auto config = QJsonDocument::fromJson(m_place.read(m_name + "/config.json")).object();
        for (auto i = changes.begin(); i != changes.end(); ++i)
            config[i.key()] = i.value();
        write("config.json", QJsonDocument(config).toJson());
    }
    /// tokenizer.json in the place of tokenizer.model.
    void tokenizer(const QByteArray &json) const
    {
        remove("tokenizer.model");
        write("tokenizer.json", json);
    }

private:
    const Workplace &m_place;
    QString m_name;
};

/// A safetensors file in memory.
struct Safetensors {
    QJsonObject header;
    QByteArray data;

    static Safetensors read(const QString &path)
    {
        QFile file(path);
        if (!file.open(QIODevice::ReadOnly))
            qFatal("can't read a file of the test");
        const QByteArray all = file.readAll();
        quint64 length = 0;
        memcpy(&length, all.constData(), sizeof length);
        return {QJsonDocument::fromJson(all.mid(8, static_cast<qsizetype>(length))).object(),
                all.mid(8 + static_cast<qsizetype>(length))};
    }
    static QByteArray bytes(const QByteArray &header, const QByteArray &data, quint64 length)
    {
        return QByteArray(reinterpret_cast<const char *>(&length), sizeof length) + header + data;
    }
    QByteArray bytes() const
    {
        const QByteArray text = QJsonDocument(header).toJson(QJsonDocument::Compact);
        return bytes(text, data, static_cast<quint64>(text.size()));
    }
    QPair<qint64, qint64> offsets(const QString &tensor) const
    {
        const QJsonArray both = header[tensor].toObject()["data_offsets"].toArray();
        return {both[0].toInteger(), both[1].toInteger()};
    }
    void set(const QString &tensor, const QString &key, const QJsonValue &value)
    {
        QJsonObject entry = header[tensor].toObject();
        entry[key] = value;
        header[tensor] = entry;
    }
    void rename(const QString &from, const QString &to) { header[to] = header.take(from); }
    void fill(const QString &tensor, float value)
    {
        const auto [begin, end] = offsets(tensor);
        for (qint64 at = begin; at < end; at += qint64(sizeof value))
            memcpy(data.data() + at, &value, sizeof value);
    }
};
