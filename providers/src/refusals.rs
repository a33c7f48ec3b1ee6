//! Which words of a vendor's are a refusal of the content, and which are about money. Several vendors
//! say both in prose only, under statuses that mean other things as well.

/// Parts of words that vendors use for content that they do not make.
const CONTENT: [&str; 13] = [
    "nsfw",
    "not safe for work",
    "content polic",
    "content filter",
    "content moderation",
    "moderation",
    "safety filter",
    "safety system",
    "responsible ai",
    "sensitive content",
    "potentially sensitive",
    "prohibited content",
    "inappropriate",
];
/// Parts of words that vendors use for an account without money.
const CREDIT: [&str; 5] =
    ["insufficient credit", "insufficient balance", "insufficient fund", "out of credit", "payment required"];

/// Whether `words` refuse what was asked for, rather than how.
pub(crate) fn is_of_content(words: &str) -> bool {
    has_any(words, &CONTENT)
}

/// Whether `words` say that the account has no money.
pub(crate) fn is_of_credit(words: &str) -> bool {
    has_any(words, &CREDIT)
}

fn has_any(words: &str, parts: &[&str]) -> bool {
    let lower = words.to_lowercase();
    parts.iter().any(|part| lower.contains(part))
}
