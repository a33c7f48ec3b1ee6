//! `core/catalog/prior.txt` from sessions of many sites: how likely each state is after the two
//! before, in each plan. Sites that are common in the corpus do not outweigh the rare ones, and
//! nothing is impossible.

use anyhow::Result;
use cuelight_core::catalog;

use super::{Order, sessions, tier_name};

const ORDER: Order = Order { seed: 20_261_121, sessions: 30_000, kind: String::new(), per_site: 5 };
/// What is believed of a row before it was seen, in observations of the row without the state before.
const DOUBT: f64 = 12.0;
/// What is believed of any transition, in observations.
const FLOOR: f64 = 0.4;

/// The text of the file.
pub(super) fn table() -> Result<String> {
    let corpus = sessions(&Order { kind: "shop".to_owned(), ..ORDER })?;
    let mut text = String::new();
    for tier in [catalog::Tier::Free, catalog::Tier::Pro, catalog::Tier::Enterprise] {
        let defs = catalog::built_in().states.iter().filter(|def| def.tier <= tier);
        let states: Vec<&str> = defs.map(|def| def.id.as_str()).collect();
        let n = states.len();
        let mut pairs = vec![vec![0.0; n]; n];
        let mut triples = vec![vec![vec![0.0; n]; n]; n + 1];
        for session in corpus.iter().filter(|session| session["tier"] == tier_name(tier)) {
            let shown = session["states"].as_array().into_iter().flatten();
            let shown: Vec<usize> = shown
                .filter_map(|state| states.iter().position(|name| state.as_str() == Some(*name)))
                .collect();
            // A long session says more than a short one, but not as much more as it is longer.
            let weight = 1.0 / f64::from(u32::try_from(shown.len()).unwrap_or(u32::MAX)).max(1.0).sqrt();
            for (at, next) in shown.iter().enumerate().skip(1) {
                let current = shown[at - 1];
                let previous = if at > 1 { shown[at - 2] } else { n };
                pairs[current][*next] += weight;
                triples[previous][current][*next] += weight;
            }
        }
        for previous in &triples {
            for (current, row) in previous.iter().enumerate() {
                let all: f64 = pairs[current].iter().sum::<f64>() + FLOOR * f64::from(u32::try_from(n)?);
                let total: f64 = row.iter().sum();
                for (next, count) in row.iter().enumerate() {
                    let lower = (pairs[current][next] + FLOOR) / all;
                    let p = (count + DOUBT * lower) / (total + DOUBT);
                    // Probabilities below one, so the letter's number is not negative; 25 is `z`.
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    let letter = (-2.0 * p.log2()).round().clamp(0.0, 25.0) as u8;
                    text.push(char::from(b'a' + letter));
                }
            }
            text.push('\n');
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_shipped_is_what_the_corpus_says() {
        let shipped = include_str!("../../../core/catalog/prior.txt");
        assert_eq!(super::table().unwrap(), shipped, "cargo xtask corpus --prior writes it anew");
    }
}
