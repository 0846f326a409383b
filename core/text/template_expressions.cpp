#include "core/text/template_parser.h"

#include <algorithm>
#include <array>
#include <optional>

// Parses expressions by recursive descent; one function a level of precedence, as the grammar in template.cpp has
// them.
namespace attune::jinja {
namespace {

constexpr int maxLevel = 100; // of brackets and blocks around one another
constexpr int maxTree = 200;  // of a tree of expressions: "a.b.c" is three deep without nesting
constexpr int maxChain = 2000;

using Kind = Expression::Kind;

/// The operator that a token is, if it is one of `among`.
std::optional<Operator> operatorOf(const Token &token, std::initializer_list<Operator> among)
{
    static constexpr std::array<std::string_view, 7> spellings = {"+", "-", "*", "/", "//", "%", "**"}; // by Operator
    for (const Operator op : among) {
        if (token.kind == Token::Kind::Operator && token.text == spellings[static_cast<std::size_t>(op)])
            return op;
    }
    return std::nullopt;
}

std::optional<Comparison> comparisonOf(const Token &token)
{
    static constexpr std::array<std::pair<std::string_view, Comparison>, 6> table = {
        {{"==", Comparison::Equal},
         {"!=", Comparison::NotEqual},
         {"<", Comparison::Less},
         {"<=", Comparison::LessEqual},
         {">", Comparison::Greater},
         {">=", Comparison::GreaterEqual}}};
    if (token.kind != Token::Kind::Operator)
        return std::nullopt;
    for (const auto &[text, comparison] : table) {
        if (token.text == text)
            return comparison;
    }
    return std::nullopt;
}

} // namespace

ExpressionParser::ExpressionParser(std::vector<Token> tokens) : m_tokens(std::move(tokens))
{
    m_program.names = {"loop", "caller", "varargs", "kwargs"}; // as KnownName has them
}

ExpressionParser::Level::Level(ExpressionParser &parser) : m_parser(parser)
{
    if (++m_parser.m_level > maxLevel) {
        --m_parser.m_level;
        m_parser.fail("brackets and blocks are nested more than " + std::to_string(maxLevel) + " deep");
    }
}

Token ExpressionParser::take()
{
    Token token = m_tokens[m_at];
    m_at = std::min(m_at + 1, m_tokens.size() - 1);
    return token;
}

bool ExpressionParser::isName(std::string_view name) const
{
    return current().kind == Token::Kind::Name && current().text == name;
}

bool ExpressionParser::isOperator(std::string_view text) const
{
    return current().kind == Token::Kind::Operator && current().text == text;
}

bool ExpressionParser::skipName(std::string_view name)
{
    const bool there = isName(name);
    if (there)
        take();
    return there;
}

bool ExpressionParser::skipOperator(std::string_view text)
{
    const bool there = isOperator(text);
    if (there)
        take();
    return there;
}

void ExpressionParser::expectOperator(std::string_view text)
{
    if (!skipOperator(text))
        failUnexpected("'" + std::string(text) + "'");
}

std::string ExpressionParser::expectName()
{
    if (current().kind != Token::Kind::Name)
        failUnexpected("a name");
    return take().text;
}

std::string ExpressionParser::expectDottedName()
{
    std::string name = expectName();
    while (skipOperator("."))
        name += "." + expectName();
    return name;
}

void ExpressionParser::fail(const std::string &message) const
{
    throw TemplateSyntax{current().line, message};
}

void ExpressionParser::failUnexpected(std::string_view wanted) const
{
    std::string found;
    switch (current().kind) {
    case Token::Kind::End:
        found = "the end of the template";
        break;
    case Token::Kind::BlockEnd:
        found = "the end of the tag";
        break;
    case Token::Kind::PrintEnd:
        found = "the end of the expression";
        break;
    case Token::Kind::String:
        found = "the string '" + current().text + "'";
        break;
    default:
        found = "'" + current().text + "'";
        break;
    }
    fail("expected " + std::string(wanted) + ", found " + found);
}

NameId ExpressionParser::idOf(const std::string &name)
{
    m_usesCaller = m_usesCaller || name == "caller";
    m_usesVarargs = m_usesVarargs || name == "varargs";
    m_usesKwargs = m_usesKwargs || name == "kwargs";
    auto &names = m_program.names;
    for (std::size_t i = m_ids.size(); i < names.size(); ++i) // those that every program has
        m_ids.emplace(names[i], static_cast<NameId>(i));
    const auto [found, isNew] = m_ids.emplace(name, static_cast<NameId>(names.size()));
    if (isNew)
        names.push_back(name);
    return found->second;
}

ExpressionParser::Node ExpressionParser::make(Kind kind) const
{
    auto node = std::make_unique<Expression>();
    node->kind = kind;
    node->line = current().line;
    return node;
}

ExpressionPtr ExpressionParser::finish(Node node) const
{
    const auto include = [&](const ExpressionPtr &child) {
        if (child)
            node->depth = std::max(node->depth, child->depth + 1);
    };
    for (const auto &operand : node->operands)
        include(operand);
    for (const auto &argument : node->arguments.positional)
        include(argument);
    for (const auto &[name, argument] : node->arguments.named)
        include(argument);
    include(node->arguments.list);
    include(node->arguments.dict);
    // "a + b + c + ..." is walked without recursion, so its length does not count, up to a point.
    if (node->kind == Kind::Binary && node->operands[0]->kind == Kind::Binary) {
        node->depth = std::max(node->operands[0]->depth, node->operands[1]->depth + 1);
        node->chain = node->operands[0]->chain + 1;
    }
    if (node->depth > maxTree || node->chain > maxChain)
        throw TemplateSyntax{node->line, "an expression is too long: more than " + std::to_string(maxTree) +
                                             " levels or " + std::to_string(maxChain) + " operators in a row"};
    return node;
}

ExpressionPtr ExpressionParser::parseExpression(Conditional conditional)
{
    const Level level(*this);
    ExpressionPtr result = parseOr();
    while (conditional == Conditional::Allowed && isName("if")) {
        Node node = make(Kind::Choose);
        take();
        node->operands.push_back(parseOr());
        node->operands.push_back(std::move(result));
        node->operands.push_back(skipName("else") ? parseExpression() : nullptr);
        result = finish(std::move(node));
    }
    return result;
}

ExpressionPtr ExpressionParser::parseOr()
{
    ExpressionPtr first = parseAnd();
    if (!isName("or"))
        return first;
    Node node = make(Kind::Or);
    node->operands.push_back(std::move(first));
    while (skipName("or"))
        node->operands.push_back(parseAnd());
    return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parseAnd()
{
    ExpressionPtr first = parseNot();
    if (!isName("and"))
        return first;
    Node node = make(Kind::And);
    node->operands.push_back(std::move(first));
    while (skipName("and"))
        node->operands.push_back(parseNot());
    return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parseNot()
{
    if (!isName("not"))
        return parseCompare();
    const Level level(*this);
    Node node = make(Kind::Not);
    take();
    node->operands.push_back(parseNot());
    return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parseCompare()
{
    ExpressionPtr first = parseSum();
    Node node = make(Kind::Compare);
    node->operands.push_back(std::move(first));
    for (;;) {
        if (const auto comparison = comparisonOf(current())) {
            take();
            node->comparisons.push_back(*comparison);
        } else if (skipName("in")) {
            node->comparisons.push_back(Comparison::In);
        } else if (isName("not") && ahead().kind == Token::Kind::Name && ahead().text == "in") {
            take();
            take();
            node->comparisons.push_back(Comparison::NotIn);
        } else {
            break;
        }
        node->operands.push_back(parseSum());
    }
    return node->comparisons.empty() ? std::move(node->operands[0]) : finish(std::move(node));
}

ExpressionPtr ExpressionParser::parseSum()
{
    ExpressionPtr left = parseConcatenation();
    while (const auto op = operatorOf(current(), {Operator::Add, Operator::Subtract})) {
        Node node = make(Kind::Binary);
        take();
        node->op = *op;
        node->operands.push_back(std::move(left));
        node->operands.push_back(parseConcatenation());
        left = finish(std::move(node));
    }
    return left;
}

ExpressionPtr ExpressionParser::parseConcatenation()
{
    ExpressionPtr first = parseProduct();
    if (!isOperator("~"))
        return first;
    Node node = make(Kind::Concatenate);
    node->operands.push_back(std::move(first));
    while (skipOperator("~"))
        node->operands.push_back(parseProduct());
    return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parseProduct()
{
    static constexpr auto products = {Operator::Multiply, Operator::Divide, Operator::FloorDivide, Operator::Modulo};
    ExpressionPtr left = parsePower();
    while (const auto op = operatorOf(current(), products)) {
        Node node = make(Kind::Binary);
        take();
        node->op = *op;
        node->operands.push_back(std::move(left));
        node->operands.push_back(parsePower());
        left = finish(std::move(node));
    }
    return left;
}

ExpressionPtr ExpressionParser::parsePower()
{
    ExpressionPtr left = parseUnary(true);
    while (const auto op = operatorOf(current(), {Operator::Power})) {
        Node node = make(Kind::Binary);
        take();
        node->op = *op;
        node->operands.push_back(std::move(left));
        node->operands.push_back(parseUnary(true));
        left = finish(std::move(node));
    }
    return left;
}

ExpressionPtr ExpressionParser::parseUnary(bool withFilters)
{
    ExpressionPtr result;
    if (isOperator("-") || isOperator("+")) {
        const Level level(*this);
        Node node = make(isOperator("-") ? Kind::Negative : Kind::Positive);
        take();
        node->operands.push_back(parseUnary(false));
        result = finish(std::move(node));
    } else {
        result = parsePrimary();
    }
    result = parsePostfix(std::move(result));
    return withFilters ? parseFiltersAndTests(std::move(result)) : std::move(result);
}

ExpressionPtr ExpressionParser::parsePrimary()
{
    Node node = make(Kind::Constant);
    switch (current().kind) {
    case Token::Kind::Name: {
        const std::string name = take().text;
        if (name == "true" || name == "True" || name == "false" || name == "False") {
            node->constant = Value(name == "true" || name == "True");
        } else if (name == "none" || name == "None") {
            node->constant = Value(None{});
        } else {
            node->kind = Kind::Name;
            node->id = idOf(name);
            node->name = name;
        }
        return finish(std::move(node));
    }
    case Token::Kind::String: {
        std::string text;
        while (current().kind == Token::Kind::String)
            text += take().text;
        node->constant = Value::text(text);
        return finish(std::move(node));
    }
    case Token::Kind::Integer:
        node->constant = Value(take().integer);
        return finish(std::move(node));
    case Token::Kind::Float:
        node->constant = Value(take().number);
        return finish(std::move(node));
    default:
        break;
    }
    if (skipOperator("(")) {
        const Level level(*this);
        ExpressionPtr inner = parseTuple(Conditional::Allowed, true);
        expectOperator(")");
        return inner;
    }
    if (isOperator("["))
        return parseList();
    if (isOperator("{"))
        return parseDict();
    failUnexpected("an expression");
}

bool ExpressionParser::isTupleEnd() const
{
    return current().kind == Token::Kind::PrintEnd || current().kind == Token::Kind::BlockEnd || isOperator(")");
}

ExpressionPtr ExpressionParser::parseTuple(Conditional conditional, bool parenthesised)
{
    Node node = make(Kind::Tuple);
    bool tuple = false;
    while (!isTupleEnd() && !(tuple && isName("recursive"))) {
        node->operands.push_back(parseExpression(conditional));
        if (!skipOperator(","))
            break;
        tuple = true;
    }
    if (!tuple && !node->operands.empty())
        return std::move(node->operands[0]);
    if (!tuple && !parenthesised)
        failUnexpected("an expression");
    return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parseList()
{
    Node node = make(Kind::List);
    take();
    while (!isOperator("]")) {
        node->operands.push_back(parseExpression());
        if (!skipOperator(","))
            break;
    }
    expectOperator("]");
    return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parseDict()
{
    Node node = make(Kind::Dict);
    take();
    while (!isOperator("}")) {
        node->operands.push_back(parseExpression());
        expectOperator(":");
        node->operands.push_back(parseExpression());
        if (!skipOperator(","))
            break;
    }
    expectOperator("}");
    return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parsePostfix(ExpressionPtr operand)
{
    for (;;) {
        if (isOperator("."))
            operand = parseDot(std::move(operand));
        else if (isOperator("["))
            operand = parseSubscript(std::move(operand));
        else if (isOperator("("))
            operand = parseCall(std::move(operand));
        else
            return operand;
    }
}

ExpressionPtr ExpressionParser::parseFiltersAndTests(ExpressionPtr operand)
{
    for (;;) {
        if (isOperator("|"))
            operand = parseFilters(std::move(operand), false);
        else if (isName("is"))
            operand = parseTest(std::move(operand));
        else if (isOperator("("))
            operand = parseCall(std::move(operand));
        else
            return operand;
    }
}

ExpressionPtr ExpressionParser::parseDot(ExpressionPtr operand)
{
    Node node = make(Kind::Attribute);
    take();
    node->operands.push_back(std::move(operand));
    if (current().kind == Token::Kind::Integer) {
        node->kind = Kind::Item;
        Node index = make(Kind::Constant);
        index->constant = Value(take().integer);
        node->operands.push_back(finish(std::move(index)));
    } else {
        node->name = expectName();
    }
    return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parseSubscript(ExpressionPtr operand)
{
    Node node = make(Kind::Item);
    take();
    node->operands.push_back(std::move(operand));
    const auto part = [&]() -> ExpressionPtr {
        return isOperator(":") || isOperator("]") ? nullptr : parseExpression();
    };
    ExpressionPtr first = part();
    if (isOperator(":")) {
        node->kind = Kind::Slice;
        node->operands.push_back(std::move(first));
        take();
        node->operands.push_back(part());
        node->operands.push_back(skipOperator(":") ? part() : nullptr);
    } else {
        if (!first)
            failUnexpected("an index");
        node->operands.push_back(std::move(first));
    }
    if (isOperator(","))
        fail("several indices in one [] are not supported");
    expectOperator("]");
    return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parseCall(ExpressionPtr operand)
{
    Node node = make(Kind::Call);
    node->operands.push_back(std::move(operand));
    node->arguments = parseArguments();
    return finish(std::move(node));
}

Arguments ExpressionParser::parseArguments()
{
    Arguments arguments;
    expectOperator("(");
    while (!isOperator(")")) {
        if (skipOperator("*")) {
            if (arguments.list || arguments.dict)
                fail("a call takes one * and one ** argument, in this order");
            arguments.list = parseExpression();
        } else if (skipOperator("**")) {
            if (arguments.dict)
                fail("a call takes one * and one ** argument, in this order");
            arguments.dict = parseExpression();
        } else if (current().kind == Token::Kind::Name && ahead().kind == Token::Kind::Operator &&
                   ahead().text == "=") {
            std::string name = take().text;
            take();
            arguments.named.emplace_back(std::move(name), parseExpression());
        } else {
            if (!arguments.named.empty() || arguments.list || arguments.dict)
                fail("an argument without a name follows one with a name");
            arguments.positional.push_back(parseExpression());
        }
        if (!skipOperator(","))
            break;
    }
    expectOperator(")");
    return arguments;
}

ExpressionPtr ExpressionParser::parseFilters(ExpressionPtr operand, bool first)
{
    while (first || skipOperator("|")) {
        first = false;
        Node node = make(Kind::Filter);
        node->name = expectDottedName();
        if (operand)
            node->operands.push_back(std::move(operand));
        if (isOperator("("))
            node->arguments = parseArguments();
        operand = finish(std::move(node));
    }
    return operand;
}

bool ExpressionParser::startsTestArgument() const
{
    switch (current().kind) {
    case Token::Kind::Name:
        return !isName("else") && !isName("or") && !isName("and");
    case Token::Kind::String:
    case Token::Kind::Integer:
    case Token::Kind::Float:
        return true;
    default:
        return isOperator("[") || isOperator("{");
    }
}

ExpressionPtr ExpressionParser::parseTest(ExpressionPtr operand)
{
    Node node = make(Kind::Test);
    take();
    const bool negated = skipName("not");
    node->name = expectDottedName();
    node->operands.push_back(std::move(operand));
    if (isOperator("(")) {
        node->arguments = parseArguments();
    } else if (startsTestArgument()) {
        if (isName("is"))
            fail("tests can't be chained with 'is'");
        node->arguments.positional.push_back(parsePostfix(parsePrimary()));
    }
    ExpressionPtr test = finish(std::move(node));
    if (!negated)
        return test;
    Node inverse = make(Kind::Not);
    inverse->operands.push_back(std::move(test));
    return finish(std::move(inverse));
}

} // namespace attune::jinja
