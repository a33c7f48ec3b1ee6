//! What Google's filters make of words, and how they say so. The words that set them off are those of
//! every vendor here, and one more, for an outcome that only Google has.

use crate::vendors::{self, fault};

/// What the filters say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing against it.
    Fine,
    /// The request is refused.
    Blocked,
    /// The request is taken and the result withheld.
    Withheld,
    /// The model answers without a picture: it was asked for something `unpaintable`.
    NoImage,
}

/// What the filters say of these words, under this rule.
pub(super) fn verdict(words: &str, rule: Option<fault::Rule>) -> Verdict {
    if rule.is_some_and(|rule| rule.kind == fault::Kind::Refuse) {
        return Verdict::Blocked;
    }
    match vendors::judge(words) {
        vendors::Verdict::InputRefused => Verdict::Blocked,
        vendors::Verdict::OutputRefused => Verdict::Withheld,
        vendors::Verdict::Fine => {
            let lower = words.to_lowercase();
            let mut all = lower.split(|c: char| !c.is_alphanumeric());
            if all.any(|word| word == "unpaintable") { Verdict::NoImage } else { Verdict::Fine }
        }
    }
}

/// Why Imagen left a picture out.
pub(super) const IMAGEN_REASON: &str = "Unable to show generated images. All images were filtered out because they violated Google's \
     Responsible AI practices. You will not be charged for blocked images. Try rephrasing the prompt. \
     Support codes: 58061214";

/// Why Veo left a clip out.
pub(super) const VEO_REASON: &str = "Sorry, we can't create videos with input like this. The prompt or the image goes against Google's \
     usage guidelines. Try rephrasing the prompt. Support codes: 17301594";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_set_the_filters_off() {
        assert_eq!(verdict("A Forbidden city", None), Verdict::Blocked);
        assert_eq!(verdict("unforbidden, indecently", None), Verdict::Fine);
        assert_eq!(verdict("an indecent\nscene", None), Verdict::Withheld);
        assert_eq!(verdict("something unpaintable!", None), Verdict::NoImage);
    }
}
