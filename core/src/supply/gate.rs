//! When the edge may be asked to make a clip: not while it limits this page, not while the money is
//! used up, not while it wants another token. After any of these one request at a time tries, so
//! that a page with much to ask for is refused once a pause and not once a clip.

use crate::units::Millis;

/// A pause that the server asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Until then nothing is asked for.
    pub until: Millis,
    /// Why: a stable code.
    pub code: String,
}

/// A token that is wanted.
#[derive(Debug, Clone)]
struct Need {
    told: Millis,
    code: String,
    detail: String,
}

/// Whether requests may go out.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate {
    pause: Option<Pause>,
    no_guesses: Option<Millis>,
    need: Option<Need>,
    careful: bool,
}

/// A pause of which the server did not say how long it is.
const USUAL_PAUSE: Millis = Millis::seconds(5);
/// The pause after the money was used up, if the server did not say how long it is.
const USUAL_SPENT: Millis = Millis::seconds(300);
/// No pause is longer: a slip of the server must not silence a page for a year.
const LONGEST_PAUSE: Millis = Millis::seconds(24 * 3_600);
/// Guesses rest for this much longer, so that what is really asked for finds room first.
const GUESSES_REST: Millis = Millis::seconds(30);
/// A page that did not bring a token is told again, by a new wish, after this long.
const TELL_AGAIN: Millis = Millis::seconds(30);

impl Gate {
    /// Time has passed.
    pub(super) fn tick(&mut self, now: Millis) {
        self.pause.take_if(|pause| pause.until <= now);
        self.no_guesses.take_if(|until| *until <= now);
    }

    /// Whether a request may go out, while so many are under way.
    pub(super) const fn admits(&self, under_way: usize) -> bool {
        self.pause.is_none() && self.need.is_none() && !(self.careful && under_way > 0)
    }

    /// Whether a guess may be made.
    pub(super) const fn admits_guesses(&self) -> bool {
        self.pause.is_none() && self.need.is_none() && self.no_guesses.is_none() && !self.careful
    }

    /// Whether the server wants another token.
    pub(super) const fn needs_token(&self) -> bool {
        self.need.is_some()
    }

    /// The pause that the server asked for.
    pub(super) const fn pause(&self) -> Option<&Pause> {
        self.pause.as_ref()
    }

    /// When time alone will change something.
    pub(super) fn next_wake(&self) -> Option<Millis> {
        [self.pause.as_ref().map(|pause| pause.until), self.no_guesses].into_iter().flatten().min()
    }

    /// Nothing waits and nothing is under way: the next requests may go out together again.
    pub(super) const fn at_rest(&mut self) {
        self.careful = false;
    }

    /// The server limits what is asked for. Gives the end of the pause.
    pub(super) fn limit(&mut self, now: Millis, after: Option<Millis>, code: String) -> Millis {
        let until = self.close(now, after.unwrap_or(USUAL_PAUSE), code);
        self.no_guesses = self.no_guesses.max(Some(until + GUESSES_REST));
        until
    }

    /// The money is used up. Gives whether that is news.
    pub(super) fn spend(&mut self, now: Millis, after: Option<Millis>, code: String) -> bool {
        let known = self.pause.as_ref().is_some_and(|pause| pause.code == code);
        self.close(now, after.unwrap_or(USUAL_SPENT), code);
        !known
    }

    /// The money for guesses is used up; what is really asked for may have its own.
    pub(super) fn spend_guesses(&mut self, now: Millis, after: Option<Millis>) {
        let until = now + after.unwrap_or(USUAL_SPENT).min(LONGEST_PAUSE);
        self.no_guesses = self.no_guesses.max(Some(until));
    }

    fn close(&mut self, now: Millis, after: Millis, code: String) -> Millis {
        self.careful = true;
        let until = now + after.min(LONGEST_PAUSE);
        match &self.pause {
            // Of two pauses the longer one counts.
            Some(pause) if pause.until >= until => pause.until,
            _ => {
                self.pause = Some(Pause { until, code });
                until
            }
        }
    }

    /// The server wants another token. Gives whether that is news.
    pub(super) fn want_token(&mut self, now: Millis, code: String, detail: String) -> bool {
        self.careful = true;
        let news = self.need.is_none();
        if news {
            self.need = Some(Need { told: now, code, detail });
        }
        news
    }

    /// What to tell a page again that has not brought a token for long.
    pub(super) fn remind(&mut self, now: Millis) -> Option<(String, String)> {
        let need = self.need.as_mut().filter(|need| now.since(need.told) >= TELL_AGAIN)?;
        need.told = now;
        Some((need.code.clone(), need.detail.clone()))
    }

    /// Another token is there. Another token may have other limits and its own money, too.
    pub(super) fn new_token(&mut self) {
        self.need = None;
        self.pause = None;
        self.no_guesses = None;
    }
}
