//! When the page's one socket is opened, resumed and closed: only while something is awaited, with
//! exponential backoff and jitter after a loss, and from the last event that was heard. Asked to
//! close, it stays closed.

use crate::units::Millis;

/// Where the socket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Not connected, and not trying.
    #[default]
    Closed,
    /// Trying, or waiting to try again.
    Connecting,
    /// Connected.
    Open,
}

/// What the link is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// Whether somebody awaits news.
    Needed(bool),
    /// The socket is open.
    Opened,
    /// The socket is gone, or could not be opened. `jitter` is a fresh random number from 0 to 1.
    Lost {
        /// From 0 to 1.
        jitter: f64,
    },
    /// What may have kept the socket from opening has changed: the page has another token.
    Retry,
    /// A numbered message came.
    Heard {
        /// Its number.
        seq: u64,
    },
    /// The time of the last [`Effect::WakeAt`] has come.
    Wake,
}

/// What the link asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Open a socket that replays what came after `since`.
    Connect {
        /// The last number heard; 0 for none.
        since: u64,
    },
    /// Close the socket.
    Close,
    /// Send [`Event::Wake`] at this time. Replaces an earlier one.
    WakeAt(Millis),
}

/// The life of one socket.
#[derive(Debug, Clone, Default)]
pub struct EdgeLink {
    state: State,
    needed: bool,
    failures: u32,
    since: u64,
    /// When the next try is, after a loss; none while one is under way.
    retry_at: Option<Millis>,
    /// When a socket that nobody needs is closed.
    close_at: Option<Millis>,
}

/// How long an idle socket is kept: the next cue often comes within it.
const LINGER: Millis = Millis::seconds(20);
/// The first pause after a loss; doubled each time.
const FIRST_PAUSE: u64 = 500;
/// The longest pause.
const LONGEST_PAUSE: u64 = 30_000;

impl EdgeLink {
    /// Where the socket stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// When time alone will change something.
    #[must_use]
    pub fn next_wake(&self) -> Option<Millis> {
        [self.retry_at, self.close_at].into_iter().flatten().min()
    }

    /// Takes an event at `now`.
    #[must_use]
    pub fn on(&mut self, now: Millis, event: Event) -> Vec<Effect> {
        match event {
            Event::Needed(true) => {
                self.needed = true;
                self.close_at = None;
                if self.state == State::Closed {
                    return self.connect();
                }
            }
            Event::Needed(false) => {
                if std::mem::replace(&mut self.needed, false) {
                    self.close_at = Some(now + LINGER);
                    return self.wake();
                }
            }
            Event::Opened if self.state == State::Connecting => {
                self.state = State::Open;
                self.failures = 0;
                self.close_at = (!self.needed).then(|| now + LINGER);
                return self.wake();
            }
            Event::Opened => {}
            Event::Lost { jitter } => {
                if self.state == State::Closed {
                    return Vec::new();
                }
                if !self.needed {
                    return self.rest();
                }
                self.state = State::Connecting;
                let pause = (FIRST_PAUSE << self.failures.min(6)).min(LONGEST_PAUSE);
                self.failures += 1;
                // Between half of the pause and all of it, so that a thousand pages do not return at once.
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    clippy::cast_precision_loss
                )]
                let pause = (pause as f64 * (0.5 + jitter.clamp(0.0, 1.0) / 2.0)) as u64;
                self.retry_at = Some(now + Millis(pause));
                return self.wake();
            }
            Event::Retry => {
                self.failures = 0;
                // Only if it waits to try again: a socket that is being opened is left alone.
                if self.needed && self.retry_at.is_some() {
                    return self.connect();
                }
            }
            Event::Heard { seq } => self.since = self.since.max(seq),
            Event::Wake => {
                if self.close_at.is_some_and(|at| at <= now) {
                    let _ = self.rest();
                    return vec![Effect::Close];
                }
                if self.retry_at.is_some_and(|at| at <= now) {
                    return if self.needed { self.connect() } else { self.rest() };
                }
            }
        }
        Vec::new()
    }

    fn connect(&mut self) -> Vec<Effect> {
        self.state = State::Connecting;
        self.retry_at = None;
        vec![Effect::Connect { since: self.since }]
    }

    /// There is no socket, and none is wanted.
    const fn rest(&mut self) -> Vec<Effect> {
        self.state = State::Closed;
        (self.retry_at, self.close_at) = (None, None);
        Vec::new()
    }

    fn wake(&self) -> Vec<Effect> {
        self.next_wake().map(Effect::WakeAt).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> EdgeLink {
        let mut link = EdgeLink::default();
        assert_eq!(link.on(Millis(0), Event::Needed(true)), [Effect::Connect { since: 0 }]);
        let _ = link.on(Millis(1), Event::Opened);
        link
    }

    #[test]
    fn a_lost_socket_is_resumed_from_the_last_event_heard() {
        let mut link = open();
        let _ = link.on(Millis(2), Event::Heard { seq: 7 });
        assert_eq!(link.on(Millis(10), Event::Lost { jitter: 1.0 }), [Effect::WakeAt(Millis(510))]);
        assert_eq!(link.on(Millis(510), Event::Wake), [Effect::Connect { since: 7 }]);
    }

    #[test]
    fn pauses_double_up_to_half_a_minute_and_start_over_after_success() {
        let mut link = open();
        let mut pauses = Vec::new();
        let mut now = Millis(0);
        for _ in 0..8 {
            let effects = link.on(now, Event::Lost { jitter: 1.0 });
            let [Effect::WakeAt(at)] = effects[..] else { panic!("{effects:?}") };
            pauses.push(at.since(now).0);
            now = at;
            let _ = link.on(now, Event::Wake);
        }
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        let _ = link.on(now, Event::Opened);
        assert_eq!(link.on(now, Event::Lost { jitter: 0.0 }), [Effect::WakeAt(now + Millis(250))]);
    }

    #[test]
    fn another_token_ends_the_pause_before_the_next_try() {
        let mut link = open();
        assert_eq!(link.on(Millis(2), Event::Retry), [], "an open socket stays");
        let _ = link.on(Millis(3), Event::Lost { jitter: 1.0 });
        assert_eq!(link.on(Millis(4), Event::Retry), [Effect::Connect { since: 0 }]);
        assert_eq!(link.on(Millis(5), Event::Retry), [], "it is being opened");
    }

    #[test]
    fn a_socket_nobody_needs_is_closed_after_a_while_and_stays_closed() {
        let mut link = open();
        assert_eq!(link.on(Millis(100), Event::Needed(false)), [Effect::WakeAt(Millis(20_100))]);
        assert_eq!(link.on(Millis(20_100), Event::Wake), [Effect::Close]);
        assert_eq!(link.on(Millis(20_101), Event::Lost { jitter: 0.5 }), [], "closing is not a loss");
        assert_eq!((link.state(), link.next_wake()), (State::Closed, None));
    }

    #[test]
    fn a_need_that_comes_back_keeps_the_socket() {
        let mut link = open();
        let _ = link.on(Millis(100), Event::Needed(false));
        assert_eq!(link.on(Millis(200), Event::Needed(true)), []);
        assert_eq!(link.on(Millis(20_100), Event::Wake), []);
        assert_eq!(link.state(), State::Open);
    }

    #[test]
    fn a_need_that_goes_and_comes_back_moves_neither_the_next_try_nor_one_that_is_under_way() {
        let mut link = open();
        assert_eq!(link.on(Millis(0), Event::Lost { jitter: 1.0 }), [Effect::WakeAt(Millis(500))]);
        let _ = link.on(Millis(100), Event::Needed(false));
        assert_eq!(link.on(Millis(200), Event::Needed(true)), []);
        assert_eq!(link.on(Millis(500), Event::Wake), [Effect::Connect { since: 0 }]);

        let _ = link.on(Millis(600), Event::Needed(false));
        assert_eq!(link.on(Millis(650), Event::Retry), [], "it is being opened");
        assert_eq!(link.on(Millis(700), Event::Needed(true)), []);
        assert_eq!(link.next_wake(), None);
        assert_eq!(link.on(Millis(20_600), Event::Wake), [], "it is being opened still");
    }

    #[test]
    fn a_lost_socket_that_nobody_needs_any_more_is_not_opened_again() {
        let mut link = open();
        let _ = link.on(Millis(0), Event::Lost { jitter: 1.0 });
        let _ = link.on(Millis(100), Event::Needed(false));
        assert_eq!(link.on(Millis(150), Event::Retry), []);
        assert_eq!(link.on(Millis(500), Event::Wake), []);
        assert_eq!((link.state(), link.next_wake()), (State::Closed, None));
        assert_eq!(link.on(Millis(600), Event::Needed(true)), [Effect::Connect { since: 0 }]);
    }
}
