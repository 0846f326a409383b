#pragma once

#include "core/text/template_ast.h"
#include "core/text/template_lexer.h"

#include <unordered_map>

namespace attune::jinja {

/// Throws TemplateSyntax.
Program parseTemplate(std::string_view source);

/// The expressions of a template; TemplateParser adds the statements.
class ExpressionParser {
protected:
    explicit ExpressionParser(std::vector<Token> tokens);

    const Token &current() const { return m_tokens[m_at]; }
    const Token &ahead() const { return m_tokens[std::min(m_at + 1, m_tokens.size() - 1)]; }
    Token take();
    bool isName(std::string_view name) const;
    bool isOperator(std::string_view text) const;
    bool skipName(std::string_view name);
    bool skipOperator(std::string_view text);
    void expectOperator(std::string_view text);
    std::string expectName();
    std::string expectDottedName(); ///< of a filter or a test
    [[noreturn]] void fail(const std::string &message) const;
    [[noreturn]] void failUnexpected(std::string_view wanted) const;
    NameId idOf(const std::string &name);

    enum class Conditional { Allowed, No };
    ExpressionPtr parseExpression(Conditional conditional = Conditional::Allowed);
    /// An expression, or several with commas between.
    ExpressionPtr parseTuple(Conditional conditional, bool parenthesised = false);
    ExpressionPtr parsePrimary();
    ExpressionPtr parseFilters(ExpressionPtr operand, bool first);

    Program m_program;
    // What the macro being parsed mentions.
    std::unordered_map<std::string, NameId> m_ids; ///< of m_program.names
    bool m_usesCaller = false;
    bool m_usesVarargs = false;
    bool m_usesKwargs = false;

    /// Guards the stack against deep nesting.
    class Level {
    public:
        explicit Level(ExpressionParser &parser);
        ~Level() { --m_parser.m_level; }
        Level(const Level &) = delete;
        Level &operator=(const Level &) = delete;

    private:
        ExpressionParser &m_parser;
    };

private:
    using Node = std::unique_ptr<Expression>;
    Node make(Expression::Kind kind) const;
    ExpressionPtr finish(Node node) const;

    ExpressionPtr parseOr();
    ExpressionPtr parseAnd();
    ExpressionPtr parseNot();
    ExpressionPtr parseCompare();
    ExpressionPtr parseSum();
    ExpressionPtr parseConcatenation();
    ExpressionPtr parseProduct();
    ExpressionPtr parsePower();
    ExpressionPtr parseUnary(bool withFilters);
    ExpressionPtr parseList();
    ExpressionPtr parseDict();
    ExpressionPtr parsePostfix(ExpressionPtr operand);
    ExpressionPtr parseFiltersAndTests(ExpressionPtr operand);
    ExpressionPtr parseDot(ExpressionPtr operand);
    ExpressionPtr parseSubscript(ExpressionPtr operand);
    ExpressionPtr parseCall(ExpressionPtr operand);
    ExpressionPtr parseTest(ExpressionPtr operand);
    Arguments parseArguments();
    bool isTupleEnd() const;
    bool startsTestArgument() const;

    std::vector<Token> m_tokens;
    std::size_t m_at = 0;
    int m_level = 0;
};

} // namespace attune::jinja
