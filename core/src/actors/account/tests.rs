//! The rules of an account, one sentence each. Every step goes through the persisted form.

use super::*;
use crate::operation::Operation;
use crate::problem::Code;
use crate::units::MicroUsd;

mod properties;

const GOLDEN: &str = include_str!("../../../tests/golden/actors/account.json");
/// 2026-03-31 at 22:00 UTC: two hours before a day and a month turn.
const EVENING: Millis = Millis(1_774_994_400_000);
const HOUR: Millis = Millis::seconds(3_600);
const DAY: Millis = Millis::seconds(24 * 3_600);

const LIMITS: Limits = Limits {
    daily: MicroUsd(10_000_000),
    monthly: MicroUsd(100_000_000),
    speculation_daily: MicroUsd(2_000_000),
    clips_per_month: 1_000,
    characters_per_hour: 3,
    regenerate_cooldown: DAY,
};

struct Bench {
    machine: Account,
    now: Millis,
    limits: Limits,
}

fn reservation(id: &str, amount: u64) -> Reservation {
    Reservation {
        id: id.into(),
        amount: MicroUsd(amount),
        speculative: false,
        model: "reel".into(),
        operation: Operation::StateClip,
        words: false,
    }
}

fn refusal(answer: Answer) -> Refusal {
    match answer {
        Answer::Refused(refusal) => refusal,
        Answer::Done => panic!("it was not refused"),
    }
}

impl Bench {
    fn new() -> Self {
        Self { machine: Account::default(), now: EVENING, limits: LIMITS }
    }

    fn on(&mut self, request: Request) -> Answer {
        let answer = self.machine.on(self.now, &self.limits, request);
        let stored = serde_json::to_string(&self.machine).unwrap();
        let read: Account = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, self.machine, "what is stored is what there is");
        self.machine = read;
        answer
    }

    fn reserve(&mut self, id: &str, amount: u64) -> Answer {
        self.on(Request::Reserve(reservation(id, amount)))
    }

    fn speculate(&mut self, id: &str, amount: u64) -> Answer {
        self.on(Request::Reserve(Reservation { speculative: true, ..reservation(id, amount) }))
    }

    fn close(&mut self, id: &str, spent: u64) {
        let closed = self.on(Request::Close { id: id.into(), spent: MicroUsd(spent) });
        assert_eq!(closed, Answer::Done);
    }

    fn create(&mut self, merchant: &str, character: &str) -> Answer {
        self.on(Request::CreateCharacter { merchant: merchant.into(), character: character.into() })
    }

    fn regenerate(&mut self, id: &str, state: &str) -> Answer {
        let (id, character, state) = (id.into(), "bolt".into(), state.into());
        self.on(Request::Regenerate { id, character, state })
    }

    fn wait(&mut self, span: Millis) {
        self.now = self.now + span;
    }

    fn usage(&self) -> Usage {
        self.machine.usage(self.now, &self.limits)
    }
}

/// Today and this month in micro-dollars, what is set aside, and for how many.
fn told(usage: &Usage) -> (u64, u64, u64, u32) {
    (usage.today.0, usage.month.0, usage.reserved.0, usage.reservations)
}

#[test]
fn what_is_stored_today_is_what_the_golden_file_holds() {
    let mut bench = Bench::new();
    assert_eq!(bench.speculate("key.1", 480_000), Answer::Done);
    assert_eq!(bench.reserve("key.2", 480_000), Answer::Done);
    assert_eq!(bench.reserve("key.3", 480_000), Answer::Done);
    bench.close("key.1", 400_000);
    bench.close("key.2", 0);
    bench.close("unknown.1", 70_000);
    assert_eq!(bench.create("shop", "bolt"), Answer::Done);
    assert_eq!(bench.regenerate("r1", "happy"), Answer::Done);
    let today = serde_json::json!({ "empty": Account::default(), "used": bench.machine });
    let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
    assert_eq!(today, golden, "{today:#}");
    let read: Account = serde_json::from_value(golden["used"].clone()).unwrap();
    assert_eq!(read, bench.machine);
}

#[test]
fn a_reservation_that_is_asked_for_again_is_one() {
    let mut bench = Bench::new();
    for _ in 0..100 {
        assert_eq!(bench.reserve("a.1", 3_000_000), Answer::Done);
    }
    assert_eq!(told(&bench.usage()), (0, 0, 3_000_000, 1));
}

#[test]
fn a_submission_is_paid_for_once_however_often_it_is_closed() {
    let mut bench = Bench::new();
    assert_eq!(bench.reserve("a.1", 480_000), Answer::Done);
    for spent in [400_000, 400_000, 0, 480_000] {
        bench.close("a.1", spent);
    }
    assert_eq!(told(&bench.usage()), (400_000, 400_000, 0, 0));
    assert_eq!(bench.usage().clips_this_month, 1);
    let line = &bench.usage().days[0];
    assert_eq!((line.paid, line.refunded, line.spent_micro_usd), (1, 0, MicroUsd(400_000)));
}

#[test]
fn a_reservation_that_comes_after_its_close_sets_nothing_aside() {
    let mut bench = Bench::new();
    bench.close("a.1", 0);
    assert_eq!(bench.reserve("a.1", 480_000), Answer::Done);
    assert_eq!(bench.usage(), Bench::new().usage());
}

#[test]
fn what_the_provider_charges_is_recorded_in_full_even_above_the_limit() {
    let mut bench = Bench::new();
    assert_eq!(bench.reserve("a.1", 9_000_000), Answer::Done);
    bench.close("a.1", 11_000_000);
    assert_eq!(told(&bench.usage()), (11_000_000, 11_000_000, 0, 0));
    assert_eq!(refusal(bench.reserve("a.2", 1)).code, Code::BudgetExceeded);
}

#[test]
fn money_that_was_spent_without_a_reservation_is_in_the_ledger_once() {
    let mut bench = Bench::new();
    bench.close("lost.1", 250_000);
    bench.close("lost.1", 250_000);
    bench.close("lost.2", 0);
    assert_eq!(told(&bench.usage()), (250_000, 250_000, 0, 0));
    let lines = bench.usage().days;
    assert_eq!(lines.len(), 1, "a refund of nothing is nothing");
    assert_eq!((lines[0].model.as_str(), lines[0].operation, lines[0].paid), (UNATTRIBUTED, None, 1));
}

#[test]
fn a_used_up_day_says_what_is_spent_and_when_it_renews() {
    let mut bench = Bench::new();
    assert_eq!(bench.reserve("a.1", 6_000_000), Answer::Done);
    bench.close("a.1", 6_000_000);
    assert_eq!(bench.reserve("a.2", 3_500_000), Answer::Done);
    let refused = refusal(bench.reserve("a.3", 500_001));
    assert_eq!((refused.code, refused.retry_after), (Code::BudgetExceeded, Millis(2 * HOUR.0)));
    assert_eq!(
        refused.detail,
        "The daily budget is $10.00: $6.00 are spent, $3.50 are set aside for clips on their way, and this \
         one may cost $0.500001. It renews on 2026-04-01 at 00:00 UTC."
    );
    assert_eq!(bench.reserve("a.3", 500_000), Answer::Done, "to the last micro-dollar");
    bench.wait(Millis(2 * HOUR.0));
    assert_eq!(told(&bench.usage()), (0, 0, 4_000_000, 2), "the month turned too; the open ones stay");
}

#[test]
fn a_used_up_month_waits_for_the_next_one() {
    let mut bench = Bench::new();
    bench.wait(DAY);
    bench.close("a.1", 100_000_000);
    bench.wait(DAY);
    let refused = refusal(bench.reserve("a.2", 1));
    assert!(refused.detail.starts_with("The monthly budget is $100.00"), "{}", refused.detail);
    assert!(refused.detail.ends_with("It renews on 2026-05-01 at 00:00 UTC."), "{}", refused.detail);
    bench.wait(Millis(refused.retry_after.0 - 1));
    assert_eq!(refusal(bench.reserve("a.2", 1)).retry_after, Millis(1));
    bench.wait(Millis(1));
    assert_eq!(bench.reserve("a.2", 1), Answer::Done);
}

#[test]
fn a_clip_that_fits_no_budget_is_told_so() {
    let refused = refusal(Bench::new().reserve("a.1", 10_000_001));
    assert!(refused.detail.contains("more than the whole daily budget of $10.00"), "{}", refused.detail);
    let beyond_counting = refusal(Bench::new().reserve("a.1", u64::MAX));
    assert_eq!(beyond_counting.code, Code::BudgetExceeded);
}

#[test]
fn speculation_ends_before_the_day_does() {
    let mut bench = Bench::new();
    assert_eq!(bench.speculate("a.1", 1_500_000), Answer::Done);
    let refused = refusal(bench.speculate("a.2", 600_000));
    assert!(refused.detail.starts_with("The daily speculation budget is $2.00"), "{}", refused.detail);
    assert_eq!(bench.reserve("a.3", 600_000), Answer::Done, "what somebody waits for is none of it");
    bench.close("a.1", 1_500_000);
    bench.close("a.3", 600_000);
    assert_eq!(refusal(bench.speculate("a.2", 600_000)).code, Code::BudgetExceeded);
    assert_eq!(bench.usage().speculation_today, MicroUsd(1_500_000));
    assert_eq!(bench.usage().today, MicroUsd(2_100_000));
    bench.wait(Millis(2 * HOUR.0));
    assert_eq!(bench.speculate("a.2", 2_000_000), Answer::Done);
}

#[test]
fn a_speculation_that_somebody_waits_for_by_now_is_none_any_more() {
    let mut bench = Bench::new();
    assert_eq!(bench.speculate("a.1", 2_000_000), Answer::Done);
    assert_eq!(bench.reserve("a.1", 2_000_000), Answer::Done);
    assert_eq!(bench.speculate("a.1", 2_000_000), Answer::Done, "a late duplicate demotes nothing");
    bench.close("a.1", 2_000_000);
    assert_eq!(bench.usage().speculation_today, MicroUsd(0));
    assert_eq!(bench.speculate("a.2", 2_000_000), Answer::Done);
}

#[test]
fn a_plan_counts_the_clips_that_were_paid_for_and_those_on_their_way() {
    let mut bench = Bench::new();
    bench.limits.clips_per_month = 3;
    for id in ["a.1", "a.2", "a.3"] {
        assert_eq!(bench.reserve(id, 1_000), Answer::Done);
    }
    bench.close("a.1", 1_000);
    let refused = refusal(bench.reserve("a.4", 1_000));
    assert_eq!((refused.code, refused.retry_after), (Code::QuotaExceeded, Millis(2 * HOUR.0)));
    assert_eq!(
        refused.detail,
        "The plan includes 3 clips a month: 1 were generated, 2 are on their way. It renews on 2026-04-01 \
         at 00:00 UTC."
    );
    bench.close("a.2", 0);
    assert_eq!(bench.reserve("a.4", 1_000), Answer::Done, "a refund counts no clip");
}

#[test]
fn words_are_paid_for_and_are_no_clip_of_the_plan() {
    let mut bench = Bench::new();
    bench.limits.clips_per_month = 1;
    let words = |id: &str| Reservation { words: true, model: "scribe".into(), ..reservation(id, 1_000) };
    assert_eq!(bench.on(Request::Reserve(words("w.1"))), Answer::Done);
    assert_eq!(bench.reserve("a.1", 1_000), Answer::Done, "words leave room for a clip");
    bench.close("w.1", 300);
    bench.close("a.1", 1_000);
    assert_eq!(bench.on(Request::Reserve(words("w.2"))), Answer::Done, "a full plan refuses no words");
    let usage = bench.machine.usage(bench.now, &bench.limits);
    assert_eq!((usage.reservations, usage.reserved), (0, MicroUsd(1_000)), "no clip is on its way");
    assert_eq!((usage.today, usage.clips_this_month), (MicroUsd(1_300), 1));
    let line = usage.days.iter().find(|line| line.model == "scribe").unwrap();
    assert_eq!((line.operation, line.paid, line.spent_micro_usd), (None, 1, MicroUsd(300)));
    bench.now = bench.now + ABANDONED_WORDS + Millis(1);
    let usage = bench.machine.usage(bench.now, &bench.limits);
    assert_eq!(usage.reserved, MicroUsd(0), "nobody writes for so long");
}

#[test]
fn no_more_is_on_its_way_than_can_be_stored() {
    let mut machine = Account::default();
    let limits = Limits { clips_per_month: u32::MAX, ..LIMITS };
    for n in 0..MAX_OPEN {
        let request = Request::Reserve(reservation(&format!("a.{n}"), 1));
        assert_eq!(machine.on(EVENING, &limits, request), Answer::Done);
    }
    let refused = refusal(machine.on(EVENING, &limits, Request::Reserve(reservation("b.1", 1))));
    assert_eq!((refused.code, refused.retry_after), (Code::RateLimited, Millis(60_000)));
}

#[test]
fn money_that_was_set_aside_for_a_submission_that_died_is_free_after_two_days() {
    let mut bench = Bench::new();
    assert_eq!(bench.reserve("dead.1", 10_000_000), Answer::Done);
    bench.wait(ABANDONED);
    assert_eq!(refusal(bench.reserve("a.1", 1)).code, Code::BudgetExceeded);
    bench.wait(Millis(1));
    assert_eq!(told(&bench.usage()), (0, 0, 0, 0));
    assert_eq!(bench.reserve("a.1", 10_000_000), Answer::Done);
    bench.close("dead.1", 480_000);
    assert_eq!(told(&bench.usage()), (480_000, 480_000, 10_000_000, 1), "should it be charged yet");
}

#[test]
fn a_clock_that_goes_back_reopens_no_budget_and_loses_no_money() {
    let mut bench = Bench::new();
    assert_eq!(bench.reserve("a.1", 10_000_000), Answer::Done);
    bench.close("a.1", 9_000_000);
    bench.wait(Millis(2 * HOUR.0));
    assert_eq!(bench.reserve("a.2", 8_000_000), Answer::Done);
    bench.now = EVENING;
    bench.close("a.2", 8_000_000);
    assert_eq!(told(&bench.usage()), (8_000_000, 8_000_000, 0, 0), "it is the new day's still");
    let refused = refusal(bench.reserve("a.3", 2_000_001));
    assert_eq!(refused.retry_after, Millis(2 * HOUR.0 + DAY.0), "the day after the new one");
    let days: Vec<_> = bench.usage().days.into_iter().map(|line| line.day).collect();
    assert_eq!(days, ["2026-04-01", "2026-03-31"]);
}

#[test]
fn a_merchant_makes_so_many_characters_in_any_hour() {
    let mut bench = Bench::new();
    for (n, character) in ["a", "b", "c"].into_iter().enumerate() {
        assert_eq!(bench.create("shop", character), Answer::Done);
        assert_eq!(bench.create("shop", character), Answer::Done, "the {n}th is counted once");
        bench.wait(Millis::seconds(60));
    }
    let refused = refusal(bench.create("shop", "d"));
    assert_eq!((refused.code, refused.retry_after), (Code::RateLimited, Millis::seconds(57 * 60)));
    assert_eq!(
        refused.detail,
        "At most 3 characters may be made in an hour by a merchant. Ask again in 57 minutes."
    );
    assert_eq!(bench.create("other shop", "d"), Answer::Done);
    bench.wait(refused.retry_after);
    assert_eq!(bench.create("shop", "d"), Answer::Done);
    assert_eq!(refusal(bench.create("shop", "e")).retry_after, Millis::seconds(60));
    bench.limits.characters_per_hour = 0;
    assert_eq!(refusal(bench.create("third shop", "a")).retry_after, HOUR);
}

#[test]
fn merchants_are_forgotten_after_their_hour_and_never_too_many() {
    let mut bench = Bench::new();
    for n in 0..creation::MOST {
        let request = Request::CreateCharacter { merchant: format!("shop {n}"), character: "a".into() };
        assert_eq!(bench.machine.on(bench.now, &LIMITS, request), Answer::Done);
    }
    bench.wait(Millis::seconds(600));
    let refused = refusal(bench.create("one more", "a"));
    assert_eq!((refused.code, refused.retry_after), (Code::RateLimited, Millis::seconds(3_000)));
    bench.wait(refused.retry_after);
    assert_eq!(bench.create("one more", "a"), Answer::Done);
    assert!(!serde_json::to_string(&bench.machine).unwrap().contains("shop 7"));
}

#[test]
fn a_state_is_made_anew_once_in_a_cooldown() {
    let mut bench = Bench::new();
    assert_eq!(bench.regenerate("r1", "happy"), Answer::Done);
    bench.wait(Millis(HOUR.0 / 2));
    assert_eq!(bench.regenerate("r1", "happy"), Answer::Done, "it is not refused by itself");
    assert_eq!(bench.regenerate("r2", "sad"), Answer::Done);
    let refused = refusal(bench.regenerate("r3", "happy"));
    assert_eq!((refused.code, refused.retry_after), (Code::CooldownActive, Millis(DAY.0 - HOUR.0 / 2)));
    assert_eq!(
        refused.detail,
        "A state may be made anew once in 24 hours. This one was, and may be again in 23 hours 30 minutes."
    );
    bench.wait(refused.retry_after);
    assert_eq!(bench.regenerate("r3", "happy"), Answer::Done);
    assert_eq!(refusal(bench.regenerate("r4", "sad")).retry_after, Millis(HOUR.0 / 2));
}

#[test]
fn a_cooldown_that_was_shortened_ends_at_once() {
    let mut bench = Bench::new();
    assert_eq!(bench.regenerate("r1", "happy"), Answer::Done);
    bench.wait(HOUR);
    bench.limits.regenerate_cooldown = HOUR;
    assert_eq!(bench.regenerate("r2", "happy"), Answer::Done);
}

#[test]
fn cooldowns_are_never_too_many() {
    let mut machine = Account::default();
    let regenerate = |n: usize| {
        let (character, state) = (format!("c{n}"), "happy".into());
        Request::Regenerate { id: format!("r{n}"), character, state }
    };
    for n in 0..cooldown::MOST {
        assert_eq!(machine.on(EVENING, &LIMITS, regenerate(n)), Answer::Done);
    }
    let refused = refusal(machine.on(EVENING + HOUR, &LIMITS, regenerate(cooldown::MOST)));
    assert_eq!((refused.code, refused.retry_after), (Code::RateLimited, Millis(DAY.0 - HOUR.0)));
    assert_eq!(machine.on(EVENING + DAY, &LIMITS, regenerate(cooldown::MOST)), Answer::Done);
}
