//! The rules of the prefetcher, one sentence each, and what holds whatever comes.

use proptest::prelude::*;

use super::*;

const SIZE: u64 = 300_000;

fn key(number: u8) -> CacheKey {
    let letters: String = (0..32).map(|i| if i == 0 { char::from(b'a' + number) } else { 'a' }).collect();
    CacheKey::parse(&letters).unwrap()
}

fn guess(likely: &[(u8, f64)]) -> Event {
    Event::Guessed { character: 1, likely: likely.iter().map(|(n, p)| (key(*n), *p)).collect() }
}

fn at_hand(number: u8) -> Event {
    Event::AtHand { key: key(number), bytes: SIZE }
}

#[test]
fn the_clips_of_the_demo_stay_worth_making_however_often_their_price_and_wait_are_told() {
    let catalog = crate::catalog::built_in();
    let price = crate::catalog::models().models[0].cost(Millis(4_000));
    for preset in catalog.presets.iter().filter(|preset| preset.id != "realtime") {
        let wait = Millis(preset.wait_ms[1]);
        let value = Budget::default().value_of_making(100_000, wait, price);
        assert!(value.is_some(), "{} is worth it for one chance in ten", preset.id);
    }
}

/// A prefetcher, told events at times in milliseconds.
struct World(Prefetcher);

impl World {
    fn new() -> Self {
        Self(Prefetcher::default())
    }

    fn on(&mut self, now: u64, event: Event) -> Vec<Effect> {
        self.0.on(Millis(now), event)
    }

    /// A clip is guessed, found missing, and asked to be made.
    fn making(number: u8) -> Self {
        let mut world = Self::new();
        assert_eq!(world.on(0, guess(&[(number, 0.9)])), [Effect::Fetch(key(number))]);
        assert_eq!(world.on(1, Event::Missing(key(number))), [Effect::Make(key(number))]);
        world
    }

    fn clips(&self) -> (u64, u64, u64) {
        let counters = self.0.counters();
        (counters.requested, counters.used, counters.wasted)
    }
}

#[test]
fn the_likeliest_clips_are_fetched_two_at_a_time() {
    let mut world = World::new();
    let effects = world.on(0, guess(&[(0, 0.2), (1, 0.5), (2, 0.3), (3, 0.01)]));
    assert_eq!(effects, [Effect::Fetch(key(1)), Effect::Fetch(key(2))]);
    assert_eq!(world.on(1, at_hand(1)), [Effect::Fetch(key(0))]);
    assert_eq!(world.on(2, at_hand(0)), [], "3 is too unlikely to be worth a byte");
}

#[test]
fn of_two_likely_clips_the_one_that_gives_more_for_its_bytes_comes_first() {
    let mut world = World::new();
    for (number, bytes) in [(0, 3_000_000), (1, 100_000)] {
        let _ = world.on(0, Event::AtHand { key: key(number), bytes });
        let _ = world.on(0, Event::Dropped(key(number)));
    }
    let effects = world.on(1, guess(&[(0, 0.5), (1, 0.45)]));
    assert_eq!(effects, [Effect::Fetch(key(1)), Effect::Fetch(key(0))]);
}

#[test]
fn a_minute_fetches_no_more_bytes_than_its_budget() {
    let mut world = World(Prefetcher::new(Budget { bytes_per_minute: 900_000, ..Budget::default() }));
    let likely: Vec<(u8, f64)> = (0..6).map(|n| (n, 0.3)).collect();
    assert_eq!(world.on(0, guess(&likely)), [Effect::Fetch(key(0)), Effect::Fetch(key(1))]);
    let _ = world.on(1, Event::AtHand { key: key(0), bytes: 500_000 });
    assert_eq!(world.on(2, Event::AtHand { key: key(1), bytes: 500_000 }), []);
    assert_eq!(world.on(60_003, guess(&likely)), [Effect::Fetch(key(2)), Effect::Fetch(key(3))]);
}

#[test]
fn a_clip_that_does_not_exist_is_made_when_it_is_likely_enough() {
    let mut world = World::new();
    let _ = world.on(0, guess(&[(0, 0.9), (1, 0.05)]));
    assert_eq!(world.on(1, Event::Missing(key(1))), [], "fetching it would have been fine");
    assert_eq!(world.on(2, Event::Missing(key(0))), [Effect::Make(key(0))]);
    assert_eq!(world.on(3, at_hand(0)), [], "what was made asks for nothing more");
}

#[test]
fn a_clip_is_not_made_for_more_than_the_wait_is_worth() {
    let mut world = World::new();
    for _ in 0..20 {
        let told = Event::Told { key: key(9), price: Some(MicroUsd(500_000)), wait: Some(Millis(2_000)) };
        assert_eq!(world.on(0, told), []);
    }
    let _ = world.on(0, guess(&[(0, 0.9)]));
    assert_eq!(world.on(1, Event::Missing(key(0))), [], "half a dollar for two seconds");
}

#[test]
fn an_hour_spends_no_more_money_than_its_budget() {
    let budget = Budget { micro_usd_per_hour: MicroUsd(13_000), ..Budget::default() };
    let mut world = World(Prefetcher::new(budget));
    let mut made = 0;
    for number in 0..9 {
        let now = u64::from(number) * 60_000;
        let _ = world.on(now, guess(&[(number, 0.9)]));
        made += world.on(now, Event::Missing(key(number))).len();
        let _ = world.on(now, Event::Failed(key(number)));
    }
    assert_eq!(made, 2, "at $0.006 each");
}

#[test]
fn what_a_guess_brings_begins_no_generation() {
    let mut world = World::new();
    let _ = world.on(0, guess(&[(0, 0.3), (1, 0.3), (2, 0.3)]));
    let _ = world.on(1, Event::Missing(key(0)));
    let _ = world.on(1, Event::Missing(key(1)));
    let _ = world.on(1, Event::Missing(key(2)));
    assert_eq!(world.on(2, at_hand(0)), [], "a slot is free, and 2 is missing");
    let effects = world.on(3, guess(&[(2, 0.3)]));
    assert!(effects.contains(&Effect::Make(key(2))), "an observation may: {effects:?}");
}

#[test]
fn while_the_server_limits_the_page_nothing_is_made_but_what_exists_is_fetched() {
    let mut world = World::new();
    let _ = world.on(0, Event::MayMake(false));
    assert_eq!(world.on(0, guess(&[(0, 0.9)])), [Effect::Fetch(key(0))]);
    assert_eq!(world.on(1, Event::Missing(key(0))), []);
    assert_eq!(world.on(2, Event::MayMake(true)), [Effect::Make(key(0))]);
}

#[test]
fn what_became_unlikely_is_cancelled() {
    let mut world = World::new();
    let _ = world.on(0, guess(&[(0, 0.9)]));
    assert_eq!(world.on(1, guess(&[(1, 0.9)])), [Effect::Cancel(key(0)), Effect::Fetch(key(1))]);
    assert_eq!(world.clips(), (2, 0, 1));
}

#[test]
fn a_generation_that_became_unlikely_is_cancelled_while_it_waits_and_costs_nothing() {
    let mut world = World::making(0);
    assert_eq!(world.on(2, guess(&[])), [Effect::CancelJob(key(0))]);
    assert_eq!(world.on(3, guess(&[])), [], "once");
    let _ = world.on(4, Event::Failed(key(0)));
    let counters = world.0.counters();
    assert_eq!((world.clips(), counters.micro_usd_wasted), ((2, 0, 2), MicroUsd(0)));
}

#[test]
fn a_generation_that_a_provider_works_on_is_not_cancelled() {
    let mut world = World::making(0);
    let _ = world.on(2, Event::Started(key(0)));
    assert_eq!(world.on(3, guess(&[])), []);
}

#[test]
fn belief_that_wavers_cancels_nothing() {
    let mut world = World::new();
    let _ = world.on(0, guess(&[(0, 0.05)]));
    assert_eq!(world.on(1, guess(&[(0, 0.03)])), []);
}

#[test]
fn what_somebody_asks_for_is_counted_as_used_and_never_cancelled() {
    let mut world = World::new();
    let _ = world.on(0, guess(&[(0, 0.9)]));
    let _ = world.on(1, Event::Wanted(key(0)));
    assert_eq!(world.on(2, guess(&[])), []);
    assert_eq!(world.clips(), (1, 1, 0));
}

#[test]
fn a_clip_that_is_at_hand_and_then_shown_was_used_with_its_bytes_and_its_money() {
    let mut world = World::making(0);
    let _ = world.on(2, Event::Told { key: key(0), price: Some(MicroUsd(7_500)), wait: None });
    let _ = world.on(3, at_hand(0));
    assert_eq!(world.on(4, Event::Shown(key(0))), []);
    let _ = world.on(5, Event::Shown(key(0)));
    let counters = world.0.counters();
    assert_eq!(world.clips(), (2, 1, 1), "the fetch that found nothing was wasted, and cost nothing");
    assert_eq!((counters.bytes_used, counters.bytes_wasted), (SIZE, 0));
    assert_eq!((counters.micro_usd_used, counters.micro_usd_requested), (MicroUsd(7_500), MicroUsd(7_500)));
}

#[test]
fn a_clip_that_is_dropped_before_it_is_shown_was_wasted_and_rests_until_the_next_observation() {
    let mut world = World::new();
    let _ = world.on(0, guess(&[(0, 0.9)]));
    let _ = world.on(1, at_hand(0));
    assert_eq!(world.on(2, Event::Dropped(key(0))), []);
    assert_eq!(world.on(3, Event::MayMake(true)), []);
    assert_eq!((world.clips(), world.0.counters().bytes_wasted), ((1, 0, 1), SIZE));
    assert_eq!(world.on(4, guess(&[(0, 0.9)])), [Effect::Fetch(key(0))]);
}

#[test]
fn what_somebody_waits_for_has_the_network_to_itself() {
    for end in [at_hand(0), Event::Far(key(0)), Event::Failed(key(0))] {
        let mut world = World::new();
        let _ = world.on(0, Event::Wanted(key(0)));
        assert_eq!(world.on(0, guess(&[(1, 0.9)])), []);
        assert_eq!(world.on(1, end), [Effect::Fetch(key(1))]);
    }
}

#[test]
fn a_minute_begins_no_more_generations_than_its_budget() {
    let budget = Budget { generations: 100, generations_per_minute: 3, fetches: 100, ..Budget::default() };
    let mut world = World(Prefetcher::new(budget));
    let all: Vec<(u8, f64)> = (0..10).map(|n| (n, 0.5)).collect();
    let _ = world.on(0, guess(&all));
    let made: usize = (0..10).map(|number| world.on(5, Event::Missing(key(number))).len()).sum();
    assert_eq!(made, 3);
    assert_eq!(world.0.left(Millis(5)), 0);
    assert_eq!(world.0.left(Millis(60_005)), 3);
}

#[test]
fn each_condition_takes_its_part_of_the_budget() {
    let (budget, usual) = (Budget::default(), Conditions::default());
    let left = |conditions: Conditions| {
        let left = conditions.leave(&budget);
        (left.fetches, left.bytes_per_minute, left.generations)
    };
    assert_eq!(usual.leave(&budget), budget);
    assert_eq!(Conditions { connection: Connection::FourG, ..usual }.leave(&budget), budget);
    let slow = (1, 2_000_000, 1);
    let table = [
        (Conditions { save_data: true, ..usual }, (0, 0, 0)),
        (Conditions { connection: Connection::TwoG, ..usual }, (0, 0, 0)),
        (Conditions { kbit_per_s: Some(200), connection: Connection::FourG, ..usual }, (0, 0, 0)),
        (Conditions { connection: Connection::ThreeG, ..usual }, slow),
        (Conditions { kbit_per_s: Some(900), ..usual }, slow),
        (Conditions { battery_low: true, ..usual }, (1, 4_000_000, 0)),
        (Conditions { battery_low: true, connection: Connection::ThreeG, ..usual }, (1, 1_000_000, 0)),
        (Conditions { visible: false, ..usual }, (0, 8_000_000, 0)),
    ];
    for (conditions, expected) in table {
        assert_eq!(left(conditions), expected, "{conditions:?}");
    }
}

#[test]
fn who_saves_data_gets_nothing_ahead_of_need_and_loses_what_is_under_way() {
    let saving = Conditions { save_data: true, ..Conditions::default() };
    let mut world = World::new();
    let _ = world.on(0, guess(&[(0, 0.9)]));
    assert_eq!(world.on(1, Event::Conditions(saving)), [Effect::Cancel(key(0))]);
    assert_eq!(world.on(2, guess(&[(1, 0.9)])), []);
    assert_eq!(world.on(3, Event::Conditions(Conditions::default())), [Effect::Fetch(key(1))]);
}

#[test]
fn a_hidden_page_begins_nothing_and_keeps_what_it_has_begun() {
    let hidden = Conditions { visible: false, ..Conditions::default() };
    let mut world = World::new();
    let _ = world.on(0, guess(&[(0, 0.9)]));
    assert_eq!(world.on(1, Event::Conditions(hidden)), []);
    assert_eq!(world.on(2, at_hand(0)), []);
    assert_eq!(world.on(3, guess(&[(1, 0.9)])), []);
}

#[test]
fn a_long_game_forgets_what_nobody_guesses() {
    let mut world = World::new();
    let keys = |number: u32| {
        let letters = (0..32).map(|i| char::from(b'a' + (number >> i & 1) as u8)).collect::<String>();
        CacheKey::parse(&letters).unwrap()
    };
    for number in 0..2_000 {
        let _ = world.0.on(Millis(0), Event::Guessed { character: 1, likely: vec![(keys(number), 0.5)] });
        let _ = world.0.on(Millis(0), Event::Missing(keys(number)));
        let _ = world.0.on(Millis(0), Event::Failed(keys(number)));
    }
    assert!(world.0.lines.len() <= LARGEST + 1);
}

fn any_event() -> impl Strategy<Value = Event> {
    let keys = || (0u8..12).prop_map(key);
    let likely = prop::collection::vec((keys(), 0.0f64..1.0), 0..6);
    let connection = prop_oneof![Just(Connection::Unknown), Just(Connection::TwoG), Just(Connection::ThreeG)];
    let conditions =
        (connection, any::<bool>(), any::<bool>()).prop_map(|(connection, visible, battery_low)| {
            Event::Conditions(Conditions { connection, visible, battery_low, ..Conditions::default() })
        });
    let told = (keys(), 0u64..40_000, 0u64..90_000).prop_map(|(key, price, wait)| Event::Told {
        key,
        price: Some(MicroUsd(price)),
        wait: Some(Millis(wait)),
    });
    prop_oneof![
        6 => (0u64..3, likely).prop_map(|(character, likely)| Event::Guessed { character, likely }),
        3 => (keys(), 1u64..2_000_000).prop_map(|(key, bytes)| Event::AtHand { key, bytes }),
        2 => keys().prop_map(Event::Shown),
        2 => keys().prop_map(Event::Dropped),
        6 => keys().prop_map(Event::Missing),
        2 => keys().prop_map(Event::Failed),
        2 => keys().prop_map(Event::Wanted),
        2 => keys().prop_map(Event::Far),
        2 => keys().prop_map(Event::Started),
        1 => told,
        1 => (0u64..3).prop_map(Event::Gone),
        1 => any::<bool>().prop_map(Event::MayMake),
        1 => conditions,
    ]
}

proptest! {
    #[test]
    fn budgets_hold_and_every_request_is_used_or_wasted_or_open(
        events in prop::collection::vec((any_event(), 0u64..3_000), 0..150)
    ) {
        let budget = Budget { micro_usd_per_hour: MicroUsd(60_000), ..Budget::default() };
        let mut prefetcher = Prefetcher::new(budget);
        let (mut now, mut begun, mut since_observed) = (Millis(0), Vec::new(), 0);
        let mut requests = 0;
        for (event, pause) in events {
            let observed = matches!(event, Event::Guessed { .. });
            let guessed_before: Vec<CacheKey> =
                prefetcher.guesses.iter().flat_map(|(_, likely)| likely).map(|(key, _)| *key).collect();
            let arrived = match &event {
                Event::AtHand { key, .. } => {
                    prefetcher.lines.iter().any(|l| l.key == *key && UNDER_WAY.contains(&l.stage))
                }
                _ => false,
            };
            let effects = prefetcher.on(now, event);
            since_observed = if observed { 0 } else { since_observed };
            for effect in &effects {
                match effect {
                    Effect::Make(key) => {
                        prop_assert!(!arrived, "made because of a guess's own arrival");
                        prop_assert!(observed || guessed_before.contains(key), "only an observation brings guesses");
                        begun.push(now);
                        since_observed += 1;
                        requests += 1;
                        prop_assert!(prefetcher.made.within(now, HOUR).1 <= budget.micro_usd_per_hour.0);
                    }
                    Effect::Fetch(key) => {
                        prop_assert!(observed || guessed_before.contains(key), "only an observation brings guesses");
                        requests += 1;
                        let allowed = prefetcher.conditions.leave(&budget);
                        prop_assert!(prefetcher.fetched.within(now, MINUTE).1 <= allowed.bytes_per_minute);
                        prop_assert!(prefetcher.count(&[Stage::Fetching]) <= allowed.fetches);
                    }
                    Effect::Cancel(_) | Effect::CancelJob(_) => {}
                }
            }
            prop_assert!(since_observed <= budget.generations, "one observation, so many generations");
            prop_assert!(begun.iter().filter(|at| now.since(**at) < MINUTE).count() <= budget.generations_per_minute);
            prop_assert!(prefetcher.count(&[Stage::Fetching]) <= budget.fetches);
            prop_assert!(prefetcher.count(&UNDER_WAY[1..]) <= budget.generations);

            let counters = prefetcher.counters();
            let open: Vec<Request> = prefetcher.lines.iter().filter_map(|line| line.request).collect();
            prop_assert_eq!(counters.requested, requests);
            prop_assert_eq!(counters.requested, counters.used + counters.wasted + open.len() as u64);
            let bytes: u64 = open.iter().map(Request::bytes).sum();
            prop_assert_eq!(counters.bytes_requested, counters.bytes_used + counters.bytes_wasted + bytes);
            let money: u64 = open.iter().map(|request| request.price().0).sum();
            prop_assert_eq!(
                counters.micro_usd_requested.0,
                counters.micro_usd_used.0 + counters.micro_usd_wasted.0 + money
            );
            // What is under way has an open request, and nothing else but what is at hand has one.
            for line in &prefetcher.lines {
                let expected = UNDER_WAY.contains(&line.stage);
                prop_assert!(line.request.is_some() == expected || line.stage == Stage::Ready);
            }
            now = now + Millis(pause);
        }
    }
}
