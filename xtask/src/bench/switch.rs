//! `cargo xtask bench switch`: how long a page waits between asking for a clip and seeing it, and what it
//! sees meanwhile, by five strategies that take turns in one browser. Judged by a screencast of what was
//! composited; nothing that the page says about itself is believed but the time of the call.

mod card;
mod chromium;
mod clips;
mod film;
mod png;
mod report;
mod seam;
mod server;

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use self::chromium::Chromium;
use self::clips::Format;
use self::film::{Call, Verdict};
use self::seam::Seams;
use self::server::Shop;
use crate::build::{self, Care};
use crate::progress::seconds;
use crate::say;
use crate::tools;
use crate::workspace::Workspace;

/// Who competes, as the bench's page knows them.
const STRATEGIES: [&str; 5] = ["src", "preloaded", "buffers", "webcodecs", "ours"];
/// A character meets this many clips for the first time before there are none left.
const FIRST_MEETINGS: usize = card::CLIPS - 1;
/// How long one switch may take, all in all; only a page that hangs takes so long.
const PATIENCE: Duration = Duration::from_secs(8);

/// What is to be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Order {
    /// Switches of each strategy, format and kind.
    switches: usize,
    /// In how many turns they are made.
    rounds: usize,
    /// How many seams are watched.
    loops: u32,
    /// Who competes.
    strategies: Vec<String>,
}

/// One switch, and where it belongs.
#[derive(Debug)]
struct Switch {
    strategy: String,
    format: Format,
    cold: bool,
    round: usize,
    call: Call,
    verdict: Verdict,
}

/// The loops of one strategy in one format.
#[derive(Debug)]
struct Loops {
    strategy: &'static str,
    format: Format,
    seams: Seams,
}

/// All that was measured.
#[derive(Debug, Default)]
struct Measured {
    switches: Vec<Switch>,
    loops: Vec<Loops>,
    /// Frames that the page animated while calls were made.
    animated: u64,
    /// Frames that were filmed meanwhile.
    filmed: u64,
}

/// The command `bench switch`.
///
/// # Errors
/// Something could not be built or started, or Cuelight showed a frame that nobody asked for.
pub(super) fn command(workspace: &Workspace, words: &[String]) -> Result<()> {
    let order = Order::read(words)?;
    tools::install(workspace, tools::Need::Test)?;
    build::build(workspace, Care::Release)?;
    let folder = workspace.target.join("bench/switch");
    fs::create_dir_all(&folder)?;

    say!("→ clips: draw and encode {} cards, twice", card::CLIPS);
    let made = Format::ALL.map(|format| clips::make(&folder, format));
    let made = made.into_iter().collect::<Result<Vec<_>>>()?;
    let per_turn = order.per_turn();
    let visits = Format::ALL.len() * order.rounds * (per_turn / FIRST_MEETINGS + 2);
    let module = build::served(workspace).join("cuelight");
    let shop = Shop::new(module, workspace.root.join("xtask/bench/switch"), made, visits)?;
    let mut chromium = Chromium::open(&folder.join("profile"), &shop.open()?)?;

    let mut measured = Measured::default();
    let mut visit = 0;
    for round in 1..=order.rounds {
        let started = std::time::Instant::now();
        for (strategy, format, cold) in order.turns(round) {
            let turn = Turn { strategy, format, cold, round, count: per_turn, visit };
            visit += turn.take(&mut chromium, &mut measured)?;
        }
        say!("  round {round} of {}, {}", order.rounds, seconds(started.elapsed()));
    }
    if order.loops > 0 {
        say!("→ loops: {} of ours in each format", order.loops);
        watch_loops(&mut chromium, order.loops, &mut measured)?;
    }
    drop(chromium);
    report::write(&measured, &workspace.target.join("bench/switch.json"), &folder)?;
    report::print(&measured);
    let bad = measured.switches.iter().filter(|switch| switch.strategy == "ours" && !switch.clean()).count();
    ensure!(bad == 0, "{bad} of Cuelight's switches showed what nobody asked for");
    Ok(())
}

impl Order {
    fn read(words: &[String]) -> Result<Self> {
        let mut order = Self {
            switches: 100,
            rounds: 5,
            loops: 200,
            strategies: STRATEGIES.iter().map(|&name| name.to_owned()).collect(),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} needs a value"))?;
            let number = || value.parse().ok().with_context(|| format!("`{value}` is no number for {word}"));
            match word.as_str() {
                "--switches" => order.switches = number()?,
                "--rounds" => order.rounds = number()?,
                "--loops" => order.loops = u32::try_from(number()?)?,
                "--only" => order.strategies = value.split(',').map(str::to_owned).collect(),
                _ => bail!(
                    "`{word}` is not understood here; there are --switches 100, --rounds 5, --loops 200 and \
                     --only {}",
                    STRATEGIES.join(",")
                ),
            }
        }
        if let Some(unknown) = order.strategies.iter().find(|name| !STRATEGIES.contains(&name.as_str())) {
            bail!("there is no strategy `{unknown}`; there are {}", STRATEGIES.join(", "));
        }
        ensure!(order.rounds > 0 && order.switches >= order.rounds, "a round has at least one switch");
        ensure!(order.per_turn() <= 1_000, "more than a thousand switches in a round: ask for more rounds");
        Ok(order)
    }

    fn per_turn(&self) -> usize {
        self.switches.div_ceil(self.rounds)
    }

    /// All turns of a round. Whoever comes first comes last the next time.
    fn turns(&self, round: usize) -> Vec<(String, Format, bool)> {
        let mut turns = Vec::new();
        for format in Format::ALL {
            for cold in [false, true] {
                let mut names = self.strategies.clone();
                let first = (round - 1) % names.len().max(1);
                names.rotate_left(first);
                turns.extend(names.into_iter().map(|name| (name, format, cold)));
            }
        }
        turns
    }
}

/// One strategy's turn.
struct Turn {
    strategy: String,
    format: Format,
    cold: bool,
    round: usize,
    count: usize,
    visit: usize,
}

impl Turn {
    /// Takes it, and returns how many characters met their clips for the first time.
    fn take(&self, chromium: &mut Chromium, measured: &mut Measured) -> Result<usize> {
        drop(chromium.take_shots());
        let order = json!({
            "strategy": self.strategy, "format": self.format.name(), "cold": self.cold,
            "count": self.count, "seed": self.round * 7919 + self.count, "visit": self.visit,
        });
        // A strategy with two kinds of switches makes twice as many, and a few that do not count.
        let patience = PATIENCE * u32::try_from(self.count * 4)?;
        let told = chromium.evaluate(&format!("bench.turn({order})"), patience);
        let told = told.with_context(|| format!("{} with {}", self.strategy, self.format.name()))?;
        let errors = chromium.errors();
        ensure!(errors.is_empty(), "{}: {errors}", self.strategy);
        let shots = chromium.take_shots();
        measured.animated += told["animated"].as_u64().unwrap_or_default();
        let held = |shot: &film::Shot| shot.slate > 0;
        let (first, last) = (shots.iter().position(held), shots.iter().rposition(held));
        measured.filmed += first.zip(last).map_or(0, |(first, last)| (last - first + 1) as u64);
        for record in told["calls"].as_array().context("the page kept no record")? {
            let call = Call::read(record).with_context(|| format!("a record that says nothing: {record}"))?;
            let verdict = film::judge(&shots, &call);
            let (strategy, format) = (self.strategy.clone(), self.format);
            let (cold, round) = (self.cold, self.round);
            measured.switches.push(Switch { strategy, format, cold, round, call, verdict });
        }
        Ok(told["used"].as_u64().unwrap_or_default() as usize)
    }
}

impl Switch {
    /// Whether every frame showed what it should, and the clip came.
    fn clean(&self) -> bool {
        self.verdict.visible_ms.is_some() && self.verdict.faults == film::Faults::default()
    }
}

/// Watches loops of ours, and a quarter as many of elements that loop by themselves.
fn watch_loops(chromium: &mut Chromium, loops: u32, measured: &mut Measured) -> Result<()> {
    for (strategy, seams) in [("ours", loops), ("video loop", loops.div_ceil(4))] {
        for format in Format::ALL {
            drop(chromium.take_shots());
            // The clip is one second long, and begins somewhere.
            let seconds = seams + 1;
            let order = json!({ "strategy": strategy, "format": format.name(), "seconds": seconds });
            let patience = Duration::from_secs(u64::from(seconds) * 2 + 60);
            chromium.evaluate(&format!("bench.loop({order})"), patience)?;
            let shots = chromium.take_shots();
            let watched = shots.iter().filter(|shot| shot.slate == 1);
            let seams = seam::follow(watched.map(|shot| (shot.at, shot.view)));
            measured.loops.push(Loops { strategy, format, seams });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Order> {
        Order::read(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_round_has_every_strategy_format_and_temperature_once() {
        let order = read("").unwrap();
        for round in 1..=3 {
            let mut turns = order.turns(round);
            assert_eq!(turns.len(), STRATEGIES.len() * 4);
            turns.sort_by_key(|(name, format, cold)| (name.clone(), format.name(), *cold));
            turns.dedup();
            assert_eq!(turns.len(), STRATEGIES.len() * 4);
        }
        assert_ne!(order.turns(1)[0], order.turns(2)[0]);
    }

    #[test]
    fn what_is_asked_for_is_made_whatever_the_rounds() {
        assert_eq!(read("--switches 100 --rounds 3").unwrap().per_turn(), 34);
        assert_eq!(read("--only ours,src").unwrap().strategies, ["ours", "src"]);
        for bad in
            ["--switches", "--switches many", "--rounds 0", "--only theirs", "--quick 1", "--switches 9000"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
