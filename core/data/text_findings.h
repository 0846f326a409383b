#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

enum class PersonalKind : std::uint8_t { Email, Card, Phone };
std::string_view name(PersonalKind kind); ///< "e-mail address", "card number", "phone number"

/// Bytes of a text that look like somebody's.
struct PersonalData {
    PersonalKind kind = PersonalKind::Email;
    std::size_t begin = 0;
    std::size_t end = 0;
    bool operator==(const PersonalData &) const = default;
};

/// E-mail addresses (not those of the domains reserved for examples), card numbers (an issuer's prefix, its length,
/// and Luhn's check digit) and phone numbers (with a country code, or in a shape that only phone numbers have). Meant
/// to cry wolf rarely: an order number, a date or a bare run of digits is none of these.
std::vector<PersonalData> findPersonalData(std::string_view text);

/// The first sign of a wrong encoding: U+FFFD, a control character, or UTF-8 that was read as Windows-1252 ("Ã¤" for
/// "ä"), as words for people; none where there is none.
std::optional<std::string> oddEncoding(std::string_view text);

} // namespace attune
