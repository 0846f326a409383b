#include "bad_input.h"

/// Of the project's bad inputs from outside, 42: data to import, adapters, settings, prompts and places to write to.
/// None of them may change a byte of the project.
class TestBadData : public QObject {
    Q_OBJECT

    Workplace m_place; // with a project and a trained run

    /// Plain literals here and below: moc loses its way in raw ones.
    static QByteArray asked(const QByteArray &content)
    {
        return "{\"messages\": [{\"role\": \"user\", \"content\": \"" + content + "\"}";
    }
    static QByteArray turn(const QByteArray &content)
    {
        return asked(content) + ", {\"role\": \"assistant\", \"content\": \"yes\"}]}\n";
    }

    void rows(const char *what, const QString &name, const QByteArray &content, const QStringList &named,
                const QStringList &more = {})
    {
        m_place.write(name, content);
        BadInput::row(what, QStringList{"import", "p.attune", name, "--json"} + more, QStringList{name} + named);
    }

    void addImports()
    {
        rows("a line of 70 MB", "long.jsonl", turn(QByteArray(70 << 20, 'x')), {"line 1", "64 MiB"});
        rows("a line of 50 MB without an answer", "question.jsonl",
               asked(QByteArray(50 << 20, 'x')) + "]}\n", {"line 1", "answer"});
        rows("a NUL byte", "nul.jsonl", "\n" + turn(QByteArray("a\0b", 3)), {"line 2", "NUL"});
        rows("a NUL that is written out", "escaped.jsonl", turn("a\\u0000b"), {"line 1", "NUL"});
        rows("nothing but NUL bytes", "zeros.jsonl", QByteArray(100'000, '\0'), {"line 1", "NUL"});
        rows("half a surrogate", "half.jsonl", turn("a\\ud83d b"), {"line 1", "surrogate"});
        rows("bytes that are no UTF-8", "latin.jsonl", turn("\xc3\xa4 \xff\xfe z"), {"line 1", "UTF-8"});
        rows("objects nested 100,000 deep", "deep.jsonl", QByteArray("{\"a\":").repeated(100'000), {"line 1", "512"});
        rows("a number that no double holds", "number.jsonl", "{\"instruction\": \"a\", \"output\": 1e999}\n",
               {"line 1", "number overflow"});
        rows("an object over many lines", "pretty.jsonl", "{\n \"messages\": []\n}\n",
             {"line 1", "one object a line"});
        rows("a role that is not known", "roles.jsonl", R"({"messages": [{"role": "dancer", "content": "x"}]})",
               {"line 1", "dancer"});
        rows("a quote that is never closed in a table", "quote.csv",
               "user,assistant\n\"a,b\nc,d\n" + QByteArray("x,y\n").repeated(1000), {"line 2", "never closed"});
        rows("a quote that is never closed in an array", "quote.json", "[{\"messages\": [{\"role\": \"user,\n",
             {"line 1", "closing quote"});
        rows("an empty file", "empty.jsonl", {}, {"no records"});
        rows("a table of one column", "one.csv", "user\na\n", {"--map"});
        rows("a table without rows", "header.csv", "user,assistant\n", {"no records"});
        rows("a column that is not there", "map.csv", "q,a\nx,y\n", {"zz", "\"q\""},
             {"--map", "user=q,assistant=zz"});
        rows("a gzip file", "packed.jsonl", "\x1f\x8b\x08 and so on", {"gzip"});
        QDir().mkpath(m_place.path("folder.jsonl"));
        BadInput::row("a folder", {"import", "p.attune", "folder.jsonl"}, {"folder.jsonl", "folder"});
        BadInput::row("a missing file", {"import", "p.attune", "none.jsonl"}, {"none.jsonl"});
    }

    /// Answering with a spoilt copy of the run's adapter.
    void adapter(const char *what, const QJsonObject &config, const std::function<void(Safetensors &)> &spoil,
                 const QStringList &named)
    {
        static int next = 0;
        const QString name = QString("adapter%1").arg(next++);
        auto tensors = Safetensors::read(m_place.path("adapter/adapter_model.safetensors"));
        if (spoil)
            spoil(tensors);
        auto settings = QJsonDocument::fromJson(m_place.read("adapter/adapter_config.json")).object();
        for (auto i = config.begin(); i != config.end(); ++i)
            settings[i.key()] = i.value();
        QDir().mkpath(m_place.path(name));
        m_place.write(name + "/adapter_model.safetensors", tensors.bytes());
        m_place.write(name + "/adapter_config.json", QJsonDocument(settings).toJson());
        BadInput::row(what,
                      {"train", "p.attune", "--model", Workplace::model(), "--init-adapter", name, "--set",
                       "lora_r=4", "--set", "max_steps=1"},
                      named);
    }

    void addAdapters()
    {
        const QString a = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
        adapter("an adapter of another rank", {{"r", 7}}, {}, {"adapter0", "rank 7"});
        adapter("an adapter of rank 0", {{"r", 0}}, {}, {"adapter1", "r is 0"});
        adapter("another kind of adapter", {{"peft_type", "IA3"}}, {}, {"adapter2", "IA3"});
        adapter("an adapter that lacks a tensor", {}, [&](Safetensors &s) { s.header.remove(a); },
                {"adapter3", "q_proj.lora_"});
        adapter("an adapter of NaN", {}, [&](Safetensors &s) { s.fill(a, std::numeric_limits<float>::quiet_NaN()); },
                {"adapter4", "q_proj"});
        adapter("an adapter for a module that is not there", {},
                [&](Safetensors &s) { s.rename(a, "base_model.model.model.layers.0.dance.lora_A.weight"); },
                {"adapter5", "dance"});
        adapter("an adapter that starts from another base weight", {{"init_lora_weights", "pissa"}}, {},
                {"adapter6", "pissa"});
        BadInput::row(
            "an adapter for another base",
            {"generate", "--model", Workplace::data("parity/qwen3/model"), "--adapter", "adapter", "--ids", "1"},
            {"another base", "q_proj"});
    }

    void addSettings()
    {
        const auto set = [](const char *pair, const QStringList &named) {
            BadInput::row(pair, {"train", "p.attune", "--model", Workplace::model(), "--json", "--set", pair}, named);
        };
        set("learning_rate=nan", {"learning_rate", "nan", "0 to 10"});
        set("lora_r=99999999999999999999", {"lora_r", "99999999999999999999", "1 to 4096"});
        set("lora_rr=3", {"lora_rr", "lora_r"});
        set("target_modules=(q_proj", {"target_modules", "(q_proj"});
        set("max_length", {"max_length", "KEY=VALUE"});
        set("device=tpu", {"tpu"});
        BadInput::row("shares above one", {"data", "p.attune", "split", "--validation", "0.9", "--test", "0.9"},
                      {"1.8"});
        BadInput::row("a count that is a word",
                      {"generate", "--model", "m", "--ids", "1", "--max-new-tokens", "many"}, {"many", "--help"}, 2);
        BadInput::row("an id outside the vocabulary", {"generate", "--model", Workplace::model(), "--ids", "1,512"},
                      {"512"});
    }

    void addPlaces()
    {
        m_place.write("file", "x");
        BadInput::row("a folder in the place of the export", {"data", "p.attune", "export", "folder.jsonl"},
                      {"folder.jsonl"});
        BadInput::row("an export into no folder", {"data", "p.attune", "export", "nowhere/rows.jsonl"},
                      {"nowhere/rows.jsonl"});
        BadInput::row("a file in the place of an adapter's folder",
                      {"export", "p.attune", "--run", "first", "file", "--json"}, {"file"});
        BadInput::row("a folder in the place of the events",
                      {"train", "p.attune", "--model", Workplace::model(), "--events", "folder.jsonl"},
                      {"folder.jsonl"});
        BadInput::row("the project in the place of the events",
                      {"train", "p.attune", "--model", Workplace::model(), "--events", "p.attune"}, {"p.attune"});
        BadInput::row("the project in the place of logits",
                      {"logits", "--model", Workplace::model(), "--ids", "1", "--out", "p.attune"}, {"p.attune"});
        BadInput::row("a run's name of two lines",
                      {"train", "p.attune", "--model", Workplace::model(), "--name", "a\nb", "--set", "max_steps=1"},
                      {"name of a run"});
        m_place.write("gate.json", R"({"loss": {"most": 1}})");
        BadInput::row("a gate that bounds nothing", {"eval", "p.attune", "--run", "first", "--gate", "gate.json"},
                      {"gate.json", "most"});
        m_place.write("prompts.jsonl", "{\"prompt\": \"a\"}\n\n3\n");
        BadInput::row("a prompt that is no object",
                      {"compare", "p.attune", "--run", "first", "--prompts", "prompts.jsonl", "--json"},
                      {"prompts.jsonl line 3"});
    }

private Q_SLOTS:
    void initTestCase()
    {
        m_place.write("rows.jsonl", Workplace::rows("train", 8) + Workplace::rows("validation", 2));
        QCOMPARE(m_place.attune({"init", "p.attune"}).status, 0);
        QCOMPARE(m_place.attune({"import", "p.attune", "rows.jsonl"}).status, 0);
        const auto train = m_place.attune({"train", "p.attune", "--model", Workplace::model(), "--name", "first",
                                           "--set", "max_steps=2", "--set", "lora_r=4", "--set", "max_length=64"});
        QVERIFY2(train.status == 0, qPrintable(train.error));
        QCOMPARE(m_place.attune({"export", "p.attune", "--run", "first", "adapter"}).status, 0);
    }

    void badDataIsRefusedAndChangesNothing_data()
    {
        BadInput::columns();
        addImports();
        addAdapters();
        addSettings();
        addPlaces();
    }
    void badDataIsRefusedAndChangesNothing()
    {
        QFETCH(QStringList, arguments);
        const QByteArray before = m_place.read("p.attune");
        const QString fault = BadInput::fault(m_place.attune(arguments));
        QVERIFY2(fault.isEmpty(), qPrintable(fault));
        QVERIFY2(m_place.read("p.attune") == before, "the project changed");
        QVERIFY(m_place.read("p.attune-wal").isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestBadData)
#include "tst_bad_data.moc"
