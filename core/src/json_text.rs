//! Writes JSON as RFC 8785 has it, for what a page hashes and sends: objects whose names the caller gives
//! in order, strings, whole numbers, and decimals of at most two places. A small part of what
//! `serde_json_canonicalizer` can, byte for byte the same: a page pays for every byte of code.

/// JSON in the making.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonText {
    text: String,
}

impl JsonText {
    /// What was written so far.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What was written.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }

    /// Begins an object.
    pub fn open(&mut self) -> &mut Self {
        self.text.push('{');
        self
    }

    /// Ends an object.
    pub fn close(&mut self) -> &mut Self {
        self.text.push('}');
        self
    }

    /// The next member's name: plain ASCII, and greater than the one before it.
    pub fn name(&mut self, name: &str) -> &mut Self {
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        self.text(name);
        self.text.push(':');
        self
    }

    /// A string (RFC 8785, section 3.2.2.2).
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.text.push('"');
        for letter in text.chars() {
            let short = match letter {
                '"' | '\\' => letter,
                '\u{8}' => 'b',
                '\t' => 't',
                '\n' => 'n',
                '\u{c}' => 'f',
                '\r' => 'r',
                '\0'..='\u{1f}' => 'u',
                _ => {
                    self.text.push(letter);
                    continue;
                }
            };
            self.text.extend(['\\', short]);
            if short == 'u' {
                let digit = |value| char::from_digit(value, 16).unwrap_or('0');
                let code = u32::from(letter);
                self.text.extend(['0', '0', digit(code / 16), digit(code % 16)]);
            }
        }
        self.text.push('"');
        self
    }

    /// A whole number, at most 2^53.
    pub fn whole(&mut self, number: u64) -> &mut Self {
        let end = self.text.len();
        let mut rest = number;
        loop {
            // A digit fits any integer.
            #[allow(clippy::cast_possible_truncation)]
            self.text.insert(end, char::from(b'0' + (rest % 10) as u8));
            rest /= 10;
            if rest == 0 {
                return self;
            }
        }
    }

    /// A decimal of at most two places, 0 or more. The shortest decimal that reads back as the number is
    /// what RFC 8785 asks for (section 3.2.2.3), and for so few places it is the one that was meant.
    pub fn hundredths(&mut self, number: f64) -> &mut Self {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let hundredths = (number * 100.0 + 0.5) as u64;
        self.whole(hundredths / 100);
        let (tenth, rest) = (hundredths / 10 % 10, hundredths % 10);
        if tenth + rest > 0 {
            self.text.push('.');
            self.whole(tenth);
        }
        if rest > 0 {
            self.whole(rest);
        }
        self
    }

    /// `true` or `false`.
    pub fn flag(&mut self, flag: bool) -> &mut Self {
        self.text.push_str(if flag { "true" } else { "false" });
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cache_key::canonical_bytes;

    #[test]
    fn every_decimal_that_a_request_may_hold_is_written_canonically() {
        for hundredths in 0..=3_000u32 {
            let number = f64::from(hundredths) / 100.0;
            let mut out = JsonText::default();
            out.hundredths(number);
            assert_eq!(out.as_str().as_bytes(), canonical_bytes(&number.into()), "{number}");
        }
    }

    proptest! {
        #[test]
        fn text_numbers_and_flags_are_written_canonically(
            name in "[a-z]{1,5}", text: String, whole in 0u64..=1 << 53, flag: bool
        ) {
            let mut out = JsonText::default();
            out.open().name(&format!("{name}1")).text(&text);
            out.name(&format!("{name}2")).whole(whole).name(&format!("{name}3")).open().close();
            out.name(&format!("{name}4")).flag(flag).close();
            let value = serde_json::json!({
                format!("{name}1"): text, format!("{name}2"): whole, format!("{name}3"): {},
                format!("{name}4"): flag,
            });
            prop_assert_eq!(out.into_string().into_bytes(), canonical_bytes(&value));
        }
    }
}
