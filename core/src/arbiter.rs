//! Which characters of a page play, and with how many decoders each: a browser has a bounded number of
//! them, and a page any number of characters. Who is seen most and is likeliest to change comes first;
//! who gets none holds a still. Never touches a video: it says how many slots a character has.
//!
//! A character that is seen has at least one slot as long as there are as many slots as characters that
//! are seen. Where there are not, those that wait grow more urgent the longer they wait, so that equals
//! take turns and nobody waits forever.

use crate::units::Millis;

#[cfg(test)]
mod tests;

/// Slots of a page on a desktop. Chrome allowed 75 players in a page and now allows 1,000 (jsPsych issue
/// 2062), but each costs memory and heat, and sixteen characters that move are a crowd.
pub const DESKTOP_SLOTS: u8 = 16;
/// Slots of a page on a small device: half of the 16 that iOS was seen to allow (amphtml issue 12786),
/// because a page may have videos of its own.
pub const SMALL_DEVICE_SLOTS: u8 = 8;
/// Most slots of one character: what is on screen, what comes next, and two more guesses.
pub const MOST_SLOTS: u8 = 4;

/// A character of the page. Whoever joins gives it, each a number of its own.
pub type Id = u32;

/// What the arbiter is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// A character is on the page. Not seen until it is said to be.
    Joined(Id),
    /// It is gone.
    Left(Id),
    /// So much of it is seen.
    Seen {
        /// Whom.
        id: Id,
        /// The part of it that is in the viewport, 0 to 1.
        fraction: f32,
        /// Its size on the page, in CSS px squared.
        area: f32,
    },
    /// How likely it is to change its state within the next seconds, 0 to 1.
    Likely(Id, f32),
    /// The user deals with it: it counts for more for a while.
    Active(Id),
    /// The page is seen, or not.
    Page(bool),
    /// The time of the last [`Effect::WakeAt`] has come.
    Wake,
}

/// What the arbiter asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The character has this many slots from now on: 1 to [`MOST_SLOTS`], or 0 to hold a still. Who
    /// loses slots is told before who wins them.
    Slots(Id, u8),
    /// Send [`Event::Wake`] at this time. Replaces an earlier one.
    WakeAt(Millis),
}

#[derive(Debug, Clone)]
struct Member {
    id: Id,
    /// CSS px squared in sight, within bounds; 0 while nothing is.
    px: u32,
    /// In hundredths.
    likely: u32,
    slots: u8,
    /// When it was given its present slots.
    since: Millis,
    /// Since when it is in sight without a slot.
    waits_since: Option<Millis>,
    /// When it went out of sight.
    unseen_since: Millis,
    active_until: Millis,
}

/// Shares the slots of one page.
#[derive(Debug, Clone)]
pub struct Arbiter {
    total: u8,
    members: Vec<Member>,
    /// Since when nobody sees the page.
    hidden_since: Option<Millis>,
}

/// Who is given a first slot keeps it for this long, while it is seen: as long as it takes one that waits
/// to beat its equals, so that all turns are of one length.
const TURN: Millis = Millis::seconds(6);
/// Who is given more keeps that for this long, while no first slot needs it.
const SETTLED: Millis = Millis::seconds(2);
/// Who is out of sight keeps one slot for this long if nobody else can use it: people scroll back.
const LINGERS: Millis = Millis::seconds(2);
/// A page out of sight keeps its slots for this long: people look at another tab for a moment.
const PAGE_LINGERS: Millis = Millis::seconds(30);
/// For so long after [`Event::Active`] a character counts [`ACTIVE_COUNTS`] times.
const ACTIVE: Millis = Millis::seconds(10);
const ACTIVE_COUNTS: u64 = 4;
/// Waiting for this long makes a character count twice, three times after twice as long, and so on.
const WAIT_DOUBLES: u64 = 24_000;
/// While somebody waits or something settles, it is looked at again this often.
const LOOKS_AGAIN: Millis = Millis::seconds(1);

/// A character counts as at least 128 and at most 1,024 px squared, so that the least is not worth
/// nothing, and its turn comes within half an hour whatever else is in sight.
const LEAST_PX: f32 = 16_384.0;
const MOST_PX: f32 = 1_048_576.0;

/// How good a reason for a slot is. The better the later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Out of sight, and perhaps back soon.
    Lingers,
    /// One more for who plays already.
    More,
    /// The same, given a moment ago.
    MoreSettling,
    /// The only one.
    First,
    /// The same, given a moment ago or of one that the user deals with.
    FirstSettling,
}

impl Arbiter {
    /// An arbiter of this many slots; one at least.
    #[must_use]
    pub fn new(total: u8) -> Self {
        Self { total: total.max(1), members: Vec::new(), hidden_since: None }
    }

    /// How many slots a character has.
    #[must_use]
    pub fn slots(&self, id: Id) -> u8 {
        self.members.iter().find(|member| member.id == id).map_or(0, |member| member.slots)
    }

    /// Takes an event at `now`.
    #[must_use]
    pub fn on(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        match event {
            Event::Joined(id) => self.join(now, id),
            Event::Left(id) => self.members.retain(|member| member.id != id),
            Event::Seen { id, fraction, area } => {
                let px = seen_px(fraction, area);
                if let Some(member) = self.member(id) {
                    if px == 0 && member.px > 0 {
                        member.unseen_since = now;
                    }
                    member.px = px;
                }
            }
            Event::Likely(id, chance) => {
                if let Some(member) = self.member(id) {
                    // Saturates, and makes nothing of a NaN.
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    let hundredths = (chance * 100.0) as u32;
                    member.likely = hundredths.min(100);
                }
            }
            Event::Active(id) => {
                if let Some(member) = self.member(id) {
                    member.active_until = now + ACTIVE;
                }
            }
            Event::Page(seen) => {
                self.hidden_since = if seen { None } else { self.hidden_since.or(Some(now)) };
            }
            Event::Wake => {}
        }
        self.share(now)
    }

    fn join(&mut self, now: Millis, id: Id) {
        if self.member(id).is_none() {
            self.members.push(Member {
                id,
                px: 0,
                likely: 0,
                slots: 0,
                since: now,
                waits_since: None,
                unseen_since: now,
                active_until: Millis::default(),
            });
        }
    }

    fn member(&mut self, id: Id) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == id)
    }

    fn asleep(&self, now: Millis) -> bool {
        self.hidden_since.is_some_and(|since| now.since(since) >= PAGE_LINGERS)
    }

    /// Gives the slots to those with the best reasons, and tells what is different.
    fn share(&mut self, now: Millis) -> Vec<Effect> {
        let asleep = self.asleep(now);
        let mut given: Vec<u8> = self.members.iter().map(|_| 0).collect();
        for _ in 0..self.total {
            let mut best = None;
            for (at, (member, has)) in self.members.iter().zip(&given).enumerate() {
                let reason = if asleep { None } else { member.reason(*has, now) };
                // Of equals the one that joined first.
                if reason > best.map(|(reason, _)| reason) {
                    best = reason.map(|reason| (reason, at));
                }
            }
            let Some(more) = best.and_then(|(_, at)| given.get_mut(at)) else { break };
            *more += 1;
        }
        let mut effects = Vec::new();
        for (member, wins) in self.members.iter().zip(&given) {
            if *wins < member.slots {
                effects.push(Effect::Slots(member.id, *wins));
            }
        }
        for (member, wins) in self.members.iter_mut().zip(&given) {
            if *wins > member.slots {
                effects.push(Effect::Slots(member.id, *wins));
            }
            if *wins != member.slots {
                member.since = now;
                member.slots = *wins;
            }
            let waits = member.px > 0 && *wins == 0 && !asleep;
            member.waits_since = if waits { member.waits_since.or(Some(now)) } else { None };
        }
        effects.extend(self.next_look(now).map(Effect::WakeAt));
        effects
    }

    /// When time alone may change something.
    fn next_look(&self, now: Millis) -> Option<Millis> {
        if self.asleep(now) {
            return None;
        }
        let page = self.hidden_since.map(|since| since + PAGE_LINGERS);
        let members = self.members.iter().filter_map(|member| {
            let lingers = member.px == 0 && member.slots > 0;
            if lingers {
                Some(member.unseen_since + LINGERS)
            } else if member.waits_since.is_some() {
                Some(now + LOOKS_AGAIN)
            } else {
                // What settles, or is active, gives way at a known time.
                [member.since + SETTLED, member.since + TURN, member.active_until]
                    .into_iter()
                    .filter(|at| *at > now)
                    .min()
            }
        });
        members.chain(page).min()
    }
}

impl Member {
    /// Why it should have one slot more than it `has`: the class, the worth, and since when it has it.
    fn reason(&self, has: u8, now: Millis) -> Option<(Class, u64, Millis)> {
        if self.px == 0 {
            let lingers = has == 0 && self.slots > 0 && now.since(self.unseen_since) < LINGERS;
            return lingers.then_some((Class::Lingers, 0, self.unseen_since));
        }
        if has >= MOST_SLOTS {
            return None;
        }
        let keeps = has < self.slots;
        let settling = keeps && now.since(self.since) < if has == 0 { TURN } else { SETTLED };
        let waited = self.waits_since.map_or(0, |since| now.since(since).0);
        let active = self.active_until > now;
        let seen = u64::from(self.px) * if active { ACTIVE_COUNTS } else { 1 };
        let (class, worth) = if has == 0 {
            let class = if settling || active { Class::FirstSettling } else { Class::First };
            (class, seen.saturating_mul(1_000 + waited.min(u64::from(u32::MAX)) * 1_000 / WAIT_DOUBLES))
        } else {
            let class = if settling { Class::MoreSettling } else { Class::More };
            // The first guess is worth most. A character that hardly changes still needs a second
            // surface once in a while.
            (class, (seen * (10 + u64::from(self.likely)) * 32) >> (2 * has))
        };
        // A challenger has to be better by a quarter. Of equals that play, the one that has played for
        // longest gives way.
        Some(if keeps {
            (class, worth.saturating_add(worth / 4), self.since)
        } else {
            (class, worth, Millis::default())
        })
    }
}

fn seen_px(fraction: f32, area: f32) -> u32 {
    let part = fraction.clamp(0.0, 1.0) * area.max(0.0);
    if part > 0.0 {
        // Within bounds, so the cast keeps it.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        return part.clamp(LEAST_PX, MOST_PX) as u32;
    }
    0
}
