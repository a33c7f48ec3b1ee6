//! What was measured, as a table for people, as JSON for programs, and as pictures of what went wrong.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::film::Faults;
use super::seam::frame_ms;
use super::{Measured, Switch};
use crate::say;

/// What the client promises, call to visible, in milliseconds: the median and what 19 of 20 do not exceed.
const TARGETS: [(&str, [f64; 2]); 2] = [("staged", [13.0, 18.0]), ("cached", [24.0, 34.0])];
/// How much later than `src` a cold clip may be and still count as no later: two runs of one strategy differ by
/// as much.
const NO_LATER: f64 = 1.05;
/// How many decoders it may hold.
const MOST_DECODERS: u64 = 4;

/// One line of the table.
struct Row<'a> {
    strategy: &'a str,
    had: &'a str,
    format: &'static str,
    switches: Vec<&'a Switch>,
}

impl Row<'_> {
    fn times(&self) -> Vec<f64> {
        sorted(self.switches.iter().filter_map(|switch| switch.verdict.visible_ms).collect())
    }

    fn times_of_round(&self, round: usize) -> Vec<f64> {
        let of_round = self.switches.iter().filter(|switch| switch.round == round);
        sorted(of_round.filter_map(|switch| switch.verdict.visible_ms).collect())
    }

    /// How many switches showed such a frame.
    fn with(&self, fault: fn(&Faults) -> u32) -> usize {
        self.switches.iter().filter(|switch| fault(&switch.verdict.faults) > 0).count()
    }

    fn lost(&self) -> usize {
        self.switches.iter().filter(|switch| switch.verdict.visible_ms.is_none()).count()
    }

    fn decoders(&self) -> u64 {
        self.switches.iter().map(|switch| switch.call.decoders).max().unwrap_or_default()
    }

    /// The median over the rounds of this row's quantile as a multiple of that of `other`.
    fn ratio(&self, other: &Self, share: f64) -> f64 {
        let rounds: Vec<usize> = self.switches.iter().map(|switch| switch.round).collect();
        let last = rounds.into_iter().max().unwrap_or_default();
        let ratios = (1..=last).map(|round| {
            quantile(&self.times_of_round(round), share) / quantile(&other.times_of_round(round), share)
        });
        quantile(&sorted(ratios.filter(|ratio| ratio.is_finite()).collect()), 0.5)
    }
}

fn rows(measured: &Measured) -> Vec<Row<'_>> {
    let mut rows: BTreeMap<_, Vec<&Switch>> = BTreeMap::new();
    for switch in &measured.switches {
        let rank = super::STRATEGIES.iter().position(|name| *name == switch.strategy);
        let key = (switch.format.name(), switch.cold, rank, switch.call.had.as_str());
        rows.entry(key).or_default().push(switch);
    }
    let mut list = Vec::new();
    for ((format, _, _, had), switches) in rows {
        let strategy = switches.first().map_or("", |switch| switch.strategy.as_str());
        list.push(Row { strategy, had, format, switches });
    }
    list
}

/// Prints the tables.
pub(super) fn print(measured: &Measured) {
    say!(
        "\n{:<11} {:<7} {:<5} {:>5} {:>7} {:>7} {:>6} {:>6} {:>6} {:>6} {:>6} {:>5} {:>9} {:>11}",
        "strategy",
        "clip",
        "in",
        "n",
        "p50 ms",
        "p95 ms",
        "blank",
        "black",
        "wrong",
        "unclear",
        "never",
        "held",
        "to src p50",
        "p95"
    );
    let rows = rows(measured);
    let base = |row: &Row<'_>| {
        let cold = row.had == "cold";
        rows.iter().find(|other| {
            other.strategy == "src" && other.format == row.format && (other.had == "cold") == cold
        })
    };
    for row in &rows {
        let times = row.times();
        let ratio = |share| base(row).map_or(f64::NAN, |base| row.ratio(base, share));
        say!(
            "{:<11} {:<7} {:<5} {:>5} {:>7.1} {:>7.1} {:>6} {:>6} {:>6} {:>7} {:>6} {:>5} {:>9.2} {:>11.2}",
            row.strategy,
            row.had,
            row.format,
            row.switches.len(),
            quantile(&times, 0.5),
            quantile(&times, 0.95),
            row.with(|faults| faults.blank),
            row.with(|faults| faults.black),
            row.with(|faults| faults.wrong),
            row.with(|faults| faults.unclear),
            row.lost(),
            row.decoders(),
            ratio(0.5),
            ratio(0.95)
        );
    }
    print_what_it_means(measured);
    print_loops(measured);
    print_targets(measured, &rows, base);
}

fn print_what_it_means(measured: &Measured) {
    let perfect = sorted(measured.switches.iter().map(|switch| switch.call.perfect_ms).collect());
    let judged: u32 = measured.switches.iter().map(|switch| switch.verdict.frames).sum();
    say!(
        "\nFrom the call to the first composited frame of the clip, by a screencast of what was composited: the\n\
         page's own frame after the call, and then the frames of the screencast between the one that shows the\n\
         call's number and the one that shows the clip. The columns blank to unclear count switches with any such\n\
         frame, `never` those whose clip did not come, `held` decoders. `unclear` is no single clip.\n\
         A perfect switch, in the very next frame, in this run: {:.1}/{:.1} ms.\n\
         {judged} frames judged; {:.0} of 100 frames that the page animated were filmed.",
        quantile(&perfect, 0.5),
        quantile(&perfect, 0.95),
        100.0 * measured.filmed as f64 / measured.animated.max(1) as f64
    );
}

fn print_loops(measured: &Measured) {
    if measured.loops.is_empty() {
        return;
    }
    say!(
        "\n{:<11} {:<5} {:>6} {:>9} {:>9} {:>9} {:>9} {:>14} {:>8}",
        "loops",
        "in",
        "seams",
        "p50 ms",
        "p95 ms",
        "max ms",
        "too long",
        "elsewhere p95",
        "no card"
    );
    for loops in &measured.loops {
        let seams = &loops.seams;
        say!(
            "{:<11} {:<5} {:>6} {:>9.1} {:>9.1} {:>9.1} {:>9} {:>14.1} {:>8}",
            loops.strategy,
            loops.format.name(),
            seams.at_seams.len(),
            quantile(&seams.at_seams, 0.5),
            quantile(&seams.at_seams, 0.95),
            seams.at_seams.last().copied().unwrap_or(f64::NAN),
            seams.too_long(),
            quantile(&seams.elsewhere, 0.95),
            seams.no_card
        );
    }
    say!(
        "How much longer than its {:.1} ms the last frame before the seam stayed; too long is more than as much\n\
         again. Elsewhere: the same of all other frames.",
        frame_ms()
    );
}

fn print_targets<'a>(
    measured: &Measured,
    rows: &'a [Row<'a>],
    base: impl Fn(&Row<'a>) -> Option<&'a Row<'a>>,
) {
    let tell = |what: String, met: bool| say!("  {} {what}", if met { "met   " } else { "MISSED" });
    say!("\nWhat Cuelight promises, on this machine, now:");
    for row in rows.iter().filter(|row| row.strategy == "ours") {
        let times = row.times();
        let (p50, p95) = (quantile(&times, 0.5), quantile(&times, 0.95));
        let name = format!("{} {}", row.format, row.had);
        if let Some((_, [most50, most95])) = TARGETS.iter().find(|(had, _)| *had == row.had) {
            tell(
                format!("{name}: {p50:.1}/{p95:.1} ms of {most50}/{most95}"),
                p50 <= *most50 && p95 <= *most95,
            );
        } else if let Some(src) = base(row) {
            let (at50, at95) = (row.ratio(src, 0.5), row.ratio(src, 0.95));
            tell(
                format!("{name}: {p50:.1}/{p95:.1} ms, {at50:.2}/{at95:.2} of what `src` takes"),
                at50 <= NO_LATER && at95 <= NO_LATER,
            );
        }
        let clean = row.switches.iter().filter(|switch| switch.clean()).count();
        tell(
            format!("{name}: {clean} of {} without a bad frame", row.switches.len()),
            clean == row.switches.len(),
        );
        tell(
            format!("{name}: {} decoders of {MOST_DECODERS}", row.decoders()),
            row.decoders() <= MOST_DECODERS,
        );
    }
    if !rows.iter().any(|row| row.strategy == "ours" && row.had == "staged") {
        say!("  (no staged switches: the module's stats() name no staged states)");
    }
    for loops in measured.loops.iter().filter(|loops| loops.strategy == "ours") {
        let (bad, all) = (loops.seams.too_long(), loops.seams.at_seams.len());
        tell(format!("{} loops: {bad} seams of {all} too long", loops.format.name()), bad == 0 && all > 0);
    }
}

/// Writes the raw figures to `file`, and the first good and the first bad frame of each row to `folder`.
///
/// # Errors
/// The disk is full, or not ours.
pub(super) fn write(measured: &Measured, file: &Path, folder: &Path) -> Result<()> {
    let switches: Vec<Value> = measured.switches.iter().map(raw).collect();
    let loops: Vec<Value> = measured
        .loops
        .iter()
        .map(|loops| {
            json!({
                "strategy": loops.strategy, "format": loops.format.name(), "seams_ms": loops.seams.at_seams,
                "elsewhere_ms": loops.seams.elsewhere, "no_card": loops.seams.no_card,
            })
        })
        .collect();
    fs::write(file, serde_json::to_vec(&json!({ "switches": switches, "loops": loops }))?)?;
    for row in rows(measured) {
        let name = format!("{}-{}-{}", row.strategy, row.had, row.format);
        let verdicts = || row.switches.iter().map(|switch| &switch.verdict);
        for (kind, picture) in [
            ("good", verdicts().find_map(|verdict| verdict.good.as_ref())),
            ("bad", verdicts().find_map(|verdict| verdict.bad.as_ref())),
        ] {
            let path = folder.join(format!("{name}-{kind}.png"));
            match picture {
                Some(picture) => fs::write(path, picture)?,
                // One of an earlier run would be taken for one of this.
                None if path.exists() => fs::remove_file(path)?,
                None => {}
            }
        }
    }
    say!("\nRaw figures: {}; pictures: {}", file.display(), folder.display());
    Ok(())
}

fn raw(switch: &Switch) -> Value {
    let (call, verdict) = (&switch.call, &switch.verdict);
    json!({
        "strategy": switch.strategy, "format": switch.format.name(),
        "temperature": if switch.cold { "cold" } else { "warm" },
        "round": switch.round, "had": call.had, "from": call.from, "to": call.to,
        "visible_ms": verdict.visible_ms, "perfect_ms": call.perfect_ms,
        "first_frame": verdict.entry, "frames": verdict.frames, "decoders": call.decoders,
        "blank": verdict.faults.blank, "black": verdict.faults.black,
        "wrong": verdict.faults.wrong, "unclear": verdict.faults.unclear,
    })
}

fn sorted(mut numbers: Vec<f64>) -> Vec<f64> {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers
}

/// The value that a share of `sorted` does not exceed: the nearest rank.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::super::clips::Format;
    use super::super::film::{Call, Verdict};
    use super::*;

    fn switch(strategy: &str, round: usize, visible_ms: f64) -> Switch {
        Switch {
            strategy: strategy.into(),
            format: Format::Mp4,
            cold: false,
            round,
            call: Call { number: 1, from: 0, to: 1, had: "cached".into(), perfect_ms: 8.0, decoders: 2 },
            verdict: Verdict {
                visible_ms: Some(visible_ms),
                entry: Some(0),
                frames: 9,
                faults: Faults::default(),
                bad: None,
                good: None,
            },
        }
    }

    #[test]
    fn one_slow_round_does_not_decide_a_ratio() {
        let mut measured = Measured::default();
        for (round, slowness) in [(1, 1.0), (2, 9.0), (3, 1.0)] {
            measured.switches.push(switch("src", round, 20.0));
            measured.switches.push(switch("ours", round, 10.0 * slowness));
        }
        let rows = rows(&measured);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].strategy, rows[1].strategy), ("src", "ours"));
        assert!((rows[1].ratio(&rows[0], 0.5) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_quantile_is_the_nearest_rank() {
        let numbers: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((quantile(&numbers, 0.5), quantile(&numbers, 0.95)), (50.0, 95.0));
        assert!(quantile(&[], 0.5).is_nan());
    }
}
