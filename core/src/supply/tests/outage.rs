//! What happens while the edge cannot be reached.

use super::*;

fn reach(effects: &[Effect]) -> Vec<bool> {
    effects.iter().filter_map(|e| if let Effect::Reach(online) = e { Some(*online) } else { None }).collect()
}

fn gets(effects: &[Effect]) -> Vec<&Effect> {
    effects.iter().filter(|effect| matches!(effect, Effect::Get { .. })).collect()
}

#[test]
fn an_edge_that_cannot_be_reached_is_told_at_the_first_failure_and_tried_until_it_is_there() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let _ = supply.on(T, want(1, true));
    assert_eq!(reach(&supply.on(T, Event::Unreachable(key(0)))), [false], "at once");
    assert_eq!(reach(&supply.on(T, Event::Unreachable(key(1)))), Vec::<bool>::new(), "once");
    let (mut now, mut pauses) = (T, Vec::new());
    for _ in 0..20 {
        let at = supply.next_wake().unwrap();
        pauses.push(at.since(now).0);
        now = at;
        let effects = supply.on(now, Event::Wake);
        assert_eq!(gets(&effects), [&get(1)], "one request tries, for what is on screen now");
        let effects = supply.on(now, Event::Unreachable(key(1)));
        assert!(!ends_or_tells(&effects), "{effects:?}");
    }
    assert_eq!(pauses[..6], [500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    assert!(pauses.iter().all(|pause| *pause <= 5_000));
    let now = supply.next_wake().unwrap();
    let _ = supply.on(now, Event::Wake);
    let effects = supply.on(now, Event::Got(key(1)));
    assert_eq!(reach(&effects), [true]);
    assert_eq!(gets(&effects), [&get(0)], "the others follow at once");
    assert!(supply.reaches_the_edge());
}

/// What would end a wish or tell the page a second time.
fn ends_or_tells(effects: &[Effect]) -> bool {
    effects.iter().any(|e| matches!(e, Effect::Failed { .. } | Effect::Reach(_)))
}

#[test]
fn a_browser_that_has_a_network_again_is_believed_at_once() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    assert_eq!(gets(&supply.on(T, Event::Online)), Vec::<&Effect>::new(), "nothing is wrong");
    let _ = supply.on(T, Event::Unreachable(key(0)));
    assert_eq!(gets(&supply.on(T, Event::Online)), [&get(0)]);
}

#[test]
fn a_job_that_cannot_be_asked_after_tells_that_the_edge_is_away_and_goes_on() {
    let mut supply = asking(1);
    let _ = supply.on(T, Event::Job { key: key(0), job: job(key(0), JobStatus::Queued) });
    assert_eq!(reach(&supply.on(T, Event::Unreachable(key(0)))), [false]);
    assert_eq!(supply.jobs().len(), 1);
    assert_eq!(reach(&supply.on(T, news(key(0), EventKind::Queued))), [true]);
}

#[test]
fn a_clip_on_the_device_says_nothing_about_the_network() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, true));
    let _ = supply.on(T, Event::Unreachable(key(0)));
    let _ = supply.on(T, want(1, true));
    let effects = asks(&mut supply, Event::Stored(key(1)));
    assert_eq!(effects, [Effect::Deliver { key: key(1), origin: Origin::Device }]);
    assert!(!supply.reaches_the_edge());
}

#[test]
fn a_guess_that_cannot_be_reached_is_given_up_in_silence() {
    let mut supply = Supply::default();
    let _ = supply.on(T, want(0, false));
    let effects = asks(&mut supply, Event::Unreachable(key(0)));
    assert!(matches!(effects[..], [Effect::Failed { .. }]), "{effects:?}");
}
