//! What holds of an account whatever comes, in whatever order, how often and how late.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const MOST_AT_ONCE: u64 = 3_000_000;

#[derive(Debug, Clone)]
enum Step {
    Reserve {
        n: usize,
        amount: u64,
        speculative: bool,
    },
    Close {
        n: usize,
        spent: u64,
    },
    Wait(u64),
    /// Another machine's clock is behind, by less than an hour.
    Back(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0usize..40;
    prop_oneof![
        6 => (id.clone(), 0..MOST_AT_ONCE, any::<bool>())
            .prop_map(|(n, amount, speculative)| Step::Reserve { n, amount, speculative }),
        5 => (id, prop_oneof![Just(0), 1..MOST_AT_ONCE]).prop_map(|(n, spent)| Step::Close { n, spent }),
        // Mostly minutes, now and then a day or two.
        4 => (0u64..3_600_000).prop_map(Step::Wait),
        1 => (0u64..180_000_000).prop_map(Step::Wait),
        1 => (0u64..3_600_000).prop_map(Step::Back),
    ]
}

/// What the world outside knows: which submissions it closed, for how much, first of all. An id
/// names a submission for all time, so each id closed long ago gives way to a fresh one: only
/// what comes within the account's memory is a duplicate.
#[derive(Default)]
struct World {
    generation: BTreeMap<usize, (u32, Option<Millis>)>,
    bills: BTreeMap<String, u64>,
}

impl World {
    fn id(&mut self, n: usize, latest: Millis) -> String {
        let (generation, closed) = self.generation.entry(n).or_default();
        if closed.is_some_and(|at| latest.since(at) > Millis(closed::MEMORY.0 / 2)) {
            (*generation, *closed) = (*generation + 1, None);
        }
        format!("k{n}.{generation}")
    }

    fn closed(&mut self, n: usize, id: String, spent: u64, latest: Millis) {
        self.generation.entry(n).or_default().1.get_or_insert(latest);
        self.bills.entry(id).or_insert(spent);
    }
}

/// Of the days that begin with `of`: a date, or a month.
fn sum_of_lines(usage: &Usage, of: &str) -> u64 {
    let lines = usage.days.iter().filter(|line| line.day.starts_with(of));
    lines.map(|line| line.spent_micro_usd.0).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_grant_exceeds_a_limit_and_no_bill_is_lost_or_paid_twice(
        steps in prop::collection::vec(step(), 1..250),
        clips_per_month in prop_oneof![Just(1_000u32), 0u32..30],
    ) {
        let mut bench = Bench::new();
        bench.limits.clips_per_month = clips_per_month;
        let (mut world, mut latest, mut known) = (World::default(), bench.now, bench.now);
        for step in steps {
            let spoke = matches!(step, Step::Reserve { .. } | Step::Close { .. });
            match step {
                Step::Wait(span) => bench.now = latest + Millis(span),
                Step::Back(span) => bench.now = Millis(latest.0 - span),
                Step::Reserve { n, amount, speculative } => {
                    let id = world.id(n, latest);
                    let before = bench.usage();
                    let wanted = Reservation { speculative, ..reservation(&id, amount) };
                    let answer = bench.on(Request::Reserve(wanted));
                    let after = bench.usage();
                    if after.reservations > before.reservations {
                        prop_assert_eq!(&answer, &Answer::Done);
                        prop_assert_eq!(after.reserved, before.reserved + MicroUsd(amount));
                        prop_assert!(after.today + after.reserved <= LIMITS.daily);
                        prop_assert!(after.month + after.reserved <= LIMITS.monthly);
                        prop_assert!(after.clips_this_month + after.reservations <= clips_per_month);
                        if speculative {
                            let open = bench.machine.ledger.reserved_for_speculation(bench.now);
                            prop_assert!(after.speculation_today + open <= LIMITS.speculation_daily);
                        }
                    } else {
                        prop_assert_eq!(after, before, "a refusal and a repetition set nothing aside");
                    }
                }
                Step::Close { n, spent } => {
                    let id = world.id(n, latest);
                    bench.close(&id, spent);
                    world.closed(n, id, spent, latest);
                }
            }
            latest = latest.max(bench.now);
            if spoke {
                known = known.max(bench.now);
            }
            let usage = bench.usage();
            if latest.since(EVENING) < Millis((USAGE_DAYS - 1) * DAY.0) {
                prop_assert_eq!(sum_of_lines(&usage, ""), world.bills.values().sum::<u64>());
            }
            let day = day_told(known.max(bench.now));
            prop_assert_eq!(usage.today.0, sum_of_lines(&usage, &day));
            prop_assert_eq!(usage.month.0, sum_of_lines(&usage, &day[..7]));
        }
    }

    #[test]
    fn a_refund_restores_what_there_was(
        amount in 0..MOST_AT_ONCE,
        speculative: bool,
        others in prop::collection::vec((0..MOST_AT_ONCE, any::<bool>()), 0..6),
    ) {
        let mut bench = Bench::new();
        for (n, (amount, paid)) in others.into_iter().enumerate() {
            if bench.reserve(&format!("other.{n}"), amount) == Answer::Done && paid {
                bench.close(&format!("other.{n}"), amount);
            }
        }
        let before = bench.usage();
        let wanted = Reservation { speculative, model: "mine".into(), ..reservation("mine.1", amount) };
        let granted = bench.on(Request::Reserve(wanted)) == Answer::Done;
        bench.close("mine.1", 0);
        let mut after = bench.usage();
        let refunded = after.days.extract_if(.., |line| line.model == "mine").count();
        prop_assert_eq!(refunded, usize::from(granted));
        prop_assert_eq!(after, before);
    }
}

fn day_told(at: Millis) -> String {
    calendar::Date::of(calendar::day_of(at)).to_string()
}

/// As long as ours: a key of 32 characters, and the attempt.
fn id(n: usize) -> String {
    format!("{n:032}.1")
}

#[test]
fn an_account_that_is_full_in_every_part_is_below_a_megabyte() {
    let mut machine = Account::default();
    let limits = Limits { clips_per_month: u32::MAX, characters_per_hour: 10_000, ..LIMITS };
    let mut ask = |now, request| assert_eq!(machine.on(now, &limits, request), Answer::Done);
    let mut now = EVENING;
    let mut closed = 0;
    for _ in 0..USAGE_DAYS {
        for model in 0..8 {
            for operation in Operation::ALL {
                closed += 1;
                let model = format!("studio-character-{model}");
                let wanted = Reservation { model, operation, ..reservation(&id(closed), 4_800) };
                ask(now, Request::Reserve(wanted));
                ask(now, Request::Close { id: id(closed), spent: MicroUsd(4_800) });
            }
        }
        now = now + DAY;
    }
    let now = Millis(now.0 - DAY.0);
    for n in 0..MAX_OPEN {
        let model = "studio-character-1".into();
        ask(now, Request::Reserve(Reservation { model, ..reservation(&id(90_000 + n), 480) }));
    }
    for n in 0..2 * closed::MOST {
        ask(now, Request::Close { id: id(10_000 + n), spent: MicroUsd(0) });
    }
    for n in 0..creation::MOST {
        let (merchant, character) = (format!("merchant-{:06}", n / 3), format!("character-{n:010}"));
        ask(now, Request::CreateCharacter { merchant, character });
    }
    for n in 0..cooldown::MOST {
        let (character, state) = (format!("character-{n:010}"), "listening".into());
        ask(now, Request::Regenerate { id: id(n), character, state });
    }
    let usage = machine.usage(now, &limits);
    assert_eq!(
        (usage.days.len() as u64, usage.reservations as usize),
        (USAGE_DAYS * journal::MAX_LINES as u64, MAX_OPEN)
    );
    let json = serde_json::to_string(&machine).unwrap();
    assert!(json.len() < 1_000_000, "{} bytes", json.len());
    assert!(json.contains(&id(10_000 + closed::MOST)), "the newest closed ids are kept");
    assert!(!json.contains(&id(9_999 + closed::MOST)), "the oldest are forgotten first");
    let read: Account = serde_json::from_str(&json).unwrap();
    assert_eq!(read, machine);
}
