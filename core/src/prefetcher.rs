//! Which clips are fetched, or made, ahead of need. Bytes and generations have budgets of their
//! own, because one costs seconds and the other money. Several characters of a page share both.
//!
//! Only an observation makes it act, or the end of a pause that the server asked for; what it
//! fetched or had made never does, so nothing is ever guessed from a guess.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::cache_key::CacheKey;
use crate::units::Millis;

/// How much may be spent ahead of need.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// How many clips are fetched at the same time.
    pub fetches: usize,
    /// How many clips are being made at the same time.
    pub generations: usize,
    /// How many clips are begun to be made within a minute.
    pub generations_per_minute: usize,
    /// A clip less likely than this is not fetched.
    pub worth_fetching: f64,
    /// A clip less likely than this is not made.
    pub worth_making: f64,
}

impl Default for Budget {
    /// Small: two fetches, two generations, six a minute, of the ten a minute that an edge allows a
    /// page by default (DESIGN section 6), so that what is really asked for always has room.
    fn default() -> Self {
        Self {
            fetches: 2,
            generations: 2,
            generations_per_minute: 6,
            worth_fetching: 0.04,
            worth_making: 0.08,
        }
    }
}

/// What the prefetcher is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A character shows something new; these may follow, with their probabilities.
    Guessed {
        /// Which character.
        character: u64,
        /// What may follow. Clips that are at hand need not be left out.
        likely: Vec<(CacheKey, f64)>,
    },
    /// A clip is at hand now.
    AtHand(CacheKey),
    /// A clip was dropped from the cache.
    Dropped(CacheKey),
    /// A clip that was to be fetched does not exist yet.
    Missing(CacheKey),
    /// A fetch or a generation failed.
    Failed(CacheKey),
    /// Somebody really asked for this clip: whatever is under way for it is no guess any more.
    Wanted(CacheKey),
    /// The character is gone, or no longer wants guesses.
    Gone(u64),
    /// Whether clips may be made ahead of need: not while the server limits what is asked for.
    MayMake(bool),
}

/// What the prefetcher asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Fetch a clip, if it exists.
    Fetch(CacheKey),
    /// Have a clip made.
    Make(CacheKey),
    /// Stop fetching a clip that became unlikely.
    Cancel(CacheKey),
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Clips fetched or begun ahead of need.
    pub requested: u64,
    /// Those that were then shown.
    pub used: u64,
    /// Those that were cancelled, failed, or dropped without being shown.
    pub wasted: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Fetching,
    Missing,
    Making,
    /// On its way because somebody asked, not because it was guessed.
    Asked,
    Ready,
    Failed,
}

/// Spends two small budgets on the likeliest clips.
#[derive(Debug, Clone, Default)]
pub struct Prefetcher {
    budget: Budget,
    guesses: BTreeMap<u64, Vec<(CacheKey, f64)>>,
    stages: BTreeMap<CacheKey, Stage>,
    /// Requested ahead of need, and neither used nor wasted yet.
    open: BTreeSet<CacheKey>,
    begun: VecDeque<Millis>,
    limited: bool,
    counters: Counters,
}

impl Prefetcher {
    /// A prefetcher with this budget.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self { budget, ..Self::default() }
    }

    /// What came of it so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// How many more clips may be begun now.
    #[must_use]
    pub fn left(&self, now: Millis) -> usize {
        let lately = self.begun.iter().filter(|at| now.since(**at) < MINUTE).count();
        self.budget.generations_per_minute.saturating_sub(lately)
    }

    /// Takes an event at `now`.
    #[must_use]
    pub fn on(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Guessed { character, likely } => {
                self.guesses.insert(character, likely);
                // A new moment: what failed before may be tried again.
                self.stages.retain(|_, stage| *stage != Stage::Failed);
                effects.extend(self.cancel_the_unlikely());
            }
            Event::Gone(character) => {
                self.guesses.remove(&character);
                effects.extend(self.cancel_the_unlikely());
            }
            Event::MayMake(may) => self.limited = !may,
            Event::AtHand(key) => {
                self.stages.insert(key, Stage::Ready);
            }
            Event::Dropped(key) => {
                self.stages.remove(&key);
                self.close(&key, false);
                // Room was needed for something better; fetching it again at once would thrash.
                return effects;
            }
            Event::Missing(key) => {
                if self.stages.get(&key) != Some(&Stage::Asked) {
                    self.stages.insert(key, Stage::Missing);
                }
            }
            Event::Failed(key) => {
                self.close(&key, false);
                self.stages.insert(key, Stage::Failed);
            }
            Event::Wanted(key) => {
                self.close(&key, true);
                // No longer a guess, so it no longer counts against the budget.
                let stage = self.stages.entry(key).or_insert(Stage::Asked);
                if *stage != Stage::Ready {
                    *stage = Stage::Asked;
                }
            }
        }
        effects.extend(self.spend(now));
        effects
    }

    /// The guesses of all characters, likeliest first.
    fn likely(&self) -> Vec<(CacheKey, f64)> {
        let mut best: BTreeMap<&CacheKey, f64> = BTreeMap::new();
        for (key, probability) in self.guesses.values().flatten() {
            let known = best.entry(key).or_default();
            *known = known.max(*probability);
        }
        let mut list: Vec<(CacheKey, f64)> = best.into_iter().map(|(key, p)| (key.clone(), p)).collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1));
        list
    }

    fn cancel_the_unlikely(&mut self) -> Vec<Effect> {
        let likely = self.likely();
        let worth = |key: &CacheKey| likely.iter().any(|(k, p)| k == key && *p >= self.budget.worth_fetching);
        let fetching = self.stages.iter().filter(|(_, stage)| **stage == Stage::Fetching);
        let unlikely: Vec<CacheKey> =
            fetching.map(|(key, _)| key).filter(|key| !worth(key)).cloned().collect();
        for key in &unlikely {
            self.stages.remove(key);
            self.close(key, false);
        }
        unlikely.into_iter().map(Effect::Cancel).collect()
    }

    fn spend(&mut self, now: Millis) -> Vec<Effect> {
        let mut effects = Vec::new();
        while self.begun.front().is_some_and(|at| now.since(*at) >= MINUTE) {
            self.begun.pop_front();
        }
        let under_way =
            |stages: &BTreeMap<CacheKey, Stage>, wanted| stages.values().filter(|s| **s == wanted).count();
        for (key, probability) in self.likely() {
            match self.stages.get(&key) {
                None if probability >= self.budget.worth_fetching
                    && under_way(&self.stages, Stage::Fetching) < self.budget.fetches =>
                {
                    self.request(key.clone(), Stage::Fetching);
                    effects.push(Effect::Fetch(key));
                }
                Some(Stage::Missing)
                    if !self.limited
                        && probability >= self.budget.worth_making
                        && under_way(&self.stages, Stage::Making) < self.budget.generations
                        && self.begun.len() < self.budget.generations_per_minute =>
                {
                    self.begun.push_back(now);
                    self.request(key.clone(), Stage::Making);
                    effects.push(Effect::Make(key));
                }
                _ => {}
            }
        }
        effects
    }

    fn request(&mut self, key: CacheKey, stage: Stage) {
        self.stages.insert(key.clone(), stage);
        if self.open.insert(key) {
            self.counters.requested += 1;
        }
    }

    fn close(&mut self, key: &CacheKey, used: bool) {
        if !self.open.remove(key) {
            return;
        }
        if used {
            self.counters.used += 1;
        } else {
            self.counters.wasted += 1;
        }
    }
}

const MINUTE: Millis = Millis::seconds(60);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(number: u8) -> CacheKey {
        let letters: String = (0..32).map(|i| if i == 0 { char::from(b'a' + number) } else { 'a' }).collect();
        CacheKey::parse(&letters).unwrap()
    }

    fn guess(likely: &[(u8, f64)]) -> Event {
        Event::Guessed { character: 1, likely: likely.iter().map(|(n, p)| (key(*n), *p)).collect() }
    }

    #[test]
    fn the_likeliest_clips_are_fetched_two_at_a_time() {
        let mut prefetcher = Prefetcher::default();
        let effects = prefetcher.on(Millis(0), guess(&[(0, 0.2), (1, 0.5), (2, 0.3), (3, 0.01)]));
        assert_eq!(effects, [Effect::Fetch(key(1)), Effect::Fetch(key(2))]);
        assert_eq!(prefetcher.on(Millis(1), Event::AtHand(key(1))), [Effect::Fetch(key(0))]);
        assert_eq!(
            prefetcher.on(Millis(2), Event::AtHand(key(0))),
            [],
            "3 is too unlikely to be worth a byte"
        );
    }

    #[test]
    fn a_clip_that_does_not_exist_is_made_when_it_is_likely_enough() {
        let mut prefetcher = Prefetcher::default();
        let _ = prefetcher.on(Millis(0), guess(&[(0, 0.9), (1, 0.05)]));
        assert_eq!(prefetcher.on(Millis(1), Event::Missing(key(1))), [], "fetching it would have been fine");
        assert_eq!(prefetcher.on(Millis(2), Event::Missing(key(0))), [Effect::Make(key(0))]);
        assert_eq!(
            prefetcher.on(Millis(3), Event::AtHand(key(0))),
            [],
            "what was made asks for nothing more"
        );
    }

    #[test]
    fn while_the_server_limits_the_page_nothing_is_made_but_what_exists_is_fetched() {
        let mut prefetcher = Prefetcher::default();
        let _ = prefetcher.on(Millis(0), Event::MayMake(false));
        let effects = prefetcher.on(Millis(0), guess(&[(0, 0.9)]));
        assert_eq!(effects, [Effect::Fetch(key(0))]);
        assert_eq!(prefetcher.on(Millis(1), Event::Missing(key(0))), []);
        assert_eq!(prefetcher.on(Millis(2), Event::MayMake(true)), [Effect::Make(key(0))]);
    }

    #[test]
    fn what_became_unlikely_is_cancelled() {
        let mut prefetcher = Prefetcher::default();
        let _ = prefetcher.on(Millis(0), guess(&[(0, 0.9)]));
        let effects = prefetcher.on(Millis(1), guess(&[(1, 0.9)]));
        assert_eq!(effects, [Effect::Cancel(key(0)), Effect::Fetch(key(1))]);
        assert_eq!(prefetcher.counters(), Counters { requested: 2, used: 0, wasted: 1 });
    }

    #[test]
    fn what_somebody_asks_for_is_counted_as_used_and_never_cancelled() {
        let mut prefetcher = Prefetcher::default();
        let _ = prefetcher.on(Millis(0), guess(&[(0, 0.9)]));
        let _ = prefetcher.on(Millis(1), Event::Wanted(key(0)));
        assert_eq!(prefetcher.on(Millis(2), guess(&[])), []);
        assert_eq!(prefetcher.counters(), Counters { requested: 1, used: 1, wasted: 0 });
    }

    #[test]
    fn a_minute_begins_no_more_generations_than_its_budget() {
        let budget =
            Budget { generations: 100, generations_per_minute: 3, fetches: 100, ..Budget::default() };
        let mut prefetcher = Prefetcher::new(budget);
        let all: Vec<(u8, f64)> = (0..10).map(|n| (n, 0.5)).collect();
        let _ = prefetcher.on(Millis(0), guess(&all));
        let mut made = 0;
        for number in 0..10 {
            made += prefetcher.on(Millis(5), Event::Missing(key(number))).len();
        }
        assert_eq!(made, 3);
        assert_eq!(prefetcher.left(Millis(5)), 0);
        assert_eq!(prefetcher.left(Millis(60_005)), 3);
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let keys = || (0u8..12).prop_map(key);
        let likely = prop::collection::vec((keys(), 0.0f64..1.0), 0..6);
        prop_oneof![
            2 => (0u64..3, likely).prop_map(|(character, likely)| Event::Guessed { character, likely }),
            1 => keys().prop_map(Event::AtHand),
            1 => keys().prop_map(Event::Dropped),
            2 => keys().prop_map(Event::Missing),
            1 => keys().prop_map(Event::Failed),
            1 => keys().prop_map(Event::Wanted),
            1 => (0u64..3).prop_map(Event::Gone),
            1 => any::<bool>().prop_map(Event::MayMake),
        ]
    }

    proptest! {
        #[test]
        fn budgets_hold_and_every_request_ends_at_most_once(
            events in prop::collection::vec((any_event(), 0u64..3_000), 0..150)
        ) {
            let budget = Budget::default();
            let mut prefetcher = Prefetcher::new(budget);
            let (mut now, mut begun) = (Millis(0), Vec::new());
            for (event, pause) in events {
                for effect in prefetcher.on(now, event) {
                    if matches!(effect, Effect::Make(_)) {
                        begun.push(now);
                    }
                }
                let lately = begun.iter().filter(|at| now.since(**at) < MINUTE).count();
                prop_assert!(lately <= budget.generations_per_minute);
                let count = |stage| prefetcher.stages.values().filter(|s| **s == stage).count();
                prop_assert!(count(Stage::Fetching) <= budget.fetches && count(Stage::Making) <= budget.generations);
                let Counters { requested, used, wasted } = prefetcher.counters();
                prop_assert_eq!(requested, used + wasted + prefetcher.open.len() as u64);
                now = now + Millis(pause);
            }
        }
    }
}
