//! What the arbiter promises, whatever the page does.

use proptest::prelude::*;

use super::*;

fn seen(id: Id, side: f32) -> Event {
    Event::Seen { id, fraction: 1.0, area: side * side }
}

/// What the characters were told last, in the order of the effects.
#[derive(Default)]
struct Page {
    slots: Vec<(Id, u8)>,
    changes: usize,
}

impl Page {
    fn of(&self, id: Id) -> u8 {
        self.slots.iter().find(|(known, _)| *known == id).map_or(0, |(_, slots)| *slots)
    }

    fn sum(&self) -> u32 {
        self.slots.iter().map(|(_, slots)| u32::from(*slots)).sum()
    }

    fn apply(&mut self, effect: Effect) {
        if let Effect::Slots(id, slots) = effect {
            self.slots.retain(|(known, _)| *known != id);
            self.slots.push((id, slots));
            self.changes += 1;
        }
    }

    fn send(&mut self, arbiter: &mut Arbiter, now: u64, event: Event) {
        if let Event::Left(id) = event {
            self.slots.retain(|(known, _)| *known != id);
        }
        for effect in arbiter.on(Millis(now), event) {
            self.apply(effect);
        }
    }
}

/// A page with characters of these sides, all in sight.
fn page(total: u8, sides: &[f32]) -> (Arbiter, Page) {
    let (mut arbiter, mut page) = (Arbiter::new(total), Page::default());
    for (id, side) in (0..).zip(sides) {
        page.send(&mut arbiter, 0, Event::Joined(id));
        page.send(&mut arbiter, 0, seen(id, *side));
    }
    (arbiter, page)
}

#[test]
fn a_character_alone_has_all_it_can_use_and_one_out_of_sight_soon_has_none() {
    let (mut arbiter, mut page) = page(16, &[300.0]);
    assert_eq!(page.of(0), MOST_SLOTS);
    page.send(&mut arbiter, 100, seen(0, 0.0));
    assert_eq!(page.of(0), 1, "people scroll back");
    page.send(&mut arbiter, 2_100, Event::Wake);
    assert_eq!((page.of(0), arbiter.slots(0)), (0, 0));
}

#[test]
fn everybody_in_sight_plays_before_anybody_has_more() {
    let (mut arbiter, mut page) = page(4, &[1_000.0]);
    assert_eq!(page.of(0), 4);
    for id in 1..4 {
        page.send(&mut arbiter, 10, Event::Joined(id));
        page.send(&mut arbiter, 10, seen(id, 50.0));
    }
    assert_eq!([0, 1, 2, 3].map(|id| page.of(id)), [1; 4]);
}

#[test]
fn of_more_characters_than_slots_the_most_visible_play() {
    let (arbiter, _) = page(2, &[200.0, 900.0, 400.0, 600.0]);
    assert_eq!(
        [0, 1, 2, 3].map(|id| arbiter.slots(id) > 0),
        [true, true, false, false],
        "those who came first"
    );
    let (mut arbiter, mut page) = (Arbiter::new(2), Page::default());
    for (id, side) in [(0, 900.0), (1, 600.0), (2, 400.0), (3, 200.0)] {
        page.send(&mut arbiter, 0, Event::Joined(id));
        page.send(&mut arbiter, 0, seen(id, side));
    }
    page.send(&mut arbiter, 6_500, seen(3, 1_000.0));
    assert_eq!([0, 1, 2, 3].map(|id| page.of(id)), [1, 0, 0, 1]);
}

#[test]
fn who_is_likelier_to_change_has_more() {
    let (mut arbiter, mut page) = page(4, &[300.0, 300.0]);
    page.send(&mut arbiter, 4_000, Event::Likely(1, 0.9));
    assert_eq!([page.of(0), page.of(1)], [1, 3]);
    page.send(&mut arbiter, 8_000, Event::Likely(1, 0.0));
    page.send(&mut arbiter, 8_000, Event::Likely(0, 0.9));
    page.send(&mut arbiter, 10_000, Event::Wake);
    assert_eq!([page.of(0), page.of(1)], [3, 1]);
}

#[test]
fn a_little_noise_moves_nothing() {
    let (mut arbiter, mut page) = page(5, &[300.0, 310.0]);
    for id in [0, 1] {
        page.send(&mut arbiter, 0, Event::Likely(id, 0.55));
    }
    page.send(&mut arbiter, 5_000, Event::Wake);
    page.changes = 0;
    for n in 0..100_u16 {
        let noise = f32::from(n * 37 % 10) / 100.0;
        let id = u32::from(n % 2);
        page.send(&mut arbiter, 5_000 + u64::from(n) * 100, Event::Likely(id, 0.5 + noise));
    }
    assert_eq!(page.changes, 0);
}

#[test]
fn whom_the_user_deals_with_plays_at_once() {
    let (mut arbiter, mut page) = page(1, &[400.0, 300.0]);
    page.send(&mut arbiter, 500, Event::Active(1));
    assert_eq!([page.of(0), page.of(1)], [0, 1]);
}

#[test]
fn a_page_out_of_sight_lets_go_of_everything_in_a_while_and_takes_it_back() {
    let (mut arbiter, mut page) = page(4, &[300.0, 200.0]);
    page.send(&mut arbiter, 1_000, Event::Page(false));
    assert_eq!(page.sum(), 4, "for the moment");
    page.send(&mut arbiter, 31_000, Event::Wake);
    assert_eq!(page.sum(), 0);
    page.send(&mut arbiter, 99_000, Event::Page(true));
    assert!(page.of(0) >= 1 && page.of(1) >= 1);
}

#[test]
fn equals_take_turns() {
    let (mut arbiter, mut page) = page(2, &[300.0; 5]);
    let mut played = [0_u32; 5];
    for second in 1..=1_000 {
        page.send(&mut arbiter, second * 1_000, Event::Wake);
        for (id, played) in (0..).zip(&mut played) {
            *played += u32::from(page.of(id));
        }
    }
    // 2,000 seconds of playing for five.
    assert!(played.iter().all(|seconds| (360..=440).contains(seconds)), "{played:?}");
    assert!(page.changes < 1_000, "{} changes in 1,000 seconds", page.changes);
}

fn any_event() -> impl Strategy<Value = Event> {
    let id = || 0u32..12;
    let number = || prop_oneof![0.0f32..1.0, any::<f32>()];
    let area = prop_oneof![Just(0.0f32), 1.0f32..2_000_000.0, any::<f32>()];
    prop_oneof![
        3 => id().prop_map(Event::Joined),
        1 => id().prop_map(Event::Left),
        6 => (id(), number(), area).prop_map(|(id, fraction, area)| Event::Seen { id, fraction, area }),
        3 => (id(), number()).prop_map(|(id, chance)| Event::Likely(id, chance)),
        1 => id().prop_map(Event::Active),
        1 => any::<bool>().prop_map(Event::Page),
        4 => Just(Event::Wake),
    ]
}

proptest! {
    #[test]
    fn there_are_never_more_slots_than_there_are_and_nobody_in_sight_has_none_while_there_are_enough(
        total in 0u8..20,
        events in prop::collection::vec((0u64..4_000, any_event()), 0..120),
    ) {
        let (mut arbiter, mut page) = (Arbiter::new(total), Page::default());
        let (mut now, mut page_seen) = (0, true);
        for (pause, event) in events {
            now += pause;
            if let Event::Page(seen) = event {
                page_seen = seen;
            }
            if let Event::Left(id) = event {
                page.slots.retain(|(known, _)| *known != id);
            }
            for effect in arbiter.on(Millis(now), event) {
                page.apply(effect);
                // Between any two effects, too.
                prop_assert!(page.sum() <= u32::from(total.max(1)));
            }
            let in_sight: Vec<_> = arbiter.members.iter().filter(|member| member.px > 0).collect();
            for member in &arbiter.members {
                prop_assert_eq!(page.of(member.id), member.slots, "who has what is told");
                prop_assert!(member.slots <= MOST_SLOTS);
                prop_assert!(member.px > 0 || member.slots <= 1);
            }
            if page_seen && in_sight.len() <= usize::from(total) {
                prop_assert!(in_sight.iter().all(|member| member.slots >= 1));
            }
        }
    }

    #[test]
    fn while_nothing_changes_nothing_changes(
        total in 1u8..20,
        sides in prop::collection::vec(10.0f32..2_000.0, 1..12),
        likely in prop::collection::vec(0.0f32..1.0, 12),
    ) {
        prop_assume!(sides.len() <= usize::from(total));
        let (mut arbiter, mut page) = page(total, &sides);
        for (id, chance) in (0..).zip(&likely).take(sides.len()) {
            page.send(&mut arbiter, 500, Event::Likely(id, *chance));
        }
        // It calms down by itself: it asks to be woken, and then no more.
        let mut now = 500;
        let mut rounds = 0;
        while let Some(wake) = arbiter.on(Millis(now), Event::Wake).iter().find_map(|effect| match effect {
            Effect::WakeAt(at) => Some(at.0),
            Effect::Slots(..) => None,
        }) {
            prop_assert!(wake > now);
            now = wake;
            rounds += 1;
            prop_assert!(rounds < 50, "still settling");
        }
        page.changes = 0;
        for n in 0..100 {
            page.send(&mut arbiter, now + n * 977, Event::Wake);
        }
        prop_assert_eq!(page.changes, 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn nobody_in_sight_waits_forever(total in 1u8..4, sides in prop::collection::vec(1.0f32..3_000.0, 4..9)) {
        let (mut arbiter, mut page) = page(total, &sides);
        let mut has_played = vec![false; sides.len()];
        for second in 1..=7_200 {
            page.send(&mut arbiter, second * 1_000, Event::Wake);
            for (id, played) in (0..).zip(&mut has_played) {
                *played |= page.of(id) > 0;
            }
        }
        prop_assert!(has_played.iter().all(|played| *played), "{has_played:?} of {sides:?}");
    }
}
