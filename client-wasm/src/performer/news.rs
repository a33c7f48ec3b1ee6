//! What a character makes of what its edge tells.

use cuelight_core::presenter;

use super::{Event, Performer, Told};
use crate::edge::{Listener, News};
use crate::halves;

impl Listener for Performer {
    fn hear(&self, news: &News) {
        if !matches!(news, News::AtHand { .. }) {
            // Without a clip everything else is needed.
            halves::bring();
        }
        match news {
            News::AtHand { key, origin } => {
                if let Some(current) = self.acting.borrow_mut().current.as_mut().filter(|c| c.key == *key) {
                    current.origin = Some(*origin);
                }
                self.feed(Event::Presenter(presenter::Event::AtHand(*key)));
                let likely = if halves::is_whole() { self.acting.borrow_mut().likely() } else { None };
                if let Some(likely) = likely.filter(|l| l.iter().any(|(address, _)| address.key == *key)) {
                    self.stage_the_likely(&likely);
                }
            }
            News::Far(key) => self.feed(Event::Presenter(presenter::Event::Far(*key))),
            News::Failed { key, code, detail } => {
                let awaited = self.acting.borrow().presenter.awaits() == Some(key);
                self.feed(Event::Presenter(presenter::Event::Failed(*key)));
                if awaited {
                    (self.tell)(Told::Error { code: code.clone(), detail: detail.clone() });
                }
            }
            News::Spent { code, detail } => {
                (self.tell)(Told::Error { code: code.clone(), detail: detail.clone() });
            }
            News::TokenNeeded { code, detail } => {
                (self.tell)(Told::TokenNeeded { code: code.clone(), detail: detail.clone() });
            }
            News::Reach(online) => (self.tell)(Told::Connection(*online)),
            News::Job { address, message } => {
                let mine = self.acting.borrow().addresses.cue_of(address).is_some();
                if mine {
                    (self.tell)(Told::Job(message.clone()));
                }
            }
        }
    }
}
