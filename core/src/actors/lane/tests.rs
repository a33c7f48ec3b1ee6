//! The rules of a lane, one sentence each. Every step goes through the persisted form.

use super::*;
use crate::limiter::Rate;

const GOLDEN: &str = include_str!("../../../tests/golden/actors/lane.json");
const START: Millis = Millis(1_000_000);
const MINUTE: Millis = Millis::seconds(60);
const LIMITS: Limits = Limits { concurrency: 2, rate: Rate { count: 1_000, window: MINUTE } };
const ONE: Limits = Limits { concurrency: 1, ..LIMITS };

mod laws;

struct Bench {
    lane: Lane,
    limits: Limits,
    now: Millis,
}

fn bid(ticket: &str, priority: u8) -> Bid {
    let (ticket, holder) = (ticket.to_owned(), format!("key-of-{ticket}"));
    Bid { ticket, holder, priority, speculative: false, hold: MINUTE }
}

fn speculative(ticket: &str, priority: u8) -> Bid {
    Bid { speculative: true, ..bid(ticket, priority) }
}

fn grants(effects: &[Effect]) -> Vec<&str> {
    fn told(effect: &Effect) -> Option<&str> {
        if let Effect::Grant { ticket, .. } = effect { Some(ticket) } else { None }
    }
    effects.iter().filter_map(told).collect()
}

fn answer(effects: &[Effect]) -> Answer {
    let told = |e: &Effect| if let Effect::Answer(answer) = e { Some(answer.clone()) } else { None };
    effects.iter().find_map(told).expect("whoever asks is answered")
}

fn alarm(effects: &[Effect]) -> Option<Millis> {
    if let Some(Effect::SetAlarm(at)) = effects.first() { Some(*at) } else { None }
}

impl Bench {
    fn new(limits: Limits) -> Self {
        Self { lane: Lane::default(), limits, now: START }
    }

    fn on(&mut self, event: Event) -> Vec<Effect> {
        let effects = self.lane.on(self.now, &self.limits, event);
        let stored = serde_json::to_vec(&self.lane).unwrap();
        let read: Lane = serde_json::from_slice(&stored).unwrap();
        assert_eq!(read, self.lane);
        self.lane = read;
        effects
    }

    fn acquire(&mut self, bid: Bid) -> Vec<Effect> {
        self.on(Event::Asked(Request::Acquire(bid)))
    }

    fn ask(&mut self, bid: Bid) -> Answer {
        answer(&self.acquire(bid))
    }

    fn release(&mut self, ticket: &str, outcome: Outcome) -> Vec<Effect> {
        self.on(Event::Asked(Request::Release { ticket: ticket.to_owned(), outcome }))
    }

    /// Waits so long, and for the alarm.
    fn wait(&mut self, span: Millis) -> Vec<Effect> {
        self.now = self.now + span;
        self.on(Event::Alarm)
    }

    /// Grants and releases `n` submissions that end so.
    fn submit(&mut self, n: usize, name: &str, outcome: Outcome) {
        for i in 0..n {
            let ticket = format!("{name}-{i}");
            assert!(is_granted(&self.ask(bid(&ticket, 5))), "{ticket}");
            let _ = self.release(&ticket, outcome);
        }
    }

    fn breaker(&self) -> Breaker {
        self.lane.status(self.now).breaker
    }

    /// Fails until the breaker opens, and says when it will be half open.
    fn open(&mut self) -> Millis {
        self.submit(5, &format!("fails-at-{}", self.now), Outcome::Failed);
        assert_eq!(self.breaker(), Breaker::Open);
        self.lane.status(self.now).paused_until.unwrap()
    }
}

fn is_granted(answer: &Answer) -> bool {
    matches!(answer, Answer::Granted { .. })
}

fn ahead(answer: &Answer) -> Option<u32> {
    if let Answer::Waiting { ahead, .. } = answer { Some(*ahead) } else { None }
}

#[test]
fn what_is_stored_today_is_what_the_golden_file_holds() {
    let mut bench = Bench::new(LIMITS);
    let empty = bench.lane.clone();
    bench.submit(5, "fails", Outcome::Failed);
    bench.now = bench.lane.status(bench.now).paused_until.unwrap();
    for (n, again) in [bid("a", 5), speculative("b", 5), bid("c", 20), bid("d", 0)].into_iter().enumerate() {
        bench.now = bench.now + Millis(n as u64);
        let _ = bench.acquire(again);
    }
    let probing = bench.lane.clone();
    let _ = bench.release("a", Outcome::Throttled { retry_after: Some(MINUTE) });
    let _ = bench.on(Event::Drain(true));
    let today = serde_json::json!({ "empty": empty, "probing": probing, "drained": bench.lane });
    let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
    assert_eq!(today, golden, "{today:#}");
    for (name, lane) in [("empty", empty), ("probing", probing), ("drained", bench.lane)] {
        assert_eq!(serde_json::from_value::<Lane>(golden[name].clone()).unwrap(), lane, "{name}");
    }
}

#[test]
fn a_slot_is_leased_for_as_long_as_the_bid_holds_and_two_hours_at_most() {
    let mut bench = Bench::new(LIMITS);
    let first = bench.acquire(bid("a", 5));
    let until = START + MINUTE;
    assert_eq!(first, [Effect::SetAlarm(until), Effect::Answer(Answer::Granted { until })]);
    let day = Bid { hold: Millis::seconds(86_400), ..bid("b", 5) };
    assert_eq!(bench.ask(day), Answer::Granted { until: START + Millis::seconds(7_200) });
    assert_eq!(ahead(&bench.ask(bid("c", 20))), Some(0), "both slots are taken");
    assert_eq!(bench.lane.status(bench.now).leased, 2);
}

#[test]
fn what_a_dead_generation_held_goes_to_the_next_and_never_back() {
    let mut bench = Bench::new(ONE);
    let _ = bench.acquire(bid("dead", 5));
    let _ = bench.acquire(bid("next", 5));
    assert_eq!(grants(&bench.wait(Millis(59_999))), [""; 0]);
    let until = bench.now + Millis(1) + MINUTE;
    let grant = Effect::Grant { holder: "key-of-next".into(), ticket: "next".into(), until };
    assert_eq!(bench.wait(Millis(1)), [Effect::SetAlarm(until), grant]);
    assert_eq!(bench.ask(bid("dead", 20)), Answer::Released);
    assert_eq!(bench.breaker(), Breaker::Closed);
}

#[test]
fn asking_again_changes_nothing() {
    let mut bench = Bench::new(ONE);
    let granted = bench.ask(bid("a", 5));
    let waiting = bench.ask(bid("b", 5));
    bench.now = bench.now + Millis(500);
    let before = (bench.lane.leases.clone(), bench.lane.granted.clone());
    assert_eq!(bench.ask(bid("a", 5)), granted, "the same lease, not a longer one");
    assert_eq!(bench.ask(bid("b", 5)), waiting);
    assert_eq!((bench.lane.leases.clone(), bench.lane.granted.clone()), before);
    assert_eq!(bench.lane.status(bench.now).waiting, 1);
}

#[test]
fn a_ticket_that_was_released_is_never_granted_however_late_and_often_it_is_spoken_of() {
    let mut bench = Bench::new(ONE);
    let _ = bench.acquire(bid("a", 5));
    let _ = bench.acquire(bid("waits", 5));
    for ticket in ["a", "waits", "came-later-than-its-release"] {
        assert_eq!(answer(&bench.release(ticket, Outcome::Unknown)), Answer::Released);
        assert_eq!(answer(&bench.release(ticket, Outcome::Unknown)), Answer::Released);
        assert_eq!(bench.ask(bid(ticket, 20)), Answer::Released);
    }
    bench.now = bench.now + Millis::seconds(3_600);
    assert_eq!(bench.ask(bid("a", 5)), Answer::Released, "for an hour");
    assert!(is_granted(&bench.ask(bid("b", 5))));
}

#[test]
fn no_more_tickets_are_remembered_than_storage_has_room_for() {
    let mut lane = Lane::default();
    for n in 0..=spent::MAX_SPENT {
        let release = Request::Release { ticket: format!("t{n}"), outcome: Outcome::Unknown };
        let _ = lane.on(START, &LIMITS, Event::Asked(release));
    }
    let mut ask =
        |ticket: &str| answer(&lane.on(START, &LIMITS, Event::Asked(Request::Acquire(bid(ticket, 5)))));
    assert_eq!(ask("t1"), Answer::Released);
    assert!(is_granted(&ask("t0")), "the oldest is forgotten first");
}

#[test]
fn a_user_goes_before_what_is_made_ahead_of_need() {
    let mut bench = Bench::new(ONE);
    let _ = bench.acquire(bid("a", 5));
    let guess = bench.ask(speculative("guess", 20));
    assert_eq!(guess, Answer::Waiting { ahead: 0, ask_again: MINUTE });
    let user = bench.ask(bid("user", 0));
    assert_eq!(user, Answer::Waiting { ahead: 0, ask_again: Millis::seconds(20) });
    assert_eq!(ahead(&bench.ask(speculative("guess", 20))), Some(1));
    assert_eq!(grants(&bench.release("a", Outcome::Healthy)), ["user"]);
    assert_eq!(grants(&bench.release("user", Outcome::Healthy)), ["guess"]);
}

#[test]
fn a_bid_is_promoted_and_never_demoted() {
    let mut bench = Bench::new(ONE);
    let _ = bench.acquire(bid("a", 5));
    let _ = bench.acquire(speculative("guess", 3));
    let _ = bench.acquire(bid("user", 5));
    bench.now = bench.now + Millis::seconds(5);
    assert_eq!(ahead(&bench.ask(bid("guess", 3))), Some(1), "wanted, less urgently");
    assert_eq!(ahead(&bench.ask(speculative("guess", 6))), Some(0), "and now more urgently");
    assert_eq!(ahead(&bench.ask(speculative("guess", 0))), Some(0));
    let status = bench.lane.status(bench.now);
    assert_eq!((status.waiting, status.waiting_speculative), (2, 0));
}

#[test]
fn what_waited_as_a_guess_has_not_waited_as_a_wish() {
    let mut bench = Bench::new(ONE);
    let _ = bench.acquire(Bid { hold: Millis::seconds(3_000), ..bid("a", 5) });
    let _ = bench.acquire(speculative("guess", 5));
    bench.now = bench.now + Millis::seconds(300);
    let _ = bench.acquire(bid("user", 5));
    bench.now = bench.now + Millis(1);
    assert_eq!(ahead(&bench.ask(bid("guess", 5))), Some(1));
}

#[test]
fn ten_seconds_of_waiting_are_worth_a_step_of_priority() {
    let mut bench = Bench::new(ONE);
    let _ = bench.acquire(bid("a", 5));
    let _ = bench.acquire(bid("patient", 5));
    bench.now = bench.now + Millis(9_999);
    assert_eq!(ahead(&bench.ask(bid("sooner", 6))), Some(0));
    bench.now = bench.now + Millis(1);
    assert_eq!(ahead(&bench.ask(bid("later", 6))), Some(2), "equal, and the earlier goes first");
    assert_eq!(ahead(&bench.ask(bid("beyond", 255))), Some(0), "above the highest is the highest");
}

#[test]
fn a_bid_that_nobody_asks_for_any_more_is_dropped() {
    let mut bench = Bench::new(ONE);
    let hold = Millis::seconds(1_000);
    let _ = bench.acquire(Bid { hold, ..bid("a", 5) });
    let _ = bench.acquire(bid("forgotten", 20));
    let _ = bench.acquire(bid("kept", 0));
    bench.now = bench.now + Millis::seconds(300);
    let _ = bench.acquire(bid("kept", 0));
    bench.now = bench.now + Millis::seconds(301);
    assert_eq!(bench.lane.status(bench.now).waiting, 1);
    assert_eq!(grants(&bench.release("a", Outcome::Healthy)), ["kept"]);
    assert_eq!(bench.lane.status(bench.now).waiting, 0);
}

#[test]
fn a_full_queue_has_room_for_a_user_while_it_holds_a_guess() {
    let mut bench = Bench::new(ONE);
    let mut lane = Lane::default();
    let mut ask = |bid: Bid| answer(&lane.on(START, &ONE, Event::Asked(Request::Acquire(bid))));
    assert!(is_granted(&ask(bid("a", 5))));
    for n in 0..queue::MAX_WAITING - 2 {
        assert_eq!(ahead(&ask(bid(&format!("w{n}"), 5))), Some(u32::try_from(n).unwrap()));
    }
    let full = Answer::Full { retry_after: Millis::seconds(30) };
    assert!(ahead(&ask(speculative("first", 5))).is_some());
    assert!(ahead(&ask(speculative("last", 5))).is_some());
    assert_eq!(ask(speculative("third", 20)), full);
    assert_eq!(ahead(&ask(bid("user", 20))), Some(0));
    assert_eq!(ask(speculative("last", 5)), full, "it was pushed out");
    assert!(ahead(&ask(speculative("first", 5))).is_some());
    assert_eq!(ahead(&ask(bid("second-user", 20))), Some(1));
    assert_eq!(ask(bid("third-user", 20)), full, "no guess is left to make room");
    bench.lane = lane;
    // Read from storage: the order is the same.
    assert_eq!(grants(&bench.release("a", Outcome::Healthy)), ["user"]);
}

#[test]
fn the_fullest_lane_fits_in_a_row_of_storage() {
    let limits = Limits { concurrency: 1_000, rate: Rate { count: 10_000, window: MINUTE } };
    let (mut lane, now) = (Lane::default(), Millis(1_800_000_000_000));
    let mut ask = |request| drop(lane.on(now, &limits, Event::Asked(request)));
    for n in 0..spent::MAX_SPENT {
        ask(Request::Release { ticket: format!("{n:0>100}"), outcome: Outcome::Unknown });
    }
    for n in 0..1_000 + queue::MAX_WAITING {
        let holder = format!("{n:0>80}");
        ask(Request::Acquire(Bid { holder, ..speculative(&format!("wish{n:0>96}"), 20) }));
    }
    let status = lane.status(now);
    assert_eq!((status.leased, status.waiting_speculative), (1_000, 2_000));
    let bytes = serde_json::to_vec(&lane).unwrap().len();
    assert!(bytes < 1_500_000, "{bytes} bytes");
}

#[test]
fn the_rate_opens_by_itself() {
    let rate = Rate { count: 2, window: MINUTE };
    let mut bench = Bench::new(Limits { concurrency: 10, rate });
    bench.submit(2, "burst", Outcome::Healthy);
    let effects = bench.acquire(bid("a", 5));
    assert_eq!((alarm(&effects), ahead(&answer(&effects))), (Some(START + MINUTE), Some(0)));
    assert_eq!(grants(&bench.wait(MINUTE)), ["a"]);
}

#[test]
fn raised_limits_are_used_and_lowered_ones_take_nothing_back() {
    let mut bench = Bench::new(LIMITS);
    for ticket in ["a", "b", "c", "d"] {
        let _ = bench.acquire(bid(ticket, 5));
    }
    bench.limits.concurrency = 3;
    assert_eq!(grants(&bench.on(Event::Alarm)), ["c"]);
    bench.limits.concurrency = 1;
    let _ = bench.on(Event::Alarm);
    assert_eq!(bench.lane.status(bench.now).leased, 3);
    assert!(is_granted(&bench.ask(bid("c", 5))));
    for ticket in ["a", "b"] {
        assert_eq!(grants(&bench.release(ticket, Outcome::Healthy)), [""; 0]);
    }
    assert_eq!(grants(&bench.release("c", Outcome::Healthy)), ["d"]);
}

#[test]
fn limits_of_zero_stop_a_lane_and_set_no_alarm() {
    let rate = Rate { count: 0, window: MINUTE };
    for limits in [Limits { concurrency: 0, ..LIMITS }, Limits { rate, ..LIMITS }] {
        let mut bench = Bench::new(limits);
        let effects = bench.acquire(bid("a", 5));
        assert_eq!((alarm(&effects), ahead(&answer(&effects))), (None, Some(0)));
    }
}

#[test]
fn a_drained_lane_grants_nothing_until_it_is_told_to_go_on() {
    let mut bench = Bench::new(LIMITS);
    let _ = bench.acquire(bid("a", 5));
    let _ = bench.on(Event::Drain(true));
    assert_eq!(ahead(&bench.ask(bid("b", 20))), Some(0));
    let _ = bench.release("a", Outcome::Healthy);
    assert_eq!(bench.wait(MINUTE), [], "nothing is to happen by time");
    assert!(bench.lane.status(bench.now).drained);
    assert_eq!(grants(&bench.on(Event::Drain(false))), ["b"]);
}

#[test]
fn five_failures_in_a_row_open_the_breaker_and_four_do_not() {
    let mut bench = Bench::new(LIMITS);
    for _ in 0..3 {
        bench.submit(4, &format!("fails-at-{}", bench.now), Outcome::Failed);
        bench.submit(1, &format!("refused-at-{}", bench.now), Outcome::Unknown);
        bench.submit(1, &format!("works-at-{}", bench.now), Outcome::Healthy);
        bench.now = bench.now + Millis(1);
    }
    assert_eq!(bench.breaker(), Breaker::Closed);
    let until = bench.open();
    assert!((7_500..=15_000).contains(&until.since(bench.now).0), "{until}");
    let effects = bench.acquire(bid("a", 5));
    assert_eq!((alarm(&effects), ahead(&answer(&effects))), (Some(until), Some(0)));
    bench.now = until;
    assert_eq!(grants(&bench.on(Event::Alarm)), ["a"]);
}

#[test]
fn a_half_open_breaker_lets_one_probe_go_and_then_the_next() {
    let mut bench = Bench::new(LIMITS);
    bench.now = bench.open();
    for ticket in ["a", "b", "c", "d"] {
        let _ = bench.acquire(bid(ticket, 5));
    }
    assert_eq!((bench.breaker(), bench.lane.status(bench.now).leased), (Breaker::HalfOpen, 1));
    assert_eq!(grants(&bench.release("a", Outcome::Unknown)), ["b"], "it told nothing");
    assert_eq!(grants(&bench.wait(MINUTE)), ["c"], "its generation died");
    let pause = Outcome::Throttled { retry_after: Some(MINUTE) };
    assert_eq!(grants(&bench.release("c", pause)), [""; 0]);
    assert_eq!(bench.breaker(), Breaker::HalfOpen);
    assert_eq!(grants(&bench.wait(MINUTE)), ["d"]);
    let _ = bench.release("d", Outcome::Healthy);
    assert_eq!(bench.breaker(), Breaker::Closed);
    for ticket in ["e", "f"] {
        assert!(is_granted(&bench.ask(bid(ticket, 5))));
    }
}

#[test]
fn a_probe_that_fails_opens_the_breaker_for_longer_up_to_five_minutes() {
    let mut bench = Bench::new(LIMITS);
    bench.now = bench.open();
    for (n, full) in [30_000, 60_000, 120_000, 240_000, 300_000, 300_000].into_iter().enumerate() {
        bench.submit(1, &format!("probe-{n}"), Outcome::Failed);
        assert_eq!(bench.breaker(), Breaker::Open);
        let until = bench.lane.status(bench.now).paused_until.unwrap();
        assert!((full / 2..=full).contains(&until.since(bench.now).0), "{until} after probe {n}");
        bench.now = until;
    }
    bench.submit(1, "works", Outcome::Healthy);
    let until = bench.open();
    assert!(until.since(bench.now) <= Millis::seconds(15), "it begins anew");
}

#[test]
fn what_was_submitted_before_the_breaker_opened_is_not_listened_to() {
    let mut bench = Bench::new(Limits { concurrency: 10, ..LIMITS });
    for ticket in ["late-failure", "late-success", "later-failure", "latest-success"] {
        let _ = bench.acquire(Bid { hold: Millis::seconds(600), ..bid(ticket, 5) });
    }
    let until = bench.open();
    let _ = bench.release("late-failure", Outcome::Failed);
    let _ = bench.release("late-success", Outcome::Healthy);
    let status = bench.lane.status(bench.now);
    assert_eq!((status.breaker, status.paused_until), (Breaker::Open, Some(until)));
    bench.now = until;
    assert!(is_granted(&bench.ask(bid("probe", 5))));
    let _ = bench.release("later-failure", Outcome::Failed);
    let _ = bench.release("latest-success", Outcome::Healthy);
    assert_eq!(bench.breaker(), Breaker::HalfOpen);
}

#[test]
fn a_provider_that_throttles_is_left_alone_for_as_long_as_it_asks() {
    let asked = [(None, 5_000), (Some(Millis(7)), 7), (Some(Millis::seconds(86_400)), 600_000)];
    for (retry_after, pause) in asked {
        let mut bench = Bench::new(LIMITS);
        bench.submit(4, "fails", Outcome::Failed);
        bench.submit(1, "throttled", Outcome::Throttled { retry_after });
        let effects = bench.acquire(bid("a", 5));
        assert_eq!(alarm(&effects), Some(START + Millis(pause)));
        assert_eq!(bench.lane.status(bench.now).paused_until, Some(START + Millis(pause)));
        assert_eq!(bench.breaker(), Breaker::Closed);
        assert_eq!(grants(&bench.wait(Millis(pause))), ["a"]);
    }
}

#[test]
fn a_clock_that_ran_a_year_ahead_and_came_back_stops_nothing_for_long() {
    let mut bench = Bench::new(Limits { concurrency: 1, rate: Rate { count: 7, window: MINUTE } });
    bench.now = START + Millis::seconds(31_536_000);
    let _ = bench.open();
    let pause = Outcome::Throttled { retry_after: Some(MINUTE) };
    bench.now = bench.lane.status(bench.now).paused_until.unwrap();
    bench.submit(1, "throttled", pause);
    bench.now = bench.now + MINUTE;
    let _ = bench.acquire(bid("held", 5));
    let _ = bench.acquire(bid("waits", 0));
    bench.now = START;
    let _ = bench.acquire(bid("waits", 0));
    for _ in 0..150 {
        // What comes later is more urgent, and must not pass for ever.
        let urgent = format!("urgent-{}", bench.now.0);
        let _ = bench.acquire(bid(&urgent, 20));
        if is_granted(&bench.ask(bid("waits", 0))) {
            assert!(bench.now.since(START) <= Millis::seconds(7_500), "{}", bench.now);
            return;
        }
        let _ = bench.release(&urgent, Outcome::Healthy);
        bench.now = bench.now + MINUTE;
    }
    panic!("it was never granted");
}
