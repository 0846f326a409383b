#include "core/text/template.h"

#include <QtTest>

using namespace attune;

namespace {

/// The text with what is shielded in <angle brackets>.
std::string marked(const std::string &source)
{
    const auto parsed = Template::parse(source);
    if (!parsed)
        return parsed.error().message;
    const OrderedJson shielded = {
        {"c", "abc"},
        {"u", " É日x "},
        {"q", "1\"\n"},
        {"m", {{{"role", "user"}, {"content", "hi"}}, {{"role", "tool"}, {"content", "yo"}}}}};
    const auto text = (*parsed)->render(shielded, {{"p", "plain"}, {"bos", "<s>"}});
    if (!text)
        return text.error().message;
    std::string result;
    std::int64_t end = 0;
    bool last = false;
    for (const auto &range : text->ranges) {
        if (range.begin != end || range.end <= range.begin || (range.begin > 0 && range.shielded == last))
            return "ranges do not cover the text";
        const std::string part = text->text.substr(std::size_t(range.begin), std::size_t(range.end - range.begin));
        result += range.shielded ? "<" + part + ">" : part;
        end = range.end;
        last = range.shielded;
    }
    return end == std::int64_t(text->text.size()) ? result : "ranges do not cover the text";
}

} // namespace

/// Which bytes of a rendering come from the input.
class TestTemplateMarks : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void bytesOfTheInputAreMarked_data();
    void bytesOfTheInputAreMarked();
};

void TestTemplateMarks::bytesOfTheInputAreMarked_data()
{
    QTest::addColumn<QByteArray>("source");
    QTest::addColumn<QByteArray>("expected");
    const auto row = [](const char *source, const char *expected) {
        QTest::newRow(QByteArray(source).replace('\n', ' ')) << QByteArray(source) << QByteArray(expected);
    };
    row("x{{ c }}y{{ p }}z", "x<abc>yplainz");
    row("{{ 'x' + c + p + c }}", "x<abc>plain<abc>");
    row("{{ c + c }}", "<abcabc>");
    row("{{ 1 ~ c ~ none }}", "1<abc>None");
    row("{{ ('-' + c + '-')[1:3] }}{{ ('-' + c)[::-1] }}{{ ('-' + c)[0] }}{{ c[-1] }}", "<abcba>--<c>");
    row("{{ u | trim }}|{{ u.strip() }}|{{ ('[' + u + ']').strip('[') }}", "<É日x>|<É日x>|< É日x >]");
    row("{{ ('x' ~ u) | upper }}{{ ('x' ~ u).lower() }}{{ ('x' ~ c) | title }}{{ ('x' ~ c).capitalize() }}",
        "X< É日X >x< é日x >X<abc>X<abc>");
    row("{{ c | replace('b', '-') }}{{ 'a-a' | replace('-', c) }}{{ c.replace('', '.') }}",
        "<a>-<c>a<abc>a.<a>.<b>.<c>.");
    row("{{ ('1,' ~ c ~ ',2').split(',') | join('+') }}", "1+<abc>+2");
    row("{{ ('x ' ~ c ~ ' y').split()[1] }}{{ ('x' ~ c).partition('a')[1] }}{{ (c ~ '\n' ~ p).splitlines()[0] }}",
        "<abcaabc>");
    row("{{ [p, c, 1] | join(', ') }}{{ '-'.join([c, 'x']) }}{{ c.join(['1', '2']) }}",
        "plain, <abc>, 1<abc>-x1<abc>2");
    row("{{ q | tojson }}{{ {'k': c} | tojson }}{{ [c, p] | tojson }}",
        "\"<1\\\"\\n>\"{\"k\": \"<abc>\"}[\"<abc>\", \"plain\"]");
    row("{{ [c, p] }}{{ {c: 1} }}{{ [q] }}", "['<abc>', 'plain']{'<abc>': 1}['<1\"\\n>']");
    row("{{ m[0] | tojson }}", "{\"<role>\": \"<user>\", \"<content>\": \"<hi>\"}");
    row("{% for x in m %}{{ '<|' + x.role + '|>' + x['content'] }}{% endfor %}", "<|<user>|><hi><|<tool>|><yo>");
    row("{{ m | map(attribute='content') | join('/') }}", "<hi>/<yo>");
    row("{% set x = c %}{% set y %}[{{ x }}]{% endset %}{{ y }}{{ y | upper }}", "[<abc>][<ABC>]");
    row("{% macro f(a) %}({{ a }}){% endmacro %}{{ f(c) }}{{ f(p) }}", "(<abc>)(plain)");
    row("{% filter upper %}x{{ c }}{% endfilter %}", "X<ABC>");
    row("{% set ns = namespace(s='') %}{% for x in m %}{% set ns.s = ns.s + x.content + ';' %}{% endfor %}{{ ns.s }}",
        "<hi>;<yo>;");
    row("{% for x in 'x' ~ c %}{{ x }}.{% endfor %}", "x.<a>.<b>.<c>.");
    row("{{ c | default('d') }}{{ nope | default(c) }}{{ nope or c }}{{ c if true else p }}", "<abcabcabcabc>");
    row("{{ '%s=%s' % ('k', c) }}{{ '{}={}'.format('k', c) }}{{ '%s' | format(c) }}", "k=<abc>k=<abcabc>");
    row("{{ c | center(7) }}{{ c.ljust(5, '.') }}{{ ('1\n' ~ c) | indent(2) }}", "  <abc>  <abc>..1\n  <abc>");
    row("{{ c * 2 }}{{ c | reverse }}{{ c | first }}{{ c | string }}{{ c | safe }}", "<abcabccbaaabcabc>");
    row("{{ c | length }}{{ '7' if c == 'abc' }}", "37"); // what is only decided by the input is not from it
    row("{{ (c | safe) + '<' }}{{ '<' + (c | e) }}", "<abc>&lt;&lt;<abc>");
    row("{{ bos }}{{ bos + c }}", "<s><s><abc>");
    row("{{ c.removeprefix('a') }}{{ ('x' ~ c).removeprefix('x') }}{{ c.swapcase() }}", "<bcabcABC>");
}

void TestTemplateMarks::bytesOfTheInputAreMarked()
{
    QFETCH(QByteArray, source);
    QFETCH(QByteArray, expected);
    QCOMPARE(QByteArray::fromStdString(marked(source.toStdString())), expected);
}

QTEST_APPLESS_MAIN(TestTemplateMarks)
#include "tst_template_marks.moc"
