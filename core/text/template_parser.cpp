#include "core/text/template_parser.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <tuple>
#include <utility>

// Parses the statements of a template, {% ... %}.
namespace attune::jinja {
namespace {

using Kind = Statement::Kind;

class TemplateParser : private ExpressionParser {
public:
    explicit TemplateParser(std::string_view source) : ExpressionParser(tokenizeTemplate(source)) {}

    Program run()
    {
        m_program.body = parseBody({});
        return std::move(m_program);
    }

private:
    using Node = std::unique_ptr<Statement>;

    Node make(Kind kind) const
    {
        auto node = std::make_unique<Statement>();
        node->kind = kind;
        node->line = current().line;
        return node;
    }

    /// Up to one of the tags in `ends`, whose name is left as the current token; up to the end of the template where
    /// there are none.
    Body parseBody(std::initializer_list<std::string_view> ends)
    {
        const Level level(*this);
        Body body;
        for (;;) {
            if (current().kind == Token::Kind::End) {
                if (ends.size() > 0)
                    fail("{% " + std::string(*(ends.end() - 1)) + " %} is missing");
                return body;
            }
            if (current().kind == Token::Kind::Text) {
                Node node = make(Kind::Text);
                node->text = Value::text(take().text);
                body.push_back(std::move(node));
            } else if (current().kind == Token::Kind::PrintBegin) {
                Node node = make(Kind::Print);
                take();
                node->expression = parseTuple(Conditional::Allowed);
                expectEnd(Token::Kind::PrintEnd);
                body.push_back(std::move(node));
            } else {
                take();
                if (std::any_of(ends.begin(), ends.end(), [this](std::string_view end) { return isName(end); }))
                    return body;
                body.push_back(parseStatement());
                expectEnd(Token::Kind::BlockEnd);
            }
        }
    }

    void expectEnd(Token::Kind kind)
    {
        if (current().kind != kind)
            failUnexpected(kind == Token::Kind::BlockEnd ? "the end of the tag" : "the end of the expression");
        take();
    }

    /// The rest of the opening tag (a colon, the end), the body, the name of the closing tag.
    Body parseBlock(std::initializer_list<std::string_view> ends)
    {
        skipOperator(":");
        expectEnd(Token::Kind::BlockEnd);
        return parseBody(ends);
    }

    Body parseWholeBlock(std::string_view end)
    {
        Body body = parseBlock({end});
        take();
        return body;
    }

    Node parseStatement()
    {
        const int line = current().line;
        const std::string tag = current().kind == Token::Kind::Name ? current().text : std::string();
        Node node = parseTag(tag);
        node->line = line;
        return node;
    }

    Node parseTag(const std::string &tag)
    {
        if (tag == "if")
            return parseIf();
        if (tag == "for")
            return parseFor();
        if (tag == "set")
            return parseSet();
        if (tag == "macro")
            return parseMacro();
        if (tag == "call")
            return parseCallBlock();
        if (tag == "filter")
            return parseFilterBlock();
        if (tag == "with")
            return parseWith();
        if (tag == "print")
            return parsePrint();
        if (tag == "generation") {
            Node node = make(Kind::Generation);
            take();
            node->body = parseWholeBlock("endgeneration");
            return node;
        }
        if (tag == "break" || tag == "continue") {
            if (m_loops == 0)
                fail("{% " + tag + " %} stands outside a loop");
            Node node = make(tag == "break" ? Kind::Break : Kind::Continue);
            take();
            return node;
        }
        if (tag.empty())
            failUnexpected("the name of a tag");
        if (tag == "else" || tag == "elif" || tag.starts_with("end"))
            fail("{% " + tag + " %} closes nothing that is open");
        fail("the tag {% " + tag + " %} is not supported");
    }

    Node parseIf()
    {
        Node node = make(Kind::If);
        for (;;) {
            take();
            ExpressionPtr condition = parseTuple(Conditional::No);
            node->branches.emplace_back(std::move(condition), parseBlock({"elif", "else", "endif"}));
            if (isName("elif"))
                continue;
            if (skipName("else"))
                node->branches.emplace_back(nullptr, parseBlock({"endif"}));
            take();
            return node;
        }
    }

    Node parseFor()
    {
        Node node = make(Kind::For);
        take();
        node->target = parseTarget(false);
        if (!skipName("in"))
            failUnexpected("'in'");
        node->expression = parseTuple(Conditional::No);
        if (skipName("if"))
            node->condition = parseExpression();
        if (isName("recursive"))
            fail("recursive loops are not supported");
        ++m_loops;
        node->body = parseBlock({"else", "endfor"});
        --m_loops;
        if (skipName("else"))
            node->otherwise = parseBlock({"endfor"});
        take();
        return node;
    }

    /// A name, or several with commas between; with `attributes`, namespace.name too.
    Target parseTarget(bool attributes)
    {
        Target first = parseOneTarget(attributes);
        if (!isOperator(","))
            return first;
        Target tuple;
        tuple.several.push_back(std::move(first));
        while (skipOperator(",")) {
            if (isName("in") || isOperator("=") || isOperator(")"))
                break;
            tuple.several.push_back(parseOneTarget(attributes));
        }
        return tuple;
    }

    Target parseOneTarget(bool attributes)
    {
        if (skipOperator("(")) {
            const Level level(*this);
            Target inner = parseTarget(attributes);
            expectOperator(")");
            return inner;
        }
        static constexpr std::string_view constants[] = {"true", "True", "false", "False", "none", "None"};
        if (std::find(std::begin(constants), std::end(constants), current().text) != std::end(constants))
            fail("'" + current().text + "' can't be assigned to");
        Target target;
        target.name = idOf(expectName());
        if (attributes && skipOperator("."))
            target.attribute = expectName();
        return target;
    }

    Node parseSet()
    {
        Node node = make(Kind::Set);
        take();
        node->target = parseTarget(true);
        if (skipOperator("=")) {
            node->expression = parseTuple(Conditional::Allowed);
            return node;
        }
        node->kind = Kind::SetBlock;
        if (isOperator("|"))
            node->expression = parseFilters(nullptr, false);
        node->body = parseOutsideLoop("endset");
        return node;
    }

    /// A body that is no part of the loop around it: break and continue have no meaning there.
    Body parseOutsideLoop(std::string_view end)
    {
        const int loops = std::exchange(m_loops, 0);
        Body body = parseWholeBlock(end);
        m_loops = loops;
        return body;
    }

    std::vector<MacroNode::Parameter> parseParameters()
    {
        std::vector<MacroNode::Parameter> parameters;
        expectOperator("(");
        while (!isOperator(")")) {
            MacroNode::Parameter parameter;
            parameter.name = expectName();
            parameter.id = idOf(parameter.name);
            if (skipOperator("="))
                parameter.fallback = parseExpression();
            else if (!parameters.empty() && parameters.back().fallback)
                fail("the parameter '" + parameter.name + "' has no default but follows one that has");
            parameters.push_back(std::move(parameter));
            if (!skipOperator(","))
                break;
        }
        expectOperator(")");
        return parameters;
    }

    /// The body of a macro, noting which of the arguments beside its parameters it mentions.
    void parseMacroBody(MacroNode &macro, std::string_view end)
    {
        const auto outer = std::tuple(m_usesCaller, m_usesVarargs, m_usesKwargs);
        m_usesCaller = m_usesVarargs = m_usesKwargs = false;
        macro.body = parseOutsideLoop(end);
        macro.usesCaller = m_usesCaller;
        macro.usesVarargs = m_usesVarargs;
        macro.usesKwargs = m_usesKwargs;
        m_usesCaller = m_usesCaller || std::get<0>(outer);
        m_usesVarargs = m_usesVarargs || std::get<1>(outer);
        m_usesKwargs = m_usesKwargs || std::get<2>(outer);
    }

    Node parseMacro()
    {
        Node node = make(Kind::Macro);
        take();
        node->macro.name = expectName();
        node->target.name = idOf(node->macro.name);
        node->macro.parameters = parseParameters();
        parseMacroBody(node->macro, "endmacro");
        return node;
    }

    Node parseCallBlock()
    {
        Node node = make(Kind::Call);
        take();
        node->macro.name = "caller";
        if (isOperator("("))
            node->macro.parameters = parseParameters();
        node->expression = parseExpression();
        if (node->expression->kind != Expression::Kind::Call)
            fail("{% call %} needs a call");
        parseMacroBody(node->macro, "endcall");
        return node;
    }

    Node parseFilterBlock()
    {
        Node node = make(Kind::Filter);
        take();
        node->expression = parseFilters(nullptr, true);
        node->body = parseOutsideLoop("endfilter");
        return node;
    }

    Node parseWith()
    {
        Node node = make(Kind::With);
        take();
        while (current().kind != Token::Kind::BlockEnd) {
            if (!node->assignments.empty())
                expectOperator(",");
            Target target = parseOneTarget(false);
            expectOperator("=");
            node->assignments.emplace_back(std::move(target), parseExpression());
        }
        node->body = parseWholeBlock("endwith");
        return node;
    }

    Node parsePrint()
    {
        Node node = make(Kind::Print);
        take();
        node->expression = parseExpression();
        if (isOperator(","))
            fail("{% print %} with several values is not supported");
        return node;
    }

    int m_loops = 0;
};

} // namespace

Program parseTemplate(std::string_view source)
{
    return TemplateParser(source).run();
}

} // namespace attune::jinja
