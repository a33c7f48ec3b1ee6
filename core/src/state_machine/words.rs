//! Whether a text mentions a word, in any language, without tables of Unicode: those would weigh more than
//! everything else that the state machine brings into a page.
//!
//! A word is a run of letters and digits; whatever is not ASCII counts as a letter unless it lies in
//! one of the blocks of punctuation. Case is folded for the Latin, Greek and Cyrillic alphabets; any
//! other letter matches itself only.

/// How much of a text is looked at, in bytes: more than anybody types, and a bound on the work.
const LONGEST_TEXT: usize = 8_192;

/// Whether `text` mentions `phrase`: its words one after the other, each whole, in any case. A phrase
/// in a script that is written without spaces may stand anywhere. A phrase without a letter is
/// never mentioned.
#[must_use]
pub fn mentions(text: &str, phrase: &str) -> bool {
    let text = text.get(..text.floor_char_boundary(LONGEST_TEXT)).unwrap_or_default();
    if phrase.chars().any(is_unspaced) {
        return text.contains(phrase);
    }
    if words(phrase).next().is_none() {
        return false;
    }
    let mut from = words(text);
    loop {
        let mut here = from.clone();
        if words(phrase).all(|word| here.next().is_some_and(|found| same(found, word))) {
            return true;
        }
        if from.next().is_none() {
            return false;
        }
    }
}

/// Whether there is a word in it at all.
pub(super) fn has_word(text: &str) -> bool {
    words(text).next().is_some()
}

fn words(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(|c| !is_letter(c)).filter(|word| !word.is_empty())
}

fn same(a: &str, b: &str) -> bool {
    a.chars().map(folded).eq(b.chars().map(folded))
}

const fn is_letter(c: char) -> bool {
    match c {
        '\0'..='\x7f' => c.is_ascii_alphanumeric(),
        'ª' | 'µ' | 'º' => true,
        // Signs of Latin-1, general punctuation to symbols, CJK punctuation, full-width forms of ASCII's.
        '\u{80}'..='¿' | '×' | '÷' => false,
        '\u{2000}'..='\u{2bff}' | '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{303f}' => false,
        '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff5b}'..='\u{ff65}' => false,
        // Emoji.
        '\u{1f000}'..='\u{1faff}' => false,
        _ => true,
    }
}

/// Thai to Tibetan, Burmese, Khmer, and everything Chinese, Japanese and Korean.
const fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{fff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The small letter of a capital one.
fn folded(c: char) -> char {
    let code = u32::from(c);
    let small = match c {
        '\0'..='\x7f' => return c.to_ascii_lowercase(),
        'À'..='Þ' if c != '×' => code + 32,
        // Turkish has two letters i, which no rule without a language can tell apart.
        'İ' | 'ı' => code,
        // In these blocks capital and small letters take turns.
        'Ā'..='ķ' | 'Ŋ'..='ŷ' | 'Ѡ'..='ҁ' | 'Ҋ'..='ҿ' | 'Ӑ'..='ӿ' | 'Ḁ'..='ẕ' | 'Ạ'..='ỿ' => {
            code | 1
        }
        'Ĺ'..='ň' | 'Ź'..='ž' => code + (code & 1),
        'Ά' => u32::from('ά'),
        'Έ'..='Ί' => code + 37,
        'Ό' => u32::from('ό'),
        'Ύ' | 'Ώ' => code + 63,
        'ς' => u32::from('σ'),
        'Α'..='Ρ' | 'Σ'..='Ϋ' | 'А'..='Я' => code + 32,
        'Ѐ'..='Џ' => code + 80,
        _ => code,
    };
    char::from_u32(small).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_word_is_matched_whole_and_in_any_case() {
        assert!(mentions("What's the PRICE?", "price"));
        assert!(mentions("price", "Price"));
        assert!(!mentions("This is priceless, no unproblematic tissue", "price"));
        assert!(!mentions("unproblematic", "problem"));
        assert!(mentions("«Problem», she said", "problem"));
    }

    #[test]
    fn words_of_other_languages_are_matched_as_their_readers_expect() {
        for (text, phrase) in [
            ("Welche GRÖßE brauche ich?", "größe"),
            ("¿CUÁNTO cuesta?", "cuánto"),
            ("Jaka CENA? ŹLE", "źle"),
            ("ПРИВЕТ, какая ЦЕНА?", "цена"),
            ("ποια είναι η ΤΙΜΉ;", "τιμή"),
            ("GIÁ BAO NHIÊU Ạ", "giá bao nhiêu ạ"),
            ("这个的价格是多少", "价格"),
            ("ราคาเท่าไหร่", "ราคา"),
            ("かかく、いくら", "いくら"),
        ] {
            assert!(mentions(text, phrase), "{text}: {phrase}");
        }
        assert!(!mentions("größer", "größe"));
    }

    #[test]
    fn a_phrase_is_matched_word_by_word_whatever_stands_between_them() {
        assert!(mentions("Do you sell a gift-card?", "gift card"));
        assert!(mentions("gift gift card", "gift card"));
        assert!(!mentions("a card as a gift", "gift card"));
        assert!(!mentions("gift", "gift card"));
        assert!(!mentions("anything", "…"));
    }

    #[test]
    fn folding_agrees_with_unicode_wherever_it_folds() {
        for c in '\0'..'\u{3000}' {
            let small = folded(c);
            if small != c && c != 'ς' {
                assert_eq!(c.to_lowercase().collect::<String>(), small.to_string());
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_stops_it_and_every_phrase_is_found_in_itself(text in ".{0,60}", phrase in ".{0,10}") {
            let _ = mentions(&text, &phrase);
            prop_assert_eq!(mentions(&phrase, &phrase), has_word(&phrase));
        }
    }
}
