//! Which word comes next: one opinion for each memory, and their mixture.

use super::arithmetic::{exp2, hash, log2, normalize};
use super::memory::{Context, Pace};
use super::mind::{GROUP, GROUPS, Mind, NEW, OLD, STATE};
use super::vocabulary::WORDS;
use super::weights::{DEPTHS, MANNERS, Manners, SITUATIONS};
use super::{Predictor, prior};

/// What is mixed: what is shipped, what is common, the last one, two, three and five words, those with
/// what the session saw of them, the session alone, two habits, and what is merely counted.
use super::weights::OF_WORD as OPINIONS;
/// The longest run of words that is a context.
const ORDERS: usize = 5;
/// The longest of the present session alone.
const SESSION_ORDERS: usize = 3;
/// How fast the weights follow what comes. Ten times as fast, they follow chance.
const RATE: f32 = 0.0007;
/// Belief in the shipped rows, in observations; in anything else that stands below the last word.
const SHIPPED_DOUBT: f32 = 50.0;
const OTHER_DOUBT: f32 = 6.0;
/// How memories of the last one to five words are believed, and the session's of one to three. The
/// figures here were found by measuring, on the generated corpora and on recorded conversations.
const LASTING: [Belief; ORDERS] =
    [belief(1.5, SHIPPED_DOUBT), belief(2.0, 2.5), belief(0.6, 2.5), belief(3.0, 2.5), belief(2.6, 0.8)];
const LATE: [Belief; SESSION_ORDERS] = [belief(0.15, 7.5), belief(0.7, 7.5), belief(3.5, 7.5)];
const ALONE: [Belief; SESSION_ORDERS] = [belief(0.1, 0.3), belief(0.1, 7.5), belief(0.1, 1.5)];
/// The same of what followed this word the last times, and of the third context, for good and of late.
const HABIT: [Belief; 2] = [belief(3.0, 2.3), belief(0.7, 1.5)];
const THIRD: [Belief; 2] = [belief(2.5, 7.0), belief(0.4, 10.0)];
/// What is merely counted: each word, what followed the last one, and for a face its exact strength;
/// and how much of a word is counted beforehand.
const COUNTED: [Belief; 2] = [belief(0.0, 1.0), belief(0.0, 8.0)];
const BEFOREHAND: f32 = 0.1;
/// How much more the session counts than all before in how common a word is.
const LATELY: f32 = 6.0;
/// How much likelier the faces are that often follow the present one.
const FOLLOWS: [f32; 5] = [0.032, 0.024, 0.018, 0.0135, 0.0101];
/// Belief in how often a word repeats elsewhere, in observations.
const REPEAT_DOUBT: f32 = 6.0;
/// How fast memories fade: for good, and within a session.
const LONG: Pace = Pace { most: 200, fade: 0 };
const SHORT: Pace = Pace { most: 100, fade: 8 };

/// How much a context is believed against what is known without it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Belief {
    /// How many observations of each successor are taken for chance.
    discount: f32,
    /// What is known without the context, in observations.
    doubt: f32,
}

pub(super) const fn belief(discount: f32, doubt: f32) -> Belief {
    Belief { discount, doubt }
}

type Shares = [f32; WORDS];

/// The first symbol of a memory that stands for a word.
const SYMBOLS: i32 = 64;

/// The symbol that stands for a word in a memory; intensities have those below.
pub(super) fn symbol(word: usize) -> u8 {
    // Words have numbers below 64.
    u8::try_from(word).unwrap_or_default() + 64
}

/// What the opinions are, in binary logarithms, and what they make together: for each manner that the
/// page may have, and in all.
#[derive(Debug, Clone)]
struct Opinion {
    logs: Vec<[f32; OPINIONS]>,
    manners: [Manner; MANNERS],
    answer: Vec<f32>,
}

/// What the opinions come to by the weights of this row, and how far that is believed.
#[derive(Debug, Clone)]
struct Manner {
    row: usize,
    share: f32,
    answer: Vec<f32>,
}

impl Opinion {
    /// What came was the candidate at this place: whoever said so counts more for this mind.
    fn teach(&self, mind: &mut Mind, kind: usize, at: usize) {
        let came = |answer: &[f32]| answer.get(at).copied().unwrap_or(1.0);
        for manner in &self.manners {
            let merit = manner.share * came(&manner.answer) / came(&self.answer);
            if let Some(weights) = mind.words.get_mut(manner.row) {
                reweigh(weights, &self.logs, &manner.answer, at, RATE * merit);
            }
        }
        if let Some(manners) = mind.manners.get_mut(kind) {
            manners.came(self.manners.each_ref().map(|manner| came(&manner.answer)));
        }
    }
}

/// What both minds make of the present moment: what guesses are drawn from, and held against what comes.
#[derive(Debug, Clone)]
pub(super) struct Outlook {
    candidates: Vec<u8>,
    old: Opinion,
    new: Opinion,
}

/// What a context saw, above what is known without it.
pub(super) fn refine(lower: &mut [f32], context: Option<&Context>, offset: i32, belief: Belief) {
    let Belief { discount, doubt } = belief;
    let Some(context) = context else { return };
    let mut total = 0.0;
    let mut taken = 0.0;
    let mut own = [(0usize, 0.0f32); 7];
    for (slot, (symbol, count)) in own.iter_mut().zip(context.pairs()) {
        let count = f32::from(count) / 256.0;
        let Ok(at) = usize::try_from(i32::from(symbol) + offset) else { continue };
        if at >= lower.len() {
            continue;
        }
        let cut = discount.min(count * 0.95);
        total += count;
        taken += cut;
        *slot = (at, count - cut);
    }
    let scale = 1.0 / (total + doubt);
    for share in lower.iter_mut() {
        *share *= (taken + doubt) * scale;
    }
    for (at, count) in own {
        if let Some(share) = lower.get_mut(at) {
            *share += count * scale;
        }
    }
}

impl Predictor {
    pub(super) fn kind(&self) -> usize {
        let current = self.past.word(0).and_then(|word| self.vocabulary.words.get(word));
        usize::from(current.is_some_and(super::vocabulary::Word::is_reaction))
    }

    /// What may come: words of the present kind, and what this session has seen.
    fn candidates(&self) -> Vec<u8> {
        let reaction = self.kind() == 1;
        let mut list = Vec::with_capacity(self.vocabulary.words.len());
        for (number, word) in self.vocabulary.words.iter().enumerate() {
            let seen = self.recent.get(number).is_some_and(|count| *count > 0.0);
            if seen || word.is_reaction() == reaction {
                list.push(u8::try_from(number).unwrap_or_default());
            }
        }
        list
    }

    /// What is shipped of the present moment, and whether that is worth much.
    fn shipped(&self, mind: &Mind, candidates: &[u8]) -> (Shares, bool) {
        let mut shares = [0.0; WORDS];
        let Some(current) = self.past.word(0) else { return (shares, false) };
        let reaction = self.kind() == 1;
        for word in candidates {
            let word = usize::from(*word);
            let known = mind.knows(word);
            if let Some(share) = shares.get_mut(word) {
                *share = match (known, reaction) {
                    (true, true) => 0.1,
                    (true, false) => 0.02,
                    // Not of the plan, or of another kind: hardly ever.
                    (false, _) => 0.0002,
                };
            }
        }
        let row = prior::row(self.tier, self.past.word(1), current).filter(|_| !reaction);
        if reaction {
            self.shipped_faces(mind, current, &mut shares);
        } else if let Some(row) = row {
            for (share, letter) in shares.iter_mut().zip(row) {
                *share = exp2(-0.5 * f32::from(letter.saturating_sub(b'a'))) + 0.003;
            }
        } else {
            // A state of the page's own, or beyond the plan: anything of the plan may follow.
            for share in shares.iter_mut().take(prior::states_of(self.tier)) {
                *share += 0.02;
            }
        }
        normalize(&mut shares);
        self.repeat(&mut shares);
        (shares, row.is_some())
    }

    /// How often anything repeats is a habit of the page, not of a word.
    fn repeat(&self, shares: &mut Shares) {
        let Some(current) = self.past.word(0) else { return };
        let [repeated, steps] = self.repeats;
        let own = shares.get(current).copied().unwrap_or_default();
        let rate = (repeated + own * REPEAT_DOUBT) / (steps + REPEAT_DOUBT);
        let rest = (1.0 - rate) / (1.0 - own).max(0.001);
        for (word, share) in shares.iter_mut().enumerate() {
            *share = if word == current { rate } else { *share * rest };
        }
    }

    /// What is shipped of the faces that games name.
    fn shipped_faces(&self, mind: &Mind, current: usize, shares: &mut Shares) {
        let present = self.vocabulary.words.get(current).and_then(|word| word.face);
        let next = present.and_then(|face| prior::FACES.get(face)).map_or(&[][..], |(_, next)| *next);
        for (at, (word, share)) in self.vocabulary.words.iter().zip(shares).enumerate() {
            if at == current {
                *share = 0.75;
            } else if word.is_reaction() && (word.face.is_some() || mind.knows(at)) {
                *share += 0.0036;
                let place =
                    word.face.and_then(|face| next.iter().position(|next| usize::from(*next) == face));
                *share += place.and_then(|place| FOLLOWS.get(place)).copied().unwrap_or_default();
            }
        }
    }

    /// The last `order` words. What follows a state depends on the plan.
    fn context(&self, order: usize) -> u32 {
        let plan = if self.kind() == 0 { self.tier as u32 } else { 0 };
        hash(self.past.context(order), plan).max(1)
    }

    fn lasting_contexts(&self) -> [u32; ORDERS] {
        std::array::from_fn(|order| self.context(order + 1))
    }

    fn other_contexts(&self) -> [u32; 3] {
        let current = self.past.word(0).unwrap_or_default();
        let [last, earlier] = self.followed.get(current).copied().unwrap_or([u8::MAX; 2]);
        let name = |n: u8| self.vocabulary.words.get(usize::from(n)).map_or(3, |word| word.hash);
        let habit = hash(hash(self.context(1), 21), name(last));
        let longer = hash(hash(habit, 22), name(earlier));
        let visits = self.visits.get(current).copied().unwrap_or_default();
        let third = if self.kind() == 1 {
            self.past.cues(1)
        } else {
            hash(hash(self.context(1), 23), u32::from(visits))
        };
        [habit.max(1), longer.max(1), third.max(1)]
    }

    /// What is merely counted, whatever is shipped: a table of pairs.
    fn counted(&self, mind: &Mind, candidates: &[u8]) -> Shares {
        let mut shares = [0.0; WORDS];
        for word in candidates {
            let word = usize::from(*word);
            if let (Some(share), Some(count)) = (shares.get_mut(word), mind.common.get(word)) {
                *share = count + BEFOREHAND;
            }
        }
        normalize(&mut shares);
        let [pairs, faces] = COUNTED;
        refine(&mut shares, mind.lasting.find(self.context(1)), -SYMBOLS, pairs);
        if self.kind() == 1 {
            refine(&mut shares, mind.lasting.find(self.past.cues(1)), -SYMBOLS, faces);
        }
        shares
    }

    /// All opinions, and their mixture.
    fn mix_words(&self, which: usize, candidates: &[u8]) -> Opinion {
        let mind = self.mind(which);
        let mut logs = vec![[0.0f32; OPINIONS]; candidates.len()];
        let mut put = |opinion: usize, shares: &Shares| {
            for (word, row) in candidates.iter().zip(&mut logs) {
                if let (Some(share), Some(log)) = (shares.get(usize::from(*word)), row.get_mut(opinion)) {
                    *log = log2(share.max(0.00002));
                }
            }
        };
        let (shipped, told) = self.shipped(mind, candidates);
        put(0, &shipped);

        // How common each word is, of late above all.
        let mut common = shipped;
        let total: f32 = mind.common.iter().sum::<f32>() * 0.05 + self.recent.iter().sum::<f32>() * LATELY;
        for (share, (all, recent)) in common.iter_mut().zip(mind.common.iter().zip(self.recent)) {
            *share = (*share * 4.0 + all * 0.05 + recent * LATELY) / (total + 4.0);
        }
        put(1, &common);

        let mut chain = shipped;
        let contexts = self.lasting_contexts();
        for (order, (key, belief)) in contexts.iter().zip(LASTING).enumerate() {
            let doubt = if order == 0 && !told { OTHER_DOUBT } else { belief.doubt };
            refine(&mut chain, mind.lasting.find(*key), -SYMBOLS, Belief { doubt, ..belief });
            match order {
                0..=2 => put(2 + order, &chain),
                4 => put(5, &chain),
                _ => {}
            }
        }
        self.repeat(&mut chain);
        let (mut late, mut alone) = (chain, shipped);
        for (key, (belief, own)) in contexts.iter().zip(LATE.into_iter().zip(ALONE)) {
            let found = self.session.find(*key);
            refine(&mut late, found, -SYMBOLS, belief);
            refine(&mut alone, found, -SYMBOLS, own);
        }
        put(6, &late);
        put(7, &alone);
        let [habit, longer, third] = self.other_contexts();
        let (mut usual, mut other) = (chain, chain);
        for (shares, keys, [good, late]) in
            [(&mut usual, &[habit, longer][..], HABIT), (&mut other, &[third][..], THIRD)]
        {
            for key in keys {
                refine(shares, mind.lasting.find(*key), -SYMBOLS, good);
                refine(shares, self.session.find(*key), -SYMBOLS, late);
            }
        }
        put(8, &usual);
        put(9, &other);
        put(10, &self.counted(mind, candidates));

        let situation = self.situation(which, &contexts);
        let kind = self.kind();
        let shares = mind.manners.get(kind).map(Manners::shares).unwrap_or_default();
        let manners = std::array::from_fn(|manner| {
            let row = (kind * MANNERS + manner) * SITUATIONS + situation;
            let weights = mind.words.get(row).copied().unwrap_or_default();
            let mut answer: Vec<f32> = logs.iter().map(|row| dot(row, &weights)).collect();
            softmax(&mut answer);
            Manner { row, share: shares.get(manner).copied().unwrap_or_default(), answer }
        });
        let [one, other] = &manners;
        let pairs = one.answer.iter().zip(&other.answer);
        let answer = pairs.map(|(p, q)| one.share * p + other.share * q).collect();
        Opinion { logs, manners, answer }
    }

    pub(super) fn mind(&self, which: usize) -> &Mind {
        if which == OLD { &self.old } else { &self.new }
    }

    /// Which weights this mind goes by, given contexts of the moment, shortest first.
    pub(super) fn situation(&self, which: usize, contexts: &[u32]) -> usize {
        if which == OLD && self.trust.older { DEPTHS } else { self.depth(contexts) }
    }

    /// How many of these contexts, shortest first, the session has seen.
    pub(super) fn depth(&self, contexts: &[u32]) -> usize {
        contexts.iter().take(DEPTHS - 1).filter(|key| self.session.find(**key).is_some()).count()
    }

    /// Whether a reaction is the present one, another that the session has seen, or one that it has
    /// not. States are few, and one group.
    fn group(&self, word: usize) -> usize {
        if self.kind() == 0 {
            return 0;
        }
        if self.past.word(0) == Some(word) {
            return 0;
        }
        if self.recent.get(word).is_some_and(|count| *count > 0.0) { 1 } else { 2 }
    }

    /// How likely each group is to the owner of this opinion.
    fn groups(&self, candidates: &[u8], answer: &[f32]) -> [f32; GROUPS] {
        let mut groups = [0.000_001; GROUPS];
        for (word, share) in candidates.iter().zip(answer) {
            if let Some(group) = groups.get_mut(self.group(usize::from(*word))) {
                *group += share;
            }
        }
        groups
    }

    /// Looks ahead from the present moment, if there is one.
    fn look(&self) -> Option<Outlook> {
        self.past.word(0)?;
        let candidates = self.candidates();
        let [old, new] = [OLD, NEW].map(|which| self.mix_words(which, &candidates));
        Some(Outlook { candidates, old, new })
    }

    /// Word numbers with their probabilities. Who knows best which group comes need not know best
    /// which word of it: one that has seen other sessions names the words that this one has not.
    pub(super) fn word_shares(&self) -> Vec<(usize, f32)> {
        let outlook = self.outlook.get_or_init(|| self.look());
        let Some(Outlook { candidates, old, new }) = outlook else { return Vec::new() };
        let mut answer = old.answer.clone();
        if self.trust.older {
            let groups = [&old.answer, &new.answer].map(|answer| self.groups(candidates, answer));
            let depth = self.depth(&self.lasting_contexts());
            let matter = if self.kind() == 0 { STATE } else { GROUP };
            let trust = self.trust.of(GROUP, depth);
            for ((word, share), other) in candidates.iter().zip(&mut answer).zip(&new.answer) {
                let group = self.group(usize::from(*word));
                let [old, new] = groups.map(|groups| groups.get(group).copied().unwrap_or(1.0));
                let within = self.trust.of(matter + group, depth);
                *share = (old * trust + new * (1.0 - trust))
                    * (*share / old * within + other / new * (1.0 - within));
            }
            normalize(&mut answer);
        }
        candidates.iter().map(|word| usize::from(*word)).zip(answer).collect()
    }

    /// `next` came: whoever said so counts more, and every memory learns it.
    pub(super) fn learn_word(&mut self, next: usize) {
        let kind = self.kind();
        let shipped = self.vocabulary.is_shipped(next);
        if let Some(Outlook { candidates, old, new }) = self.outlook.take().unwrap_or_else(|| self.look())
            && let Some(at) = candidates.iter().position(|word| usize::from(*word) == next)
        {
            for (mind, opinion) in [(&mut self.old, &old), (&mut self.new, &new)] {
                // A name that nobody could give says nothing of who is right.
                if mind.knows(next) || shipped {
                    opinion.teach(mind, kind, at);
                }
            }
            if self.trust.older && (shipped || self.old.knows(next)) {
                let group = self.group(next);
                let depth = self.depth(&self.lasting_contexts());
                let [(old, p), (new, q)] = [old, new].map(|opinion| {
                    let groups = self.groups(&candidates, &opinion.answer);
                    let mass = groups.get(group).copied().unwrap_or(1.0);
                    (mass, opinion.answer.get(at).map_or(1.0, |share| share / mass))
                });
                if kind == 0 {
                    self.trust.came(STATE, depth, p, q);
                } else {
                    self.trust.came(GROUP, depth, old, new);
                    if group > 0 {
                        self.trust.came(GROUP + group, depth, p, q);
                    }
                }
            }
        }
        let symbol = symbol(next);
        let contexts = self.lasting_contexts();
        let others = self.other_contexts();
        for key in contexts.iter().chain(&others) {
            self.old.lasting.learn(*key, symbol, LONG);
            self.new.lasting.learn(*key, symbol, LONG);
        }
        for key in contexts.iter().take(SESSION_ORDERS).chain(&others) {
            self.session.learn(*key, symbol, SHORT);
        }
    }
}

pub(super) fn dot<const N: usize>(logs: &[f32; N], weights: &[f32; N]) -> f32 {
    logs.iter().zip(weights).map(|(log, weight)| log * weight).sum()
}

/// From binary logarithms up to a constant to probabilities, none of them 0.
pub(super) fn softmax(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    for score in scores.iter_mut() {
        *score = exp2(*score - most).max(0.000_001);
    }
    normalize(scores);
}

/// One step down the slope of the surprise that the answer was.
pub(super) fn reweigh<const N: usize>(
    weights: &mut [f32; N],
    logs: &[[f32; N]],
    answer: &[f32],
    came: usize,
    rate: f32,
) {
    let Some(truth) = logs.get(came) else { return };
    for (opinion, weight) in weights.iter_mut().enumerate() {
        let of = |row: &[f32; N]| row.get(opinion).copied().unwrap_or_default();
        let expected: f32 = logs.iter().zip(answer).map(|(row, p)| of(row) * p).sum();
        *weight = (*weight + rate * (of(truth) - expected)).clamp(-0.5, 2.0);
    }
}
