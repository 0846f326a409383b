#include "core/text/template_interpreter.h"

#include <cmath>
#include <optional>

// Python's arithmetic, and what it means for texts and lists.
namespace attune::jinja {
namespace {

[[noreturn]] void failTooLarge()
{
    failTemplate("a whole number grows past 64 bits");
}

std::int64_t floorDivide(std::int64_t left, std::int64_t right)
{
    const std::int64_t quotient = left / right;
    return quotient - (left % right != 0 && (left < 0) != (right < 0) ? 1 : 0);
}

std::int64_t power(std::int64_t base, std::int64_t exponent)
{
    std::int64_t result = 1;
    while (exponent > 0) {
        if (exponent & 1) {
            if (__builtin_mul_overflow(result, base, &result))
                failTooLarge();
        }
        exponent >>= 1;
        if (exponent > 0 && __builtin_mul_overflow(base, base, &base))
            failTooLarge();
    }
    return result;
}

Value wholeNumbers(Operator op, std::int64_t left, std::int64_t right)
{
    std::int64_t result = 0;
    bool overflow = false;
    switch (op) {
    case Operator::Add:
        overflow = __builtin_add_overflow(left, right, &result);
        break;
    case Operator::Subtract:
        overflow = __builtin_sub_overflow(left, right, &result);
        break;
    case Operator::Multiply:
        overflow = __builtin_mul_overflow(left, right, &result);
        break;
    case Operator::Divide:
        return static_cast<double>(left) / static_cast<double>(right);
    case Operator::FloorDivide:
        // -2^63 // -1 is the one quotient that does not fit.
        overflow = right == -1 && __builtin_sub_overflow(std::int64_t{0}, left, &result);
        if (!overflow)
            result = right == -1 ? result : floorDivide(left, right);
        break;
    case Operator::Modulo:
        result = right == -1 ? 0 : left - floorDivide(left, right) * right;
        break;
    case Operator::Power:
        if (right < 0)
            return std::pow(static_cast<double>(left), static_cast<double>(right));
        result = left == 1 || left == 0 ? (right == 0 ? 1 : left)
                 : left == -1           ? (right % 2 == 0 ? 1 : -1)
                                        : power(left, right);
        break;
    }
    if (overflow)
        failTooLarge();
    return result;
}

double floatModulo(double left, double right)
{
    const double rest = std::fmod(left, right);
    if (rest == 0)
        return std::copysign(0.0, right);
    return (rest < 0) != (right < 0) ? rest + right : rest;
}

double floatFloorDivide(double left, double right)
{
    const double rest = std::fmod(left, right);
    double quotient = (left - rest) / right;
    if (rest != 0 && (rest < 0) != (right < 0))
        quotient -= 1;
    if (quotient == 0)
        return std::copysign(0.0, left / right);
    const double floored = std::floor(quotient);
    return quotient - floored > 0.5 ? floored + 1 : floored;
}

Value brokenNumbers(Operator op, double left, double right)
{
    switch (op) {
    case Operator::Add:
        return left + right;
    case Operator::Subtract:
        return left - right;
    case Operator::Multiply:
        return left * right;
    case Operator::Divide:
        return left / right;
    case Operator::FloorDivide:
        return floatFloorDivide(left, right);
    case Operator::Modulo:
        return floatModulo(left, right);
    case Operator::Power:
        break;
    }
    if (left < 0 && right != std::floor(right))
        failTemplate("a negative number has no broken power");
    return std::pow(left, right);
}

std::string_view spelling(Operator op)
{
    static constexpr std::string_view spellings[] = {"+", "-", "*", "/", "//", "%", "**"};
    return spellings[static_cast<std::size_t>(op)];
}

} // namespace

Value Interpreter::numeric(Operator op, const Value &left, const Value &right)
{
    const double divisor = *right.asNumber();
    const bool divides = op == Operator::Divide || op == Operator::FloorDivide || op == Operator::Modulo;
    if ((divides && divisor == 0) || (op == Operator::Power && divisor < 0 && *left.asNumber() == 0))
        failTemplate("it divides by zero");
    const auto a = left.asInteger();
    const auto b = right.asInteger();
    return a && b ? wholeNumbers(op, *a, *b) : brokenNumbers(op, *left.asNumber(), divisor);
}

Value Interpreter::repeated(const Value &sequence, std::int64_t times)
{
    const auto count = static_cast<std::size_t>(std::max<std::int64_t>(times, 0));
    if (const auto *text = sequence.asText()) {
        if (count > 0 && text->size() > maxBytes() / count)
            chargeBytes(maxBytes() + 1);
        chargeBytes(count * text->size());
        MarkedText result;
        for (std::size_t i = 0; i < count && !text->empty(); ++i)
            result.append(*text);
        return makeText(std::move(result));
    }
    const ListData &list = *sequence.asList();
    std::vector<Value> items;
    for (std::size_t i = 0; i < count && !list.items.empty(); ++i) {
        charge(static_cast<std::int64_t>(list.items.size()));
        items.insert(items.end(), list.items.begin(), list.items.end());
    }
    return makeList(std::move(items), list.kind);
}

Value Interpreter::binary(Operator op, const Value &left, const Value &right)
{
    if (left.isNumber() && right.isNumber())
        return numeric(op, left, right);
    const auto *leftText = left.asText();
    const auto *leftList = left.asList();
    const auto *rightList = right.asList();
    const auto isSequence = [](const Value &value) {
        const auto *list = value.asList();
        return value.asText() ||
               (list && (list->kind == ListData::Kind::List || list->kind == ListData::Kind::Tuple));
    };
    if (op == Operator::Add && leftText && right.asText()) {
        MarkedText sum = *leftText;
        concatenate(*this, sum, *right.asText());
        return makeText(std::move(sum));
    }
    if (op == Operator::Add && leftList && rightList && isSequence(left) && leftList->kind == rightList->kind) {
        charge(static_cast<std::int64_t>(leftList->items.size() + rightList->items.size()));
        std::vector<Value> items = leftList->items;
        items.insert(items.end(), rightList->items.begin(), rightList->items.end());
        return makeList(std::move(items), leftList->kind);
    }
    if (op == Operator::Multiply && isSequence(left) && right.asInteger())
        return repeated(left, *right.asInteger());
    if (op == Operator::Multiply && isSequence(right) && left.asInteger())
        return repeated(right, *left.asInteger());
    if (op == Operator::Modulo && leftText) {
        CallArguments arguments;
        if (rightList && rightList->kind == ListData::Kind::Tuple)
            arguments.positional = rightList->items;
        else
            arguments.positional.push_back(right);
        return makeText(printfFormatted(*this, *leftText, arguments));
    }
    for (const Value *side : {&left, &right}) {
        if (const auto *undefined = side->as<Undefined>(); undefined && undefined->what)
            failTemplate(*undefined->what + ", so '" + std::string(spelling(op)) + "' can't work on it");
    }
    failTemplate("'" + std::string(spelling(op)) + "' can't work on " + aType(left) + " and " + aType(right));
}

} // namespace attune::jinja
