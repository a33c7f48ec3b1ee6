//! What a token's budget is spent on.

use super::*;

#[test]
fn a_token_spends_what_it_may_and_gets_back_what_was_not_spent() {
    let mut bench = Bench::new();
    let ask = |bench: &mut Bench, n| {
        let allowance = Some(PRICE + PRICE);
        reply(&bench.ask(Request { allowance, ..request(job(n, 0)) }))
    };
    for n in 0..2 {
        assert!(matches!(ask(&mut bench, n), Reply::Job { .. }));
    }
    assert_eq!(ask(&mut bench, 2), Reply::Spent { left: MicroUsd(0), cost: PRICE });
    // Another began the first one, the second one failed.
    let _ = bench.answer(&job(0, 0).id, Source::Coalesced, JobStatus::Processing);
    let _ = bench.answer(&job(1, 0).id, Source::Generated, JobStatus::Failed);
    for n in 2..4 {
        assert!(matches!(ask(&mut bench, n), Reply::Job { .. }), "{n}");
    }
    assert!(matches!(ask(&mut bench, 4), Reply::Spent { .. }));
    let _ = bench.answer(&job(2, 0).id, Source::Generated, JobStatus::Processing);
    let cheap = Update { cost_micro_usd: Some(MicroUsd(1)), ..update(2, 9, JobStatus::Complete) };
    let _ = bench.on(Event::Updated(cheap));
    assert_eq!(bench.machine.meta.spent, PRICE + MicroUsd(1), "the provider's price counts");
}

#[test]
fn a_token_pays_for_what_is_charged_whatever_it_cancels_and_whatever_fails() {
    let spent_after = |saves: bool, status: JobStatus| {
        let mut bench = Bench::new();
        let mut asked = Request { allowance: Some(PRICE), ..request(job(0, 0)) };
        asked.wish.terms.cancel_saves = saves;
        let _ = bench.ask(asked);
        let _ = bench.answer(&job(0, 0).id, Source::Generated, status);
        let _ = bench.on(Event::Cancel { job_id: job(0, 0).id });
        bench.machine.meta.spent
    };
    assert_eq!(spent_after(false, JobStatus::Processing), PRICE);
    assert_eq!(spent_after(false, JobStatus::Queued), MicroUsd(0));
    assert_eq!(spent_after(true, JobStatus::Processing), MicroUsd(0));

    let mut bench = Bench::new();
    let _ = bench.ask(Request { allowance: Some(PRICE), ..request(job(0, 0)) });
    let _ = bench.answer(&job(0, 0).id, Source::Generated, JobStatus::Processing);
    let charged = Update { cost_micro_usd: Some(MicroUsd(3)), ..update(0, 9, JobStatus::Failed) };
    let _ = bench.on(Event::Updated(charged));
    assert_eq!(bench.machine.meta.spent, MicroUsd(3));
}

#[test]
fn a_token_pays_for_previews_and_goes_without_where_one_is_too_dear() {
    let asked = |allowance| {
        let preview = Preview { job: job(1, 0), wish: request(job(1, 0)).wish };
        Request { allowance: Some(allowance), preview: Some(preview), ..request(job(0, 0)) }
    };
    let mut bench = Bench::new();
    assert_eq!(wants(&bench.ask(asked(PRICE))).len(), 1, "the clip comes without its preview");
    assert_eq!(bench.machine.meta.spent, PRICE);

    let mut bench = Bench::new();
    assert_eq!(wants(&bench.ask(asked(PRICE + PRICE))).len(), 2);
    assert_eq!(bench.machine.meta.spent, PRICE + PRICE);
    let _ = bench.answer(&job(0, 0).id, Source::Generated, JobStatus::Processing);
    let _ = bench.answer(&job(1, 0).id, Source::Generated, JobStatus::Processing);
    let made = Update { cost_micro_usd: Some(MicroUsd(2)), ..update(1, 9, JobStatus::Complete) };
    let _ = bench.on(Event::Updated(made));
    assert_eq!(bench.machine.meta.spent, PRICE + MicroUsd(2), "what it cost in the end");

    // Cancelled before it has begun, neither costs anything.
    let mut bench = Bench::new();
    let _ = bench.ask(asked(PRICE + PRICE));
    let _ = bench.on(Event::Cancel { job_id: job(0, 0).id });
    assert_eq!(bench.machine.meta.spent, MicroUsd(0));
}

#[test]
fn a_clip_that_fails_stops_its_preview_and_nobody_pays_for_it() {
    let mut bench = Bench::new();
    let preview = Preview { job: job(1, 0), wish: request(job(1, 0)).wish };
    let _ = bench.ask(Request { preview: Some(preview), ..request(job(0, 0)) });
    let effects = bench.answer(&job(0, 0).id, Source::Generated, JobStatus::Failed);
    let left = |effect: &&Effect| matches!(effect, Effect::Leave { job_id, .. } if *job_id == job(1, 0).id);
    assert_eq!(effects.iter().filter(left).count(), 1, "{effects:?}");
    assert_eq!(bench.machine.meta.spent, MicroUsd(0));
}

#[test]
fn whoever_goes_on_waiting_for_a_cancelled_preview_pays_for_it() {
    let mut bench = Bench::new();
    let preview = Preview { job: job(1, 0), wish: request(job(1, 0)).wish };
    let _ = bench.ask(Request { preview: Some(preview), ..request(job(0, 0)) });
    let _ = bench.answer(&job(0, 0).id, Source::Generated, JobStatus::Queued);
    let _ = bench.answer(&job(1, 0).id, Source::Generated, JobStatus::Queued);
    // The same clip, asked for by itself, joins what is under way.
    let own = Job { id: format!("{}.own", job(1, 0).cache_key), ..job(1, 0) };
    let _ = bench.ask(request(own.clone()));
    let _ = bench.answer(&own.id, Source::Coalesced, JobStatus::Queued);
    assert_eq!(bench.machine.meta.spent, PRICE + PRICE);
    let _ = bench.on(Event::Cancel { job_id: job(0, 0).id });
    assert_eq!(bench.machine.meta.spent, PRICE, "the clip was not begun, and the preview goes on");
}
