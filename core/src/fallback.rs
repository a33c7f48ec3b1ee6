//! What a caller is told to show until its clip exists: the first of its choices that there is
//! anything for.

use crate::api::{Content, Fallback, FallbackContent, FallbackSource};
use crate::nearest::Nearest;
use crate::operation::{Operation, Subject, ValidJob};
use crate::placeholder;
use crate::units::Millis;

/// What there is, as the shell found it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AtHand {
    /// The same clip in less quality, if it exists.
    pub preview: Option<Content>,
    /// The nearest clip, if one is near.
    pub nearest: Option<Nearest>,
    /// When it is worth asking again.
    pub retry_after: Millis,
}

impl AtHand {
    /// Whether finding a nearest clip could change what `job` is answered: where the caller
    /// prefers something that is always there, no listing is worth its price.
    #[must_use]
    pub fn wants_nearest(&self, job: &ValidJob) -> bool {
        let cached = job.fallbacks.iter().position(|kind| *kind == Fallback::Cached);
        cached == Some(0) && self.preview.is_none() && self.nearest.is_none()
    }
}

/// The first of the job's fallbacks that there is something for; `skip` when there is none. Only
/// `cached` can have nothing: every other choice ends the search.
#[must_use]
pub fn content(job: &ValidJob, at_hand: &AtHand) -> FallbackContent {
    let found = job.fallbacks.iter().find_map(|kind| one(*kind, job, at_hand));
    found.unwrap_or_else(|| nothing(Fallback::Skip))
}

fn one(kind: Fallback, job: &ValidJob, at_hand: &AtHand) -> Option<FallbackContent> {
    let bare = nothing(kind);
    Some(match kind {
        Fallback::DefaultContent => {
            let content = job.default_content.clone()?;
            FallbackContent {
                url: Some(content.url),
                content_type: content.content_type,
                source: FallbackSource::Default,
                ..bare
            }
        }
        Fallback::Cached => match (&at_hand.preview, &at_hand.nearest) {
            (Some(preview), _) => FallbackContent {
                url: Some(preview.url.clone()),
                content_type: Some(preview.content_type.clone()),
                source: FallbackSource::Preview,
                ..bare
            },
            (None, Some(near)) => FallbackContent {
                url: Some(near.key.path()),
                source: FallbackSource::Nearest,
                cue: Some(near.cue.clone()),
                distance: Some(near.distance),
                ..bare
            },
            (None, None) => return None,
        },
        Fallback::Placeholder => {
            // Only characters can be drawn, and two people of whom nothing is known.
            let drawn = match &job.subject {
                Some(Subject { character, cue }) => placeholder::path(&character.look, cue),
                None if job.spec.operation() == Operation::CallImage => placeholder::call::PATH.to_owned(),
                None => return None,
            };
            FallbackContent {
                url: Some(drawn),
                content_type: Some("image/svg+xml".into()),
                source: FallbackSource::Placeholder,
                ..bare
            }
        }
        Fallback::Freeze | Fallback::Skip => bare,
        Fallback::Retry => FallbackContent { retry_after_ms: Some(at_hand.retry_after), ..bare },
    })
}

fn nothing(kind: Fallback) -> FallbackContent {
    FallbackContent {
        kind,
        url: None,
        content_type: None,
        source: FallbackSource::None,
        cue: None,
        distance: None,
        retry_after_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache_key::CacheKey;
    use crate::cue::Cue;
    use crate::operation::validate;
    use proptest::prelude::*;
    use serde_json::json;

    fn job(fallbacks: &[&str]) -> ValidJob {
        let body = json!({
            "operation_type": "state_clip",
            "params": {"character": "bolt", "state": "happy"},
            "fallback": fallbacks,
            "default_content": {"url": "/still.png", "content_type": "image/png"},
        });
        validate(&body, "n").unwrap()
    }

    fn near() -> Nearest {
        let key = CacheKey::parse(&"a".repeat(32)).unwrap();
        Nearest { key, cue: Cue::state("excited"), distance: 0.125 }
    }

    fn preview() -> Content {
        Content { url: "/clips/p".into(), content_type: "video/mp4".into(), bytes: 5, ..Content::default() }
    }

    #[test]
    fn each_choice_says_what_it_is_and_where_it_comes_from() {
        let at_hand = AtHand { nearest: Some(near()), retry_after: Millis(2_500), preview: None };
        let told = |kind| content(&job(&[kind]), &at_hand);
        let own = told("default_content");
        assert_eq!((own.url.as_deref(), own.source), (Some("/still.png"), FallbackSource::Default));
        let nearest = told("cached");
        assert_eq!(nearest.url, Some(near().key.path()));
        assert_eq!((nearest.source, nearest.cue), (FallbackSource::Nearest, Some(Cue::state("excited"))));
        assert_eq!(nearest.distance, Some(0.125));
        let drawn = told("placeholder");
        assert!(drawn.url.unwrap().starts_with("/placeholders/happy.svg?"));
        assert_eq!(told("retry").retry_after_ms, Some(Millis(2_500)));
        for empty in ["freeze", "skip", "retry"] {
            assert_eq!((told(empty).url, told(empty).source), (None, FallbackSource::None));
        }
    }

    #[test]
    fn the_same_cue_in_less_quality_comes_before_another_cue() {
        let at_hand = AtHand { nearest: Some(near()), preview: Some(preview()), ..AtHand::default() };
        let shown = content(&job(&["cached"]), &at_hand);
        assert_eq!((shown.source, shown.url.as_deref()), (FallbackSource::Preview, Some("/clips/p")));
        assert_eq!((shown.cue, shown.distance), (None, None));
    }

    #[test]
    fn a_call_has_a_picture_of_its_own_and_other_pictures_have_none() {
        let told = |operation: &str, params| {
            let job = validate(&json!({"operation_type": operation, "params": params}), "n").unwrap();
            content(&job, &AtHand::default()).url
        };
        assert_eq!(
            told("call_image", json!({"left": {"name": "Ada"}})).as_deref(),
            Some("/placeholders/call.svg")
        );
        assert_eq!(told("text_to_image", json!({"prompt": "a fox"})), None);
    }

    #[test]
    fn nothing_cached_is_passed_over() {
        let kind = |fallbacks| content(&job(fallbacks), &AtHand::default()).kind;
        assert_eq!(kind(&["cached", "freeze", "placeholder"]), Fallback::Freeze);
        assert_eq!(kind(&["cached"]), Fallback::Skip);
    }

    proptest! {
        #[test]
        fn a_listing_is_made_only_where_it_could_change_the_answer(
            order in Just(Fallback::ALL.map(Fallback::as_str).to_vec()).prop_shuffle(),
            count in 1usize..=6, has_preview: bool,
        ) {
            let job = job(&order[..count]);
            let at_hand = AtHand { preview: has_preview.then(preview), ..AtHand::default() };
            let found = AtHand { nearest: Some(near()), ..at_hand.clone() };
            let changes = content(&job, &at_hand) != content(&job, &found);
            prop_assert_eq!(at_hand.wants_nearest(&job), changes);
        }
    }
}
