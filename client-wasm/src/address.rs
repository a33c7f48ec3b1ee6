//! From a cue to a clip's address, and to the request that has it made: by core's own rules, so that the
//! browser's key and the edge's cannot differ.

use std::rc::Rc;

use cuelight_core::cache_key::CacheKey;
use cuelight_core::character::Look;
use cuelight_core::cue::Cue;
#[cfg(feature = "game")]
use cuelight_core::cue::Reaction;
use cuelight_core::operation::own::{self, Manner, Sharing, Who};
use cuelight_core::small_map::SmallMap;
use cuelight_core::state_machine::Config;
use cuelight_core::units::Millis;

use crate::js_value::BrowserLetters;
use crate::options::Options;

/// A cue with its address.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) key: CacheKey,
    pub(crate) look: Look,
    pub(crate) wish: Rc<Wish>,
}

/// What has to be said to have a clip made.
#[derive(Debug)]
pub(crate) struct Wish {
    who: Who,
    cue: Cue,
    /// How long the clip is, where that is not what is usual.
    duration: Option<Millis>,
    preset: String,
    sharing: Sharing,
}

impl Wish {
    /// Whether the same clip may be wanted again.
    pub(crate) const fn recurs(&self) -> bool {
        !matches!(self.sharing, Sharing::Nobody(_))
    }

    /// The body of `POST /jobs`.
    pub(crate) fn body(&self, manner: Manner) -> String {
        own::body(&self.who, &self.cue, self.duration, &self.preset, &self.sharing, manner)
    }
}

/// Remembers the addresses of one character's cues.
#[derive(Debug, Default)]
pub(crate) struct AddressBook {
    known: SmallMap<(Cue, Sharing), Address>,
}

/// A long game has many cues; beyond this, addresses are computed anew.
const LARGEST: usize = 1_000;

impl AddressBook {
    /// The address of `cue`. The book is for these options and these states only.
    ///
    /// # Errors
    /// What is wrong with the character's definition, for the person who wrote it.
    pub(crate) fn find(&mut self, options: &Options, states: &Config, cue: &Cue) -> Result<Address, String> {
        let asked = (cue.clone(), options.sharing.clone());
        if let Some(found) = self.known.get(&asked) {
            return Ok(found.clone());
        }
        let who = options.character.clone()?;
        let state = match cue {
            Cue::State { state } => states.state(state),
            Cue::Reaction(_) => None,
        };
        let (shown_by, duration) =
            state.map_or_else(|| (cue.clone(), None), |state| own::shown_by(state, &BrowserLetters));
        let spec = own::clip(&who, &shown_by, duration, &options.preset, &BrowserLetters)?;
        let sharing = options.sharing.clone();
        let key = CacheKey::of(&options.tenant, &spec, &sharing.scope());
        let wish = Rc::new(Wish { who, cue: shown_by, duration, preset: options.preset.clone(), sharing });
        let address = Address { key, look: spec.character.look, wish };
        if self.known.len() >= LARGEST {
            self.known.clear();
        }
        self.known.insert(asked, address.clone());
        Ok(address)
    }

    /// The address of the reaction that comes closest to `wanted`, among those that are at hand.
    #[cfg(feature = "game")]
    pub(crate) fn closest(&self, wanted: &Reaction, at_hand: impl Fn(&CacheKey) -> bool) -> Option<CacheKey> {
        let reactions = self.known.iter().filter_map(|((cue, _), address)| match cue {
            Cue::Reaction(reaction) => Some((wanted.distance(reaction)?, address.key)),
            Cue::State { .. } => None,
        });
        reactions.filter(|(_, key)| at_hand(key)).min().map(|(_, key)| key)
    }

    /// The cue that has this key.
    pub(crate) fn cue_of(&self, key: &CacheKey) -> Option<&Cue> {
        self.known.iter().find(|(_, address)| address.key == *key).map(|((cue, _), _)| cue)
    }
}
