//! What the predictor must reach on sessions that it never saw, and that its figures mean what
//! they say.

use super::*;
use crate::corpus;

fn corpus(kind: &str, seed: u64, sessions: u64, per_site: u64) -> Vec<Session> {
    let order = corpus::Order { seed, sessions, kind: kind.to_owned(), per_site };
    let lines = corpus::sessions(&order).unwrap();
    lines.iter().map(|line| recording::session(line.to_string().as_bytes(), 1).unwrap()).collect()
}

/// Ours and the order-1 table and the hand-written map, on sessions of one page.
fn scores(train: &[Session], test: &[Session]) -> [Score; 3] {
    let contestants: [Box<dyn Contestant>; 3] =
        [Box::new(Ours::default()), Box::new(Table::new(true)), Box::new(HandWritten::default())];
    contestants.map(|mut contestant| {
        learn(contestant.as_mut(), train);
        hold(contestant.as_ref(), test, 2)
    })
}

#[test]
fn ours_foresees_more_of_a_shop_cold_and_trained() {
    for kind in ["shop:direct", "shop:machine"] {
        let test = corpus(kind, 901, 120, 4);
        for train in [Vec::new(), corpus(kind, 902, 200, 4)] {
            let [ours, table, map] = scores(&train, &test);
            for (k, hits) in ours.hits().into_iter().enumerate() {
                assert!(hits > table.hits()[k] + 0.005, "{kind} {k}: {hits} {:?}", table.hits());
                assert!(hits > map.hits()[k] + 0.005, "{kind} {k}: {hits} {:?}", map.hits());
            }
            assert!(ours.bits() + 0.1 < table.bits(), "{kind}: {} {}", ours.bits(), table.bits());
        }
    }
}

/// What is shipped is of pages that show what a character does. It must not mislead on others.
#[test]
fn ours_is_not_behind_on_pages_that_show_a_mood_for_each_message() {
    let test = corpus("shop:moods", 907, 120, 4);
    for train in [Vec::new(), corpus("shop:moods", 908, 200, 4)] {
        let [ours, table, map] = scores(&train, &test);
        for (k, hits) in ours.hits().into_iter().enumerate() {
            assert!(hits > table.hits()[k] - 0.01, "{k}: {hits} {:?}", table.hits());
            assert!(hits > map.hits()[k] + 0.1, "{k}: {hits} {:?}", map.hits());
        }
        assert!(ours.bits() < table.bits(), "{} {}", ours.bits(), table.bits());
    }
}

#[test]
fn ours_foresees_more_of_games_it_never_saw() {
    for kind in ["game:ladder", "game:gauge", "game:events", "game:talk", "game:rhythm"] {
        let [ours, table, map] = scores(&[], &corpus(kind, 903, 30, 3));
        assert!(ours.hits()[0] > table.hits()[0].max(map.hits()[0]), "{kind}: {ours:?} {table:?} {map:?}");
        assert!(ours.bits() + 0.5 < table.bits(), "{kind}: {} {}", ours.bits(), table.bits());
    }
}

/// Other pages and other games have habits of their own; those of one single page mislead most.
#[test]
fn what_others_taught_does_no_harm() {
    for (kind, seed, per_site) in [("mixed", 911, 10), ("game", 913, 10), ("shop:direct", 915, 1_000)] {
        let test = corpus(kind, seed, 60, per_site);
        let mut ours = Ours::default();
        let cold = hold(&ours, &test, 3);
        learn(&mut ours, &corpus(kind, seed + 1, 200, per_site));
        let trained = hold(&ours, &test, 3);
        for (with, without) in trained.hits().into_iter().zip(cold.hits()) {
            assert!(with > without - 0.01, "{kind}: {trained:?} {cold:?}");
        }
        assert!(trained.bits() < cold.bits() + 0.02, "{kind}: {} {}", trained.bits(), cold.bits());
    }
}

/// Of everything that was given a probability of about a tenth, about a tenth comes, and so on.
#[test]
fn a_probability_means_what_it_says() {
    for (train, test) in [
        (Vec::new(), corpus("shop", 904, 300, 2)),
        (corpus("shop:direct", 905, 200, 4), corpus("shop:machine", 906, 200, 4)),
    ] {
        let mut ours = Ours::default();
        learn(&mut ours, &train);
        let mut bins = [(0.0f64, 0.0f64, 0u32); 10];
        for session in &test {
            let mut ours = ours.clone();
            ours.begin(session.tier);
            for pair in session.cues.windows(2) {
                ours.observe(&pair[0]);
                for (cue, p) in ours.guess() {
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    let bin = &mut bins[((p * 10.0) as usize).min(9)];
                    bin.0 += p;
                    bin.1 += f64::from(u8::from(cue == pair[1]));
                    bin.2 += 1;
                }
            }
        }
        for (promised, came, guesses) in bins.into_iter().filter(|bin| bin.2 >= 100) {
            let (promised, came) = (promised / f64::from(guesses), came / f64::from(guesses));
            assert!(
                (promised - came).abs() < 0.1,
                "{promised:.3} promised, {came:.3} came, {guesses} guesses"
            );
        }
    }
}

#[test]
fn sessions_are_the_same_for_the_same_seed_and_more_of_them_change_none() {
    let few = corpus("mixed", 7, 20, 5);
    assert_eq!(few, corpus("mixed", 7, 20, 5));
    assert_eq!(few, corpus("mixed", 7, 40, 5)[..20]);
    assert_ne!(few, corpus("mixed", 8, 20, 5));
}

#[test]
fn a_line_a_step_is_told_and_its_probabilities_add_up_to_one() {
    let lines = br#"{"session":"a","tier":"free","states":["idle","listening","thinking"]}
{"session":"b","states":[]}
{"session":"c","states":["only"]}
{"session":"d","states":[{"expression":"calm","intensity":0.2},{"expression":"odd","intensity":1}]}"#;
    let test: Vec<Session> =
        lines.split(|b| *b == b'\n').map(|line| recording::session(line, 1).unwrap()).collect();
    let mut out = Vec::new();
    emit(&Ours::default(), &test, &mut out).unwrap();
    let told: Vec<serde_json::Value> = out
        .split(|b| *b == b'\n')
        .filter(|l| !l.is_empty())
        .map(|l| serde_json::from_slice(l).unwrap())
        .collect();
    assert_eq!(told.len(), 3);
    for line in &told {
        let probs: Vec<f64> = line["probs"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).collect();
        assert!((probs.iter().sum::<f64>() - 1.0).abs() < 1e-9 && probs.is_sorted_by(|a, b| a >= b));
        assert_eq!(line["ranked"].as_array().unwrap().len(), probs.len());
    }
    assert_eq!((&told[1]["session"], &told[1]["step"]), (&json!("a"), &json!(1)));
    assert!(told[2]["ranked"][0]["expression"].is_string());
}

#[test]
fn orders_that_make_no_sense_are_refused() {
    let read = |words: &str| order(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(read("--cold --test t --budget=2").unwrap().budget, 2);
    for bad in
        ["--test t", "--cold --train a --test t", "--cold", "--cold --test t --budget 0", "--what", "--test"]
    {
        assert!(read(bad).is_err(), "{bad}");
    }
}
