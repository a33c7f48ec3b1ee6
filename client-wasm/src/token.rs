//! What a page shows the edge to be let in. Never printed.

use std::fmt;

/// A token that a page was given by its server.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

/// Longer ones do not fit the headers that servers accept.
const LONGEST: usize = 4_096;

impl Token {
    /// A token that fits a header and a WebSocket's subprotocol: an RFC 6750 token without `/` and `=`,
    /// which a subprotocol may not hold (RFC 6455, section 4.1).
    ///
    /// # Errors
    /// What is wrong, without repeating the token.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+".contains(&byte);
        if (1..=LONGEST).contains(&text.len()) && text.bytes().all(fits) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "A token has 1 to {LONGEST} characters of A-Z, a-z, 0-9, -, ., _, ~ and +; this one does not."
        ))
    }

    /// For an `Authorization` header (RFC 6750, section 2.1).
    pub(crate) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// For a WebSocket, which cannot have headers; an address would end up in logs.
    pub(crate) fn subprotocol(&self) -> String {
        format!("bearer.{}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}
