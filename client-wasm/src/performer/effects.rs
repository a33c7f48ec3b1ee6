//! How a character carries out what its presenter and its player decide: on the stage, at the edge,
//! and towards whoever made it. Decides nothing itself.

use cuelight_core::catalog::Play;
use cuelight_core::cue::Cue;
use cuelight_core::player::{self, Picture, Surface};
use cuelight_core::{presenter, state_machine};

use super::acting::Held;
use super::{Event, Performer, Told};

impl Performer {
    /// Carries out what the presenter decided.
    pub(super) fn present(&self, effect: presenter::Effect) {
        use presenter::Effect;
        match effect {
            Effect::Clip(ticket, key) => {
                let event = {
                    let mut acting = self.acting.borrow_mut();
                    match acting.edge.clip(&key) {
                        Some(clip) => {
                            let own = acting.current.as_ref().filter(|current| current.key == key);
                            let once = own.is_some_and(|current| current.play == Play::Once);
                            let held = Held::new(&acting.edge, clip);
                            acting.staged = Some(held);
                            Event::Player(player::Event::Show(
                                ticket,
                                if once { Picture::Once } else { Picture::Loop },
                            ))
                        }
                        None => Event::Presenter(presenter::Event::Lost(ticket)),
                    }
                };
                // At once: what is staged and what the player believes is staged are one thing.
                self.take(event);
            }
            Effect::Placeholder(ticket) => {
                self.acting.borrow_mut().staged = None;
                self.take(Event::Player(player::Event::Show(ticket, Picture::Still)));
            }
            Effect::AskAgain(_) => {
                let (edge, wanted) = {
                    let mut acting = self.acting.borrow_mut();
                    let acting = &mut *acting;
                    let current = acting.current.as_ref();
                    let wanted = current.and_then(|current| {
                        let address = acting.addresses.find(&acting.options, &current.cue).ok()?;
                        Some((address, current.priority))
                    });
                    (acting.edge.clone(), wanted)
                };
                if let Some((address, priority)) = wanted {
                    edge.want(&address, priority);
                }
            }
            Effect::WaitIsOver(ticket) => {
                let mut acting = self.acting.borrow_mut();
                if let Some(current) = acting.current.as_mut().filter(|current| current.ticket == ticket) {
                    current.wait_is_over = true;
                }
                let shown = acting.player.shown().filter(|(shown, _)| *shown == ticket);
                let told = shown.and_then(|(ticket, picture)| acting.told(ticket, picture));
                drop(acting);
                if let Some((shown, _)) = told {
                    (self.tell)(Told::Settled { shown, ticket });
                }
            }
            Effect::WakeAt(_) => {}
        }
    }

    /// Carries out what the player decided.
    pub(super) fn play(&self, effect: player::Effect) {
        use player::Effect;
        match effect {
            Effect::Load { surface: Surface::Still, ticket, .. } => {
                let acting = self.acting.borrow();
                let svg = acting.current.as_ref().map(|current| current.svg.clone()).unwrap_or_default();
                drop(acting);
                self.stage.load_still(ticket, &svg);
            }
            Effect::Load { surface, ticket, looped } => {
                let clip = self.acting.borrow().staged.as_ref().map(|held| held.clip.clone());
                match clip {
                    Some(clip) => self.stage.load_clip(surface, ticket, looped, clip),
                    None => self.feed(Event::Player(player::Event::Broken(surface, ticket))),
                }
            }
            Effect::Reveal(surface) => self.stage.reveal(surface),
            Effect::Play(surface) => {
                let ticket = self.acting.borrow().player.shown().map(|(ticket, _)| ticket);
                self.stage.play(surface, ticket.unwrap_or_default());
            }
            Effect::Pause(surface) => self.stage.pause(surface),
            Effect::Release(surface) => self.stage.release(surface),
            Effect::Shown(ticket, picture) => {
                let told = {
                    let mut acting = self.acting.borrow_mut();
                    acting.shown = acting.staged.take();
                    acting.told(ticket, picture)
                };
                if let Some((shown, settles)) = told {
                    (self.tell)(Told::Shown { shown, ticket, settles });
                }
            }
            Effect::Finished(ticket) => {
                let acting = self.acting.borrow();
                let current = acting.current.as_ref().filter(|current| current.ticket == ticket);
                let state = current.and_then(|current| match &current.cue {
                    Cue::State { state } => Some(state.clone()),
                    Cue::Reaction(_) => None,
                });
                drop(acting);
                if let Some(state) = state {
                    self.feed(Event::Machine(state_machine::Event::Finished(state)));
                }
            }
            Effect::Lost(ticket, Picture::Still) => {
                let detail = format!("The placeholder of cue {} could not be drawn.", ticket.0);
                (self.tell)(Told::Error { code: "placeholder_broken".into(), detail });
            }
            Effect::Lost(ticket, _) => {
                let detail = "A clip could not be decoded; the placeholder is shown instead.".into();
                (self.tell)(Told::Error { code: "clip_broken".into(), detail });
                self.feed(Event::Presenter(presenter::Event::Lost(ticket)));
            }
        }
    }
}
