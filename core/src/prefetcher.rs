//! Which clips are fetched, or made, ahead of need. Bytes and generations have budgets of their
//! own, because one costs seconds and the other money; each is spent where it gives most for what it
//! costs. Several characters of a page share both.
//!
//! Only an observation brings guesses, and begins at most so many generations. The arrival of a clip
//! that was guessed begins none, so nothing is ever made because of a guess. What somebody waits for
//! has the network to itself.

use crate::cache_key::CacheKey;
use crate::units::{MicroUsd, Millis};

mod budget;
mod conditions;
mod event;
mod ledger;

pub use budget::Budget;
use budget::Spent;
pub use conditions::{Conditions, Connection};
pub use event::{Effect, Event};
pub use ledger::Counters;
use ledger::Request;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing is under way, and nothing known but perhaps its size.
    Idle,
    Fetching,
    /// It does not exist yet.
    Missing,
    /// Asked to be made, not yet at a provider.
    Queued,
    /// At a provider.
    Making,
    /// Was to be cancelled; no news of it yet.
    Cancelling,
    /// On its way because somebody asked, not because it was guessed.
    Asked {
        fetching: bool,
    },
    Ready,
    /// Failed or dropped: left alone until the next observation.
    Resting,
}

#[derive(Debug, Clone)]
struct Line {
    key: CacheKey,
    stage: Stage,
    /// 0 while unknown.
    bytes: u64,
    /// Requested ahead of need, and neither used nor wasted yet.
    request: Option<Request>,
}

/// Spends two small budgets on the best clips.
#[derive(Debug, Clone)]
pub struct Prefetcher {
    budget: Budget,
    conditions: Conditions,
    guesses: Vec<(u64, Vec<(CacheKey, u32)>)>,
    lines: Vec<Line>,
    fetched: Spent,
    made: Spent,
    /// How many generations this observation may still begin.
    allowance: usize,
    limited: bool,
    usual_bytes: u64,
    usual_price: MicroUsd,
    usual_wait: Millis,
    counters: Counters,
}

const MINUTE: Millis = Millis::seconds(60);
const HOUR: Millis = Millis::seconds(3_600);
/// A clip of which nothing is known, until some were seen: 4 s of 512 pixels at 800 kbit/s.
const USUAL_BYTES: u64 = 400_000;
/// Until the server has told a price: 4 s of the cheapest models of `catalog/models.json`.
const USUAL_PRICE: MicroUsd = MicroUsd(6_000);
/// Until the server has told how long: hosted models take from half a minute to six.
const USUAL_WAIT: Millis = Millis::seconds(60);
/// A long game has many clips; beyond this, those are forgotten that nobody guesses.
const LARGEST: usize = 256;

impl Default for Prefetcher {
    fn default() -> Self {
        Self::new(Budget::default())
    }
}

impl Prefetcher {
    /// A prefetcher with this budget, for a page that is looked at on a good line.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self {
            budget,
            conditions: Conditions::default(),
            guesses: Vec::new(),
            lines: Vec::new(),
            fetched: Spent::default(),
            made: Spent::default(),
            allowance: 0,
            limited: false,
            usual_bytes: USUAL_BYTES,
            usual_price: USUAL_PRICE,
            usual_wait: USUAL_WAIT,
            counters: Counters::default(),
        }
    }

    /// What came of it so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Whether anything is to come of this clip.
    #[must_use]
    pub fn knows(&self, key: &CacheKey) -> bool {
        self.lines.iter().any(|line| line.key == *key)
    }

    /// How many more clips may be begun now.
    #[must_use]
    pub fn left(&self, now: Millis) -> usize {
        let (lately, _) = self.made.within(now, MINUTE);
        self.budget.generations_per_minute.saturating_sub(lately)
    }

    /// Takes an event at `now`.
    #[must_use]
    pub fn on(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut may_make = true;
        match event {
            Event::Guessed { character, likely } => {
                self.guess(character, likely);
                self.cancel_the_unlikely(&mut effects);
            }
            Event::Gone(character) => {
                self.guesses.retain(|(known, _)| *known != character);
                self.cancel_the_unlikely(&mut effects);
            }
            Event::Conditions(conditions) => {
                self.conditions = conditions;
                self.cancel_the_unlikely(&mut effects);
            }
            Event::MayMake(may) => self.limited = !may,
            Event::AtHand { key, bytes } => may_make = !self.at_hand(now, key, bytes),
            Event::Shown(key) => {
                if self.step(&key, &[Stage::Ready], Stage::Ready) {
                    self.end(&key, true);
                }
                return effects;
            }
            Event::Dropped(key) => {
                // Room was needed for something better; fetching it again at once would thrash.
                if self.step(&key, &[Stage::Ready], Stage::Resting) {
                    self.end(&key, false);
                }
                return effects;
            }
            Event::Missing(key) => {
                self.step(&key, &[Stage::Asked { fetching: true }], Stage::Asked { fetching: false });
                if self.step(&key, &[Stage::Idle], Stage::Missing)
                    || self.step(&key, &UNDER_WAY, Stage::Missing)
                {
                    self.came_to_nothing(&key);
                }
            }
            Event::Failed(key) => {
                let asked = [Stage::Asked { fetching: true }, Stage::Asked { fetching: false }];
                if self.step(&key, &asked, Stage::Resting) || self.step(&key, &UNDER_WAY, Stage::Resting) {
                    self.came_to_nothing(&key);
                }
            }
            Event::Wanted(key) => {
                self.end(&key, true);
                let line = line(&mut self.lines, key);
                let fetching =
                    matches!(line.stage, Stage::Idle | Stage::Fetching | Stage::Ready | Stage::Resting);
                line.stage = Stage::Asked { fetching };
            }
            Event::Far(key) => {
                self.step(&key, &[Stage::Asked { fetching: true }], Stage::Asked { fetching: false });
            }
            Event::Started(key) => {
                self.step(&key, &[Stage::Queued, Stage::Cancelling], Stage::Making);
                return effects;
            }
            Event::Told { key, price, wait } => {
                self.told(&key, price, wait);
                return effects;
            }
        }
        self.spend(now, may_make, &mut effects);
        effects
    }

    fn guess(&mut self, character: u64, likely: Vec<(CacheKey, f64)>) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let millionths = |p: f64| (p.clamp(0.0, 1.0) * 1e6) as u32;
        let likely = likely.into_iter().map(|(key, p)| (key, millionths(p))).collect();
        self.guesses.retain(|(known, _)| *known != character);
        self.guesses.push((character, likely));
        self.allowance = self.budget.generations;
        // A new moment: what failed before may be tried again.
        for line in self.lines.iter_mut().filter(|line| line.stage == Stage::Resting) {
            line.stage = Stage::Idle;
        }
        let mut excess = self.lines.len().saturating_sub(LARGEST);
        let guesses = &self.guesses;
        self.lines.retain(|line| {
            let idle = matches!(line.stage, Stage::Idle | Stage::Missing);
            let goes = excess > 0 && idle && belief(guesses, &line.key) == 0;
            excess -= usize::from(goes);
            !goes
        });
    }

    /// Whether what arrived was a guess.
    fn at_hand(&mut self, now: Millis, key: CacheKey, bytes: u64) -> bool {
        self.usual_bytes = self.usual_bytes.saturating_mul(3).saturating_add(bytes) / 4;
        let line = line(&mut self.lines, key);
        let stage = std::mem::replace(&mut line.stage, Stage::Ready);
        line.bytes = bytes;
        let Some(request) = line.request.as_mut().filter(|_| UNDER_WAY.contains(&stage)) else {
            return false;
        };
        // A fetch was charged when it began, by an estimate; what was made is fetched only now.
        let charged = if stage == Stage::Fetching { request.bytes() } else { 0 };
        self.counters.correct_bytes(request, bytes);
        self.fetched.add(now, bytes.saturating_sub(charged), MINUTE);
        true
    }

    fn told(&mut self, key: &CacheKey, price: Option<MicroUsd>, wait: Option<Millis>) {
        if let Some(Millis(wait)) = wait {
            self.usual_wait = Millis(self.usual_wait.0.saturating_mul(3).saturating_add(wait) / 4);
        }
        if let Some(price) = price {
            self.usual_price = MicroUsd(self.usual_price.0.saturating_mul(3).saturating_add(price.0) / 4);
            let request = self.lines.iter_mut().find(|line| line.key == *key).map(|line| &mut line.request);
            if let Some(Some(request)) = request {
                self.counters.correct_price(request, price, true);
            }
        }
    }

    /// Takes a line from one of these stages to another. Whether it was in one of them.
    fn step(&mut self, key: &CacheKey, from: &[Stage], to: Stage) -> bool {
        let line = self.lines.iter_mut().find(|line| line.key == *key && from.contains(&line.stage));
        line.map(|line| line.stage = to).is_some()
    }

    fn end(&mut self, key: &CacheKey, used: bool) {
        let line = self.lines.iter_mut().find(|line| line.key == *key);
        if let Some(request) = line.and_then(|line| line.request.take()) {
            self.counters.close(request, used);
        }
    }

    /// A request brought no clip: no bytes, and no bill unless the server has sent one.
    fn came_to_nothing(&mut self, key: &CacheKey) {
        let line = self.lines.iter_mut().find(|line| line.key == *key);
        if let Some(request) = line.and_then(|line| line.request.as_mut()) {
            self.counters.correct_bytes(request, 0);
            self.counters.correct_price(request, MicroUsd(0), false);
        }
        self.end(key, false);
    }

    fn cancel_the_unlikely(&mut self, effects: &mut Vec<Effect>) {
        let budget = self.conditions.leave(&self.budget);
        for line in &mut self.lines {
            // Half of what it takes to begin: belief that wavers must not throw away what it has begun.
            let least = match line.stage {
                Stage::Fetching => budget.least_for_fetching / 2,
                Stage::Queued => budget.least_for_making / 2,
                _ => continue,
            };
            if belief(&self.guesses, &line.key) >= least.max(1) && budget.bytes_per_minute > 0 {
                continue;
            }
            if line.stage == Stage::Queued {
                line.stage = Stage::Cancelling;
                effects.push(Effect::CancelJob(line.key));
            } else {
                line.stage = Stage::Idle;
                effects.push(Effect::Cancel(line.key));
                if let Some(request) = line.request.take() {
                    self.counters.close(request, false);
                }
            }
        }
    }

    fn spend(&mut self, now: Millis, may_make: bool, effects: &mut Vec<Effect>) {
        let budget = self.conditions.leave(&self.budget);
        while self.count(&[Stage::Fetching]) < budget.fetches
            && self.count(&[Stage::Asked { fetching: true }]) == 0
        {
            let (_, spent) = self.fetched.within(now, MINUTE);
            let left = budget.bytes_per_minute.saturating_sub(spent);
            let size = |bytes: u64| if bytes == 0 { self.usual_bytes } else { bytes };
            let rate = self.conditions.rate();
            let worth = |bytes, probability| {
                let bytes = size(bytes);
                (bytes <= left).then(|| budget.value_of_fetching(probability, bytes, rate)).flatten()
            };
            let Some((key, bytes)) = self.best(Stage::Idle, &worth) else { break };
            let bytes = size(bytes);
            self.fetched.add(now, bytes, MINUTE);
            self.request(key, Stage::Fetching, bytes, MicroUsd(0));
            effects.push(Effect::Fetch(key));
        }
        while may_make
            && !self.limited
            && self.allowance > 0
            && self.count(&UNDER_WAY[1..]) < budget.generations
            && self.left(now) > 0
        {
            let price = self.usual_price;
            let (_, spent) = self.made.within(now, HOUR);
            if spent.saturating_add(price.0) > budget.micro_usd_per_hour.0 {
                break;
            }
            let worth = |_, probability| budget.value_of_making(probability, self.usual_wait, price);
            let Some((key, _)) = self.best(Stage::Missing, &worth) else { break };
            self.allowance -= 1;
            self.made.add(now, price.0, HOUR);
            self.request(key, Stage::Queued, 0, price);
            effects.push(Effect::Make(key));
        }
    }

    fn count(&self, stages: &[Stage]) -> usize {
        self.lines.iter().filter(|line| stages.contains(&line.stage)).count()
    }

    /// The guess in this stage that gives most for what it costs, and its size.
    fn best(&self, stage: Stage, worth: &dyn Fn(u64, u32) -> Option<u64>) -> Option<(CacheKey, u64)> {
        let mut best: Option<(u64, &CacheKey, u64)> = None;
        for (key, probability) in self.guesses.iter().flat_map(|(_, likely)| likely) {
            let line = self.lines.iter().find(|line| line.key == *key);
            let (standing, bytes) = line.map_or((Stage::Idle, 0), |line| (line.stage, line.bytes));
            if standing != stage {
                continue;
            }
            if let Some(value) = worth(bytes, *probability)
                && best.is_none_or(|(most, ..)| value > most)
            {
                best = Some((value, key, bytes));
            }
        }
        best.map(|(_, key, bytes)| (*key, bytes))
    }

    fn request(&mut self, key: CacheKey, stage: Stage, bytes: u64, price: MicroUsd) {
        let request = self.counters.open(bytes, price);
        let line = line(&mut self.lines, key);
        (line.stage, line.request) = (stage, Some(request));
    }
}

/// The stages of a request that has not brought its clip yet: a fetch, then three of a generation.
const UNDER_WAY: [Stage; 4] = [Stage::Fetching, Stage::Queued, Stage::Making, Stage::Cancelling];

/// How likely a clip is to follow, in millionths; of several characters the surest counts.
fn belief(guesses: &[(u64, Vec<(CacheKey, u32)>)], key: &CacheKey) -> u32 {
    let likely = guesses.iter().flat_map(|(_, likely)| likely);
    likely.filter(|(known, _)| known == key).map(|(_, probability)| *probability).max().unwrap_or(0)
}

fn line(lines: &mut Vec<Line>, key: CacheKey) -> &mut Line {
    let at = lines.iter().position(|line| line.key == key).unwrap_or_else(|| {
        lines.push(Line { key, stage: Stage::Idle, bytes: 0, request: None });
        lines.len() - 1
    });
    &mut lines[at]
}

#[cfg(test)]
mod tests;
