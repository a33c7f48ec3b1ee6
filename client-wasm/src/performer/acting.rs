//! What a character has in hand: its machines, what was asked for last, what is loaded and shown.
//! Answers questions about them; carries nothing out.

use std::rc::Rc;

use cuelight_core::cache_key::CacheKey;
use cuelight_core::catalog::{Play, StateDef};
use cuelight_core::character::Look;
use cuelight_core::cue::Cue;
use cuelight_core::operation::own::{self, Sharing};
use cuelight_core::placeholder;
use cuelight_core::player::{ClipId, Picture, Player, SLOTS, Seam, Ticket};
use cuelight_core::predictor::Predictor;
use cuelight_core::presenter::Presenter;
use cuelight_core::state_machine::StateMachine;
use cuelight_core::supply::Origin;
use cuelight_core::units::Millis;
use wasm_bindgen::JsValue;

use crate::address::{Address, AddressBook};
use crate::browser;
use crate::edge::{Clip, Edge};
use crate::js_value::{list, object, set};
use crate::memory;
use crate::options::Options;
use crate::token::Token;

/// What is on screen, as a page is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    pub(crate) kind: &'static str,
    pub(crate) key: CacheKey,
    pub(crate) from: &'static str,
    pub(crate) waited_ms: u64,
    pub(crate) cue: String,
    /// It had been waiting on its painted first frame.
    pub(crate) staged: bool,
}

/// The preset that is made soonest.
const QUICKEST: &str = "realtime";

impl Shown {
    /// As the page is told.
    pub(crate) fn as_js(&self) -> JsValue {
        // A wait is far below 2^53 ms.
        #[allow(clippy::cast_precision_loss)]
        let waited = self.waited_ms as f64;
        object(&[
            ("kind", self.kind.into()),
            ("key", self.key.as_str().into()),
            ("from", self.from.into()),
            ("waitedMs", waited.into()),
            ("cue", self.cue.as_str().into()),
            ("staged", self.staged.into()),
        ])
    }
}

/// A clip that is loaded or shown: pinned as long as it is.
pub(super) struct Held {
    pub(super) clip: Rc<Clip>,
    pub(super) edge: Rc<Edge>,
}

impl Held {
    pub(super) fn new(edge: &Rc<Edge>, clip: Rc<Clip>) -> Self {
        edge.pin(&clip.key);
        Self { clip, edge: edge.clone() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.edge.unpin(&self.clip.key);
    }
}

/// What was asked for last.
pub(super) struct Current {
    pub(super) ticket: Ticket,
    pub(super) cue: Cue,
    pub(super) key: CacheKey,
    /// The same in the quickest preset, where that is shown first.
    pub(super) draft: Option<CacheKey>,
    pub(super) play: Play,
    pub(super) since: Millis,
    /// Where the clip was; known once it is at hand.
    pub(super) origin: Option<Origin>,
    pub(super) wait_is_over: bool,
    pub(super) look: Look,
    /// How urgent a job for it is, 0 to 20; the edge's own idea when nobody said.
    pub(super) priority: Option<u8>,
}

pub(super) struct Acting {
    pub(super) options: Options,
    /// The token that this character last showed its edge.
    pub(super) token: Option<Token>,
    pub(super) edge: Rc<Edge>,
    pub(super) machine: StateMachine,
    pub(super) presenter: Presenter,
    pub(super) player: Player,
    /// Made when it is used first.
    pub(super) predictor: Option<Predictor>,
    /// What was asked for since it learned last.
    pub(super) unlearned: Vec<Cue>,
    pub(super) addresses: AddressBook,
    pub(super) tickets: u64,
    pub(super) current: Option<Current>,
    /// The clips that the player knows, by the numbers it knows them by.
    pub(super) clips: Vec<(ClipId, Held)>,
    pub(super) next_clip: u32,
    /// Addresses in the quickest preset, where clips are shown in that first.
    pub(super) drafts: AddressBook,
    /// Whether what is shown had been staged, and how long it took.
    pub(super) last: (bool, Millis),
    /// The character itself changed, so what is on screen is somebody else.
    pub(super) stranger: bool,
    /// A placeholder that could not be drawn yet, because not everything is here.
    pub(super) owed: Option<Ticket>,
    /// While the clip is on its way, what is there stays: no placeholder is drawn over it.
    pub(super) keeps: bool,
    /// While the clip is on its way, a reaction that comes close stands in.
    #[cfg(feature = "game")]
    pub(super) close: bool,
    /// It has no slot: no clip is painted.
    #[cfg(feature = "game")]
    pub(super) unseen: bool,
}

impl Acting {
    /// The state that a cue names, if it does and there is one.
    fn def(&self, cue: &Cue) -> Option<&StateDef> {
        let Cue::State { state } = cue else { return None };
        self.machine.config().state(state)
    }

    /// Where the clip for `cue` is.
    ///
    /// # Errors
    /// What is wrong with the character's definition.
    pub(super) fn find(&mut self, cue: &Cue) -> Result<Address, String> {
        self.addresses.find(&self.options, self.machine.config(), cue)
    }

    /// What is drawn while the clip that was asked for last is not there.
    pub(super) fn placeholder(&self) -> String {
        let Some(Current { cue, look, .. }) = &self.current else { return String::new() };
        let stance = self.def(cue).map_or_else(|| placeholder::state_for(cue), own::stance);
        let svg = placeholder::svg(stance, look).unwrap_or_default();
        if self.player.is_paused() { placeholder::still(&svg) } else { svg }
    }

    /// Has the predictor learn from what was asked for since it did.
    pub(super) fn learn(&mut self) {
        let Self { predictor, options, unlearned, .. } = self;
        let predictor = predictor.get_or_insert_with(|| memory::recall(options));
        unlearned.drain(..).for_each(|cue| predictor.observe(&cue));
        memory::note(options, predictor);
    }

    /// What may follow, with addresses; `None` when nothing is to be done ahead of need.
    pub(super) fn likely(&mut self) -> Option<Vec<(Address, f64)>> {
        // What is for one request only cannot be there before it.
        if !self.options.predict || matches!(self.options.sharing, Sharing::Nobody(_)) {
            return None;
        }
        let guesses = self.predictor.as_ref()?.predict().into_iter();
        let within_plan = |cue: &Cue| match cue {
            Cue::State { .. } => self.def(cue).is_some_and(|def| def.tier <= self.options.tier),
            Cue::Reaction(_) => true,
        };
        let guesses: Vec<(Cue, f64)> = guesses.filter(|(cue, _)| within_plan(cue)).collect();
        let address = |(cue, p): (Cue, f64)| Some((self.find(&cue).ok()?, p));
        Some(guesses.into_iter().filter_map(address).collect())
    }

    /// What is on screen under this ticket, and whether that answers the request.
    pub(super) fn told(&self, ticket: Ticket, picture: Picture, staged: bool) -> Option<(Shown, bool)> {
        let current = self.current.as_ref().filter(|current| current.ticket == ticket)?;
        let waited_ms = browser::now().since(current.since).0;
        let clip = picture.clip().and_then(|id| self.clip(id));
        let shown = match clip {
            Some(clip) => {
                let key = clip.key;
                let own = key == current.key;
                let from = match current.origin {
                    Some(Origin::Made) if own => "generated",
                    Some(Origin::Edge) if own => "edge",
                    Some(Origin::Device) if own => "stored",
                    _ => "memory",
                };
                let known = self.addresses.cue_of(&key).or_else(|| self.drafts.cue_of(&key));
                let cue = known.unwrap_or(&current.cue).to_string();
                Shown { kind: "clip", key, from, waited_ms, cue, staged }
            }
            None => {
                let (key, cue) = (current.key, current.cue.to_string());
                Shown { kind: "placeholder", key, from: "placeholder", waited_ms, cue, staged }
            }
        };
        let settles = current.wait_is_over || (shown.kind == "clip" && shown.key == current.key);
        Some((shown, settles))
    }

    /// The address of the cue's clip in the quickest preset, if that is to be shown first.
    pub(super) fn draft(&mut self, cue: &Cue) -> Option<Address> {
        if !self.options.progressive || self.options.preset == QUICKEST {
            return None;
        }
        let options = Options { preset: QUICKEST.into(), ..self.options.clone() };
        self.drafts.find(&options, self.machine.config(), cue).ok()
    }

    /// The seam that the options ask for.
    pub(super) const fn seam(options: &Options) -> Seam {
        Seam::Crossfade(options.crossfade)
    }

    /// The clip behind a number.
    pub(super) fn clip(&self, id: ClipId) -> Option<&Rc<Clip>> {
        self.clips.iter().find(|(known, _)| *known == id).map(|(_, held)| &held.clip)
    }

    /// A number for a clip that is at hand.
    pub(super) fn number(&mut self, key: &CacheKey) -> Option<ClipId> {
        if let Some((id, _)) = self.clips.iter().find(|(_, held)| held.clip.key == *key) {
            return Some(*id);
        }
        let clip = self.edge.clip(key)?;
        self.next_clip = self.next_clip.wrapping_add(1);
        let id = ClipId(self.next_clip);
        self.clips.push((id, Held::new(&self.edge, clip)));
        Some(id)
    }

    /// Lets go of the clips that the player no longer holds.
    pub(super) fn prune(&mut self) {
        let player = &self.player;
        self.clips.retain(|(id, _)| player.holds(*id));
    }

    /// What may follow and is at hand, likeliest first: for the slots that are not in sight.
    pub(super) fn at_hand(&mut self, likely: &[(Address, f64)]) -> Vec<Picture> {
        let mut pictures = Vec::new();
        for (address, _) in likely {
            if pictures.len() + 1 < SLOTS
                && self.edge.has(&address.key)
                && let Some(id) = self.number(&address.key)
            {
                let cue = self.addresses.cue_of(&address.key);
                let def = cue.and_then(|cue| self.def(cue));
                pictures.push(if def.is_some_and(|def| def.play == Play::Once) {
                    Picture::Once(id)
                } else {
                    Picture::Loop(id)
                });
            }
        }
        pictures
    }

    /// The first clip of the state's fallback chain that is at hand, or the closest reaction that is, where
    /// the request wants one.
    pub(super) fn closest(&mut self, cue: &Cue) -> Option<CacheKey> {
        let state = match cue {
            Cue::State { state } => state,
            #[cfg(feature = "game")]
            Cue::Reaction(wanted) if self.close => {
                return self.addresses.closest(wanted, |key| self.edge.has(key));
            }
            Cue::Reaction(_) => return None,
        };
        let config = self.machine.config().clone();
        config.state(state)?.fallback.iter().find_map(|name| {
            let address = self.find(&Cue::state(name.as_str())).ok()?;
            self.edge.has(&address.key).then_some(address.key)
        })
    }

    /// What the client knows, for a panel; the cue is empty before anything was asked for.
    pub(super) fn stats(&mut self) -> JsValue {
        let guesses = self.predictor.as_ref().map(Predictor::predict).unwrap_or_default();
        let prediction = |(cue, probability): &(Cue, f64)| {
            let address = self.find(cue).ok()?;
            let ready = self.edge.has(&address.key);
            Some(object(&[
                ("cue", cue.to_string().into()),
                ("probability", (*probability).into()),
                ("ready", ready.into()),
            ]))
        };
        let predictions = list(guesses.iter().filter_map(prediction));
        let stats = self.edge.stats(|key| self.addresses.cue_of(key).map(ToString::to_string));
        let staged = list(self.player.staged().filter_map(|id| {
            let clip = self.clip(id)?;
            Some(self.addresses.cue_of(&clip.key)?.to_string().into())
        }));
        let clip = self.player.shown().is_some_and(|(_, picture)| picture != Picture::Still);
        let shown = self.player.shown().and_then(|(_, picture)| self.clip(picture.clip()?));
        let shown = shown
            .and_then(|clip| self.addresses.cue_of(&clip.key).or_else(|| self.drafts.cue_of(&clip.key)))
            .map(ToString::to_string);
        let cue = self.current.as_ref().map(|current| current.cue.to_string()).unwrap_or_default();
        set(&stats, "state", &self.machine.state().into());
        set(&stats, "cue", &cue.into());
        set(&stats, "shown", &shown.unwrap_or_default().into());
        set(&stats, "showing", &if clip { "clip" } else { "placeholder" }.into());
        // A wait is far below 2^53 ms, and so is the number of seams.
        #[allow(clippy::cast_precision_loss)]
        let player = object(&[
            ("slots", (self.player.slots() as f64).into()),
            ("staged", staged),
            ("lastStaged", self.last.0.into()),
            ("lastWaitedMs", (self.last.1.0 as f64).into()),
            ("seams", (self.player.seams() as f64).into()),
        ]);
        set(&stats, "player", &player);
        set(&stats, "predictions", &predictions);
        stats
    }
}
