//! How a character comes to the states and rules that its page gives it. They are read and checked in one
//! function that nothing else calls: a page without any need not have it.

use std::rc::Rc;

use cuelight_core::catalog::Tier;
use cuelight_core::state_machine::{self, Config, ConfigError, StateMachine};

use super::{Performer, Told};
use crate::address::AddressBook;
use crate::js_value::Given;

impl Performer {
    /// Follows what the options say, or the built-in rules where they say nothing or nothing usable,
    /// which is told. Whether that is something else than before; a wake-up then brings the state of rest.
    pub(crate) fn take_rules(&self) -> bool {
        let (rules, tier) = {
            let acting = self.acting.borrow();
            (acting.options.rules.clone(), acting.options.tier)
        };
        let (config, refused) = read(rules.as_deref(), tier, &self.config());
        if let Some((code, detail)) = refused {
            (self.tell)(Told::Error { code: code.to_owned(), detail });
        }
        let Some(config) = config else { return false };
        let mut acting = self.acting.borrow_mut();
        // A state may be shown by another clip now.
        acting.addresses = AddressBook::default();
        acting.drafts = AddressBook::default();
        if acting.current.is_some() {
            acting.machine.follow(config);
        } else {
            acting.machine = StateMachine::with(config, tier);
        }
        true
    }

    /// The states and rules that the character follows.
    pub(crate) fn config(&self) -> Rc<Config> {
        self.acting.borrow().machine.config().clone()
    }
}

/// A code, and a sentence for the person who wrote the page.
type Refused = (&'static str, String);

/// Reads what a page wrote, and checks that it cannot trap the character. What to follow, unless that is
/// what is `known`; and why it is not what the page wrote.
#[inline(never)]
fn read(text: Option<&str>, tier: Tier, known: &Config) -> (Option<Rc<Config>>, Option<Refused>) {
    let refused =
        |code, what: &str| (code, format!("The rules are refused, and the built-in ones apply: {what}."));
    let read = text.map_or_else(
        || Ok(Rc::default()),
        |text| {
            let given = Given::parse(text).ok_or_else(|| refused(ConfigError::CODE, "they are no JSON"))?;
            let loaded = state_machine::load(given, tier);
            loaded.map_err(|refusal| refused(refusal.code(), &refusal.to_string()))
        },
    );
    let (config, why) = match read {
        Ok(config) => (config, None),
        Err(why) => (Rc::default(), Some(why)),
    };
    (Some(config).filter(|config| **config != *known), why)
}
