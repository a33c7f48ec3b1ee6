//! What is shown while a clip is on its way: what is there stays for a moment, then a clip that
//! comes close, or the placeholder; and the clip itself whenever it arrives, unless the moment
//! has passed. Never fetches anything; it is told what is at hand.

use crate::cache_key::CacheKey;
use crate::player::Ticket;
use crate::units::Millis;

/// What the presenter is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A new cue.
    Cue {
        /// Its number.
        ticket: Ticket,
        /// The clip that shows it.
        key: CacheKey,
        /// A clip at hand that comes close, if there is one.
        close: Option<CacheKey>,
        /// Whether the clip itself is at hand.
        at_hand: bool,
        /// Whether anything is on screen.
        blank: bool,
        /// How long what is on screen may stay without the clip.
        patience: Patience,
    },
    /// A clip is at hand now.
    AtHand(CacheKey),
    /// A clip has to be made first, or cannot be had: it will take long.
    Far(CacheKey),
    /// A clip could not be had, though everything was tried.
    Failed(CacheKey),
    /// A clip could not be shown after all.
    Lost(Ticket),
    /// The time of the last [`Effect::WakeAt`] has come.
    Wake,
}

/// How long what is on screen stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// At most this long.
    pub at_most: Millis,
    /// Whether news that the clip is far away ends the wait.
    pub until_far: bool,
}

/// What the presenter asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Show a clip that is at hand.
    Clip(Ticket, CacheKey),
    /// Show the placeholder.
    Placeholder(Ticket),
    /// Ask for this clip once more: the character still wants it.
    AskAgain(CacheKey),
    /// The wait is over; whatever is shown now is the answer for the time being.
    WaitIsOver(Ticket),
    /// Send [`Event::Wake`] at this time. Replaces an earlier one.
    WakeAt(Millis),
}

#[derive(Debug, Clone)]
struct Awaited {
    ticket: Ticket,
    key: CacheKey,
    close: Option<CacheKey>,
    until: Option<Millis>,
    /// When to ask again for what could not be had.
    ask_at: Option<Millis>,
    patience: Patience,
    stands_in: bool,
}

/// The present cue, as long as its own clip is not shown.
#[derive(Debug, Clone, Default)]
pub struct Presenter {
    awaited: Option<Awaited>,
}

impl Presenter {
    /// When the wait ends.
    #[must_use]
    pub fn next_wake(&self) -> Option<Millis> {
        let awaited = self.awaited.as_ref()?;
        [awaited.until, awaited.ask_at].into_iter().flatten().min()
    }

    /// The clip that is waited for.
    #[must_use]
    pub fn awaits(&self) -> Option<&CacheKey> {
        self.awaited.as_ref().map(|awaited| &awaited.key)
    }

    /// Takes an event at `now`.
    #[must_use]
    pub fn on(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        match event {
            Event::Cue { ticket, key, close, at_hand, blank, patience } => {
                if at_hand {
                    self.awaited = None;
                    return vec![Effect::Clip(ticket, key)];
                }
                let until = now + patience.at_most;
                let awaited = Awaited {
                    ticket,
                    key,
                    close,
                    until: Some(until),
                    ask_at: None,
                    patience,
                    stands_in: false,
                };
                let awaited = self.awaited.insert(awaited);
                let mut effects = Vec::new();
                // Nothing is worse than a blank: something stands in at once, and the wait goes on.
                if blank {
                    effects.extend(awaited.stand_in());
                }
                effects.push(Effect::WakeAt(until));
                effects
            }
            Event::AtHand(key) => match self.awaited.take_if(|awaited| awaited.key == key) {
                Some(awaited) => vec![Effect::Clip(awaited.ticket, key)],
                None => Vec::new(),
            },
            Event::Far(key) => self.far(&key),
            Event::Failed(key) => {
                if let Some(awaited) = self.awaited.as_mut().filter(|awaited| awaited.key == key) {
                    awaited.ask_at = Some(now + ASK_AGAIN);
                }
                self.far(&key)
            }
            Event::Lost(ticket) => match &mut self.awaited {
                Some(awaited) if awaited.ticket == ticket => {
                    awaited.close = None;
                    awaited.stands_in = false;
                    awaited.stand_in().into_iter().collect()
                }
                Some(_) => Vec::new(),
                None => vec![Effect::Placeholder(ticket), Effect::WaitIsOver(ticket)],
            },
            Event::Wake => {
                let Some(awaited) = &mut self.awaited else { return Vec::new() };
                let mut effects = Vec::new();
                if awaited.until.is_some_and(|until| until <= now) {
                    effects.extend(awaited.give_up());
                }
                if awaited.ask_at.take_if(|at| *at <= now).is_some() {
                    effects.push(Effect::AskAgain(awaited.key.clone()));
                }
                effects
            }
        }
    }

    fn far(&mut self, key: &CacheKey) -> Vec<Effect> {
        match &mut self.awaited {
            Some(awaited) if awaited.key == *key && awaited.patience.until_far => awaited.give_up(),
            _ => Vec::new(),
        }
    }
}

/// A little longer than the supply sulks after a failure ([`crate::supply`]).
const ASK_AGAIN: Millis = Millis::seconds(31);

impl Awaited {
    fn stand_in(&mut self) -> Option<Effect> {
        if std::mem::replace(&mut self.stands_in, true) {
            return None;
        }
        Some(match &self.close {
            Some(key) => Effect::Clip(self.ticket, key.clone()),
            None => Effect::Placeholder(self.ticket),
        })
    }

    fn give_up(&mut self) -> Vec<Effect> {
        if self.until.take().is_none() {
            return Vec::new();
        }
        self.stand_in().into_iter().chain([Effect::WaitIsOver(self.ticket)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Ticket = Ticket(1);
    const SHORT: Patience = Patience { at_most: Millis(300), until_far: true };
    const LONG: Patience = Patience { at_most: Millis(5_000), until_far: false };

    fn key(letter: char) -> CacheKey {
        CacheKey::parse(&letter.to_string().repeat(32)).unwrap()
    }

    fn cue(patience: Patience) -> Event {
        Event::Cue { ticket: ONE, key: key('a'), close: None, at_hand: false, blank: false, patience }
    }

    #[test]
    fn a_clip_at_hand_is_shown_at_once() {
        let event = Event::Cue {
            ticket: ONE,
            key: key('a'),
            close: None,
            at_hand: true,
            blank: true,
            patience: SHORT,
        };
        assert_eq!(Presenter::default().on(Millis(0), event), [Effect::Clip(ONE, key('a'))]);
    }

    #[test]
    fn a_blank_is_filled_at_once_and_the_clip_follows() {
        let mut presenter = Presenter::default();
        let event = Event::Cue {
            ticket: ONE,
            key: key('a'),
            close: None,
            at_hand: false,
            blank: true,
            patience: LONG,
        };
        let effects = presenter.on(Millis(0), event);
        assert_eq!(effects, [Effect::Placeholder(ONE), Effect::WakeAt(Millis(5_000))]);
        assert_eq!(
            presenter.on(Millis(5_000), Event::Wake),
            [Effect::WaitIsOver(ONE)],
            "no second placeholder"
        );
        assert_eq!(presenter.on(Millis(60_000), Event::AtHand(key('a'))), [Effect::Clip(ONE, key('a'))]);
    }

    #[test]
    fn a_clip_that_is_far_away_ends_a_short_patience_but_not_a_long_one() {
        let mut presenter = Presenter::default();
        let _ = presenter.on(Millis(0), cue(SHORT));
        let effects = presenter.on(Millis(20), Event::Far(key('a')));
        assert_eq!(effects, [Effect::Placeholder(ONE), Effect::WaitIsOver(ONE)]);
        let mut presenter = Presenter::default();
        let _ = presenter.on(Millis(0), cue(LONG));
        assert_eq!(presenter.on(Millis(20), Event::Far(key('a'))), []);
        assert_eq!(presenter.on(Millis(4_999), Event::Wake), []);
        assert_eq!(
            presenter.on(Millis(5_000), Event::Wake),
            [Effect::Placeholder(ONE), Effect::WaitIsOver(ONE)]
        );
    }

    #[test]
    fn a_real_clip_that_comes_close_is_better_than_a_placeholder() {
        let mut presenter = Presenter::default();
        let close = Some(key('b'));
        let event =
            Event::Cue { ticket: ONE, key: key('a'), close, at_hand: false, blank: false, patience: SHORT };
        let _ = presenter.on(Millis(0), event);
        let effects = presenter.on(Millis(300), Event::Wake);
        assert_eq!(effects, [Effect::Clip(ONE, key('b')), Effect::WaitIsOver(ONE)]);
    }

    #[test]
    fn a_clip_for_a_moment_that_has_passed_is_not_shown() {
        let mut presenter = Presenter::default();
        let _ = presenter.on(Millis(0), cue(SHORT));
        let event = Event::Cue {
            ticket: Ticket(2),
            key: key('c'),
            close: None,
            at_hand: false,
            blank: false,
            patience: SHORT,
        };
        let _ = presenter.on(Millis(10), event);
        assert_eq!(presenter.on(Millis(20), Event::AtHand(key('a'))), []);
    }

    #[test]
    fn a_clip_that_could_not_be_had_is_asked_for_again_while_it_is_wanted() {
        let mut presenter = Presenter::default();
        let _ = presenter.on(Millis(0), cue(SHORT));
        let effects = presenter.on(Millis(10), Event::Failed(key('a')));
        assert_eq!(effects, [Effect::Placeholder(ONE), Effect::WaitIsOver(ONE)]);
        let at = presenter.next_wake().unwrap();
        assert_eq!(presenter.on(at, Event::Wake), [Effect::AskAgain(key('a'))]);
        assert_eq!(presenter.next_wake(), None);
    }

    #[test]
    fn a_clip_that_cannot_be_shown_gives_way_to_the_placeholder() {
        let mut presenter = Presenter::default();
        let _ = presenter.on(Millis(0), cue(LONG));
        let _ = presenter.on(Millis(1), Event::AtHand(key('a')));
        let effects = presenter.on(Millis(2), Event::Lost(ONE));
        assert_eq!(effects, [Effect::Placeholder(ONE), Effect::WaitIsOver(ONE)]);
    }
}
