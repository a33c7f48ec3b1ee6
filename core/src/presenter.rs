//! What is shown while a clip is on its way: what is there stays for a moment, then a clip that
//! comes close, or the placeholder; and the clip itself whenever it arrives, unless the moment
//! has passed. A draft of the clip in a quicker quality may be shown first; the clip then takes over
//! at a good moment. Never fetches anything; it is told what is at hand.

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
        /// The same in a quicker quality, and whether it is at hand, where both are wanted.
        draft: Option<(CacheKey, bool)>,
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
    /// Whether a clip that could not be had is asked for once more before the wait is over.
    pub retry: bool,
}

/// What the presenter asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Show a clip that is at hand.
    Clip(Ticket, CacheKey),
    /// Show a clip that is at hand in place of its draft, where that ends.
    Better(Ticket, CacheKey),
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
    draft: Option<CacheKey>,
    /// The draft is shown.
    drafted: bool,
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
            Event::Cue { ticket, key, draft, close, at_hand, blank, patience } => {
                if at_hand {
                    self.awaited = None;
                    return vec![Effect::Clip(ticket, key)];
                }
                let until = now + patience.at_most;
                let ready = draft.as_ref().is_some_and(|(_, at_hand)| *at_hand);
                let awaited = Awaited {
                    ticket,
                    key,
                    draft: draft.map(|(key, _)| key),
                    drafted: false,
                    close,
                    until: Some(until),
                    ask_at: None,
                    patience,
                    stands_in: false,
                };
                let awaited = self.awaited.insert(awaited);
                let mut effects = Vec::new();
                // Nothing is worse than a blank: something stands in at once, and the wait goes on.
                if ready {
                    effects.extend(awaited.sketch());
                } else if blank {
                    effects.extend(awaited.stand_in());
                }
                effects.push(Effect::WakeAt(until));
                effects
            }
            Event::AtHand(key) => match self.awaited.take_if(|awaited| awaited.key == key) {
                Some(awaited) if awaited.drafted => vec![Effect::Better(awaited.ticket, key)],
                Some(awaited) => vec![Effect::Clip(awaited.ticket, key)],
                None => {
                    let awaited = self.awaited.as_mut().filter(|a| a.draft.as_ref() == Some(&key));
                    awaited.and_then(Awaited::sketch).into_iter().collect()
                }
            },
            Event::Far(key) => self.far(&key),
            Event::Failed(key) => {
                if let Some(awaited) = self.awaited.as_mut().filter(|awaited| awaited.key == key) {
                    let retry = std::mem::take(&mut awaited.patience.retry);
                    let soon = awaited.until.is_some_and(|until| now + RETRY < until);
                    awaited.ask_at = Some(now + if retry && soon { RETRY } else { ASK_AGAIN });
                }
                self.far(&key)
            }
            Event::Lost(ticket) => match &mut self.awaited {
                Some(awaited) if awaited.ticket == ticket => {
                    awaited.close = None;
                    awaited.draft = None;
                    awaited.drafted = false;
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
                    effects.push(Effect::AskAgain(awaited.key));
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

/// How soon a request that asks for it tries once more: what failed in passing is over by then, and most of a
/// usual wait is not.
const RETRY: Millis = Millis::seconds(1);

impl Awaited {
    /// Shows the draft, which is at hand.
    fn sketch(&mut self) -> Option<Effect> {
        let draft = self.draft.take()?;
        self.drafted = true;
        self.stands_in = true;
        Some(Effect::Clip(self.ticket, draft))
    }

    fn stand_in(&mut self) -> Option<Effect> {
        if std::mem::replace(&mut self.stands_in, true) {
            return None;
        }
        Some(match &self.close {
            Some(key) => Effect::Clip(self.ticket, *key),
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
    const SHORT: Patience = Patience { at_most: Millis(300), until_far: true, retry: false };
    const LONG: Patience = Patience { at_most: Millis(5_000), until_far: false, retry: false };

    fn key(letter: char) -> CacheKey {
        CacheKey::parse(&letter.to_string().repeat(32)).unwrap()
    }

    fn cue(patience: Patience) -> Event {
        Event::Cue {
            ticket: ONE,
            key: key('a'),
            draft: None,
            close: None,
            at_hand: false,
            blank: false,
            patience,
        }
    }

    #[test]
    fn a_clip_at_hand_is_shown_at_once() {
        let event = Event::Cue {
            ticket: ONE,
            key: key('a'),
            draft: None,
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
            draft: None,
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
    fn a_request_that_asks_for_it_tries_once_more_within_its_wait_and_then_as_everybody() {
        let mut presenter = Presenter::default();
        let _ = presenter.on(Millis(0), cue(Patience { retry: true, ..LONG }));
        assert_eq!(presenter.on(Millis(100), Event::Failed(key('a'))), []);
        assert_eq!(presenter.next_wake(), Some(Millis(1_100)));
        assert_eq!(presenter.on(Millis(1_100), Event::Wake), [Effect::AskAgain(key('a'))]);
        assert_eq!(presenter.on(Millis(1_200), Event::Failed(key('a'))), []);
        assert_eq!(presenter.next_wake(), Some(Millis(5_000)), "once");
        let mut presenter = Presenter::default();
        let _ = presenter.on(Millis(0), cue(Patience { retry: true, ..LONG }));
        let _ = presenter.on(Millis(4_500), Event::Failed(key('a')));
        assert_eq!(presenter.on(Millis(5_500), Event::Wake).len(), 2, "the wait is over first");
    }

    #[test]
    fn a_real_clip_that_comes_close_is_better_than_a_placeholder() {
        let mut presenter = Presenter::default();
        let close = Some(key('b'));
        let event = Event::Cue {
            ticket: ONE,
            key: key('a'),
            close,
            draft: None,
            at_hand: false,
            blank: false,
            patience: SHORT,
        };
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
            draft: None,
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

    #[test]
    fn a_draft_is_shown_first_and_gives_way_to_the_clip() {
        let draft = |at_hand| Event::Cue {
            ticket: ONE,
            key: key('a'),
            draft: Some((key('d'), at_hand)),
            close: None,
            at_hand: false,
            blank: false,
            patience: SHORT,
        };
        let wake = Effect::WakeAt(Millis(300));
        let mut presenter = Presenter::default();
        assert_eq!(presenter.on(Millis(0), draft(true)), [Effect::Clip(ONE, key('d')), wake.clone()]);
        assert_eq!(presenter.on(Millis(300), Event::Wake), [Effect::WaitIsOver(ONE)], "no placeholder");
        assert_eq!(presenter.on(Millis(900), Event::AtHand(key('a'))), [Effect::Better(ONE, key('a'))]);

        let mut presenter = Presenter::default();
        assert_eq!(presenter.on(Millis(0), draft(false)), [wake]);
        assert_eq!(presenter.on(Millis(50), Event::AtHand(key('d'))), [Effect::Clip(ONE, key('d'))]);
        assert_eq!(presenter.on(Millis(60), Event::AtHand(key('d'))), [], "once");
        assert_eq!(presenter.on(Millis(900), Event::AtHand(key('a'))), [Effect::Better(ONE, key('a'))]);
        assert_eq!(presenter.on(Millis(950), Event::AtHand(key('d'))), [], "never back");
    }

    #[test]
    fn a_clip_that_comes_before_its_draft_is_shown_alone() {
        let mut presenter = Presenter::default();
        let event = Event::Cue {
            ticket: ONE,
            key: key('a'),
            draft: Some((key('d'), false)),
            close: None,
            at_hand: false,
            blank: false,
            patience: LONG,
        };
        let _ = presenter.on(Millis(0), event);
        assert_eq!(presenter.on(Millis(10), Event::AtHand(key('a'))), [Effect::Clip(ONE, key('a'))]);
        assert_eq!(presenter.on(Millis(20), Event::AtHand(key('d'))), []);
    }
}
