//! How a character carries out what its presenter and its player decide: on the stage, at the edge,
//! and towards whoever made it. Decides nothing itself.

use cuelight_core::catalog::Play;
use cuelight_core::cue::Cue;
use cuelight_core::player::{self, Picture};
use cuelight_core::units::Millis;
use cuelight_core::{presenter, state_machine};

use super::{Event, Performer, Told};
use crate::halves;

impl Performer {
    /// Carries out what the presenter decided.
    pub(super) fn present(&self, effect: presenter::Effect) {
        use presenter::Effect;
        match effect {
            Effect::Clip(ticket, key) => {
                let event = {
                    let mut acting = self.acting.borrow_mut();
                    acting.owed = None;
                    let once = acting.current.as_ref().is_some_and(|current| {
                        current.play == Play::Once
                            && (current.key == key || current.draft.as_ref() == Some(&key))
                    });
                    match acting.number(&key) {
                        Some(id) => {
                            let picture = if once { Picture::Once(id) } else { Picture::Loop(id) };
                            let within = acting.options.max_delay;
                            Event::Player(player::Event::Show { ticket, picture, within })
                        }
                        None => Event::Presenter(presenter::Event::Lost(ticket)),
                    }
                };
                // At once: a staged clip is revealed in the task of its cue.
                self.take(event);
                #[cfg(feature = "game")]
                self.settle_unseen();
            }
            Effect::Better(ticket, key) => {
                let id = self.acting.borrow_mut().number(&key);
                if let Some(id) = id {
                    self.take(Event::Player(player::Event::Upgrade(ticket, id)));
                }
            }
            // Unless there is nothing that could stay.
            Effect::Placeholder(_) if self.keeps() => {}
            // The page's poster stays a moment longer; often the clip is there before what could draw is.
            Effect::Placeholder(ticket) if !halves::is_whole() => {
                self.acting.borrow_mut().owed = Some(ticket);
            }
            Effect::Placeholder(ticket) => {
                self.take(Event::Player(player::Event::show(ticket, Picture::Still)));
            }
            Effect::AskAgain(_) => {
                let (edge, wanted) = {
                    let mut acting = self.acting.borrow_mut();
                    let current = acting.current.as_ref();
                    let wanted = current.map(|current| (current.cue.clone(), current.priority));
                    let wanted = wanted.and_then(|(cue, priority)| Some((acting.find(&cue).ok()?, priority)));
                    (acting.edge.clone(), wanted)
                };
                if let Some((address, priority)) = wanted {
                    edge.want_again(&address, priority);
                }
            }
            Effect::WaitIsOver(ticket) => {
                let mut acting = self.acting.borrow_mut();
                if let Some(current) = acting.current.as_mut().filter(|current| current.ticket == ticket) {
                    current.wait_is_over = true;
                }
                let shown = acting.player.shown().filter(|(shown, _)| *shown == ticket);
                let told = shown.and_then(|(ticket, picture)| acting.told(ticket, picture, false));
                drop(acting);
                match told {
                    Some((shown, _)) => (self.tell)(Told::Settled { shown, ticket }),
                    None if self.keeps() => (self.tell)(Told::Kept(ticket)),
                    None => {}
                }
            }
            Effect::WakeAt(_) => {}
        }
    }

    /// Tells that clips have the background that they were not to have.
    pub(super) fn cannot_key(&self) {
        let detail = "The background of clips cannot be taken away now, because WebGL is missing or lost; \
                      they are shown with it.";
        (self.tell)(Told::Error { code: "keying_unavailable".into(), detail: detail.into() });
    }

    /// Whether a clip that is in sight is to stay until the one that was asked for is there.
    fn keeps(&self) -> bool {
        let acting = self.acting.borrow();
        acting.keeps && acting.player.shown().is_some()
    }

    /// Ends the wait for a clip that is at hand and is not painted, because the character has no slot.
    #[cfg(feature = "game")]
    pub(super) fn settle_unseen(&self) {
        let ticket = {
            let acting = self.acting.borrow();
            let unpainted = acting.unseen && acting.presenter.awaits().is_none();
            acting.current.as_ref().filter(|_| unpainted).map(|current| current.ticket)
        };
        if let Some(ticket) = ticket {
            self.present(presenter::Effect::WaitIsOver(ticket));
        }
    }

    /// Does what had to wait until everything was here.
    pub(super) fn catch_up(&self) {
        let owed = self.acting.borrow_mut().owed.take();
        if let Some(ticket) = owed {
            self.feed(Event::Player(player::Event::show(ticket, Picture::Still)));
        }
        self.foresee();
    }

    /// Carries out what the player decided.
    pub(super) fn play(&self, effect: player::Effect) {
        use player::Effect;
        match effect {
            Effect::Draw(surface, _) => {
                let svg = self.acting.borrow().placeholder();
                self.stage.draw(surface, &svg);
            }
            Effect::Load { surface, clip, middle } => {
                let clip = self.acting.borrow().clip(clip).cloned();
                match clip {
                    Some(clip) => self.stage.load(surface, clip, middle),
                    None => self.feed(Event::Player(player::Event::Broken(surface))),
                }
            }
            Effect::Rewind { surface, middle } => self.stage.rewind(surface, middle),
            Effect::Freeze(surface) => self.stage.freeze(surface),
            Effect::Raise(surface) => self.stage.put_above(surface),
            Effect::Reveal(surface, fade) => self.stage.reveal(surface, fade),
            Effect::Play { surface, looped } => self.stage.play(surface, looped),
            Effect::Pause(surface) => self.stage.pause(surface),
            Effect::Hide(surface) => self.stage.hide(surface),
            Effect::Release(place) => self.stage.release(place),
            Effect::Shown { ticket, picture, staged } => {
                let told = {
                    let mut acting = self.acting.borrow_mut();
                    let told = acting.told(ticket, picture, staged);
                    if let Some((shown, _)) = &told {
                        acting.last = (staged, Millis(shown.waited_ms));
                    }
                    told
                };
                if let Some((shown, settles)) = told {
                    (self.tell)(Told::Shown { shown, ticket, settles });
                    // From now on nobody waits for it to come.
                    halves::bring();
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
