//! How a character comes to what it is to show: where the clip is, what stands in for it, and what may
//! follow.

use cuelight_core::player::{self, Ticket};
use cuelight_core::presenter;
use cuelight_core::units::Millis;

use super::acting::Current;
use super::{Event, Performer, Told, Wish};
use crate::address::Address;
use crate::halves;

impl Performer {
    pub(super) fn cue(&self, now: Millis, wish: Wish) {
        let Wish { cue, play, patience, priority } = wish;
        let (edge, address, draft, event) = {
            let mut acting = self.acting.borrow_mut();
            let acting = &mut *acting;
            acting.tickets += 1;
            let ticket = Ticket(acting.tickets);
            let address = match acting.find(&cue) {
                Ok(address) => address,
                Err(detail) => {
                    let code = "invalid_request".to_owned();
                    return (self.tell)(Told::Error { code, detail });
                }
            };
            self.stage.set_background(acting.options.background.over(address.look.backdrop));
            let edge = acting.edge.clone();
            let draft = acting.draft(&cue);
            let close = acting.closest(&cue);
            let at_hand = edge.has(&address.key);
            let key = address.key;
            acting.unlearned.push(cue.clone());
            acting.owed = None;
            let current = Current {
                ticket,
                cue,
                key,
                draft: draft.as_ref().map(|draft| draft.key),
                play,
                since: now,
                origin: None,
                wait_is_over: false,
                look: address.look,
                priority,
            };
            acting.current = Some(current);
            // Until then no placeholder is drawn anyway.
            let poster = halves::is_whole() && acting.options.poster;
            let nothing = acting.player.shown().is_none() && !poster;
            let blank = nothing || std::mem::take(&mut acting.stranger);
            let key = address.key;
            let event = presenter::Event::Cue {
                ticket,
                key,
                draft: draft.as_ref().map(|draft| (draft.key, edge.has(&draft.key))),
                close,
                at_hand,
                blank,
                patience,
            };
            (edge, address, draft.filter(|_| !at_hand), event)
        };
        self.take(Event::Presenter(event));
        // Before the edge is asked: its answer may be there at once, and say that nothing comes soon.
        if halves::is_whole() && self.acting.borrow().presenter.awaits() == Some(&address.key) {
            self.feed(Event::Player(player::Event::Coming));
        }
        // The quick one first: it is what will be looked at first.
        if let Some(draft) = draft {
            edge.want(&draft, priority);
        }
        edge.want(&address, priority);
        if halves::is_whole() {
            self.foresee();
        }
    }

    /// Learns from what was asked for, and has prepared what may follow.
    pub(super) fn foresee(&self) {
        let (edge, key, likely) = {
            let mut acting = self.acting.borrow_mut();
            let Some(key) = acting.current.as_ref().map(|current| current.key) else { return };
            acting.learn();
            (acting.edge.clone(), key, acting.likely())
        };
        let Some(likely) = likely else { return edge.no_more_guesses(self.id) };
        edge.guess(self.id, &likely);
        if let Some(seat) = &*self.seat.borrow() {
            let others = likely.iter().filter(|(other, _)| other.key != key);
            #[allow(clippy::cast_possible_truncation)]
            seat.likely(others.map(|(_, chance)| *chance as f32).sum());
        }
        self.stage_the_likely(&likely);
    }

    /// Has the player prepare what may follow, of what is at hand.
    pub(super) fn stage_the_likely(&self, likely: &[(Address, f64)]) {
        let pictures = self.acting.borrow_mut().at_hand(likely);
        self.feed(Event::Player(player::Event::Likely(pictures)));
    }
}
