#include "core/text/template.h"

#include "core/base/files.h"
#include "tests/patience.h"

#include <QElapsedTimer>
#include <QtTest>
#include <ctime>
#include <filesystem>

using namespace attune;

namespace {

/// The text, or the error's message in brackets.
std::string rendered(const std::string &source, const OrderedJson &variables = OrderedJson::object(),
                     const TemplateLimits &limits = {})
{
    const auto parsed = Template::parse(source);
    if (!parsed)
        return "[" + parsed.error().message + "]";
    const auto text = (*parsed)->render(OrderedJson::object(), variables, limits);
    return text ? text->text : "[" + text.error().message + "]";
}

/// Not through Json, which would sort the keys of dicts.
OrderedJson reference()
{
    const auto text = readFile(std::filesystem::path(ATTUNE_TEST_DATA) / "text/templates.json");
    return OrderedJson::parse(text.value_or("{}"));
}

} // namespace

/// The interpreter, against texts that Jinja2 made (tests/data/text/make_templates.py).
class TestTemplate : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void constructsRenderAsInJinja_data();
    void constructsRenderAsInJinja();
    void whatItLacksIsAnErrorThatNamesLineAndConstruct_data();
    void whatItLacksIsAnErrorThatNamesLineAndConstruct();
    void wrongUseIsAnErrorThatNamesLineAndCause_data();
    void wrongUseIsAnErrorThatNamesLineAndCause();
    void aRefusalKeepsTheTemplatesOwnWords();
    void anErrorNamesTheLineOfTheInnermostCause();
    void dictsKeepTheOrderOfTheirKeys();
    void dateIsWrittenInEnglishFromTheGivenTime();
    void plainVariablesGiveWayToShieldedOnes();
    void nothingHangsOrFillsTheMemory_data();
    void nothingHangsOrFillsTheMemory();
    void aSourceOfMegabytesIsRefused();
    void limitsAreTheCallers();
    void aLongChainOfTextIsJoinedInTime();
    void oneTemplateServesSeveralThreads();
};

void TestTemplate::constructsRenderAsInJinja_data()
{
    QTest::addColumn<QByteArray>("source");
    QTest::addColumn<QByteArray>("expected");
    const OrderedJson data = reference();
    QVERIFY(data["cases"].size() > 100);
    for (const auto &one : data["cases"])
        QTest::newRow(one["name"].get<std::string>().c_str())
            << QByteArray::fromStdString(one["template"]) << QByteArray::fromStdString(one["text"]);
}

void TestTemplate::constructsRenderAsInJinja()
{
    QFETCH(QByteArray, source);
    QFETCH(QByteArray, expected);
    static const OrderedJson variables = reference()["variables"];
    QCOMPARE(QByteArray::fromStdString(rendered(source.toStdString(), variables)), expected);
}

void TestTemplate::whatItLacksIsAnErrorThatNamesLineAndConstruct_data()
{
    QTest::addColumn<QByteArray>("source");
    QTest::addColumn<QByteArray>("construct");
    const auto row = [](const char *source, const char *construct) {
        QTest::newRow(QByteArray(source).replace('\n', ' ')) << QByteArray(source) << QByteArray(construct);
    };
    row("\n{% do x %}", "line 2: the tag {% do %} is not supported");
    row("\n{% include 'x' %}", "line 2: the tag {% include %} is not supported");
    row("{% block a %}{% endblock %}", "line 1: the tag {% block %} is not supported");
    row("{% for x in y recursive %}{% endfor %}", "line 1: recursive loops are not supported");
    row("\n\n{{ 'a' | urlize }}", "line 3: the filter 'urlize' is not supported");
    row("{{ 1 is nonsense }}", "line 1: the test 'is nonsense' is not supported");
    row("{{ 'a'.translate({}) }}", "line 1: the method 'translate' of a str is not supported");
    row("{{ cycler(1) }}", "line 1: 'cycler' is not supported");
    row("{{ '{:>5}'.format(1) }}", "line 1: the field {:>5} of format() is not supported");
    row("{{ x[1, 2] }}", "line 1: several indices in one [] are not supported");
    row("{{ 9223372036854775807 + 1 }}", "line 1: a whole number grows past 64 bits");
}

void TestTemplate::whatItLacksIsAnErrorThatNamesLineAndConstruct()
{
    QFETCH(QByteArray, source);
    QFETCH(QByteArray, construct);
    const std::string text = rendered(source.toStdString());
    QVERIFY2(text.starts_with("[The chat template "), text.c_str());
    QVERIFY2(text.find(construct.toStdString()) != std::string::npos, text.c_str());
}

void TestTemplate::wrongUseIsAnErrorThatNamesLineAndCause_data()
{
    QTest::addColumn<QByteArray>("source");
    QTest::addColumn<QByteArray>("cause");
    const auto row = [](const char *source, const char *cause) {
        QTest::newRow(QByteArray(source).replace('\n', ' ')) << QByteArray(source) << QByteArray(cause);
    };
    row("{{ x.y }}", "line 1: 'x' is not defined, so it has no 'y'");
    row("{{ 'a' + x }}", "'x' is not defined, so '+' can't work on it");
    row("{{ 'a' + 1 }}", "'+' can't work on a str and an int");
    row("{{ 'a' + none }}", "'+' can't work on a str and None");
    row("{{ 1 < 'a' }}", "an int and a str have no order");
    row("{{ 1 in 'a' }}", "'in' looks for a str in a str, not for an int");
    row("{% for x in 5 %}{% endfor %}", "an int has no items to go through");
    row("{{ 1 // 0 }}", "it divides by zero");
    row("{{ {}.update({}) }}",
        "'update' would change a dict, which chat templates may not do, so it can't be called");
    row("{{ [].append(1) }}", "'append' would change a list");
    row("{{ 'a'.upper(1) }}", "takes no more than 0 values");
    row("{{ 'a' | replace('a') }}", "replace needs 'new'");
    row("{{ 'a' | trim(bad=1) }}", "trim has no parameter 'bad'");
    row("{% set a, b = [1] %}", "it unpacks 1 values into 2 names");
    row("{% set a.b = 1 %}", "'a' is no namespace()");
    row("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "the macro 'f' takes no more than 1 values");
    row("{% macro f(a) %}{% endmacro %}{{ f(b=2) }}", "the macro 'f' has no parameter 'b'");
    row("{{ [1] | map('upper') | length }}", "a generator has no length");
    row("{{ {[1]: 2} }}", "a list can't be the key of a dict");
    row("{{ x | tojson }}", "JSON can't hold an undefined value");
    row("{{ 'a'[::0] }}", "a slice has the step 0");
    row("{% if x %}", "{% endif %} is missing");
    row("{% endfor %}", "{% endfor %} closes nothing that is open");
    row("{{ 'a }}", "a string has no end");
    row("{{ (1] }}", "']' closes nothing that is open");
    row("{{ 1 2 }}", "expected the end of the expression, found '2'");
    row("{{ a ", "a tag {{ has no end }}");
    row("{# a", "the comment {# has no end #}");
    row("{% raw %}", "{% raw %} has no {% endraw %}");
    row("{{ a ? b }}", "the character '?' has no place here");
    row("{% break %}", "{% break %} stands outside a loop");
    row("{{ f(a=1, 2) }}", "an argument without a name follows one with a name");
}

void TestTemplate::wrongUseIsAnErrorThatNamesLineAndCause()
{
    QFETCH(QByteArray, source);
    QFETCH(QByteArray, cause);
    const std::string text = rendered(source.toStdString());
    QVERIFY2(text.starts_with("[The chat template ") && text.find("line 1: ") != std::string::npos, text.c_str());
    QVERIFY2(text.find(cause.toStdString()) != std::string::npos, text.c_str());
}

void TestTemplate::aRefusalKeepsTheTemplatesOwnWords()
{
    const auto parsed = Template::parse("{% if n > 1 %}{{ raise_exception('At most one, not ' ~ n) }}{% endif %}ok");
    QVERIFY(parsed);
    const auto refused = (*parsed)->render(OrderedJson::object(), {{"n", 2}});
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::InvalidInput);
    QCOMPARE(refused.error().message, std::string("At most one, not 2"));
    const auto taken = (*parsed)->render(OrderedJson::object(), {{"n", 1}});
    QVERIFY(taken);
    QCOMPARE(taken->text, std::string("ok"));
}

void TestTemplate::anErrorNamesTheLineOfTheInnermostCause()
{
    QCOMPARE(rendered("{% macro f(x) %}\n{{ x.y.z }}\n{% endmacro %}\n\n{{ f({}) }}"),
             std::string("[The chat template fails in line 2: a dict has no 'y', so it has no 'z'.]"));
    QCOMPARE(rendered("{% macro f() %}\n\n\n1{% endmacro %}\n{{ f() +\n 2 }}"),
             std::string("[The chat template fails in line 5: '+' can't work on a str and an int.]"));
}

void TestTemplate::dictsKeepTheOrderOfTheirKeys()
{
    const OrderedJson variables = {{"tool", {{"name", "f"}, {"arguments", {{"z", 1}, {"a", 2}}}}}};
    QCOMPARE(rendered("{{ tool | tojson }}{% for k in tool %}{{ k }}{% endfor %}", variables),
             std::string(R"({"name": "f", "arguments": {"z": 1, "a": 2}}namearguments)"));
}

void TestTemplate::dateIsWrittenInEnglishFromTheGivenTime()
{
    qputenv("TZ", "UTC");
    tzset();
    TemplateLimits limits;
    limits.now = 1'709'164'800; // 29 February 2024
    QCOMPARE(rendered("{{ strftime_now('%d %b %Y, %A') }}{{ strftime_now('') }}", {}, limits),
             std::string("29 Feb 2024, Thursday"));
}

void TestTemplate::plainVariablesGiveWayToShieldedOnes()
{
    const auto parsed = Template::parse("{{ a }}{{ b }}");
    QVERIFY(parsed);
    const auto text = (*parsed)->render({{"a", "x"}}, {{"a", "y"}, {"b", "z"}});
    QVERIFY(text);
    QCOMPARE(text->text, std::string("xz"));
}

void TestTemplate::nothingHangsOrFillsTheMemory_data()
{
    QTest::addColumn<QByteArray>("source");
    const auto row = [](const char *name, const std::string &source) {
        QTest::newRow(name) << QByteArray::fromStdString(source);
    };
    const auto repeat = [](const std::string &part, int times) {
        std::string all;
        for (int i = 0; i < times; ++i)
            all += part;
        return all;
    };
    row("text times a billion", "{{ 'x' * 10**9 }}");
    row("endless range", "{{ range(10**12) }}");
    row("loops in loops", "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}");
    row("doubled text",
        "{% set n = namespace(s='ab') %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}");
    row("doubled list",
        "{% set n = namespace(s=[1]) %}{% for i in range(60) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s }}");
    row("deep list", "{% set n = namespace(s=1) %}{% for i in range(9999) %}{% set n.s = [n.s] %}{% endfor %}");
    row("self-calling macro", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}");
    row("repeated list", "{{ [1] * 10**9 }}");
    row("joined", "{{ (['x' * 10**6] * 1000) | join }}");
    row("replaced", "{{ ('a' * 10**5).replace('', 'b' * 10**5) }}");
    row("padded", "{{ 'a' | center(10**12) }}");
    row("filled", "{{ 'a'.zfill(10**12) }}");
    row("indented", "{{ ('a\n' * 10**6) | indent(1000) }}");
    row("JSON", "{{ [1] | tojson(indent=10**9) }}");
    row("format", "{{ '%1000000000d' % 1 }}");
    row("cut to characters", "{{ ('ab' * 10**6) | list }}");
    row("huge power", "{{ 7 ** 10**15 }}");
    row("brackets", "{{ " + repeat("(", 9999));
    row("lists", "{{ " + repeat("[", 9999) + repeat("]", 9999) + " }}");
    row("signs", "{{ " + repeat("-", 9999) + "1 }}");
    row("nots", "{{ " + repeat("not ", 9999) + "1 }}");
    row("attributes", "{{ a" + repeat(".b", 9999) + " }}");
    row("filters", "{{ a" + repeat("|trim", 9999) + " }}");
    row("sums", "{{ 1" + repeat("+1", 99999) + " }}");
    row("ifs", repeat("{% if 1 %}", 9999));
    // Small values whose comparison is large: each holds the one before it twice.
    const std::string twins = "{% set ns = namespace(x=(1,), y=(1,)) %}{% for i in range(60) %}"
                              "{% set ns.x = (ns.x, ns.x) %}{% set ns.y = (ns.y, ns.y) %}{% endfor %}";
    row("loop.changed of twins",
        twins + "{% for i in range(2) %}{{ loop.changed(ns.x if i else ns.y) }}{% endfor %}");
    row("index of a twin", twins + "{{ [ns.x].index(ns.y) }}");
    row("a key that is a twin", twins + "{{ {ns.x: 1}[ns.y] }}");
    row("sorted twins", twins + "{{ [ns.x, ns.y] | sort }}");
    std::string pairs;
    for (int i = 0; i < 20'000; ++i)
        pairs += std::to_string(i) + ":0,";
    row("a dict of many keys", "{{ {" + pairs + "} }}");
    row("a search among what is alike",
        "{% set x = 'a' * 10000000 %}{{ x.rfind('a' * 5000000 ~ 'b') }}{{ x.find('a' * 5000000 ~ 'b') }}");
    row("many characters to strip", "{% set x = 'a' * 1000000 %}{{ x.strip('b' * 1000000 ~ 'a') }}");
    std::string variables;
    for (int i = 0; i < 20'000; ++i)
        variables += "{% set v" + std::to_string(i) + " = 1 %}";
    row("many variables", variables + "{% for i in range(300000) %}{{ v19999 }}{% endfor %}");
    row("many searches", "{% set x = 'a' * 10000000 %}{% for i in range(100000) %}{{ x.find('b') }}{% endfor %}");
}

void TestTemplate::nothingHangsOrFillsTheMemory()
{
    QFETCH(QByteArray, source);
    QElapsedTimer timer;
    timer.start();
    TemplateLimits limits;
    limits.maxSteps = 500'000;
    const std::string text = rendered(source.toStdString(), OrderedJson::object(), limits);
    QVERIFY2(text.starts_with("[The chat template "), text.substr(0, 200).c_str());
    QVERIFY(timer.elapsed() < 2000 * Patience);
}

void TestTemplate::aSourceOfMegabytesIsRefused()
{
    QCOMPARE(rendered(std::string(1 << 20, 'x'), {}).size(), std::size_t(1 << 20));
    QCOMPARE(rendered(std::string((1 << 20) + 1, 'x'), {}),
             std::string("[The chat template can't be read: it has 1048577 bytes, more than 1048576.]"));
}

void TestTemplate::limitsAreTheCallers()
{
    TemplateLimits limits;
    limits.maxOutputBytes = 10;
    QCOMPARE(rendered("{{ '0123456789' }}", {}, limits), std::string("0123456789"));
    QCOMPARE(rendered("{{ '0123456789' }}!", {}, limits),
             std::string("[The chat template fails in line 1: a text grows past 10 bytes.]"));
    limits.maxOutputBytes = 1000;
    limits.maxSteps = 10;
    QCOMPARE(rendered("{% for x in [1, 2, 3] %}{{ x }}{% endfor %}", {}, limits),
             std::string("[The chat template fails in line 1: it takes more than 10 steps.]"));
}

void TestTemplate::aLongChainOfTextIsJoinedInTime()
{
    // Copied at every "+", it would be two gigabytes.
    std::string source = "{{ long";
    for (int i = 0; i < 1000; ++i)
        source += " + 'x'";
    QElapsedTimer timer;
    timer.start();
    const std::string text = rendered(source + " }}", {{"long", std::string(2'000'000, 'a')}});
    QCOMPARE(text.size(), std::size_t(2'001'000));
    QVERIFY(timer.elapsed() < 1000 * Patience);
}

void TestTemplate::oneTemplateServesSeveralThreads()
{
    const auto parsed = Template::parse(
        "{% set ns = namespace(n=0) %}{% for x in xs %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}");
    QVERIFY(parsed);
    std::vector<std::string> results(4);
    std::vector<std::unique_ptr<QThread>> threads;
    for (std::size_t i = 0; i < results.size(); ++i) {
        threads.emplace_back(QThread::create([&, i] {
            for (int round = 0; round < 50; ++round) {
                const auto text =
                    (*parsed)->render({{"xs", std::vector<int>(100, static_cast<int>(i))}}, OrderedJson::object());
                results[i] = text ? text->text : "error";
            }
        }));
        threads.back()->start();
    }
    for (const auto &thread : threads)
        thread->wait();
    QCOMPARE(results, (std::vector<std::string>{"0", "100", "200", "300"}));
}

QTEST_APPLESS_MAIN(TestTemplate)
#include "tst_template.moc"
