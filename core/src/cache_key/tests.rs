//! The key's promises: read back, and written the same way by the small writer and the canonicalizer.

use data_encoding::BASE32_NOPAD;
use proptest::prelude::*;

use super::*;
use crate::character::{Body, Look};
use crate::cue::{Intensity, Reaction};
use crate::operation::Operation;
use crate::units::Millis;

#[test]
fn a_key_is_read_back_and_nothing_else_is() {
    let key = "abcdefghijklmnopqrstuvwxyz234567";
    assert_eq!(CacheKey::parse(key).unwrap().as_str(), key);
    for bad in [
        "",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "abcdefghijklmnopqrstuvwxyz23456",
        "../../../../../../../../etc/passw",
        "abcdefghijklmnopqrstuvwxyz234561",
    ] {
        assert_eq!(CacheKey::parse(bad), None, "{bad}");
    }
}

fn spec() -> impl Strategy<Value = ClipSpec> {
    let any_text = || {
        prop_oneof![
            Just(String::new()),
            "[ -~]{0,20}",
            prop::string::string_regex("\\PC{0,20}").unwrap(),
            any::<String>()
        ]
    };
    let color = || any::<[u8; 3]>().prop_map(|[r, g, b]| Color { r, g, b });
    let look = (prop::sample::select(&Body::ALL[..]), color(), color(), color(), color()).prop_map(
        |(body, primary, secondary, accent, backdrop)| Look { body, primary, secondary, accent, backdrop },
    );
    let character = (any_text(), any::<u32>(), any::<u32>(), look)
        .prop_map(|(id, version, seed, look)| Character { id, version, name: String::new(), seed, look });
    let reaction =
        (any_text(), any_text(), any_text(), 0.0f64..=1.0).prop_map(|(expression, emotion, animation, i)| {
            let intensity = Intensity::from_unit(i).unwrap_or_default();
            Cue::Reaction(Reaction { expression, emotion, animation, intensity })
        });
    let cue = prop_oneof![any_text().prop_map(Cue::state), reaction];
    let words = (any_text(), any_text(), any_text());
    let numbers = (any::<[u32; 5]>(), 0u32..=3_000, 0u64..=1 << 53);
    let operation = prop::sample::select(&Operation::OF_PAGES[..]);
    (operation, character, cue, words, numbers).prop_map(
        |(operation, character, cue, (model, prompt, negative_prompt), (n, cfg, duration))| ClipSpec {
            operation,
            model,
            character,
            cue,
            prompt,
            negative_prompt,
            width: n[0],
            height: n[1],
            fps: n[2],
            steps: n[3],
            cfg: f64::from(cfg) / 100.0,
            duration_ms: Millis(duration),
            seed: n[4],
        },
    )
}

fn scope() -> impl Strategy<Value = Scope> {
    let part = || proptest::option::of(any::<String>());
    (part(), part(), part(), part(), any::<bool>()).prop_map(
        |(playthrough, player, nonce, cache_key, private)| Scope {
            playthrough,
            player,
            nonce,
            cache_key,
            private,
        },
    )
}

proptest! {
    #[test]
    fn what_is_hashed_is_the_canonical_form_of_the_object(tenant: String, spec in spec(), scope in scope()) {
        let expected = canonical_bytes(&canonical_value(&tenant, &spec, &scope));
        let written = written(&tenant, &spec, &scope);
        prop_assert_eq!(Ok(written.as_str()), std::str::from_utf8(&expected));
        let key = CacheKey::of(&tenant, &spec, &scope);
        prop_assert_eq!(key.as_str(), digest(&canonical_value(&tenant, &spec, &scope)));
    }

    #[test]
    fn the_first_twenty_bytes_of_the_hash_are_written_in_base32(bytes: Vec<u8>) {
        let expected = BASE32_NOPAD.encode(&Sha256::digest(&bytes)[..20]).to_ascii_lowercase();
        let key = CacheKey(letters_of(&bytes));
        prop_assert_eq!(key.as_str(), expected);
    }
}
