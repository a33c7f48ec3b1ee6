//! The rules of the store, one sentence each, and what holds whatever it does.

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { bytes: 100, entries: 5, clip: 60 };
const NOW: Millis = Millis(0);

fn store(clips: &[(&str, u64)]) -> ClipStore {
    let mut store = ClipStore::new(LIMITS);
    let listed = clips.iter().map(|(address, bytes)| ((*address).to_owned(), *bytes)).collect();
    assert_eq!(store.list(listed), NOTHING);
    store
}

const NOTHING: [&str; 0] = [];

fn video(bytes: u64) -> Found<'static> {
    Found { kind: "video/mp4", recorded: Some(bytes), bytes }
}

#[test]
fn the_oldest_goes_first_and_what_was_used_lately_last() {
    let mut store = store(&[("a", 40), ("b", 30), ("c", 20)]);
    assert!(store.is_good("a", video(40)));
    assert_eq!(store.offer(NOW, "d", "video/webm", 50).unwrap(), ["b", "c"]);
    store.written("d");
    assert_eq!((store.bytes(), store.len(), store.counters().trimmed), (90, 2, 2));
}

#[test]
fn only_a_clip_that_will_be_asked_for_again_is_written() {
    let mut store = store(&[("a", 10)]);
    assert_eq!(store.offer(NOW, "b", "image/svg+xml", 10), None, "a placeholder is no clip");
    assert_eq!(store.offer(NOW, "b", "video/mp4", 0), None);
    assert_eq!(store.offer(NOW, "b", "video/mp4", 61), None, "too large");
    assert_eq!(store.offer(NOW, "/private/b?sig=x", "video/mp4", 10), None, "good once");
    assert_eq!(store.offer(NOW, "a", "video/mp4", 10), None, "stored already");
    assert!(store.offer(NOW, "b", "video/mp4", 60).is_some());
    assert_eq!(store.offer(NOW, "b", "video/mp4", 60), None, "being written");
    assert_eq!(store.offer(NOW, "c", "video/mp4", 60), None, "what is being written fills it");
}

#[test]
fn what_is_not_the_clip_that_was_written_is_spoilt() {
    let clip = video(10);
    for found in [
        Found { kind: "text/html", ..clip },
        Found { recorded: None, ..clip },
        Found { recorded: Some(11), ..clip },
        Found { recorded: Some(0), bytes: 0, ..clip },
    ] {
        let mut store = store(&[("a", 10)]);
        assert!(!store.is_good("a", found), "{found:?}");
        assert!(!store.may_have(NOW, "a"));
        assert!(store.offer(NOW, "a", "video/mp4", 10).is_some(), "and is written anew");
        assert_eq!(store.counters().spoilt, 1);
    }
}

#[test]
fn what_is_known_not_to_be_there_is_not_looked_for() {
    let mut unlisted = ClipStore::new(LIMITS);
    assert!(unlisted.may_have(NOW, "a"));
    unlisted.missed("a");
    assert!(!store(&[("b", 1)]).may_have(NOW, "a") && store(&[("b", 1)]).may_have(NOW, "b"));
    assert_eq!(unlisted.counters().misses, 1);
}

#[test]
fn a_full_disk_is_trimmed_once_and_then_left_alone_for_longer_and_longer() {
    let mut store = store(&[("a", 40), ("b", 40)]);
    assert_eq!(store.offer(NOW, "c", "video/mp4", 10).unwrap(), NOTHING);
    assert_eq!(store.refused(NOW, "c").unwrap(), ["a"]);
    assert_eq!(store.refused(NOW, "c"), None);
    assert_eq!((store.len(), store.counters().refused), (1, 2));
    let mut now = NOW;
    for pause in [30_000, 60_000, 120_000] {
        assert_eq!(store.offer(now + Millis(pause - 1), "d", "video/mp4", 10), None);
        assert!(store.may_have(now, "b"), "what is stored is still read");
        now = now + Millis(pause);
        assert!(store.offer(now, "d", "video/mp4", 10).is_some());
        while store.refused(now, "d").is_some() {}
    }
}

#[test]
fn a_store_that_took_a_clip_is_trusted_again() {
    let mut store = store(&[]);
    for now in [NOW, Millis(30_000)] {
        assert!(store.offer(now, "a", "video/mp4", 10).is_some());
        assert_eq!(store.refused(now, "a"), None, "nothing can go");
    }
    assert!(store.offer(Millis(90_000), "a", "video/mp4", 10).is_some());
    store.written("a");
    assert!(store.offer(Millis(90_000), "b", "video/mp4", 10).is_some());
    assert_eq!(store.refused(Millis(90_000), "b").unwrap(), ["a"]);
    assert_eq!(store.refused(Millis(90_000), "b"), None);
    assert!(store.offer(Millis(120_000), "b", "video/mp4", 10).is_some(), "the first pause again");
}

#[test]
fn a_store_that_does_not_open_is_left_alone_and_then_listed_again() {
    let mut store = store(&[("a", 10)]);
    store.closed(NOW);
    assert!(!store.may_have(Millis(29_999), "a"));
    assert_eq!(store.offer(Millis(29_999), "b", "video/mp4", 10), None);
    assert!(store.may_have(Millis(30_000), "a") && store.needs_list(Millis(30_000)));
    store.opened();
    assert_eq!(store.list(vec![("a".into(), 80), ("b".into(), 90)]), ["a"]);
}

#[derive(Debug, Clone)]
enum Step {
    List(Vec<(String, u64)>),
    Offer(String, u64),
    Written(String),
    Refused(String),
    Found(String, u64),
    Missed(String),
    Closed,
}

fn any_step() -> impl Strategy<Value = Step> {
    let address = || (0u8..9).prop_map(|n| n.to_string());
    let listed = prop::collection::btree_map(address(), 1u64..80, 0..7);
    prop_oneof![
        1 => listed.prop_map(|map| Step::List(map.into_iter().collect())),
        6 => (address(), 0u64..70).prop_map(|(a, bytes)| Step::Offer(a, bytes)),
        4 => address().prop_map(Step::Written),
        3 => address().prop_map(Step::Refused),
        3 => (address(), 0u64..70).prop_map(|(a, bytes)| Step::Found(a, bytes)),
        2 => address().prop_map(Step::Missed),
        1 => Just(Step::Closed),
    ]
}

proptest! {
    #[test]
    fn a_clip_is_written_within_the_limits_and_has_one_place(
        steps in prop::collection::vec((any_step(), 0u64..40_000), 0..120)
    ) {
        let mut store = ClipStore::new(LIMITS);
        let mut now = NOW;
        for (step, pause) in steps {
            let listed_unasked = matches!(&step, Step::List(_)) && !store.needs_list(now);
            match step {
                Step::List(_) if listed_unasked => {}
                Step::List(clips) => {
                    let trimmed = store.list(clips);
                    prop_assert!(trimmed.iter().all(|address| !store.may_have(now, address)));
                }
                Step::Offer(address, bytes) => {
                    if let Some(trimmed) = store.offer(now, &address, "video/mp4", bytes) {
                        prop_assert!(!trimmed.contains(&address));
                        prop_assert!(store.bytes() <= LIMITS.bytes && store.len() <= LIMITS.entries);
                    }
                }
                Step::Written(address) => store.written(&address),
                Step::Refused(address) => {
                    let trimmed = store.refused(now, &address).unwrap_or_default();
                    prop_assert!(!trimmed.contains(&address));
                }
                Step::Found(address, bytes) => {
                    let good = store.is_good(&address, video(bytes));
                    prop_assert_eq!(good, bytes > 0);
                }
                Step::Missed(address) => store.missed(&address),
                Step::Closed => store.closed(now),
            }
            let mut addresses: Vec<&str> = store.entries.iter().map(|e| e.address.as_str()).collect();
            addresses.sort_unstable();
            addresses.dedup();
            prop_assert_eq!(addresses.len(), store.len());
            now = now + Millis(pause);
        }
    }
}
