#include "bad_input.h"
#include "tests/core/formats/gguf_builder.h"

/// Of the project's bad inputs from outside, 23: tokenizers, chat templates and what is given to them.
class TestBadTexts : public QObject {
    Q_OBJECT

    Workplace m_place;
    int m_next = 0;

    SpoiltModel spoilt(QString &name)
    {
        name = QString("m%1").arg(m_next++);
        return SpoiltModel(m_place, name);
    }
    static QStringList tokenize(const QString &model)
    {
        return {"tokenize", "--model", model, "--input", "texts.jsonl", "--json"};
    }

    /// A tokenizer.json of three tokens, less what `change` takes from it.
    void tokenizer(const char *what, const std::function<void(QJsonObject &)> &change, const QStringList &named)
    {
        QJsonObject json = {
            {"model", QJsonObject{{"type", "BPE"},
                                  {"vocab", QJsonObject{{"a", 0}, {"b", 1}, {"ab", 2}}},
                                  {"merges", QJsonArray{"a b"}}}},
            {"pre_tokenizer", QJsonObject{{"type", "ByteLevel"}, {"add_prefix_space", false}}},
            {"added_tokens", QJsonArray{QJsonObject{{"id", 3}, {"content", "<s>"}},
                                        QJsonObject{{"id", 4}, {"content", "</s>"}},
                                        QJsonObject{{"id", 5}, {"content", "<unk>"}}}}};
        change(json);
        QString name;
        spoilt(name).tokenizer(QJsonDocument(json).toJson());
        BadInput::row(what, tokenize(name), QStringList{name + "/tokenizer.json"} + named);
    }
    void setModel(const char *what, const QString &key, const QJsonValue &value, const QStringList &named)
    {
        tokenizer(
            what,
            [&](QJsonObject &json) {
                QJsonObject model = json["model"].toObject();
                model[key] = value;
                if (value.isUndefined())
                    model.remove(key);
                json["model"] = model;
            },
            named);
    }

    void addTokenizers()
    {
        setModel("tokenizer.json without merges", "merges", QJsonValue::Undefined, {"merges"});
        setModel("a merge of a token that is not there", "merges", QJsonArray{"a z"}, {"merge 1", "z"});
        setModel("a merge of three", "merges", QJsonArray{"a b a"}, {"merge 1"});
        setModel("two tokens with one id", "vocab", QJsonObject{{"a", 0}, {"b", 0}, {"ab", 2}}, {"same id"});
        setModel("an id of 2^50", "vocab", QJsonObject{{"a", qint64(1) << 50}, {"b", 0}, {"ab", 2}}, {"a"});
        setModel("a kind of model that is not read", "type", "WordLevel", {"WordLevel"});
        tokenizer(
            "a pattern whose bracket is never closed",
            [](QJsonObject &json) {
                json["pre_tokenizer"] = QJsonObject{
                    {"type", "Sequence"},
                    {"pretokenizers", QJsonArray{QJsonObject{{"type", "Split"},
                                                             {"pattern", QJsonObject{{"Regex", "(a"}}},
                                                             {"behavior", "Isolated"},
                                                             {"invert", false}},
                                                 json["pre_tokenizer"]}}};
            },
            {"(a"});
        QString name;
        spoilt(name).tokenizer(R"({"model": {"type": "BPE", "vocab": {"a")");
        BadInput::row("a tokenizer.json cut short", tokenize(name), {name + "/tokenizer.json", "byte"});
        spoilt(name).write("tokenizer.model", QByteArray("\x0a\xff\xff\xff\xff\x0f") + "abc");
        BadInput::row("a damaged tokenizer.model", tokenize(name), {name + "/tokenizer.model"});
        spoilt(name).write("tokenizer.model", {});
        BadInput::row("an empty tokenizer.model", tokenize(name), {name + "/tokenizer.model"});

        GgufBuilder lengths;
        lengths.text("tokenizer.ggml.model", "gpt2");
        lengths.texts("tokenizer.ggml.tokens", {"a", "b"});
        lengths.texts("tokenizer.ggml.merges", {"a c"});
        m_place.write("merge.gguf", QByteArray::fromStdString(lengths.bytes()));
        BadInput::row("GGUF: a merge of a token that is not there", tokenize("merge.gguf"), {"merge.gguf"});
    }

    /// A training on a model whose template is `source`.
    void templateOfModel(const char *what, const QString &source, const QStringList &named)
    {
        QString name;
        const auto model = spoilt(name);
        auto config = QJsonDocument::fromJson(m_place.read(name + "/tokenizer_config.json")).object();
        config["chat_template"] = source;
        model.write("tokenizer_config.json", QJsonDocument(config).toJson());
        BadInput::row(what, {"train", "p.attune", "--model", name, "--set", "max_steps=1", "--json"}, named);
    }

    /// Rendering `source` must fail with `named`.
    void chat(const char *what, const QByteArray &source, const QStringList &named)
    {
        const QString name = QString("t%1.jinja").arg(m_next++);
        m_place.write(name, source);
        BadInput::row(what, {"template", "--chat-template", name, "--input", "chat.jsonl"}, named);
    }

    void addTemplates()
    {
        chat("a template that loops for ever",
             "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", {"line 1", "steps"});
        chat("a template that doubles a text sixty times",
             "{% set s = namespace(t='0123456789') %}{% for i in range(60) %}{% set s.t = s.t + s.t %}{% endfor %}",
             {"line 1", "bytes"});
        chat("a macro that calls itself", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", {"line 1", "deep"});
        chat("a loop that is never closed", "{% for m in messages %}\n{{ m.content }}", {".jinja", "endfor"});
        chat("100,000 brackets", "{{ " + QByteArray(100'000, '(') + " }}", {".jinja", "line 1"});
        chat("a filter that is not known", "\n{{ messages | dance }}", {"line 2", "dance"});
        chat("a refusal with terminal commands", "{{ raise_exception('\\x1b[31m\\nNo.\\x07') }}", {"No."});
        templateOfModel("a model's template that loops for ever",
                        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
                        {"Row 1", "line 1", "steps"});
        templateOfModel("a model's template that refuses a row",
                        "{% if messages[0].content == 'train order 103' %}{{ raise_exception('No 103.') }}{% endif %}"
                        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}",
                        {"Row 4", "No 103."});
    }

    void addConversations()
    {
        const auto ask = [](const QString &input) {
            return QStringList{"template", "--model", Workplace::model(), "--input", input, "--json"};
        };
        m_place.write("cut.jsonl", "\n{\"messages\": [{\"role\": \"us");
        BadInput::row("a conversation cut short", ask("cut.jsonl"), {"cut.jsonl line 2"});
        m_place.write("nobody.jsonl", "{\"messages\": [{\"role\": \"user\"}]}\n");
        BadInput::row("a message without content", ask("nobody.jsonl"), {"nobody.jsonl line 1", "content"});
        BadInput::row("a folder for a file of conversations", ask("m0"), {"m0"});
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(BadInput::makeProject(m_place, "p.attune"));
        m_place.write("texts.jsonl", "{\"text\": \"abab\"}\n");
        m_place.write("chat.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}\n");
    }

    void aBadTextIsRefused_data()
    {
        BadInput::columns();
        addTokenizers();
        addTemplates();
        addConversations();
    }
    void aBadTextIsRefused()
    {
        QFETCH(QStringList, arguments);
        const QByteArray before = m_place.read("p.attune");
        QString fault = BadInput::fault(m_place.attune(arguments));
        QVERIFY2(fault.isEmpty(), qPrintable(fault));
        QVERIFY2(m_place.read("p.attune") == before, "the project changed");
        if (arguments.front() != "tokenize")
            return;
        fault = BadInput::faultOfTraining(m_place, "p.attune", arguments[2]);
        QVERIFY2(fault.isEmpty(), qPrintable(fault));
    }
};

QTEST_GUILESS_MAIN(TestBadTexts)
#include "tst_bad_texts.moc"
